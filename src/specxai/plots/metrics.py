"""Measures of all methods with their intervals, one panel a measure."""

import math
from math import ceil

from matplotlib.figure import Figure

from specxai.compare import Evaluation
from specxai.plots.style import FAINT, HEADING, INK, SMALL, TEXT, TITLE, quiet

_COLUMNS = 4
_WORDS = {-1: "lower is better", 1: "higher is better", 0: "neither is better"}


def metrics_figure(evaluation: Evaluation, title: str) -> Figure:
    """Draw mean and 95 % interval of every method, panel by panel.

    Args:
        evaluation: the result.
        title: above the figure.

    Returns:
        A figure of its own, to be written with `save_figure`.
    """
    rows = ceil(len(evaluation.measures) / _COLUMNS)
    height = 1.0 + rows * (0.7 + 0.2 * len(evaluation.methods))
    figure = Figure(figsize=(12.0, height), layout="constrained")
    figure.suptitle(title, fontsize=HEADING, weight="bold", color=INK, x=0.01, ha="left")
    count = len(evaluation.images)
    note = f"mean over {count} images" + (", bars: 95 % bootstrap interval" if count > 1 else "")
    figure.supxlabel(note, fontsize=SMALL, color=FAINT, x=0.01, ha="left")
    grid = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True)
    for axes in grid.flatten()[len(evaluation.measures) :]:
        axes.set_axis_off()
    for axes, (measure, direction) in zip(
        grid.flatten(), evaluation.measures.items(), strict=False
    ):
        for place, method in enumerate(evaluation.methods):
            found = evaluation.means.get(method, {}).get(measure)
            if found is None:
                axes.text(0.02, place, "–", color=FAINT, transform=axes.get_yaxis_transform())
                continue
            axes.plot(found.mean, place, "o", color=INK, markersize=4)
            if not math.isnan(found.low):
                axes.plot([found.low, found.high], [place, place], color=INK, linewidth=1.2)
        axes.set_title(f"{measure}\n{_WORDS[direction]}", loc="left", fontsize=TITLE, color=INK)
        axes.set_yticks(range(len(evaluation.methods)), evaluation.methods, fontsize=TEXT)
        axes.set_ylim(len(evaluation.methods) - 0.5, -0.5)
        quiet(axes)
    return figure
