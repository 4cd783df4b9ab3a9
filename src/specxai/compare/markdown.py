"""Comparisons and measures of methods as tables in Markdown."""

import math

from specxai.compare.attribution import Attribution
from specxai.compare.comparison import Comparison
from specxai.compare.evaluation import Evaluation
from specxai.compare.metrics import Interval

COLUMNS = ("method", "Σ map", "should be", "relative error", "seconds", "forward", "backward")
_ARROWS = {-1: " ↓", 1: " ↑", 0: ""}


def comparison_markdown(comparison: Comparison) -> str:
    """Write a comparison as a table in Markdown, with the reasons of refusals below it."""
    rows = [cells(each, comparison.output) for each in comparison.attributions]
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    reasons = refusals(comparison)
    return "\n".join([*lines, "", *(f"- {reason}" for reason in reasons)]).rstrip()


def refusals(comparison: Comparison) -> list[str]:
    """Say of each method that cannot take the network why not, in a line."""
    return [f"{each.method}: {each.refusal}" for each in comparison.attributions if each.refusal]


def metrics_markdown(evaluation: Evaluation) -> str:
    """Write means and intervals; the best mean of each column is bold.

    Methods keep their order: it is no ranking.
    """
    measures = evaluation.measures
    head = [f"{name}{_ARROWS[direction]}" for name, direction in measures.items()]
    lines = [f"| method | {' | '.join(head)} |", "|---" + "|--:" * len(head) + "|"]
    best = {name: _best(evaluation, name) for name in measures}
    for method in evaluation.methods:
        found = evaluation.means.get(method, {})
        if not found:
            reason = evaluation.refusals.get(method, "not measured")
            lines.append(f"| {method} | {reason} |" + " |" * (len(head) - 1))
            continue
        cells = [_cell(found.get(name), method in best[name]) for name in measures]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    lines += ["", "Overlap of the three leading components' maps (mean cosine of magnitudes):", ""]
    lines += [f"- `{layer}`: {_cell(found)}" for layer, found in evaluation.overlaps.items()]
    return "\n".join(lines)


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


def _best(evaluation: Evaluation, measure: str) -> set[str]:
    direction = evaluation.measures[measure]
    means = {m: found[measure].mean for m, found in evaluation.means.items() if measure in found}
    if not direction or not means:
        return set()
    top = max(direction * mean for mean in means.values())
    return {method for method, mean in means.items() if direction * mean == top}


def _cell(found: Interval | None, best: bool = False) -> str:
    if found is None:
        return "–"
    mean = f"**{found.mean:.3g}**" if best else f"{found.mean:.3g}"
    return mean if math.isnan(found.low) else f"{mean} ({found.low:.2g}–{found.high:.2g})"
