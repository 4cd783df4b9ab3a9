"""Comparisons of methods as tables in Markdown."""

from specxai.compare.attribution import Attribution
from specxai.compare.comparison import Comparison
from specxai.table import markdown_table

COLUMNS = ("method", "Σ map", "should be", "relative error", "seconds", "forward", "backward")


def comparison_markdown(comparison: Comparison) -> str:
    """Write a comparison as a table in Markdown, with the reasons of refusals below it."""
    rows = [cells(each, comparison.output) for each in comparison.attributions]
    lines = markdown_table(COLUMNS, rows)
    reasons = refusals(comparison)
    return "\n".join([*lines, "", *(f"- {reason}" for reason in reasons)]).rstrip()


def refusals(comparison: Comparison) -> list[str]:
    """Say of each method that cannot take the network why not, in a line."""
    return [f"{each.method}: {each.refusal}" for each in comparison.attributions if each.refusal]


def cells(attribution: Attribution, output: float) -> tuple[str, ...]:
    """Return the columns of an attribution as text.

    Args:
        attribution: of one method.
        output: y, in whose size errors are said.
    """
    promise = f"{attribution.total} = {attribution.expected:.4g}" if attribution.total else "–"
    if attribution.map is None:
        return attribution.method, "refused", promise, "–", "–", "–", "–"
    error = abs(attribution.sum - attribution.expected) / abs(output)
    return (
        attribution.method,
        f"{attribution.sum:.4g}",
        promise,
        f"{error:.1e}" if attribution.total else "–",
        f"{attribution.seconds:.1f}",
        f"{attribution.forward:,}",
        f"{attribution.backward:,}",
    )
