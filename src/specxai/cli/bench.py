"""``specxai bench``."""

from pathlib import Path

from specxai.cli.app import app
from specxai.cli.reading import make_folder
from specxai.errors import InvalidInputError


@app.command
def bench(
    case: str | None = None,
    /,
    *,
    pairs: int = 3,
    out: Path = Path("benchmarks/results.json"),
    table: Path | None = None,
) -> None:
    """Measure this machine: ours against what a user could put together, in turns.

    Args:
        case: one case; all of them if not given, which takes hours.
        pairs: how many times each method runs.
        out: the record, to which each case is added when it is done.
        table: write the table of the record to this file, and measure nothing.
    """
    from specxai.benchmarks import PROGRAM, read, record, run_contest
    from specxai.benchmarks import table as as_table
    from specxai.files import write_atomically

    if table is not None:
        write_atomically(table, as_table(read(out)).encode())
        return
    chosen = [entry for entry in PROGRAM if case in (None, entry.case)]
    if not chosen:
        names = ", ".join(dict.fromkeys(entry.case for entry in PROGRAM))
        raise InvalidInputError(f"no case {case!r}: choose from {names}")
    for entry in chosen:
        contest = run_contest(
            entry.case, entry.ours, entry.peers, pairs, options=entry.options, report=print
        )
        make_folder(out.parent)
        record(out, contest)
