import pytest
import torch
from hypothesis import given, settings

from maps import factors, maps
from specxai.compare.metrics import mass_inside, points_inside

HALF = torch.arange(12).reshape(3, 4) < 6


@settings(deadline=None)
@given(maps)
def test_pixel_by_pixel(map_):
    pixels = list(zip(map_.flatten().tolist(), HALF.flatten().tolist(), strict=True))
    positive = sum(value for value, _ in pixels if value > 0)
    inside = sum(value for value, here in pixels if value > 0 and here)
    assert mass_inside(map_, HALF) == pytest.approx(inside / positive if positive else 0.0)
    assert points_inside(map_, HALF) == float(max(pixels)[1])


@settings(deadline=None)
@given(maps, factors)
def test_full_and_empty_masks_and_units(map_, factor):
    everything = torch.ones(3, 4, dtype=torch.bool)
    assert mass_inside(map_, everything) == pytest.approx(float(bool((map_ > 0).any())))
    assert points_inside(map_, everything) == 1
    assert points_inside(map_, ~everything) == 0
    assert mass_inside(factor * map_, HALF) == pytest.approx(mass_inside(map_, HALF))
    assert points_inside(factor * map_, HALF) == points_inside(map_, HALF)


def test_equal_values_have_the_share_of_the_area():
    mask = torch.arange(12).reshape(3, 4) < 3
    assert mass_inside(torch.ones(3, 4), mask) == pytest.approx(0.25)
    assert points_inside(torch.ones(3, 4), mask) == pytest.approx(0.25)
    assert mass_inside(-torch.ones(3, 4), mask) == 0
