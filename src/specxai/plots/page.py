"""The layout of a page: a heading, a grid of panels, the spectra, and notes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from specxai.plots.saving import DPI

# Inches.
_PANEL_WIDTH = 2.5
_LEAST_WIDTH = 8.8  # of a page; three spectra need as much
_GROUP_HEADING = 0.3
_SPECTRA = 2.4
_LINE, TITLE_LINE = 0.17, 0.25
# More panels than this in a row go on in a row below.
_MOST_COLUMNS = 6


@dataclass(frozen=True)
class Page:
    """The parts of a page, each to be filled.

    Attributes:
        figure: the whole.
        header: for the title.
        input: for the input.
        facts: for numbers in words.
        groups: the panels for the components by σ and for those by |α|.
        spectra: for the three spectra.
        footer: for notes.
    """

    figure: Figure
    header: SubFigure
    input: Axes
    facts: Axes
    groups: tuple[Sequence[Axes], Sequence[Axes]]
    spectra: Sequence[Axes]
    footer: SubFigure


def lay_out(
    panels: int, panel_height: float, title_lines: int, header_lines: int, footer_lines: int
) -> Page:
    """Divide a page into its parts: the input left of two groups of panels, the spectra below.

    Args:
        panels: in each group; with a single one the groups stand side by side.
        panel_height: in inches.
        title_lines: of the title.
        header_lines: below the title.
        footer_lines: of notes.

    Returns:
        The parts, empty.
    """
    side_by_side = panels == 1
    rows, _ = _grid(panels)
    groups = 1 if side_by_side else 2
    heights = [
        header_height(title_lines, header_lines),
        groups * (_GROUP_HEADING + rows * panel_height),
        _SPECTRA,
        footer_height(footer_lines),
    ]
    figure, (header, body, spectra, footer) = stack_parts(page_width(panels), heights)
    grid = body.subplots(groups * rows, _columns(panels), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()  # until it is filled
    if side_by_side:
        picture, first, second, facts = grid[0]
        parts = [first], [second]
    else:
        picture, facts = grid[0, 0], grid[rows, 0]
        parts = list(grid[:rows, 1:].flat), list(grid[rows:, 1:].flat)
    return Page(figure, header, picture, facts, parts, list(spectra.subplots(1, 3)), footer)


def stack_parts(width: float, heights: Sequence[float]) -> tuple[Figure, Sequence[SubFigure]]:
    """Make a figure of parts below each other.

    Args:
        width: in inches.
        heights: of the parts, in inches.

    Returns:
        The figure, and its empty parts from the top down.
    """
    figure = Figure(figsize=(width, sum(heights)), dpi=DPI)
    figure.set_layout_engine("constrained", w_pad=0.09, h_pad=0.06)
    FigureCanvasAgg(figure)
    parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)
    return figure, list(parts[:, 0])


def header_height(title_lines: int, header_lines: int) -> float:
    """Return the height in inches of a title with lines below it."""
    return 0.2 + TITLE_LINE * title_lines + _LINE * header_lines


def footer_height(footer_lines: int) -> float:
    """Return the height in inches of notes."""
    return 0.15 + _LINE * footer_lines


def page_width(panels: int) -> float:
    """Return the width in inches of a page with so many panels in each group."""
    return max(_PANEL_WIDTH * _columns(panels), _LEAST_WIDTH)


def panel_height(panels: int, aspect: float | None) -> float:
    """Return the height in inches of a panel with its title and what stands below it.

    Args:
        panels: in each group.
        aspect: height over width of an image; None for a chart.
    """
    if aspect is None:
        return 2.0
    width = page_width(panels) / _columns(panels)
    return 0.85 + (width - 0.18) * min(max(aspect, 0.3), 1.5)


def _columns(panels: int) -> int:
    """Return the columns of the page's grid, with that of the input."""
    return 4 if panels == 1 else 1 + _grid(panels)[1]


def _grid(panels: int) -> tuple[int, int]:
    """Return the rows and columns of a group of panels, as even as they can be."""
    rows = math.ceil(panels / _MOST_COLUMNS)
    return rows, math.ceil(panels / rows)
