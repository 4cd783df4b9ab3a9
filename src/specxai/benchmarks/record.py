"""The results file, and the table made of it."""

import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

from specxai.benchmarks.contest import Contest
from specxai.benchmarks.environment import environment
from specxai.errors import LoadError
from specxai.files import write_atomically
from specxai.spectral.memory import gibibytes

_HEAD = """# Benchmarks

Written by `specxai bench --table`. Every run has a process of its own, ours and the peers in turns;
times are medians, a ratio is the median over the pairs of the peer's time by ours. The peak is what
a run took beyond the loaded and once used model. The residual is the largest of ‖R v − σ u‖ / σ and
‖Rᵀ u − σ v‖ / σ over the 8 leading triplets.

| case | method | time | ratio | peak | σ | residual | runs |
|---|---|--:|--:|--:|--:|--:|--:|
"""


def read(file: Path) -> list[dict[str, Any]]:
    """Read the recorded contests; none if there is no file yet.

    Raises:
        LoadError: the file is not a record.
    """
    if not file.exists():
        return []
    try:
        contests: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["contests"]
    except (ValueError, KeyError, TypeError) as fault:
        raise LoadError(f"{file} is no record of benchmarks: move it away") from fault
    return contests


def record(file: Path, contest: Contest) -> None:
    """Add a contest to a file; it takes the place of an older one of the same case and method."""
    entry = asdict(contest) | {"environment": environment()}
    others = [
        old for old in read(file) if (old["case"], old["ours"]) != (contest.case, contest.ours)
    ]
    content = json.dumps({"contests": [*others, entry]}, indent=1, sort_keys=True)
    write_atomically(file, content.replace("NaN", "null").encode())


def table(contests: list[dict[str, Any]]) -> str:
    """Return the table of all contests, in markdown."""
    lines = []
    for contest in contests:
        for name, runs in contest["runs"].items():
            ratio = contest["ratios"].get(name)
            lines.append(_row(contest["case"], name, runs, ratio))
    environments = {json.dumps(contest["environment"], sort_keys=True) for contest in contests}
    notes = ["", "Measured on:", ""]
    notes += [f"- {_describe(json.loads(text))}" for text in sorted(environments)]
    return _HEAD + "\n".join([*lines, *notes]) + "\n"


def _row(case: str, name: str, runs: list[dict[str, Any]], ratio: float | None) -> str:
    good = [run for run in runs if "seconds" in run]
    if not good:
        fault = runs[0]["error"] if runs else "not run"
        return f"| {case} | {name} | {fault} | | | | | {len(runs)} |"
    seconds = statistics.median(run["seconds"] for run in good)
    peak = max(run["peak_bytes"] for run in good)
    residual = max(run["residual"] for run in good)
    factor = f"{ratio:.1f}" if ratio else "1"
    count = good[0]["count"]
    cells = (case, name, f"{seconds:.1f} s", factor, gibibytes(peak), f"{count:,}")
    return f"| {' | '.join(cells)} | {residual:.0e} | {len(good)} |"


def _describe(found: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    load = f"load {found['load']:.1f}" if found["load"] is not None else "load unknown"
    return (
        f"{found['date']}: {found['processor']}, {found['threads']} threads, {found['system']}, "
        f"Python {found['python']}, {packages}; {load}"
    )
