"""Heat maps: symmetric colours, a colour bar, and limits that hold for awkward maps."""

import colorcet
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from specxai import SpecxaiError
from specxai.plots import draw_heatmap
from specxai.plots.style import short


@pytest.fixture
def axes() -> Axes:
    return Figure(layout="constrained").subplots()


def bar_of(axes: Axes) -> Axes:
    return next(other for other in axes.figure.axes if other is not axes)


def tick_texts(axes: Axes) -> list[str]:
    return [label.get_text() for label in bar_of(axes).get_xticklabels()]


def test_limits_are_the_percentile_and_symmetric(axes: Axes) -> None:
    values = np.linspace(-3, 1, 400).reshape(20, 20)
    image = draw_heatmap(axes, values, percentile=90.0)
    limit = np.percentile(np.abs(values), 90)
    assert image.get_clim() == (-limit, limit)
    assert image.cmap == colorcet.cm["CET_D1A"]
    assert image.colorbar is not None
    assert image.colorbar.extend == "min"
    assert tick_texts(axes) == [short(-limit, 2), "0", short(limit, 2)]


def test_says_what_the_limit_is(axes: Axes) -> None:
    draw_heatmap(axes, torch.randn(4, 5), percentile=99.5)
    assert "percentile 99.5 of |values|" in bar_of(axes).get_xlabel()


def test_a_given_limit_wins(axes: Axes) -> None:
    image = draw_heatmap(axes, torch.ones(3, 3), limit=2.0)
    assert image.get_clim() == (-2, 2)
    assert image.colorbar.extend == "neither"
    assert bar_of(axes).get_xlabel() == "given colour limit"


def test_a_map_of_zeros_is_white(axes: Axes) -> None:
    image = draw_heatmap(axes, torch.zeros(3, 3))
    low, high = image.get_clim()
    assert low == -high < 0
    assert tick_texts(axes) == ["0 everywhere"]


def test_a_percentile_of_zero_gives_way_to_the_largest_value(axes: Axes) -> None:
    values = np.zeros((30, 30))
    values[3, 4] = -7
    image = draw_heatmap(axes, values, percentile=50.0)
    assert image.get_clim() == (-7, 7)
    assert "the largest where that is 0" in bar_of(axes).get_xlabel()


@pytest.mark.parametrize(("shape", "aspect"), [((8, 8), "equal"), ((2, 40), "auto")])
def test_only_long_maps_are_stretched(axes: Axes, shape: tuple[int, int], aspect: str) -> None:
    draw_heatmap(axes, torch.randn(shape))
    assert axes.get_aspect() == (1.0 if aspect == "equal" else aspect)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_takes_any_float_and_gradients(axes: Axes, dtype: torch.dtype) -> None:
    assert draw_heatmap(axes, torch.ones(2, 2, dtype=dtype, requires_grad=True)).colorbar


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (torch.zeros(3), {}),
        (torch.zeros(0, 3), {}),
        (torch.full((2, 2), torch.nan), {}),
        (torch.zeros(2, 2), {"percentile": 0.0}),
        (torch.zeros(2, 2), {"percentile": 101.0}),
        (torch.zeros(2, 2), {"limit": -1.0}),
        (torch.zeros(2, 2), {"limit": float("nan")}),
        (torch.full((2, 2), torch.inf), {"limit": 1.0}),
    ],
)
@pytest.mark.usefixtures("unchecked_annotations")
def test_refuses_what_has_no_meaning(
    axes: Axes, values: torch.Tensor, options: dict[str, float]
) -> None:
    with pytest.raises(SpecxaiError):
        draw_heatmap(axes, values, **options)
