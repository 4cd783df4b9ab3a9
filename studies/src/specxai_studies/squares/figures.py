"""Figures 8 and 9 of the paper."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from specxai.plots import draw_heatmap
from specxai.plots.style import FAINT, INK, SMALL, TEXT, TITLE, count_along_x, quiet
from specxai_studies.squares.findings import Data, Finding

_SHOWN = 4


def figure_8(data: Data, finding: Finding) -> Figure:
    """Draw the spectra of data and operator, and the vectors of both (Figure 8).

    Args:
        data: the decomposition of the data matrix.
        finding: one image through the network without biases.
    """
    figure = Figure(figsize=(8.6, 14.4), layout="constrained")
    parts = figure.subfigures(2, 1, height_ratios=(1, 4.6), squeeze=False)
    charts, images = parts.flatten()
    left, right = charts.subplots(1, 2)
    sigma, rank = finding.explanation.singular_values, finding.explanation.rank
    _draw_spectrum(left, data.singular_values[:100], "σ of the data matrix, the first 100")
    _draw_spectrum(right, sigma, f"σ of the operator at one image, all {rank}")
    every = range(min(_SHOWN, rank))
    phi = finding.explanation.right_vectors(every)
    c = finding.explanation.coefficients
    left_vectors = finding.explanation.left_vectors(every)
    contracted = phi * finding.explanation.displacement
    grid = images.subplots(4, _SHOWN, squeeze=False)
    titles = [f"σ = {value:.3g}" for value in data.singular_values[:_SHOWN]]
    _draw_row(grid[0], "data matrix: right vectors", list(data.vectors), titles)
    titles = [f"σ = {sigma[k]:.3g}, c = {c[k]:.3g}" for k in every]
    _draw_row(grid[1], "network: right vectors φ", list(phi), titles)
    titles = [f"φ·x = {c[k] / sigma[k]:.3g}" for k in every]
    _draw_row(grid[2], "contraction φ ⊙ x", list(contracted), titles)
    titles = [f"component {k}" for k in every]
    _draw_row(grid[3], "network: left vectors U", list(left_vectors), titles)
    _state_scale(figure)
    return figure


def figure_9(finding: Finding) -> Figure:
    """Draw the top vectors above the biases of the decoder, and u·x beside b (Figure 9).

    Args:
        finding: one image through the network with biases, by either map.
    """
    figure = Figure(figsize=(8.6, 9.4), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(2, 1), squeeze=False).flatten()
    ex = finding.explanation
    every = range(min(_SHOWN, ex.rank))
    rest = finding.bias - sum(finding.decoder.values())
    biases = finding.decoder | {"the others": rest}
    grid = above.subplots(2, _SHOWN, squeeze=False)
    titles = [f"σ = {ex.singular_values[k]:.3g}, c = {ex.coefficients[k]:.3g}" for k in every]
    _draw_row(grid[0], "right vectors φ", list(ex.right_vectors(every)), titles)
    _draw_row(
        grid[1],
        "bias by layer, as an image of the output",
        list(biases.values()),
        [f"{name}: |β| = {float(image.norm()):.3g}" for name, image in biases.items()],
    )
    linear, bias = ("u·x", "b") if ex.baseline is None else ("u·(x − x₀)", "y₀")
    parts = {linear: finding.linear, bias: finding.bias, "y": ex.output, "x": finding.x}
    limit = max(float(part.abs().max()) for part in parts.values())
    _draw_row(
        below.subplots(1, _SHOWN, squeeze=False)[0],
        f"{linear} + {bias} = y, on one scale",
        list(parts.values()),
        [f"{name}: norm {float(part.norm()):.3g}" for name, part in parts.items()],
        limit,
    )
    _state_scale(figure)
    return figure


def training_figure(errors: Mapping[str, Sequence[float]], goal: float) -> Figure:
    """Draw the held-out error of each network after each epoch."""
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    for name, line in errors.items():
        axes.plot(np.arange(1, len(line) + 1), line, label=name, linewidth=1.2)
    axes.axhline(goal, color=FAINT, linewidth=0.8, linestyle="--", label="goal")
    axes.set(yscale="log")
    axes.set_xlabel("epoch", fontsize=SMALL)
    axes.set_title("mean squared error on held-out squares", loc="left", fontsize=TITLE)
    axes.legend(fontsize=SMALL, frameon=False)
    quiet(axes)
    return figure


def _draw_spectrum(axes: Axes, sigma: Tensor, title: str) -> None:
    axes.semilogy(
        np.arange(len(sigma)), sigma.numpy(), "o-", color=INK, markersize=2.5, linewidth=1
    )
    axes.set_title(title, loc="left", fontsize=TITLE, color=INK)
    axes.set_xlabel("k", fontsize=SMALL)
    count_along_x(axes, len(sigma))
    quiet(axes)


def _draw_row(
    panels: Sequence[Axes],
    heading: str,
    vectors: Sequence[Tensor],
    titles: Sequence[str],
    limit: float | None = None,
) -> None:
    """Draw flattened images side by side, the row's heading above the first."""
    for axes in panels[len(vectors) :]:
        axes.set_axis_off()
    for position, (axes, vector, title) in enumerate(zip(panels, vectors, titles, strict=False)):
        side = round(vector.numel() ** 0.5)
        draw_heatmap(axes, vector.reshape(side, side), limit, note=False)
        label = f"{heading}\n{title}" if position == 0 else f"\n{title}"
        axes.set_title(label, loc="left", fontsize=TEXT, color=INK)


def _state_scale(figure: Figure) -> None:
    note = "red is positive, blue negative; each image on its own scale where nothing else is said"
    figure.supxlabel(note, fontsize=SMALL, color=FAINT)
