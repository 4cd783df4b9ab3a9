"""Signed values along one dimension, blue below zero and red above."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from specxai.errors import InvalidInputError
from specxai.plots.heatmap import Array, to_array
from specxai.plots.style import (
    FAINT,
    INK,
    NEGATIVE,
    POSITIVE,
    SMALL,
    count_along_x,
    few_values_along_y,
    quiet,
    sign_color,
)

# So many values are drawn one by one, as stems, where each stands for a feature of its own.
_MOST_STEMS = 64
# A value below this share of the largest has the colour of none.
_ZERO = 1e-3


def draw_profile(axes: Axes, values: Float[Array, " n"], label: str, stems: bool = False) -> None:
    """Draw signed values over their position.

    Args:
        axes: where to draw.
        values: shape (n,), in any unit.
        label: what the positions are, below the horizontal axis.
        stems: each value is a feature of its own: draw stems, not a line, unless they are many.

    Raises:
        InvalidInputError: values are not finite, or not one-dimensional.
    """
    array = to_array(values)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise InvalidInputError(f"a profile needs finite values of shape (n,), not {array.shape}")
    positions = np.arange(len(array))
    if len(array) == 1 or (stems and len(array) <= _MOST_STEMS):
        least = _ZERO * np.abs(array).max()
        colors = [sign_color(value) if abs(value) > least else FAINT for value in array]
        axes.vlines(positions, 0, array, colors=colors, linewidth=1.2)
        axes.scatter(positions, array, s=11, color=colors, zorder=3, clip_on=False)
    else:
        for color, chosen in ((NEGATIVE, array < 0), (POSITIVE, array > 0)):
            axes.fill_between(
                positions, array, where=chosen, interpolate=True, color=color, alpha=0.8, lw=0
            )
        axes.plot(positions, array, color=INK, linewidth=0.4)
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1)
    quiet(axes)
    count_along_x(axes, len(array))
    _scale_y(axes, array)
    axes.set_xlabel(label, fontsize=SMALL, color=INK)


def _scale_y(axes: Axes, values: Float[np.ndarray, " n"]) -> None:
    """Fit the values and zero, with room around them; few ticks."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.08 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    few_values_along_y(axes)
