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
from specxai.spectral.records.contraction import default_blur

# What the colours of the paper's maps mean.
_AGREES = (
    "Red is where the input agrees with the component's direction φ, blue where it opposes it: "
    "not what speaks for or against the output."
)


def subtitle(explanation: Decomposition) -> str:
    """Name the layer, the output and the kind of affine map.

    One that has a name and is no class, such as a difference of two, has no number that says more.
    """
    known = explanation.target_name is not None and explanation.probability is None
    parts = [] if known else [target_name(explanation.target)]
    parts += [explanation.layer_name, f"affine map: {explanation.exactness}"]
    return "  ·  ".join(parts)


def circumstances(explanation: Decomposition) -> str:
    """Name the model, the output, the layer and what the affine map leads from."""
    given = f"from the baseline {explanation.baseline_name}"
    what = subtitle(explanation).replace("from a baseline", given)
    return f"{explanation.model}  ·  {what}"


def answer_name(explanation: Decomposition) -> str:
    """Say what the network answers: the class and its probability, or the output and its value."""
    name = explanation.target_name or target_name(explanation.target)
    if explanation.probability is not None:
        return f"{name}: {explanation.probability:.1%}".replace("%", " %")
    if explanation.target is None:
        return name
    return f"{name} = {short(float(explanation.output), 4)}"


def target_name(target: Target) -> str:
    """Name an output by its position."""
    if target is None:
        return "all outputs"
    return "output" if target == () else f"output {target}"


def terms(explanation: Decomposition) -> list[tuple[str, str]]:
    """Return names and values: the terms of y = Σα + bypass + b or y₀, and numbers of components.

    For all outputs together, the terms are Euclidean norms.
    """
    if explanation.target is None:
        names = ("‖u·x‖", "‖b‖") if explanation.baseline is None else ("‖y − y₀‖", "‖y₀‖")
        parts = dict(zip(names, (explanation.linear, explanation.bias), strict=True))
        parts = {"‖y‖": explanation.output, **parts}
        rows = [(symbol, short(float(value.norm()), 4)) for symbol, value in parts.items()]
    else:
        values = {"y": float(explanation.output), "Σα": float(explanation.contributions.sum())}
        if explanation.unresolved != 0:
            values["not resolved"] = float(explanation.unresolved)
        if not explanation.cut:
            values["bypass"] = float(explanation.bypass)
        values["b" if explanation.baseline is None else "y₀"] = float(explanation.bias)
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
    if explanation.baseline is None:
        lines = [map_note(list(maps.values()), explanation.x, kind, percentile)]
    else:
        lines = [contribution_note(explanation, maps.values(), kind, percentile)]
    lines.append(
        "Spectra: red is positive, blue negative; numbers mark the components of largest |α|, and "
        "after cancellation those of largest share."
    )
    if explanation.target is None:
        lines.append("All outputs together: α = c = σ φ·x, the length of the component's term.")
    if any(shares_sigma(explanation.clusters, k) for k in maps):
        lines.append("* Shares its σ with others: only the sum over them is defined.")
    return lines


def contribution_note(
    explanation: Decomposition,
    maps: Iterable[Float[np.ndarray, "..."]],
    kind: InputKind,
    percentile: float,
) -> str:
    """Say what maps of contributions show, and how they are smoothed and scaled."""
    text = (
        f"Maps from the baseline ({explanation.baseline_name}): what each place adds to y, "
        "ψ σ φ ⊙ (x − x₀); red is for it, blue against; each map sums to α"
    )
    if kind != "image":
        return f"{text}."
    sparse = any(is_sparse(values, percentile) for values in maps)
    blur = f"smoothed over {default_blur(explanation.x):.0f} px with the sum kept"
    return f"{text}; {blur}; {scale_note(percentile, sparse)}, each map its own."


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
            f"{scale_note(percentile, sparse)}, each map its own. {_AGREES}"
        )
    summed = " summed over channels" if kind == "sequence" else ""
    return f"Panels: φ ⊙ x{summed}; each sums to φ·x. {_AGREES}"


def shares_sigma(clusters: Int[Tensor, " r"], k: int) -> bool:
    """Tell whether a component has the σ of another, up to rounding."""
    return int((clusters == clusters[k]).sum()) > 1
