"""Maps over a picture: ink by value, the picture beneath, one frame for every grid."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from specxai.errors import InvalidInputError
from specxai.plots import draw_overlay
from specxai.plots.overlay import INK_MAP, brightness
from specxai.plots.style import NEGATIVE, POSITIVE

PICTURE = np.linspace(0, 1, 24).reshape(4, 6)


def test_zero_is_clear_and_ink_grows_with_the_value() -> None:
    image = draw_overlay(Figure().subplots(), np.array([[0.0, 1.0], [-0.5, -1.0]]), PICTURE)
    zero, red, faint, blue = image.to_rgba(image.get_array(), norm=True).reshape(4, 4)
    assert zero[3] == 0
    assert tuple(red[:3]) == POSITIVE[:3]
    assert tuple(blue[:3]) == tuple(faint[:3]) == NEGATIVE[:3]
    assert faint[3] == pytest.approx(blue[3] / 2, abs=0.01)
    assert blue[3] == red[3] < 1  # the picture shows through


def test_the_picture_is_grey_and_light_and_a_coarse_map_covers_all_of_it() -> None:
    axes = Figure().subplots()
    map_ = draw_overlay(axes, np.ones((2, 3)), PICTURE)
    below = axes.images[0]
    assert below.get_cmap().name == "gray"
    assert 0.2 < below.get_array().min() < below.get_array().max() == 1
    assert map_.get_extent() == below.get_extent()
    assert map_.get_interpolation() == "nearest"


def test_the_limit_is_the_largest_value_or_given_and_the_bar_shows_what_lies_beyond() -> None:
    values = np.array([[3.0, -1.0]])
    own = draw_overlay(Figure().subplots(), values, PICTURE)
    given = draw_overlay(Figure().subplots(), values, PICTURE, limit=2.0)
    assert own.get_clim() == (-3, 3)
    assert own.colorbar.extend == "neither"
    assert given.get_clim() == (-2, 2)
    assert given.colorbar.extend == "max"
    assert draw_overlay(Figure().subplots(), values, PICTURE, colorbar=False).colorbar is None
    assert given.get_cmap() == INK_MAP


def test_a_map_of_zeros_is_clear() -> None:
    image = draw_overlay(Figure().subplots(), np.zeros((2, 2)), PICTURE)
    assert (image.to_rgba(image.get_array(), norm=True)[..., 3] == 0).all()


def test_brightness_is_that_of_the_eye() -> None:
    green = np.zeros((1, 1, 3))
    green[..., 1] = 1
    assert brightness(green).item() == pytest.approx(0.587)
    assert brightness(np.full((2, 2, 1), 0.3)).tolist() == [[0.3, 0.3], [0.3, 0.3]]


@pytest.mark.parametrize("values", [np.zeros((0, 2)), np.zeros(3), np.array([[np.nan]])])
def test_refuses_what_is_no_map(values: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="finite values"):
        draw_overlay.__wrapped__(Figure().subplots(), values, PICTURE)  # type: ignore[attr-defined]


@pytest.mark.parametrize("limit", [-1.0, float("nan")])
def test_refuses_what_is_no_limit(limit: float) -> None:
    with pytest.raises(InvalidInputError, match="no colour limit"):
        draw_overlay(Figure().subplots(), np.ones((2, 2)), PICTURE, limit)
