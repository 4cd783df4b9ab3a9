"""Measures of all methods with their intervals, one panel a measure."""

import math
from collections.abc import Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from specxai.compare import Evaluation, Measure
from specxai.plots.page import footer_height, header_height, stack_parts
from specxai.plots.style import FAINT, INK, POSITIVE, SIGNED, SMALL, TEXT, TITLE, quiet, short
from specxai.plots.writing import wrapped, write_footer, write_header
from specxai.tables.metrics import metrics_notes

_COLUMNS = 4
_WIDTH = 12.0  # inches
_ROW = 0.22  # inches for a method
_BETTER = {
    "lower": "lower is better",
    "higher": "higher is better",
    "zero": "nearer to 0 is better",
    "": "neither side is better",
}
# Beyond this ratio of largest to smallest mean the axis is logarithmic.
_WIDE = 100.0
_NOTE = (
    "Dots are means, bars intervals; a ring is the best mean of a setting. Dashed: a map that "
    "knows nothing. Empty: does not apply, or refused. The order of the methods is no ranking."
)


def metrics_figure(evaluation: Evaluation, title: str) -> Figure:
    """Draw mean and 95 % interval of every method, panel by panel.

    Args:
        evaluation: the result.
        title: above the figure.

    Returns:
        A figure of its own, to be written with `save_figure`.
    """
    panels: dict[str, list[Measure]] = {}
    for measure in evaluation.measures:
        panels.setdefault(measure.name, []).append(measure)
    rows = ceil(len(panels) / _COLUMNS)
    settings = max(map(len, panels.values()))
    heading = wrapped([title], _WIDTH, TITLE)
    notes = wrapped([_NOTE, *metrics_notes(evaluation)], _WIDTH, SMALL)
    heights = [
        header_height(len(heading), 0),
        rows * (1.1 + 0.15 * settings + _ROW * len(evaluation.methods)),
        footer_height(len(notes)),
    ]
    figure, (header, body, below) = stack_parts(_WIDTH, heights)
    write_header(header, heading, [])
    write_footer(below, notes)
    grid = body.subplots(rows, _COLUMNS, squeeze=False, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, measures in zip(grid.flat, panels.values(), strict=False):
        _draw_panel(axes, evaluation, measures)
    return figure


def _draw_panel(axes: Axes, evaluation: Evaluation, measures: Sequence[Measure]) -> None:
    """Draw one measure of all methods, its settings below each other."""
    quiet(axes)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    for number, measure in enumerate(measures):
        color = _color(number, len(measures))
        shift = 0.22 * (number - (len(measures) - 1) / 2)
        _draw_measure(axes, evaluation, measure, color, shift)
    first = measures[0]
    axes.set_title(first.name, loc="left", fontsize=TITLE, color=INK, pad=16)
    scale = ", logarithmic axis" if _scale_x(axes, evaluation, measures) else ""
    note, at = f"{_BETTER[first.better]}{scale}", axes.transAxes
    axes.text(0, 1.02, note, transform=at, fontsize=SMALL, color=FAINT)
    for row, method in enumerate(evaluation.methods):
        if method not in evaluation.means:
            at = axes.get_yaxis_transform()
            axes.text(0.02, row, "refused", va="center", transform=at, fontsize=SMALL, color=FAINT)
    axes.set_yticks(range(len(evaluation.methods)), evaluation.methods, fontsize=TEXT)
    axes.set_ylim(len(evaluation.methods) - 0.5, -0.5)
    if len(measures) > 1:
        _name_settings(axes, measures)


def _draw_measure(
    axes: Axes, evaluation: Evaluation, measure: Measure, color: str, shift: float
) -> None:
    """Draw one column of the table."""
    best = evaluation.best(measure)
    for row, method in enumerate(evaluation.methods):
        interval = evaluation.means.get(method, {}).get(measure.label)
        if interval is None:
            continue
        height = row + shift
        axes.plot(interval.mean, height, "o", color=color, markersize=3.5)
        if not math.isnan(interval.low):
            axes.plot([interval.low, interval.high], [height, height], color=color, linewidth=1.2)
        if method in best:
            axes.plot(interval.mean, height, "o", markersize=8, mfc="none", mec=POSITIVE)
    if measure.label in evaluation.chance:
        axes.axvline(
            evaluation.chance[measure.label].mean, color=FAINT, linewidth=0.8, dashes=(4, 3)
        )


def _color(number: int, count: int) -> str:
    """Return ink for a single setting, and darker blues for later ones of several."""
    return INK if count == 1 else to_hex(SIGNED(0.28 - 0.28 * number / (count - 1)))


def _scale_x(axes: Axes, evaluation: Evaluation, measures: Sequence[Measure]) -> bool:
    """Choose a logarithmic axis for means of many sizes, one with zero elsewhere; say which."""
    averages = [
        means[measure.label].mean
        for means in evaluation.means.values()
        for measure in measures
        if measure.label in means
    ]
    if averages and min(averages) > 0 and max(averages) > _WIDE * min(averages):
        axes.set_xscale("log")
        return True
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.0), max(high, 0.0))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
    if low < 0:
        axes.axvline(0, color=FAINT, linewidth=0.6)
    return False


def _name_settings(axes: Axes, measures: Sequence[Measure]) -> None:
    """Write what the colours are, below the axis."""
    for number, measure in enumerate(measures):
        axes.plot(
            [], [], "o", color=_color(number, len(measures)), markersize=3.5, label=measure.setting
        )
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, 0),
        fontsize=SMALL,
        frameon=False,
        labelcolor=INK,
        borderaxespad=3,  # below the ticks
        handletextpad=0.2,
    )
