"""The leading components of one input from layer to layer (the paper's Figures 6 and 7)."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from specxai.errors import InvalidInputError
from specxai.plots.facts import map_note, shares_sigma, target_name
from specxai.plots.heatmap import to_array
from specxai.plots.page import footer_height, header_height, panel_height, stack_parts
from specxai.plots.panels import contracted_dim, draw_component, draw_input, kind_of
from specxai.plots.spectrum import draw_contributions, draw_singular_values
from specxai.plots.style import (
    FAINT,
    HEADING,
    INK,
    NEGATIVE,
    POSITIVE,
    SMALL,
    TEXT,
    TITLE,
    few_values_along_y,
    quiet,
    short,
)
from specxai.plots.writing import wrapped, write_footer, write_header
from specxai.survey import Alignment, Evolution, LayerSpectrum

# More layers than this go on in rows below.
_MOST_COLUMNS = 5
_COLUMN = 2.5  # inches
_CHARTS = 4
_SPECTRUM = 1.9
_LONGEST_NAME = 24

_POINTING = {"upper": "v", "lower": "^"}


def evolution_figure(
    evolution: Evolution,
    image: Image.Image | None = None,
    title: str | None = None,
    percentile: float = 99.5,
) -> Figure:
    """Draw shares, ranks and alignments by depth, and each layer's first vector and spectra.

    Args:
        evolution: the result.
        image: the picture the input was made from, if any.
        title: above the figure; None takes the model's name.
        percentile: of |values|, the limit of each heat map's colours; from above 0 to 100.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        InvalidInputError: percentile is out of range, or there is no layer.
    """
    layers = evolution.layers
    if not layers:
        raise InvalidInputError("the evolution has no layer: nothing can be drawn")
    columns = max(_CHARTS, min(len(layers), _MOST_COLUMNS))
    rows = [range(k, min(k + columns, len(layers))) for k in range(0, len(layers), columns)]
    kind = kind_of(evolution.x)
    aspect = evolution.x.shape[2] / evolution.x.shape[3] if kind == "image" else None
    maps = to_array(evolution.heatmaps("product", contracted_dim(evolution.x)))
    width = _COLUMN * columns
    heading = wrapped([title or evolution.model], width, HEADING)
    under = wrapped([_subtitle(evolution)], width, TEXT)
    footer = wrapped([map_note(maps, evolution.x, kind, percentile), *_notes(layers)], width, SMALL)

    map_height = _SPECTRUM + 0.2 if aspect is None else 1.2 + 1.7 * min(max(aspect, 0.3), 1.5)
    heights = [map_height, _SPECTRUM, _SPECTRUM]
    figure, (header, charts, *bodies, foot) = stack_parts(
        width,
        [header_height(len(heading), len(under)), panel_height(columns - 1, aspect)]
        + [sum(heights)] * len(rows)
        + [footer_height(len(footer))],
    )
    write_header(header, heading, under)
    _draw_charts(charts, evolution, image)
    for body, row in zip(bodies, rows, strict=True):
        grid = body.subplots(3, columns, squeeze=False, height_ratios=heights)
        for axes in grid.flat:
            axes.set_axis_off()  # until it is filled
        for number, panels in zip(row, grid.T, strict=False):
            draw_component(_on(panels[0]), maps[number], kind, percentile)
            _draw_spectra(list(panels), layers[number], number + 1)
    write_footer(foot, footer)
    return figure


def _on(axes: Axes) -> Axes:
    axes.set_axis_on()
    return axes


def _draw_charts(part: SubFigure, evolution: Evolution, image: Image.Image | None) -> None:
    """Draw the input, and beside it what changes with depth."""
    picture, shares, ranks, alignments = part.subplots(1, _CHARTS)
    draw_input(picture, evolution.x, image)
    layers = evolution.layers
    known = np.array([layer.complete for layer in layers])
    energy = np.array([layer.energy_share for layer in layers])
    alpha = np.array([layer.contribution_share for layer in layers])
    draw_by_depth(
        shares, "Share of the first", {"of Σσ²": energy, "of Σ|α|": alpha}, known, "upper"
    )
    effective = np.array([layer.effective_rank for layer in layers])
    participating = np.array([layer.participation_ratio for layer in layers])
    counts = {"effective rank": effective, "participation": participating}
    draw_by_depth(ranks, "Components that matter", counts, known, "lower")
    draw_alignments(alignments, evolution.alignments)


def _draw_spectra(panels: Sequence[Axes], layer: LayerSpectrum, number: int) -> None:
    """Name a layer above its map, and draw its spectra below it."""
    first, marked = layer.first, layer.top.tolist()
    star = "*" if shares_sigma(layer.clusters, first) else ""
    sigma = short(float(layer.singular_values[first]))
    alpha = short(float(layer.contributions[first]), signed=True)
    name = layer.layer if len(layer.layer) <= _LONGEST_NAME else f"…{layer.layer[-_LONGEST_NAME:]}"
    panels[0].set_title(
        f"{number}.  {name}\nk = {first}{star}   σ = {sigma}\nα = {alpha}",
        loc="left",
        fontsize=TEXT,
        color=INK,
        linespacing=1.35,
        parse_math=False,
    )
    draw_singular_values(_on(panels[1]), layer.singular_values, marked, layer.contributions)
    draw_contributions(_on(panels[2]), layer.contributions, marked)


def _subtitle(evolution: Evolution) -> str:
    leads = "σ" if evolution.by == "singular_value" else "|α|"
    target = target_name(evolution.target)
    return f"{target}  ·  components lead by {leads}  ·  affine map: {evolution.exactness}"


def _notes(layers: Sequence[LayerSpectrum]) -> list[str]:
    """Say what marks mean, where there are any."""
    lines = [
        "Spectra: red is positive, blue negative; numbers mark the leading components, whose "
        "spans the principal angles compare."
    ]
    if not all(layer.complete for layer in layers):
        lines.append(
            "Hollow triangles: not all components were computed; the value lies at or beyond the "
            "triangle, where it points, or is not shown."
        )
    around = ", ".join(str(number) for number, layer in enumerate(layers, 1) if not layer.cut)
    if around:
        lines.append(f"No cut, so that a part of the output goes around the layer: {around}.")
    if any(shares_sigma(layer.clusters, layer.first) for layer in layers):
        lines.append("* Shares its σ with others: only the sum over them is defined.")
    return lines


def draw_by_depth(
    axes: Axes,
    title: str,
    curves: Mapping[str, Float[np.ndarray, " layers"]],
    known: Bool[np.ndarray, " layers"],
    bound: Literal["upper", "lower"],
) -> None:
    """Draw one or two curves over the number of the layer, from 1.

    Args:
        axes: where to draw.
        title: what is drawn.
        curves: values by their name, at least 0; NaN leaves a gap.
        known: layers whose values are known; those of the others are bounds, drawn as hollow
            triangles, which point to where the value may be, and joined by no line.
        bound: which kind of bound.
    """
    positions = np.arange(1, len(known) + 1)
    _frame(axes, title, len(positions))
    for (name, values), color in zip(curves.items(), (INK, POSITIVE), strict=False):
        axes.plot(
            positions,
            np.where(known, values, np.nan),
            "o-",
            color=color,
            linewidth=1,
            markersize=4,
            label=name,
        )
        marker = _POINTING[bound]
        axes.plot(positions[~known], values[~known], marker, color=color, mfc="white", markersize=5)
    highest = max((float(np.nanmax([*values, 0])) for values in curves.values()), default=0)
    axes.set_ylim(0, 1.35 * highest or 1)  # room for the legend
    few_values_along_y(axes)
    axes.legend(fontsize=SMALL, frameon=False, labelcolor=INK, loc="upper left", ncols=2)


def draw_alignments(axes: Axes, alignments: Sequence[Alignment]) -> None:
    """Draw how far the leading vectors of each layer lie in those of the next, 1 for the same.

    Args:
        axes: where to draw; a point between two layers compares them.
        alignments: of each layer to the next.
    """
    _frame(axes, "Each layer and the next", len(alignments) + 1)
    positions = np.arange(len(alignments)) + 1.5
    cosines = [alignment.cosine for alignment in alignments]
    axes.plot(positions, cosines, "o-", color=NEGATIVE, linewidth=1, markersize=4, label="|φ·φ′|")
    angles = [np.cos(alignment.angles.cpu().numpy()) for alignment in alignments]
    spread = np.repeat(positions, [len(each) for each in angles])
    label = "cos of principal angles"
    axes.plot(spread, np.concatenate([[], *angles]), "_", color=FAINT, markersize=11, label=label)
    axes.set_ylim(0, 1.35)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.legend(fontsize=SMALL, frameon=False, labelcolor=INK, loc="upper left", ncols=2)


def _frame(axes: Axes, title: str, count: int) -> None:
    quiet(axes)
    axes.set_title(title, loc="left", fontsize=TITLE, color=INK)
    axes.set_xlabel("layer", fontsize=SMALL, color=INK)
    axes.set_xlim(0.6, count + 0.4)
    axes.set_xticks(np.arange(1, count + 1))
