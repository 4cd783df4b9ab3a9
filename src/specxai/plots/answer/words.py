"""The words of an answer: headings, one sentence for each panel, and what the symbols mean."""

from collections.abc import Sequence

import numpy as np
import torch

from specxai.plots.answer.evidence import Evidence, Map
from specxai.plots.facts import shares_sigma
from specxai.plots.style import short
from specxai.spectral import Decomposition
from specxai.spectral.records.place import place_of

# Where contributions add up to this many times their sum, a share of the sum says nothing.
_CANCELLING = 3.0


def heading(explanation: Decomposition, k: int) -> str:
    """Return number, contribution and share of a component: ``Component 4: +3.07 (36 %)``."""
    alpha = float(explanation.contributions[k])
    share = f" ({alpha / float(explanation.linear):.0%})" if _has_shares(explanation) else ""
    told = f"Component {k}: {short(alpha, signed=True)}{share}"
    return told.replace("%", " %").replace("-", "−")


def component_sentence(
    explanation: Decomposition, evidence: Evidence, k: int, names: Sequence[str] | None
) -> str:
    """Say what a component adds or takes away, and where.

    Args:
        explanation: the result.
        evidence: its maps.
        k: the component.
        names: of the input's values, or of the positions of a sequence.
    """
    alpha, linear = float(explanation.contributions[k]), float(explanation.linear)
    star = "*" if shares_sigma(explanation.clusters, k) else ""
    sigma = short(float(explanation.singular_values[k]))
    does = "adds" if alpha > 0 else "takes away"
    of = f" of {short(abs(linear))}" if alpha * linear > 0 and _has_shares(explanation) else ""
    place = _place(evidence, evidence.maps[k], alpha, names)
    return f"Component {k}{star} (σ = {sigma}) {does} {short(abs(alpha))}{of}, {place}."


def total_sentence(explanation: Decomposition) -> str:
    """Say what all that is linear in the input adds, and to what."""
    linear, bias = float(explanation.linear), float(explanation.bias)
    does, to = ("adds", "to") if linear > 0 else ("takes away", "from")
    start = f"{_start(explanation)} = {short(bias)}"
    return f"All of it together {does} {short(abs(linear))} {to} {start}."


def waterfall_sentence(explanation: Decomposition) -> str:
    """Say from where to where the bars lead."""
    carried = ""
    if explanation.unresolved != 0:
        rest = short(float(explanation.unresolved), signed=True)
        carried = f"; directions not resolved into components: {rest}"
    start = "y₀" if explanation.baseline is not None else "b"
    return f"From {start} to y = {short(float(explanation.output), 4)}, step by step{carried}."


def legend(explanation: Decomposition, evidence: Evidence) -> list[str]:
    """Explain the colours and each symbol once, one sentence a line."""
    lines = [*_colors(evidence), *_symbols(explanation)]
    if evidence.leading and _has_shares(explanation):
        lines[-1] += f" %: its share of {'y − b' if explanation.baseline is None else 'y − y₀'}."
    elif evidence.leading:
        size = short(float(explanation.contributions.abs().sum()))
        lines.append(
            f"Contributions cancel: without their signs they add up to {size}, with them to "
            f"{short(float(explanation.contributions.sum()))}. Shares would say nothing."
        )
    missing = [str(k) for k in evidence.leading if k not in evidence.maps]
    if missing:
        lines.append(f"The file holds no vectors of components {', '.join(missing)}: no maps.")
    if any(shares_sigma(explanation.clusters, k) for k in evidence.maps):
        lines.append("* Shares its σ with others: only the sum over them is defined.")
    return lines


def _colors(evidence: Evidence) -> list[str]:
    """Say what red and blue are, how maps are scaled and smoothed."""
    if not evidence.maps and evidence.total is None:
        return []
    both = ", the layer's grid its own" if evidence.layer_maps else ""
    scale = f"Maps of components have one scale{both}; each sums to its α"
    ink = "; the stronger, the more; clear where nothing acts" if evidence.kind == "image" else ""
    lines = [f"Red adds to the output, blue takes away{ink}. {scale}."]
    if evidence.blur:
        unit = "pixels" if evidence.kind == "image" else "positions"
        layer = f", on the layer's grid over {evidence.layer_blur:.2g} of its own"
        lines.append(
            f"Smoothed over {evidence.blur:.2g} {unit}{layer if evidence.layer_blur else ''} (the "
            "standard deviation of a Gaussian, which keeps sums): read regions, not points."
        )
    return lines


def _symbols(explanation: Decomposition) -> list[str]:
    """Explain y, y₀ or b, x₀, σ and α."""
    if explanation.baseline is not None:
        start = (
            f"x: the input; x₀: the baseline ({explanation.baseline_name}); y and y₀: the output "
            "for x and for x₀. Explained is y − y₀."
        )
    else:
        start = (
            "x: the input; y: the output for x; b: what the network's biases add to y. The map "
            "holds in the linear region around x."
        )
    return [
        start,
        f"A component is one pattern of the input that {explanation.layer_name} responds to; σ: "
        "how strongly; α: what it adds to y. Components are numbered by σ, and stand here in the "
        "order of |α|.",
    ]


def _start(explanation: Decomposition) -> str:
    return "y₀" if explanation.baseline is not None else "b (biases)"


def _has_shares(explanation: Decomposition) -> bool:
    """Tell whether contributions can be told as shares of their sum."""
    size = float(explanation.contributions.abs().sum()) + abs(float(explanation.unresolved))
    return size < _CANCELLING * abs(float(explanation.linear))


def _place(evidence: Evidence, values: Map, alpha: float, names: Sequence[str] | None) -> str:
    """Say where a component acts: in a picture, at a position, through an input."""
    if evidence.kind == "image":
        return place_of(torch.from_numpy(values))
    flat = values.reshape(-1)
    leading = int(np.argmax(flat * np.sign(alpha)))
    if names is not None and len(names) == len(flat):
        name = f"at “{names[leading]}”" if evidence.kind == "sequence" else f"by {names[leading]}"
        return f"most {name} ({short(float(flat[leading]), signed=True)})"
    what = {"sequence": "position", "features": "input"}.get(evidence.kind, "value")
    return f"most at {what} {leading:,}"
