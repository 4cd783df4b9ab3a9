"""Spectra over the component number: singular values, contributions, and what cancellation leaves.

Component k keeps its horizontal place in all three, so that they can be read below each other.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from specxai.plots.heatmap import Array, to_array
from specxai.plots.labels import label_points
from specxai.plots.style import (
    FAINT,
    INK,
    SMALL,
    TEXT,
    TITLE,
    count_along_x,
    few_values_along_y,
    quiet,
    short,
    sign_color,
)
from specxai.spectral import Reduction

# From this ratio of the largest to the smallest singular value on, their axis is logarithmic.
_DECADES = 100
# So many components are drawn as single points.
_MOST_POINTS = 60


def draw_singular_values(
    axes: Axes,
    singular_values: Float[Array, " r"],
    marked: Sequence[int] = (),
    contributions: Float[Array, " r"] | None = None,
) -> None:
    """Draw σ_k over k, on a logarithmic axis where it spans more than two decades.

    Args:
        axes: where to draw.
        singular_values: σ in descending order, all above 0, shape (r,).
        marked: components to mark with their number, the most important first.
        contributions: α, shape (r,); colours the marks by its sign.
    """
    sigma = to_array(singular_values)
    signs = np.ones(len(sigma)) if contributions is None else to_array(contributions)
    _frame(axes, len(sigma), "Singular values", "σ")
    marker = "o" if len(sigma) <= _MOST_POINTS else ""
    axes.plot(
        np.arange(len(sigma)),
        sigma,
        color=INK,
        linewidth=1,
        zorder=2,
        marker=marker,
        markersize=2.5,
    )
    if sigma[0] > _DECADES * sigma[-1]:
        axes.set_yscale("log")
        axes.set_ylim(sigma[-1] / 2, sigma[0] * (sigma[0] / sigma[-1]) ** 0.2)
    else:
        axes.set_ylim(0, 1.2 * sigma[0])
        few_values_along_y(axes)
    curve = np.column_stack([np.arange(len(sigma)), sigma])
    _mark(axes, curve[list(marked)], signs[list(marked)], np.hstack([curve[:-1], curve[1:]]))


def draw_contributions(
    axes: Axes, contributions: Float[Array, " r"], marked: Sequence[int] = ()
) -> None:
    """Draw α_k over k as stems, blue below zero and red above.

    Args:
        axes: where to draw.
        contributions: α, in units of the output, shape (r,).
        marked: components to mark with their number, the most important first.
    """
    alpha = to_array(contributions)
    _frame(axes, len(alpha), "Contributions", "α")
    _stems(axes, np.arange(len(alpha)), alpha, len(alpha), list(marked))


def draw_reduced_spectrum(
    axes: Axes,
    reduction: Reduction,
    rank: int,
    marked: int = 3,
) -> None:
    """Draw what is left of the contributions after those of opposite sign have cancelled.

    The axis on the right gives each one's share of the sum. Where nothing is left, it says so.

    Args:
        axes: where to draw.
        reduction: the s components that are left, with their reduced contributions α̂.
        rank: the number r of components before.
        marked: how many of the first to mark with their number.
    """
    left, reduced = reduction.indices.numpy(), reduction.values.numpy()
    _frame(axes, rank, f"After cancellation ({len(left):,} left)", r"reduced $\hat\alpha$")
    if not len(left):
        axes.set_yticks([])
        message = "all contributions cancel" if reduction.rounds else "all contributions are 0"
        axes.text(
            0.5, 0.5, message, transform=axes.transAxes, ha="center",
            va="center", fontsize=TEXT, color=FAINT,
        )  # fmt: skip
        return
    _stems(axes, left, reduced, rank, list(range(min(marked, len(left)))))
    total = float(reduced.sum())
    shares = axes.secondary_yaxis(
        "right",
        functions=(lambda y: np.multiply(y, 100 / total), lambda s: np.multiply(s, total / 100)),
    )
    shares.set_ylabel("share", fontsize=SMALL, color=INK)
    shares.yaxis.set_major_locator(MaxNLocator(nbins=4))
    shares.yaxis.set_major_formatter(lambda share, _: f"{short(share)} %" if share <= 100 else "")
    shares.spines["right"].set_color(FAINT)
    shares.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK, length=2.5)


def _frame(axes: Axes, count: int, title: str, label: str) -> None:
    quiet(axes)
    count_along_x(axes, count)
    axes.set_title(title, loc="left", fontsize=TITLE, color=INK)
    axes.set_xlabel("component k", fontsize=SMALL, color=INK)
    axes.set_ylabel(label, fontsize=SMALL + 1, color=INK)


def _stems(
    axes: Axes,
    positions: Int[np.ndarray, " s"],
    values: Float[np.ndarray, " s"],
    rank: int,
    marked: Sequence[int],
) -> None:
    """Draw a line from zero to each value, thin where the axis is long, and mark some of them."""
    width = float(np.clip(120 / rank, 0.8, 2))
    colors = [sign_color(value) for value in values]
    axes.vlines(positions, 0, values, colors=colors, linewidth=width, zorder=2)
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=1)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.2 * (high - low) or 1.0
    axes.set_ylim(low - room if low < 0 else 0, high + room if high > 0 or low == 0 else 0)
    few_values_along_y(axes)
    tips = np.column_stack([positions, values])
    lines = np.column_stack([positions, np.zeros(len(values)), tips])
    _mark(axes, tips[marked], values[marked], lines)


def _mark(
    axes: Axes,
    points: Float[np.ndarray, "n 2"],
    signs: Float[np.ndarray, " n"],
    obstacles: Float[np.ndarray, "m 4"],
) -> None:
    """Put a dot, in the colour of its sign, and its component's number at each point."""
    for (x, y), sign in zip(points, signs, strict=True):
        axes.plot(x, y, "o", markersize=4.5, color=sign_color(sign), mec="white", mew=0.6, zorder=4)
    label_points(axes, points, [f"{k:.0f}" for k in points[:, 0]], obstacles)
