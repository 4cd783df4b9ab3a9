"""The bar below a map that says which colour is which value."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar

from specxai.plots.style import FAINT, INK, SMALL, short


def add_colorbar(
    colors: ScalarMappable,
    axes: Axes,
    limit: float,
    values: Float[np.ndarray, "..."],
    note: str | None = None,
    within: bool = False,
) -> Colorbar:
    """Add the colour bar of a signed map whose colours span −limit to limit.

    Its ends are pointed where values lie beyond.

    Args:
        colors: the map, or what gives several maps their colours.
        axes: the map below which the bar stands.
        limit: value of the darkest colours; 0 where all values are.
        values: of all maps that share the bar.
        note: below the bar.
        within: the bar fills the axes, which are made for it.
    """
    below, above = bool((values < -limit).any()), bool((values > limit).any())
    room: dict[str, Any] = {"ax": axes, "aspect": 28, "fraction": 0.06, "pad": 0.03}
    bar = axes.figure.colorbar(
        colors,
        location="bottom",
        extend={(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above],
        extendfrac=0.04,
        ticks=[-limit, 0, limit] if limit else [0],
        **({"cax": axes} if within else room),
    )
    names = [short(-limit, 2), "0", short(limit, 2)] if limit else ["0 everywhere"]
    labels = bar.ax.set_xticklabels(names)
    if limit:  # kept within the width of the map, so that neighbours never meet
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")
    bar.ax.tick_params(labelsize=SMALL, length=2, pad=1.5, color=FAINT, labelcolor=INK)
    bar.outline.set(color=FAINT, linewidth=0.5)
    if note is not None:
        bar.set_label(note, size=SMALL, color=FAINT)
    return bar
