import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import Sum, factors, noise
from specxai.compare.metrics import area, blurred, deletion_curve, insertion_curve, mean_color

FRACTIONS = [k / 12 for k in range(13)]


def test_pixel_by_pixel():
    x, weight, baseline = noise(1, 2, 3, 4), noise(1, 2, 3, 4, seed=1), noise(1, 2, 3, 4, seed=2)
    model, map_ = Sum(weight), noise(3, 4, seed=3)
    order = map_.flatten().argsort(descending=True).tolist()
    deleted, inserted = x.clone(), baseline.clone()
    down, up = [], []
    for k in range(13):
        for curve, picture in ((down, deleted), (up, inserted)):
            curve.append(float(model(picture).softmax(1)[0, 0]))
        if k < 12:
            row, column = divmod(order[k], 4)
            deleted[..., row, column] = baseline[..., row, column]
            inserted[..., row, column] = x[..., row, column]
    arguments = (0, map_, baseline, FRACTIONS)
    assert deletion_curve(model, x, *arguments).tolist() == pytest.approx(down)
    assert insertion_curve(model, x, *arguments).tolist() == pytest.approx(up)


@settings(deadline=None)
@given(st.integers(0, 100))
def test_the_true_contributions_of_a_linear_model_are_the_best_order(seed):
    x, weight = noise(1, 1, 3, 4, seed=seed), noise(1, 1, 3, 4, seed=seed + 1)
    model, baseline = Sum(weight), torch.zeros(1, 1, 3, 4, dtype=torch.float64)
    true, other = (weight * x)[0, 0], noise(3, 4, seed=seed + 2)
    for curve, sign in ((deletion_curve, 1), (insertion_curve, -1)):
        best, worse = (
            area(FRACTIONS, curve(model, x, 0, map_, baseline, FRACTIONS)) for map_ in (true, other)
        )
        assert sign * best <= sign * worse + 1e-12


@settings(deadline=None)
@given(factors)
def test_only_the_order_counts(factor):
    x, map_ = noise(1, 1, 3, 4), noise(3, 4, seed=3)
    model, baseline = Sum(noise(1, 1, 3, 4, seed=1)), torch.zeros_like(x)
    found = [
        deletion_curve(model, x, 0, each, baseline, FRACTIONS) for each in (map_, factor * map_)
    ]
    assert torch.equal(*found)


def test_the_area_under_lines():
    assert area([0.0, 0.25, 1.0], torch.tensor([1.0, 0.75, 0.0])) == pytest.approx(0.5)
    assert area([0.0, 0.5, 1.0], torch.tensor([0.3, 0.3, 0.3])) == pytest.approx(0.3)


def test_what_takes_the_place_of_pixels():
    x = noise(1, 3, 40, 50) + 2
    for channel, plain in zip(x[0], mean_color(x)[0], strict=True):
        assert torch.equal(plain, torch.full_like(plain, channel.mean()))
    flat = torch.ones_like(x)
    torch.testing.assert_close(blurred(flat), flat)
    point = torch.zeros(1, 1, 41, 41, dtype=torch.float64)
    point[..., 20, 20] = 1
    rows = torch.arange(41, dtype=torch.float64) - 20
    bell = torch.exp(-((rows / 2.05) ** 2) / 2) / (2.05 * math.sqrt(2 * math.pi))
    torch.testing.assert_close(blurred(point)[0, 0], bell[:, None] * bell, atol=1e-4, rtol=0)
