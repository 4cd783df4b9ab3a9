"""Named values as horizontal bars: those of inputs, of groups of inputs, of operations."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from specxai.errors import InvalidInputError
from specxai.plots.page import header_height, stack_parts
from specxai.plots.style import FAINT, HEADING, INK, SMALL, quiet, short, sign_color
from specxai.plots.writing import wrapped, write_header

# Inches.
BAR = 0.19
_WIDTH = 6.5
_LONGEST_NAME = 48


def groups_figure(values: Mapping[str, float], title: str) -> Figure:
    """Draw what groups of inputs, or any other named parts, add to an output: one bar each.

    Args:
        values: of each name, in units of the output; drawn from the top in this order.
        title: above the figure.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        InvalidInputError: there are none, or one is NaN or infinite.

    >>> figure = groups_figure({"geometry": 1.25, "flow": -0.5}, "Drag")
    """
    if not values or not np.isfinite(list(values.values())).all():
        raise InvalidInputError(f"bars need finite values, at least one, not {dict(values)}")
    heading = wrapped([title], _WIDTH, HEADING)
    heights = [header_height(len(heading), 0), 0.6 + BAR * len(values)]
    figure, (header, body) = stack_parts(_WIDTH, heights)
    write_header(header, heading, [])
    axes = body.subplots()
    draw_bars(axes, np.array(list(values.values())), [shortened(name) for name in values])
    write_values(axes, list(values.values()))
    axes.set_xlabel("adds to the output", fontsize=SMALL, color=INK)
    return figure


def draw_bars(axes: Axes, values: Float[np.ndarray, " n"], names: Sequence[str]) -> None:
    """Draw one bar below the other, blue below zero and red above.

    Args:
        axes: where to draw.
        values: shape (n,), in any unit.
        names: of the bars; taken as they are.
    """
    rows = np.arange(len(values))
    axes.barh(rows, values, height=0.72, color=[sign_color(value) for value in values])
    axes.axvline(0, color=FAINT, linewidth=0.6)
    name_rows(axes, names)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Make axes a list of rows, from the top down, each with its name on the left."""
    quiet(axes)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names, fontsize=SMALL, parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: short(value))


def write_values(axes: Axes, values: Sequence[float]) -> None:
    """Write the value of each row on the right, beside the axes, all to the same decimal."""
    for row, text in enumerate(aligned(values)):
        axes.annotate(
            text,
            (1, row),
            xytext=(3, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
            annotation_clip=False,
        )


def shortened(name: str, longest: int = _LONGEST_NAME) -> str:
    """Cut a name to so many letters.

    >>> shortened("temperature", 5)
    'temp…'
    """
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def aligned(values: Sequence[float], digits: int = 4) -> list[str]:
    """Write numbers to the same decimal, that to which the largest has so many digits.

    >>> aligned([12.345, -0.5, 0.001])
    ['+12.35', '−0.50', '0']
    """
    largest = max(map(abs, values), default=0.0)
    if not 1e-3 <= largest < 1e5:
        return [short(value, digits, signed=True) for value in values]
    decimals = max(digits - 1 - math.floor(math.log10(largest)), 0)
    texts = (f"{value:+,.{decimals}f}" for value in values)
    return [text.replace("-", "−") if text.strip("+-0.") else "0" for text in texts]
