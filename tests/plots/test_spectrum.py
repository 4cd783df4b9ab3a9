"""Spectra: scale of the axes, marks, and what they say when nothing is left."""

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from specxai import Explanation
from specxai.plots import draw_contributions, draw_reduced_spectrum, draw_singular_values
from specxai.spectral import reduce_contributions


@pytest.fixture
def axes() -> Axes:
    return Figure(figsize=(4, 3)).subplots()


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def stems(axes: Axes) -> list[list[list[float]]]:
    [lines] = [part for part in axes.collections if isinstance(part, LineCollection)]
    return [segment.tolist() for segment in lines.get_segments()]


@pytest.mark.parametrize(("smallest", "scale"), [(0.02, "linear"), (0.009, "log")])
def test_axis_of_sigma_is_logarithmic_beyond_two_decades(
    axes: Axes, smallest: float, scale: str
) -> None:
    draw_singular_values(axes, torch.tensor([1.0, 0.5, smallest]))
    assert axes.get_yscale() == scale
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([1.0, 0.5, smallest])


def test_marks_carry_component_numbers(axes: Axes, vector_explanation: Explanation) -> None:
    marked = vector_explanation.top(3).tolist()
    draw_contributions(axes, vector_explanation.contributions, marked)
    assert texts(axes) == [str(k) for k in marked]


def test_contributions_are_stems_from_zero(axes: Axes) -> None:
    draw_contributions(axes, torch.tensor([1.0, -2.0]))
    assert stems(axes) == [[[0, 0], [0, 1]], [[1, 0], [1, -2]]]


def test_one_component(axes: Axes) -> None:
    draw_singular_values(axes, torch.tensor([2.0]), [0], torch.tensor([-1.0]))
    axes.figure.draw_without_rendering()
    assert texts(axes) == ["0"]


def test_reduced_spectrum_keeps_component_numbers_and_shares(axes: Axes) -> None:
    left = reduce_contributions(torch.tensor([-5.0, 3.0, -2.0, 1.0]))
    draw_reduced_spectrum(axes, left, rank=4, marked=1)
    assert stems(axes) == [[[0, 0], [0, -2]], [[2, 0], [2, -1]]]
    assert texts(axes) == ["0"]
    axes.figure.draw_without_rendering()
    [shares] = axes.child_axes
    at_value, at_share = axes.transData.transform((0, -1.5)), shares.transData.transform((0, 50))
    assert at_share[1] == pytest.approx(at_value[1])


def test_says_that_all_contributions_cancel(axes: Axes) -> None:
    left = reduce_contributions(torch.tensor([1.0, -1.0]))
    draw_reduced_spectrum(axes, left, rank=2)
    assert texts(axes) == ["all contributions cancel"]


@pytest.mark.parametrize("crowded", [1, 2, 3, 6, 9])
def test_labels_of_close_components_do_not_overlap(axes: Axes, crowded: int) -> None:
    alpha = np.random.default_rng(crowded).normal(size=900) / np.arange(1, 901)
    draw_contributions(axes, alpha, list(range(100, 100 + crowded)))
    axes.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the lines to them
    assert boxes
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
