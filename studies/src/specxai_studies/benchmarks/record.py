"""The results file, and the table made of it."""

import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

from specxai.errors import LoadError
from specxai.files import write_atomically
from specxai.spectral.svd.memory import gibibytes
from specxai_studies.benchmarks.baseline_tables import baseline_lines
from specxai_studies.benchmarks.contest import Contest
from specxai_studies.benchmarks.environment import environment
from specxai_studies.benchmarks.growth import UNSEEN_BYTES, Growth, exponent
from specxai_studies.benchmarks.overhead import Overhead
from specxai_studies.benchmarks.race import Race
from specxai_studies.benchmarks.stages import Calls, Stages

Record = dict[str, list[dict[str, Any]]]
Measured = Contest | Stages | Calls | Growth | Race | Overhead

# Where in the file a measurement stands, and what tells it from others of its kind.
_KINDS: dict[type, tuple[str, tuple[str, ...]]] = {
    Contest: ("contests", ("case", "ours")),
    Stages: ("stages", ("case",)),
    Calls: ("calls", ("case",)),
    Growth: ("growth", ("axis",)),
    Race: ("races", ("case", "baseline")),
    Overhead: ("overheads", ("case", "baseline")),
}

_HEAD = """# Benchmarks

Written by `specxai bench --table`. Every run has a process of its own, ours and the peers in turns;
times are medians, a ratio is the median over the pairs of the peer's time by ours. The peak is what
a run took beyond the loaded and once used model. The residual is the largest of ‖R v − σ u‖ / σ and
‖Rᵀ u − σ v‖ / σ over the 8 leading triplets; the error is the largest difference of their σ from
those of the network in float64, by the largest σ, where that takes less than ten minutes: what all
methods share is the rounding of the network itself.

| case | method | time | ratio | peak | σ | residual | error | runs |
|---|---|--:|--:|--:|--:|--:|--:|--:|
"""

_STAGES_HEAD = """
## Stages of the exact method, and their limits

Rows: the rate of a plain forward pass of the same batches, divided into the rate of rows; at best
about 1. Gram: the rate of float32 matrix products, half the products counted, against ours in
float64, which cannot exceed 0.5 where float64 is half as fast. Whole: time by the sum of the three
limits. Estimate: what `method="auto"` foretells.

| case | active | rows | Gram | eigenvectors | whole | estimate | rows | Gram | whole |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""

_GROWTH_HEAD = """
## Growth

AlexNet's convolutions and a linear layer, 256 active rows and 224 pixels where nothing else is
said; `components` are right vectors of a finished explanation. Exponents of fitted power laws; a
peak that does not rise above what the loaded model had taken once is not seen, and not fitted.

![Time and memory](images/growth.png)

| axis | sizes | time | exponent | peak | exponent |
|---|--:|--:|--:|--:|--:|"""


def read(file: Path) -> Record:
    """Read the recorded measurements by kind; none if there is no file yet.

    Raises:
        LoadError: the file is not a record.
    """
    empty: Record = {kind: [] for kind, _ in _KINDS.values()}
    if not file.exists():
        return empty
    try:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        return empty | {kind: [dict(entry) for entry in recorded[kind]] for kind in recorded}
    except (ValueError, KeyError, TypeError, IndexError) as fault:
        raise LoadError(f"{file} is no record of benchmarks: move it away") from fault


def record(file: Path, measured: Measured) -> None:
    """Add a measurement to a file; it takes the place of an older one of the same kind and case."""
    kind, key = _KINDS[type(measured)]
    entry = asdict(measured) | {"environment": environment()}
    known = read(file)
    others = [old for old in known[kind] if any(old[name] != entry[name] for name in key)]
    content = json.dumps(known | {kind: [*others, entry]}, indent=1, sort_keys=True)
    write_atomically(file, content.replace("NaN", "null").encode())


def table(known: Record) -> str:
    """Return the tables of all measurements, in markdown."""
    lines = [
        _row(contest, name, runs)
        for contest in known["contests"]
        for name, runs in contest["runs"].items()
    ]
    lines += [*_stage_lines(known["stages"]), *_call_lines(known["calls"])]
    lines += _growth_lines(known["growth"])
    lines += baseline_lines(known["races"], known["overheads"])
    measured = [entry["environment"] for entries in known.values() for entry in entries]
    lines += ["", "Measured on:", ""]
    lines += _environments(measured)
    return _HEAD + "\n".join(lines) + "\n"


def _stage_lines(stages: list[dict[str, Any]]) -> list[str]:
    """Return the table of stages against their limits."""
    if not stages:
        return []
    lines = [_STAGES_HEAD]
    for entry in stages:
        timed = Stages(**{name: entry[name] for name in Stages.__dataclass_fields__})
        rows, gram, whole = timed.shares
        parts = [timed.rows, timed.gram, timed.eigenvectors, timed.whole, timed.estimate]
        seconds = " | ".join(f"{value:.1f} s" for value in parts)
        shares = f"{rows:.2f} | {gram:.2f} | {whole:.2f}"
        lines.append(f"| {timed.case} | {timed.active:,} | {seconds} | {shares} |")
    return lines


def _call_lines(calls: list[dict[str, Any]]) -> list[str]:
    return [
        f"\nExplaining `{entry['case']}` again and again by 8 products: calls 2–6 take "
        f"{entry['early']:.2f} s, calls 50–54 {entry['late']:.2f} s (medians)."
        for entry in calls
    ]


def _growth_lines(growths: list[dict[str, Any]]) -> list[str]:
    """Return the table of growth, with the exponents of fitted power laws."""
    if not growths:
        return []
    lines = [_GROWTH_HEAD]
    for entry in growths:
        sizes, seconds, peak = entry["sizes"], entry["seconds"], entry["peak_bytes"]
        lines.append(
            f"| {entry['axis']} | {sizes[0]:,} – {sizes[-1]:,} | {seconds[0]:.2f} – "
            f"{seconds[-1]:.2f} s | {_fitted(exponent(sizes, seconds))} | {gibibytes(peak[0])} – "
            f"{gibibytes(peak[-1])} | {_fitted(exponent(sizes, peak, UNSEEN_BYTES))} |"
        )
    return lines


def _fitted(power: float | None) -> str:
    return "–" if power is None else f"{power:.2f}"


def _row(contest: dict[str, Any], name: str, runs: list[dict[str, Any]]) -> str:
    case, ratio = contest["case"], contest["ratios"].get(name)
    good = [run for run in runs if "seconds" in run]
    if not good:
        fault = runs[0]["error"] if runs else "not run"
        return f"| {case} | {name} | {fault} | | | | | | {len(runs)} |"
    seconds = statistics.median(run["seconds"] for run in good)
    peak = max(run["peak_bytes"] for run in good)
    residual = max(run["residual"] for run in good)
    factor = f"{ratio:.1f}" if ratio else "1"
    count = good[0]["count"]
    error = _error(good, contest.get("reference", []))
    cells = (case, name, f"{seconds:.1f} s", factor, gibibytes(peak), f"{count:,}")
    return f"| {' | '.join(cells)} | {residual:.0e} | {error} | {len(good)} |"


def _error(runs: list[dict[str, Any]], reference: list[float]) -> str:
    """Return the largest difference of the leading σ from the reference, by its largest."""
    if not reference:
        return ""
    pairs = [pair for run in runs for pair in zip(run["singular_values"], reference, strict=False)]
    return f"{max(abs(computed - true) for computed, true in pairs) / reference[0]:.0e}"


def _environments(measured: list[dict[str, Any]]) -> list[str]:
    """Say what was measured on, once for each machine and day, with the range of its load."""
    loads: dict[str, list[float]] = {}
    for setting in measured:
        load = [setting["load"]] if setting["load"] else []
        loads.setdefault(_describe(setting), []).extend(load)
    return [
        f"- {text}; load {min(each):.1f} – {max(each):.1f}" if each else f"- {text}; load unknown"
        for text, each in sorted(loads.items())
    ]


def _describe(setting: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in setting["packages"].items())
    return (
        f"{setting['date']}: {setting['processor']}, {setting['threads']} threads, "
        f"{setting['system']}, Python {setting['python']}, {packages}"
    )
