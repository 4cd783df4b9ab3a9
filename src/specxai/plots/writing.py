"""The words on a page: heading, small table, notes."""

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from specxai.plots.page import TITLE_LINE
from specxai.plots.style import FAINT, HEADING, INK, SMALL, TEXT

# Inches from the edges of the page.
_MARGIN = 0.1
# Mean width of a letter in units of the font size, on the safe side.
_LETTER = 0.6


def wrapped(sentences: Sequence[str], width: float, size: float) -> list[str]:
    """Break sentences into lines that fit a page.

    Args:
        sentences: each begins on a line of its own.
        width: of the page, in inches.
        size: of the font, in points.
    """
    letters = int((width - 2 * _MARGIN) * 72 / (_LETTER * size))
    return [line for sentence in sentences for line in wrap(sentence, letters)]


def write_header(part: SubFigure, title: Sequence[str], lines: Sequence[str]) -> None:
    """Write the lines of a title and those below it, as they are: a $ in a name is no formula."""
    left, height = left_edge(part), part.bbox.height / part.figure.dpi
    below = _MARGIN + TITLE_LINE * len(title)
    part.text(
        left,
        1 - _MARGIN / height,
        "\n".join(title),
        va="top",
        fontsize=HEADING,
        weight="bold",
        color=INK,
        parse_math=False,
    )
    part.text(
        left,
        1 - below / height,
        "\n".join(lines),
        va="top",
        fontsize=TEXT,
        color=INK,
        linespacing=1.4,
        parse_math=False,
    )


def write_table(axes: Axes, rows: Sequence[tuple[str, str]]) -> None:
    """Write names on the left and values on the right, from the height of a panel's title down."""
    for row, entry in enumerate(rows):
        for text, x, side in zip(entry, (0.0, 0.9), ("left", "right"), strict=True):
            axes.annotate(
                text,
                (x, 1),
                xytext=(0, 28 - 14 * row),
                xycoords="axes fraction",
                textcoords="offset points",
                ha=side,
                va="top",
                fontsize=TEXT,
                color=INK,
            )


def write_footer(part: SubFigure, lines: Sequence[str]) -> None:
    """Write notes, small and grey."""
    text = "\n".join(lines)
    part.text(left_edge(part), 0.9, text, va="top", fontsize=SMALL, color=FAINT, linespacing=1.4)


def left_edge(part: SubFigure) -> float:
    """Return where the text of a part begins, as a share of its width."""
    return _MARGIN * part.figure.dpi / part.bbox.width
