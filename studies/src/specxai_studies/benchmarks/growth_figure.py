"""The figure of how time and memory grow."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from specxai.plots.saving import DPI
from specxai.plots.style import HEADING, INK, NEGATIVE, POSITIVE, SMALL, TEXT, TITLE, quiet
from specxai_studies.benchmarks.growth import UNSEEN_BYTES, exponent


def growth_figure(growths: list[dict[str, Any]]) -> Figure:
    """Draw time and peak memory along each axis, with fitted exponents.

    Args:
        growths: recorded measurements, as `specxai_studies.benchmarks.record.read` gives them.
    """
    figure = Figure(figsize=(3.2 * len(growths), 5.2), dpi=DPI)
    figure.set_layout_engine("constrained", w_pad=0.09, h_pad=0.06)
    FigureCanvasAgg(figure)
    figure.suptitle("How an exact explanation grows", fontsize=HEADING, color=INK)
    grid = figure.subplots(2, len(growths), squeeze=False)
    for (upper, lower), growth in zip(grid.T, growths, strict=True):
        megabytes: list[int | float] = [size / 2**20 for size in growth["peak_bytes"]]
        _draw(upper, growth["sizes"], growth["seconds"], NEGATIVE)
        _draw(lower, growth["sizes"], megabytes, POSITIVE, UNSEEN_BYTES / 2**20)
        upper.set_title(growth["axis"], fontsize=TITLE, color=INK)
        lower.set_xlabel(growth["axis"], fontsize=TEXT)
    grid[0, 0].set_ylabel("seconds", fontsize=TEXT)
    grid[1, 0].set_ylabel("peak memory, MiB", fontsize=TEXT)
    return figure


def _draw(
    axes: Axes, sizes: list[int], values: list[int | float], color: Any, least: float = 0.0
) -> None:
    """Draw the values that say something, and the power law through them."""
    seen = [(size, value) for size, value in zip(sizes, values, strict=True) if value > least]
    axes.loglog([size for size, _ in seen], [value for _, value in seen], "o-", color=color, ms=4)
    power = exponent(sizes, values, least)
    text = "too few points above the loaded model" if power is None else f"∝ size^{power:.2f}"
    axes.annotate(text, (0.05, 0.9), xycoords="axes fraction", fontsize=TEXT, color=INK)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=SMALL)
    axes.set_xlim(sizes[0] / 1.2, sizes[-1] * 1.2)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.xaxis.minorticks_off()
    axes.yaxis.set_minor_locator(NullLocator())
    quiet(axes)
