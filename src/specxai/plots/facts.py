"""What an explanation says in words and numbers: heading, terms of the output, notes."""

from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Target
from specxai.plots.heatmap import is_sparse, scale_note
from specxai.plots.panels import InputKind
from specxai.plots.style import short
from specxai.spectral import Decomposition


def subtitle(explanation: Decomposition) -> str:
    """Name the layer, the output and the kind of affine map."""
    what = target_name(explanation.target)
    return f"{what}  ·  {explanation.layer_name}  ·  affine map: {explanation.exactness}"


def target_name(target: Target) -> str:
    """Name an output by its position."""
    if target is None:
        return "all outputs"
    return "output" if target == () else f"output {target}"


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
    star = "*" if shares_sigma(explanation.clusters, k) else ""
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
    lines = [map_note(list(maps.values()), explanation.x, kind, percentile)]
    lines.append(
        "Spectra: red is positive, blue negative; numbers mark the components of largest |α|, and "
        "after cancellation those of largest share."
    )
    if explanation.target is None:
        lines.append("All outputs together: α = c = σ φ·x, the length of the component's term.")
    if any(shares_sigma(explanation.clusters, k) for k in maps):
        lines.append("* Shares its σ with others: only the sum over them is defined.")
    return lines


def map_note(
    maps: Iterable[Float[np.ndarray, "..."]],
    x: Float[Tensor, "1 ..."],
    kind: InputKind,
    percentile: float,
) -> str:
    """Say what heat maps of components show and how they are scaled."""
    if kind == "image":
        sparse = any(is_sparse(values, percentile) for values in maps)
        height, width = x.shape[-2:]
        return (
            f"Maps: φ ⊙ x summed over channels, in the model's input frame ({width} × {height}); "
            f"{scale_note(percentile, sparse)}, each map its own."
        )
    summed = " summed over channels" if kind == "sequence" else ""
    return f"Panels: φ ⊙ x{summed}; each sums to φ·x."


def shares_sigma(clusters: Int[Tensor, " r"], k: int) -> bool:
    """Tell whether a component has the σ of another, up to rounding."""
    return int((clusters == clusters[k]).sum()) > 1
