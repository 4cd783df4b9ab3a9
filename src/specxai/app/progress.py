"""Progress of long work, on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from specxai.spectral.svd import Progress as Report


@contextmanager
def progress_bars(quiet: bool) -> Iterator[Report]:
    """Show one bar for each stage of the work inside the block.

    Args:
        quiet: show nothing; nothing is shown either where standard error is no terminal.

    Yields:
        A function of a stage's name, the work done and the work in all.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeRemainingColumn(),
    )
    stages: dict[str, TaskID] = {}
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True) as bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done)

        yield report
