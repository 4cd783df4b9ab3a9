"""``specxai bench``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from specxai.cli.options import Overwrite
from specxai.cli.output import make_folder, output_file
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai_studies.benchmarks import Entry


def bench(
    case: str | None = None,
    /,
    *,
    what: Literal["contest", "stages", "calls", "growth", "baseline", "overhead"] = "contest",
    pairs: int = 3,
    out: Path = Path("benchmarks/results.json"),
    table: Path | None = None,
    overwrite: Overwrite = False,
) -> None:
    """Measure this machine: ours against what a user could put together, in turns.

    Args:
        case: one case; all of them if not given, which takes hours.
        what: contest runs ours and the peers; stages times the exact method against the machine's
            limits; calls explains one case 54 times; growth varies the size of the problem;
            baseline runs a map from one beside sampled attributions; overhead is what one costs.
        pairs: how many times each method runs in a contest, with baselines too.
        out: the record, to which each measurement is added when it is done.
        table: write the tables of the record to this file, the figure to images/growth.png beside
            it, and measure nothing.
    """
    from specxai_studies.benchmarks import PROGRAM

    if table is not None:
        with output_file(table, overwrite):
            _write_tables(out, table)
        return
    chosen = [entry for entry in PROGRAM if case in (None, entry.case)]
    if not chosen:
        names = ", ".join(dict.fromkeys(entry.case for entry in PROGRAM))
        raise InvalidInputError(f"no case {case!r}: choose from {names}")
    with output_file(out, overwrite=True):  # each measurement is added to the record
        _measure(chosen, case, what, pairs, out)


def _measure(chosen: "Sequence[Entry]", case: str | None, what: str, pairs: int, out: Path) -> None:
    """Make the measurements of a kind, and add each to the record when it is done."""
    from specxai_studies.benchmarks import (
        AXES,
        BASELINE_CASE,
        BASELINES,
        OVERHEAD_CASES,
        STAGED,
        measure_calls,
        measure_growth,
        measure_overhead,
        measure_stages,
        record,
        run_contest,
        run_race,
    )

    if what == "growth":
        for axis in AXES:
            record(out, measure_growth(axis, print))
    elif what == "calls":
        record(out, measure_calls(chosen[0].case if case else "alexnet/features.12"))
    elif what == "stages":
        for name in STAGED if case is None else [case]:
            record(out, measure_stages(name))
    elif what == "overhead":
        for name in OVERHEAD_CASES if case is None else [case]:
            record(out, measure_overhead(name, rounds=pairs, report=print))
    elif what == "baseline":
        for start in BASELINES:
            record(out, run_race(case or BASELINE_CASE, start, pairs, report=print))
    else:
        for entry in chosen:
            contest = run_contest(
                entry.case, entry.ours, entry.peers, pairs, options=entry.options, report=print
            )
            record(out, contest)


def _write_tables(results: Path, file: Path) -> None:
    """Write the tables of a record and, where growth was measured, its figure."""
    from specxai.files import write_atomically
    from specxai.plots import save_figure
    from specxai_studies.benchmarks import growth_figure, read, table

    known = read(results)
    write_atomically(file, table(known).encode())
    if known["growth"]:
        make_folder(file.parent / "images")
        save_figure(growth_figure(known["growth"]), file.parent / "images" / "growth.png")
