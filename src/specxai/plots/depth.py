"""Numbers of layers over their depth."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes

from specxai.plots.style import (
    FAINT,
    INK,
    NEGATIVE,
    POSITIVE,
    SMALL,
    TITLE,
    few_values_along_y,
    quiet,
)
from specxai.survey import Alignment

_POINTING = {"upper": "v", "lower": "^"}


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
