"""Progress of long work, on standard error."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from specxai.progress import Progress as Report

# Between two lines where there is no terminal for a bar.
_SECONDS = 10.0


@contextmanager
def progress_bars(quiet: bool) -> Iterator[Report]:
    """Show one bar for each stage of the work inside the block.

    Args:
        quiet: show nothing. Where standard error is no terminal, a line is written every ten
            seconds.

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
    told = time.monotonic()
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    bars = Progress(*columns, console=console, disable=hidden, transient=True)
    with bars, _announced(console, quiet):

        def report(stage: str, done: int, total: int) -> None:
            nonlocal told
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done, total=total)
            if hidden and not quiet and time.monotonic() - told > _SECONDS:
                told = time.monotonic()
                print(f"{stage}: {done:,} of {total:,}", file=sys.stderr, flush=True)

        yield report


@contextmanager
def _announced(console: Console, quiet: bool) -> Iterator[None]:
    """Print what the package logs: which method it chose, and how long that will take."""
    log = logging.getLogger("specxai")
    handler = RichHandler(console=console, show_time=False, show_level=False, show_path=False)
    before = log.level
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
