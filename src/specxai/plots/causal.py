"""Causal curves: what the affine map predicts of an edit, against what the network answers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.plots.heatmap import to_array
from specxai.plots.saving import DPI
from specxai.plots.style import (
    FAINT,
    INK,
    NEGATIVE,
    SMALL,
    TITLE,
    count_along_x,
    few_values_along_y,
    quiet,
    short,
)
from specxai.plots.writing import wrapped
from specxai.spectral.edits.causal_curve import CausalCurve

_TITLES = {
    "contribution": "Largest |α| first",
    "singular_value": "Largest σ first",
    "random": "Random order",
}
# Up to so many points each of them is marked.
_MOST_POINTS = 65


def causal_figure(curves: Sequence[CausalCurve], title: str = "Causal curves") -> Figure:
    """Draw an output as components are removed, one panel for each order.

    The line is the linear prediction, the points are the real network: where they part, the edit
    has left the linear region. Of a map from a baseline the real network's answers to random
    directions of the same length stand beside. Of several outputs the Euclidean norm is drawn.

    Args:
        curves: of one explanation, such as one for each order.
        title: what to write above.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        InvalidInputError: no curve is given.
    """
    if not curves:
        raise InvalidInputError("no curve to draw: give at least one")
    width = max(3.0 * len(curves), 4.5)
    heading = wrapped([title], width, TITLE + 2)
    figure = Figure(figsize=(width, 2.9 + 0.25 * len(heading)), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(curves), squeeze=False, sharey=True)[0]
    figure.suptitle(
        "\n".join(heading), x=0.01, ha="left", fontsize=TITLE + 2, color=INK, parse_math=False
    )
    for axes, curve in zip(panels, curves, strict=True):
        _draw_curve(axes, curve)
    label = "output" if curves[0].answers.ndim == 1 else "norm of the output"
    panels[0].set_ylabel(label, fontsize=SMALL + 1, color=INK)
    few_values_along_y(panels[0])
    # A small edit of a large output: more digits than elsewhere tell the ticks apart.
    panels[0].yaxis.set_major_formatter(lambda value, _: short(value, 5))
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2 * len(curves),
        fontsize=SMALL, frameon=False, labelcolor=INK,
    )  # fmt: skip
    return figure


def _draw_curve(axes: Axes, curve: CausalCurve) -> None:
    """Draw prediction and answer over the number of components that have changed."""
    quiet(axes)
    count_along_x(axes, int(curve.counts[-1]) + 1)
    counts = curve.counts.tolist()
    whole = _height(curve.answers)[0 if curve.drop else -1]
    axes.axhline(whole, color=FAINT, linewidth=0.6, linestyle="--", label="unchanged", zorder=1)
    axes.plot(
        counts, _height(curve.predictions), color=INK, linewidth=1, label="affine map", zorder=2
    )
    marker = "o" if len(counts) <= _MOST_POINTS else "."
    axes.plot(
        counts, _height(curve.answers), marker, color=NEGATIVE, markersize=2.8, markeredgewidth=0,
        label="real network", zorder=3,
    )  # fmt: skip
    if curve.controls is not None:
        axes.plot(
            counts, _height(curve.controls), color=FAINT, linewidth=1, linestyle=":",
            label="random direction, as long", zorder=2,
        )  # fmt: skip
    axes.set_title(_TITLES[curve.order], loc="left", fontsize=TITLE, color=INK)
    change = "removed" if curve.drop else "added"
    axes.set_xlabel(f"components {change}", fontsize=SMALL, color=INK)


def _height(values: Tensor) -> Float[np.ndarray, " p"]:
    return to_array(values if values.ndim == 1 else values.flatten(1).norm(dim=1))
