"""The look that all figures share: colours, font sizes in points, quiet axes, short numbers."""

import math

import colorcet
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.ticker import MaxNLocator

# Perceptually uniform and diverging: blue below zero, near white at zero, red above.
SIGNED: Colormap = colorcet.cm["CET_D1A"]
NEGATIVE = SIGNED(0.1)
POSITIVE = SIGNED(0.88)
INK = "#262626"
FAINT = "#8a8a8a"

HEADING, TITLE, TEXT, SMALL = 13.0, 9.5, 8.5, 7.5

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def sign_color(value: float) -> tuple[float, float, float, float]:
    """Return the colour of a signed number: blue if it is negative, otherwise red."""
    return NEGATIVE if value < 0 else POSITIVE


def quiet(axes: Axes) -> None:
    """Take the top and right frame away and make ticks small, for a chart."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(which="both", labelsize=SMALL, color=FAINT, labelcolor=INK, length=2.5)
    axes.tick_params(which="minor", length=1.5)


def count_along_x(axes: Axes, count: int) -> None:
    """Let the horizontal axis run over positions 0 … count − 1, with whole numbers as ticks."""
    room = 0.5 + 0.02 * count
    axes.set_xlim(-room, count - 1 + room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(lambda position, _: f"{position:,.0f}")


def few_values_along_y(axes: Axes) -> None:
    """Put few ticks on a linear vertical axis, written out without a common factor."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
    axes.yaxis.set_major_formatter(lambda value, _: short(value))


def name_group(axes: Axes, heading: str) -> None:
    """Write a heading above the title of the first panel of a group.

    It may reach over the panels beside it: only a blank in its place takes part in the layout.
    """
    for text in (heading, " "):
        label = axes.annotate(
            text,
            (0, 1),
            xytext=(0, 33),
            xycoords="axes fraction",
            textcoords="offset points",
            va="bottom",
            fontsize=TITLE + 1,
            weight="bold",
            color=INK,
            annotation_clip=False,
        )
        label.set_in_layout(text != heading)


def short(value: float, digits: int = 3, signed: bool = False) -> str:
    """Write a number with few significant digits, and with a power of ten where that is shorter.

    Args:
        value: the number.
        digits: significant digits.
        signed: put a plus before positive numbers.

    Returns:
        The text, with a true minus sign.

    >>> short(-0.012345), short(123456.0, 2), short(2.0, signed=True), short(0.0)
    ('−0.0123', '1.2×10⁵', '+2', '0')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    mantissa, exponent = f"{value:{'+' if signed else ''}.{digits - 1}e}".split("e")
    power = int(exponent)
    if -3 <= power < 5:
        decimals = max(digits - 1 - power, 0)
        # Rounding to the digits comes first, so that 1234 with 2 digits is 1,200.
        text = f"{float(f'{mantissa}e{power}'):{'+' if signed else ''},.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}×10{str(power).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−")
