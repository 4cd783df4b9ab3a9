"""The paper's figures of bodies: 4, 5, 6 or 7, 10 and 11."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from specxai.plots.heatmap import draw_heatmap, symmetric_limit, to_array
from specxai.plots.style import FAINT, INK, SIGNED, SMALL, TEXT, TITLE, quiet
from specxai.spectral.records.contraction import Contraction
from specxai_studies.shapes.body import View, draw_body
from specxai_studies.shapes.experiment import Experiment
from specxai_studies.shapes.findings import LAYERS, Findings, pairwise_cosine
from specxai_studies.shapes.sensitivity import Sensitivity
from specxai_studies.shapes.shaded_body import can_shade, render_body

VIEWS = {
    "cars": View("front left, from above", 22.0, -128.0),
    "turbines": View("upwind, from the left", 8.0, -152.0),
}
_PERCENTILE = 99.0
_POINTS = 2
"""The dimension of x = (1, points, 3) that heat maps are summed over (23)."""


def figure_4(experiment: Experiment, findings: Findings) -> Figure:
    """Draw the top three vectors by contribution at the first layer, on some shapes."""
    rows, titles, positions = [], [], []
    for number, position in enumerate(findings.positions[: len(findings.evolutions)]):
        explanation = findings.explanations[number]
        top = explanation.top(3, "contribution")
        rows.append(list(explanation.heatmaps(top, dim=_POINTS)))
        alpha = explanation.contributions[top].tolist()
        titles.append([f"k = {k}, α = {a:+.3g}" for k, a in zip(top.tolist(), alpha, strict=True)])
        positions.append(position)
    note = f"φ ⊙ x summed over xyz, {_map_of(findings)}"
    return _bodies(experiment, positions, rows, titles, note)


def figure_5(findings: Findings) -> Figure:
    """Draw the similarity of the first, second and third vectors across the shapes."""
    figure = Figure(figsize=(9.6, 7.6), layout="constrained")
    names = ("first", "second", "third")
    figure.supxlabel(_map_of(findings), fontsize=SMALL, color=FAINT)
    rows = figure.subplots(2, 3)
    for row, (by, similarities) in zip(rows, findings.similarities.items(), strict=True):
        order = "σ" if by == "singular_value" else "contribution"
        for axes, similarity, name in zip(row, similarities, names, strict=True):
            draw_heatmap(axes, similarity.ordered, limit=1.0, note=False)
            title = f"{name} vectors by {order}\nmean |φ·φ′| {pairwise_cosine(similarity):.2f}"
            axes.set_title(title, loc="left", fontsize=TITLE, color=INK)
    return figure


def figure_6(experiment: Experiment, findings: Findings) -> Figure:
    """Draw the top vector from layer to layer, and |α| of the first components below it."""
    evolution = findings.evolutions[0]
    figure = _bodies(
        experiment,
        [findings.positions[0]],
        [list(evolution.heatmaps(dim=_POINTS))],
        [[f"{layer}, α = {spectrum.contributions[spectrum.first]:+.3g}"
          for layer, spectrum in zip(LAYERS, evolution.layers, strict=True)]],
        f"top vector by |α|, φ ⊙ x summed over xyz, {_map_of(findings)}",
        charts=len(LAYERS),
    )  # fmt: skip
    for axes, spectrum in zip(figure.axes[-len(LAYERS) :], evolution.layers, strict=True):
        sizes = spectrum.contributions.abs().sort(descending=True).values[:20]
        axes.bar(np.arange(len(sizes)), sizes.numpy(), color=INK, width=0.7)
        share = f"first: {100 * spectrum.contribution_share:.0f} % of Σ|α|"
        axes.set_title(share, loc="left", fontsize=SMALL, color=INK)
        quiet(axes)
    return figure


def figure_10(experiment: Experiment, findings: Findings) -> Figure:
    """Draw how far the biases of the decoder's last layers move the points, and their total."""
    reconstruction = findings.reconstructions[0]
    last = list(reconstruction.decoder.items())[-3:]
    maps = [_outwards(bias) for _, bias in last] + [_outwards(reconstruction.bias)]
    titles = [f"{name}: norm {float(bias.norm()):.3g}" for name, bias in last]
    titles.append(f"b, all layers: norm {float(reconstruction.bias.norm()):.3g}")
    position = [findings.positions[0]]
    note = f"bias, summed over scaled xyz, {_map_of(findings)}"
    return _bodies(experiment, position, [maps], [titles], note)


def figure_11(experiment: Experiment, findings: Findings) -> Figure:
    """Draw the contraction of the top vectors beside their mean over xyz."""
    explanation, position = findings.explanations[0], findings.positions[0]
    top = explanation.top(3, "contribution")
    hows: tuple[Contraction, ...] = ("product", "mean")
    maps = [list(explanation.heatmaps(top, how, _POINTS)) for how in hows]
    titles = [[f"{how}, k = {k}" for k in top.tolist()] for how in ("Σ φ ⊙ x", "mean of φ")]
    note = f"each row on its own scale, {_map_of(findings)}"
    return _bodies(experiment, [position, position], maps, titles, note, True)


def sensitivity_figure(experiment: Experiment, position: int, sensitivity: Sensitivity) -> Figure:
    """Draw a shape's sensitivity per area along the normal, raw and smooth, by both maps."""
    maps = {
        "raw": (sensitivity.raw, sensitivity.from_mean),
        "smooth": (sensitivity.smooth, sensitivity.from_mean_smooth),
    }
    titles = [
        [f"{how}, map {way}" for way in ("at x alone", "from the mean shape")] for how in maps
    ]
    rows = [[torch.from_numpy(values) for values in pair] for pair in maps.values()]
    note = "per m³ swept outwards, each row on its own scale"
    return _bodies(experiment, [position] * len(rows), rows, titles, note, by_row=True)


def symmetry_figure(shares: dict[str, Float[Tensor, " _"]]) -> Figure:
    """Draw the antisymmetric share of each vector of the first layer, by initialisation."""
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.subplots()
    for name, values in shares.items():
        axes.plot(np.arange(len(values)), 100 * to_array(values), ".-", label=name, linewidth=0.8)
    axes.set_xlabel("k, by σ", fontsize=SMALL)
    axes.set_title("antisymmetric energy of φ (%)", loc="left", fontsize=TITLE, color=INK)
    axes.legend(fontsize=SMALL, frameon=False)
    quiet(axes)
    return figure


def _map_of(findings: Findings) -> str:
    at_x = findings.explanations[0].baseline is None
    return "map at x alone" if at_x else "map from the mean shape"


def _outwards(bias: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    return bias.sum(-1)


def _bodies(
    experiment: Experiment,
    positions: Sequence[int],
    maps: Sequence[Sequence[Tensor]],
    titles: Sequence[Sequence[str]],
    note: str,
    by_row: bool = False,
    charts: int = 0,
) -> Figure:
    """Draw rows of coloured bodies on one scale, or one a row, with room for charts below."""
    shapes, columns = experiment.shapes, len(maps[0])
    view = VIEWS[shapes.name]
    count = len(maps) + bool(charts)
    height = 1.9 if shapes.name == "cars" else 2.9
    figure = Figure(figsize=(2.9 * columns, height * count + 0.5), layout="constrained")
    scale = [symmetric_limit(to_array(_stacked(row)), _PERCENTILE) for row in maps]
    for number, (position, row) in enumerate(zip(positions, maps, strict=True)):
        limit = scale[number] if by_row else max(scale)
        drawn = []
        for column, values in enumerate(row):
            cell = number * columns + column + 1
            body = shapes.points[position], shapes.faces, values, limit, view
            if can_shade():
                axes = figure.add_subplot(count, columns, cell)
                axes.imshow(render_body(*body), interpolation="antialiased")
                axes.set_axis_off()
            else:
                axes = figure.add_subplot(count, columns, cell, projection="3d")
                draw_body(axes, *body)
            axes.set_title(titles[min(number, len(titles) - 1)][column], fontsize=TEXT, color=INK)
            drawn.append(axes)
        if by_row or number == len(maps) - 1:
            colors = ScalarMappable(Normalize(-limit, limit), SIGNED)
            bar = figure.colorbar(colors, ax=drawn, location="bottom", aspect=60, shrink=0.5)
            bar.ax.tick_params(labelsize=SMALL)
    for column in range(charts):
        figure.add_subplot(count, columns, len(maps) * columns + column + 1)
    figure.supxlabel(f"{note}; seen from {view.name}", fontsize=SMALL, color=FAINT)
    return figure


def _stacked(row: Sequence[Tensor]) -> Float[np.ndarray, "n points"]:
    return np.stack([to_array(values) for values in row])
