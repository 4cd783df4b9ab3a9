"""The tables of what a map from a baseline takes."""

import statistics
from typing import Any

from specxai.table import Cell, Table, cells
from specxai_studies.benchmarks.race import OURS, race_ratio

_RACE_HEAD = """
## From a baseline

The map from a baseline at the last convolution of a trained network, for a photo's winning class,
until the components of largest |α| have converged that add up to y − y₀ within a tenth
(`Krylov(by="contribution", share=0.9)`). Beside it Captum's integrated gradients and SHAP's
expected gradients (200 samples) from the same baseline, and LIME on 1,000 pictures. All in one
process, every second round in reverse order. Time is the processor's on one thread, which other
work changes less than the clock's, in units of integrated gradients with 64 steps in the same
round: the median over the rounds. Forward and backward count samples: those of calls of the
network, and each product with R and with Rᵀ as one. The sum is that of the components, or of the
attribution, by y − y₀, of which LIME promises nothing.
"""

# What is counted of our runs alone.
_OWN = ("pushed", "pulled", "components")

_OVERHEAD_HEAD = """
### What the baseline costs

The processor's time with a baseline by that without, in turns, on one thread, medians of the
rounds: of `specxai.linearize`, and of 16 products with Rᵀ at a time and of one with R, at the layer
and, as u, for the whole network.
"""


def baseline_lines(races: list[dict[str, Any]], overheads: list[dict[str, Any]]) -> list[str]:
    """Return the tables of races and of overheads, in markdown.

    Args:
        races: recorded measurements, as `specxai_studies.benchmarks.record.read` gives them.
        overheads: likewise.
    """
    lines = []
    if races:
        lines += [_RACE_HEAD, _race_table(races).markdown()]
    if overheads:
        lines += [_OVERHEAD_HEAD, _overhead_table(overheads).markdown()]
    return lines


def _race_table(races: list[dict[str, Any]]) -> Table:
    columns = (
        "case", "baseline", "method", "time", "forward", "backward", "R", "Rᵀ", "components",
        "sum", "rounds",
    )  # fmt: skip
    rows = [_race_row(race, name) for race in races for name in race["runs"]]
    return Table(columns, tuple(rows), words=(0, 1, 2))


def _race_row(race: dict[str, Any], name: str) -> tuple[Cell, ...]:
    runs = race["runs"][name]
    fault = next((run["error"] for run in runs if run["error"]), "")
    ratio = race_ratio(race["runs"], name)
    time = fault or ("–" if ratio is None else f"{ratio:.2f}")

    def middle(key: str) -> float:
        return float(statistics.median(run[key] for run in runs))

    own = [f"{middle(key):,.0f}" if name == OURS else "" for key in _OWN]
    counts = [f"{middle(key):,.0f}" for key in ("forward", "backward")]
    share = "" if runs[0]["share"] is None else f"{middle('share'):.3f}"
    told = (race["case"], race["baseline"], name, time, *counts, *own, share)
    return cells(*told, f"{len(runs)}")


def _overhead_table(overheads: list[dict[str, Any]]) -> Table:
    columns = (
        "case", "baseline", "linearize", "16 × Rᵀ", "R", "16 × uᵀ", "u", "rounds",
    )  # fmt: skip
    keys = ("linearize", "pulled", "pushed", "network_pulled", "network_pushed")
    rows = [
        cells(
            entry["case"],
            entry["baseline"],
            *(f"{entry[key]:.2f}" for key in keys),
            f"{entry['rounds']}",
        )
        for entry in overheads
    ]
    return Table(columns, tuple(rows), words=(0, 1))
