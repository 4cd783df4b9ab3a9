"""What a person reads of a comparison of methods: its numbers, and a table of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from specxai.compare import Attribution, Comparison
from specxai.compare.attribution import Total
from specxai.table import Cell, Table, cells
from specxai.typed_json import record_of


@dataclass(frozen=True)
class MethodNumbers:
    """What one method computes, and its outcome without the map; see `Attribution`."""

    method: str
    about: str
    refusal: str
    sum: float
    total: Total
    expected: float
    seconds: float
    forward: int
    backward: int


@dataclass(frozen=True)
class ComparisonSummary:
    """What a person wants to read of a comparison; see `Comparison`."""

    target: int
    output: float
    linear: float
    change: float
    methods: tuple[MethodNumbers, ...]


def summarize_comparison(comparison: Comparison, about: Mapping[str, str]) -> ComparisonSummary:
    """Collect the numbers of a comparison.

    Args:
        comparison: the result.
        about: what each method computes, by name.
    """
    methods = (
        record_of(MethodNumbers, each, about=about[each.method]) for each in comparison.attributions
    )
    return record_of(ComparisonSummary, comparison, methods=tuple(methods))


def comparison_table(comparison: Comparison, title: str = "") -> Table:
    """Lay out a comparison, a row for each method; those that refuse say why below.

    Args:
        comparison: the result.
        title: what was compared.
    """
    attributions = comparison.attributions
    names = "method", "Σ map", "should be", "relative error", "seconds", "forward", "backward"
    rows = tuple(_row(each, comparison.output) for each in attributions)
    refusals = (f"{each.method}: {each.refusal}" for each in attributions if each.refusal)
    return Table(names, rows, title, tuple(refusals))


def _row(attribution: Attribution, output: float) -> tuple[Cell, ...]:
    """Lay out an attribution of y = output, in whose size errors are said."""
    promised = attribution.total and isfinite(attribution.expected)
    promise = f"{attribution.total} = {attribution.expected:.4g}" if promised else "–"
    if attribution.map is None:
        return cells(attribution.method, "refused", promise, "–", "–", "–", "–")
    error = abs(attribution.sum - attribution.expected) / abs(output)
    return cells(
        attribution.method,
        f"{attribution.sum:.4g}",
        promise,
        f"{error:.1e}" if promised else "–",
        f"{attribution.seconds:.1f}",
        f"{attribution.forward:,}",
        f"{attribution.backward:,}",
    )
