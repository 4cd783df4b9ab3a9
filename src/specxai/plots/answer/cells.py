"""The parts of an answer's page: a heading, one or two panels, and one sentence below them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from specxai.plots.style import FAINT, INK, SMALL, TITLE
from specxai.plots.writing import left_edge, wrapped

# A page is four columns wide.
COLUMNS = 4
COLUMN = 2.2  # inches
WIDTH = COLUMNS * COLUMN
_SENTENCE = 8.0  # points
_NARROW = 0.92  # running text has few wide letters
_LINE, _HEADING, _CAPTION, _PAD = 0.15, 0.27, 0.19, 0.22  # inches


@dataclass(frozen=True)
class Cell:
    """A part of the page, to be filled.

    Attributes:
        heading: above it.
        sentence: below it.
        columns: how many of the page's columns it takes.
        height: of its panels, in inches.
        panels: draw one panel each, side by side.
        captions: above each panel where there are several; may be empty.
        hugs: the sentence stands right below the one panel, a picture, however high the row is.
    """

    heading: str
    sentence: str
    columns: int
    height: float
    panels: tuple[Callable[[Axes], None], ...]
    captions: tuple[str, ...] = ()
    hugs: bool = False

    @property
    def lines(self) -> list[str]:
        """The sentence, in lines that fit."""
        return wrapped([self.sentence], self.columns * COLUMN, _NARROW * _SENTENCE)


def pack(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Put cells into rows, in their order, as many in each as fit."""
    rows: list[list[Cell]] = [[]]
    for cell in cells:
        if sum(each.columns for each in rows[-1]) + cell.columns > COLUMNS:
            rows.append([])
        rows[-1].append(cell)
    return [row for row in rows if row]


def row_height(row: Sequence[Cell]) -> float:
    """Return the height of a row in inches."""
    lines = max(len(cell.lines) for cell in row)
    caption = _CAPTION if any(cell.captions for cell in row) else 0.0
    return _HEADING + caption + max(cell.height for cell in row) + _LINE * lines + _PAD


def fill_row(part: SubFigure, row: Sequence[Cell]) -> None:
    """Draw the cells of a row beside each other, their panels and sentences in line."""
    lines = max(len(cell.lines) for cell in row)
    widths = [cell.columns for cell in row]
    free = COLUMNS - sum(widths)
    ratios = [*widths, free] if free else widths
    places = part.subfigures(1, len(ratios), squeeze=False, width_ratios=ratios)[0]
    for place, cell in zip(places, row, strict=False):
        _fill(place, cell, lines)


def _fill(place: SubFigure, cell: Cell, lines: int) -> None:
    left = left_edge(place)
    place.suptitle(
        cell.heading, x=left, ha="left", fontsize=TITLE, weight="bold", color=INK, parse_math=False
    )
    panels = place.subplots(1, len(cell.panels), squeeze=False)[0]
    for axes, draw in zip(panels, cell.panels, strict=True):
        draw(axes)
        axes.set_anchor("NW")
    sentence = "\n".join([*cell.lines, *[" "] * (lines - len(cell.lines))])
    text: dict[str, Any] = {"ha": "left", "fontsize": _SENTENCE, "color": INK}
    if cell.hugs:
        panels[0].set_xlabel(sentence, x=0, parse_math=False, **text)
    else:
        place.supxlabel(sentence, x=left, parse_math=False, **text)
    for axes, caption in zip(panels, cell.captions, strict=False):
        axes.set_title(caption, loc="left", fontsize=SMALL, color=FAINT, pad=3)
