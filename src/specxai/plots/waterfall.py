"""The way from the output at the baseline to the output explained, one bar each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from specxai.errors import InvalidInputError, TargetError
from specxai.plots.bars import BAR, name_rows, shortened, write_values
from specxai.plots.facts import answer_name, circumstances
from specxai.plots.page import header_height, stack_parts
from specxai.plots.style import FAINT, HEADING, INK, SMALL, TEXT, sign_color
from specxai.plots.writing import wrapped, write_header
from specxai.spectral import Decomposition
from specxai.spectral.records.network_decomposition import NetworkDecomposition

# Inches.
_WIDTH = 6.5
# An axis begins at zero unless all bars would be slivers far away from it.
_SLIVER = 0.1
# What rounding leaves over is no step of its own below this share of the way.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class Waterfall:
    """An output as a start and what is added to it, step by step.

    Attributes:
        start: name and value of the start, y₀ or b.
        steps: name and value of each step; their sum leads from start to end.
        end: name and value of the output.
    """

    start: tuple[str, float]
    steps: tuple[tuple[str, float], ...]
    end: tuple[str, float]


def waterfall_figure(
    explanation: Decomposition,
    names: Sequence[str] | None = None,
    top: int = 12,
    title: str | None = None,
) -> Figure:
    """Draw how an output comes about: from y₀ (or b) to y, one bar each step.

    Steps are components, the largest |α| first; with names they are inputs, the largest first.
    What is not shown one by one is one step, so that the bars always end at y.

    Args:
        explanation: the result, of one output.
        names: of the input's values, as many as it has; None shows components.
        top: how many steps are shown one by one.
        title: above the figure; None takes the name of the output.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        TargetError: the explanation is of all outputs together.
        InvalidInputError: top is below 1, the names are not as many as the values, or steps are to
            be inputs and the result is a stored one.

    >>> import specxai, torch
    >>> ex = specxai.explain(torch.nn.Linear(3, 1).eval(), torch.ones(1, 3), target=0)
    >>> figure = waterfall_figure(ex, names=["speed", "angle", "chord"])
    """
    if top < 1:
        raise InvalidInputError(f"top={top}: draw at least 1 step")
    if names is None:
        water = by_component(explanation, explanation.top(top).tolist())
    else:
        water = by_input(explanation, names, top)
    heading = wrapped([title or answer_name(explanation)], _WIDTH, HEADING)
    under = wrapped([circumstances(explanation)], _WIDTH, TEXT)
    heights = [header_height(len(heading), len(under)), 0.6 + BAR * (len(water.steps) + 2)]
    figure, (header, body) = stack_parts(_WIDTH, heights)
    write_header(header, heading, under)
    draw_waterfall(body.subplots(), water)
    return figure


def by_component(explanation: Decomposition, leading: Sequence[int]) -> Waterfall:
    """Lay out the way from y₀ (or b) to y over components.

    Args:
        explanation: the result, of one output.
        leading: the components that have a step of their own.

    Raises:
        TargetError: the explanation is of all outputs together.
    """
    _check_one_output(explanation)
    alphas = explanation.contributions
    steps = [(f"component {k}", float(alphas[k])) for k in leading]
    others = explanation.rank - len(steps)
    if others:
        rest = float(alphas.sum()) - sum(value for _, value in steps)
        steps.append((f"{others:,} other{'s' if others > 1 else ''}", rest))
    if explanation.unresolved != 0:
        steps.append(("not resolved", float(explanation.unresolved)))
    if not explanation.cut:
        steps.append(("around the layer", float(explanation.bypass)))
    return _closed(explanation, steps)


def by_input(explanation: Decomposition, names: Sequence[str], top: int) -> Waterfall:
    """Lay out the way from y₀ (or b) to y over the input's values, u ⊙ (x − x₀).

    Args:
        explanation: the result, of one output, with its network.
        names: of the values, as many as there are.
        top: how many of the largest have a step of their own.

    Raises:
        TargetError: the explanation is of all outputs together.
        InvalidInputError: the names are not as many as the values, or the result is a stored one.
    """
    _check_one_output(explanation)
    if len(names) != explanation.x.numel():
        raise InvalidInputError(
            f"{len(names):,} names for an input of {explanation.x.numel():,} values: give one each"
        )
    if not isinstance(explanation, NetworkDecomposition):
        raise InvalidInputError(
            "what each input adds is not in a stored result: explain again, or leave names out to "
            "draw components"
        )
    values = explanation.total_map(dim=None).flatten()
    leading = values.abs().argsort(descending=True, stable=True)[:top].tolist()
    steps = [(names[i], float(values[i])) for i in leading]
    others = len(names) - len(steps)
    if others:
        rest = float(values.sum()) - sum(value for _, value in steps)
        steps.append((f"{others:,} other input{'s' if others > 1 else ''}", rest))
    return _closed(explanation, steps)


def draw_waterfall(axes: Axes, water: Waterfall) -> None:
    """Draw a start, steps and an end, one below the other: red steps add, blue ones take away.

    Args:
        axes: where to draw.
        water: what to draw.
    """
    names = [shortened(name, 28) for name, _ in (water.start, *water.steps, water.end)]
    values = [value for _, value in water.steps]
    levels = list(accumulate(values, initial=water.start[1]))
    low, high = min(*levels, water.end[1]), max(*levels, water.end[1])
    far = high - low < _SLIVER * max(abs(low), abs(high))
    low, high = (low, high) if far else (min(low, 0.0), max(high, 0.0))
    room = 0.04 * (high - low) or 1.0
    left, right = low - (room if low < 0 or far else 0.0), high + room
    whole = {0: water.start[1], len(names) - 1: water.end[1]}
    for row, value in whole.items():
        foot = left if far else 0.0
        axes.barh(row, value - foot, left=foot, height=0.72, color=FAINT)
    rows = np.arange(1, len(values) + 1)
    colors = [sign_color(value) for value in values]
    axes.barh(rows, values, left=levels[:-1], height=0.72, color=colors)
    for row, level in enumerate(levels):
        axes.vlines(level, row, row + 1, color=INK, linewidth=0.6, zorder=3)
    if not far:
        axes.axvline(0, color=FAINT, linewidth=0.6)
    name_rows(axes, names)
    axes.set_xlim(left, right)
    write_values(axes, [water.start[1], *values, water.end[1]])
    label = "output (the axis does not begin at 0)" if far else "output"
    axes.set_xlabel(label, fontsize=SMALL, color=INK)


def _closed(explanation: Decomposition, steps: Sequence[tuple[str, float]]) -> Waterfall:
    """Put the ends to steps, and what is left over where it is more than rounding."""
    start, end = float(explanation.bias), float(explanation.output)
    left = end - start - sum(value for _, value in steps)
    if abs(left) > _ROUNDING * max(abs(end - start), *(abs(value) for _, value in steps), 0.0):
        steps = [*steps, ("rounding", left)]
    if explanation.baseline is None:
        name = "b (biases)"
    else:
        name = f"y₀ (at x₀: {explanation.baseline_name})"
    return Waterfall((name, start), tuple(steps), ("y", end))


def _check_one_output(explanation: Decomposition) -> None:
    if explanation.target is None:
        raise TargetError("contributions sum to one output: explain it with a target")
