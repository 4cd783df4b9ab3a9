"""The maps of all methods beside each other (the paper's Figures 12 and 13)."""

from math import ceil

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from specxai.compare import Attribution, Comparison
from specxai.plots.heatmap import draw_heatmap, is_sparse, scale_note, to_array
from specxai.plots.page import footer_height, header_height, panel_height, stack_parts
from specxai.plots.style import FAINT, HEADING, INK, SMALL, TEXT, short
from specxai.plots.writing import wrapped, write_footer, write_header

_COLUMNS = 4
_PANEL = 2.6  # inches
_PERCENTILE = 99.5


def comparison_figure(
    comparison: Comparison,
    image: Image.Image | None,
    title: str,
    shown: Float[np.ndarray, "H W"] | None = None,
) -> Figure:
    """Draw the input and one panel a method, each on its own symmetric scale.

    Args:
        comparison: the result.
        image: the picture that the network saw, if any.
        title: above the figure.
        shown: what to draw where there is no picture, shape (H, W).

    Returns:
        A figure of its own, to be written with `save_figure`.
    """
    width = _PANEL * _COLUMNS
    maps = [to_array(each.map) for each in comparison.attributions if each.map is not None]
    aspect = maps[0].shape[0] / maps[0].shape[1] if maps else 1.0
    rows = ceil((len(comparison.attributions) + 1) / _COLUMNS)
    heading = wrapped([title], width, HEADING)
    under = wrapped([_terms(comparison)], width, TEXT)
    footer = wrapped(_notes(any(is_sparse(each, _PERCENTILE) for each in maps)), width, SMALL)
    heights = [
        header_height(len(heading), len(under)),
        rows * panel_height(_COLUMNS - 1, aspect),
        footer_height(len(footer)),
    ]
    figure, (header, body, below) = stack_parts(width, heights)
    write_header(header, heading, under)
    write_footer(below, footer)
    panels = list(body.subplots(rows, _COLUMNS, squeeze=False).flat)
    for axes in panels[len(comparison.attributions) + 1 :]:
        axes.set_axis_off()
    _draw_input(panels[0], image, shown)
    for axes, attribution in zip(panels[1:], comparison.attributions, strict=False):
        _draw_attribution(axes, attribution)
    return figure


def _terms(comparison: Comparison) -> str:
    """Write what maps may add up to."""
    return (
        f"output y = {short(comparison.output)}, its linear part u·x = {short(comparison.linear)}, "
        f"its change from the baseline y − y₀ = {short(comparison.change)}"
    )


def _notes(sparse: bool) -> list[str]:
    return [
        f"{scale_note(_PERCENTILE, sparse)}, for each map its own: the methods have different "
        "units. Red adds to the output, blue takes away.",
        "Below each name: wall-clock time, and samples forward + backward through the network.",
    ]


def _draw_input(
    axes: Axes, image: Image.Image | None, shown: Float[np.ndarray, "H W"] | None
) -> None:
    if image is not None:
        axes.imshow(np.asarray(image))
    elif shown is not None:
        axes.imshow(shown, cmap="gray")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.5)
    axes.set_anchor("N")
    seen = "as the network sees it" if image is not None else "mean of its channels, rescaled"
    _name(axes, "input", seen)


def _draw_attribution(axes: Axes, attribution: Attribution) -> None:
    if attribution.map is None:
        axes.set_axis_off()
        lines = "\n".join(wrapped([attribution.refusal], _PANEL, TEXT))
        axes.text(0, 0.98, lines, va="top", fontsize=TEXT, color=INK, parse_math=False)
        _name(axes, attribution.method, "no map")
        return
    draw_heatmap(axes, attribution.map, percentile=_PERCENTILE, note=False)
    cost = f"{short(attribution.seconds, 2)} s, {attribution.forward:,} + {attribution.backward:,}"
    _name(axes, attribution.method, f"{cost} passes")


def _name(axes: Axes, name: str, below: str) -> None:
    lines = [*wrapped([name], _PANEL, TEXT), below]
    title = axes.set_title("\n".join(lines), fontsize=TEXT, color=INK, loc="left", linespacing=1.35)
    title.set_parse_math(False)
