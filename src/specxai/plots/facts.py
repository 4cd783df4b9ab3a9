"""What an explanation says in words and numbers: heading, terms of the output, notes."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from specxai.plots.heatmap import is_sparse, scale_note
from specxai.plots.numbers import short
from specxai.plots.panels import InputKind
from specxai.spectral import Decomposition


def subtitle(explanation: Decomposition) -> str:
    """Name the layer, the output and the kind of affine map."""
    target = explanation.target
    if target is None:
        what = "all outputs"
    elif target == ():
        what = "output"
    else:
        what = f"output {target}"
    return f"{what}  ·  {explanation.place}  ·  affine map: {explanation.exactness}"


def terms(explanation: Decomposition) -> list[tuple[str, str]]:
    """Return names and values: the terms of y = Σα + bypass + b, and numbers of components.

    For all outputs together, the terms are Euclidean norms.
    """
    if explanation.target is None:
        parts = {"‖y‖": explanation.output, "‖u·x‖": explanation.linear, "‖b‖": explanation.bias}
        rows = [(symbol, short(float(value.norm()), 4)) for symbol, value in parts.items()]
    else:
        values = {"y": float(explanation.output), "Σα": float(explanation.contributions.sum())}
        if explanation.unresolved != 0:
            values["not resolved"] = float(explanation.unresolved)
        if not explanation.cut:
            values["bypass"] = float(explanation.bypass)
        values["b"] = float(explanation.bias)
        rows = [(symbol, short(value, 4, signed=True)) for symbol, value in values.items()]
    left = len(explanation.reduce().indices)
    return [*rows, ("components", f"{explanation.rank:,}"), ("after cancellation", f"{left:,}")]


def component_title(explanation: Decomposition, k: int) -> str:
    """Return two lines: the component's number, and its σ and α; a star where σ is not unique."""
    star = "*" if _shares_sigma(explanation, k) else ""
    sigma = short(float(explanation.singular_values[k]))
    alpha = short(float(explanation.contributions[k]), signed=True)
    return f"k = {k}{star}\nσ = {sigma}   α = {alpha}"


def notes(
    explanation: Decomposition,
    maps: Mapping[int, Float[np.ndarray, "..."]],
    kind: InputKind,
    percentile: float,
) -> list[str]:
    """Say what the panels show and how they are scaled, one sentence each."""
    lines = []
    if kind == "image":
        sparse = any(is_sparse(values, percentile) for values in maps.values())
        height, width = explanation.x.shape[-2:]
        lines.append(
            f"Maps: φ ⊙ x summed over channels, in the model's input frame ({width} × {height}); "
            f"{scale_note(percentile, sparse)}, each map its own."
        )
    elif kind == "sequence":
        lines.append("Panels: φ ⊙ x summed over channels; each sums to φ·x.")
    else:
        lines.append("Panels: φ ⊙ x; each sums to φ·x.")
    lines.append(
        "Spectra: red is positive, blue negative; numbers mark the components of largest |α|, and "
        "after cancellation those of largest share."
    )
    if explanation.target is None:
        lines.append("All outputs together: α = c = σ φ·x, the length of the component's term.")
    if any(_shares_sigma(explanation, k) for k in maps):
        lines.append("* Shares its σ with others: only the sum over them is defined.")
    return lines


def _shares_sigma(explanation: Decomposition, k: int) -> bool:
    return int((explanation.clusters == explanation.clusters[k]).sum()) > 1
