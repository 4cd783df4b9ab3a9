"""Concentration, number by number."""

import math

import pytest
import torch

from specxai.compare.metrics import cancellation, held

ALPHA = torch.tensor([2.0, -3.0, 5.0, 0.5], dtype=torch.float64)


def test_what_cancels():
    assert cancellation(ALPHA, -0.5, 4.0) == pytest.approx((2 + 3 + 5 + 0.5 + 0.5) / 4)
    assert cancellation(ALPHA.abs(), 0.0, 10.5) == 1
    assert math.isnan(cancellation(ALPHA, 0.0, 0.0))


def test_what_the_largest_hold():
    assert held(ALPHA, 4.0, 1) == 5 / 4
    assert held(ALPHA, 4.0, 2) == 2 / 4
    assert held(ALPHA, 4.5, 99) == 1
    assert math.isnan(held(ALPHA, 0.0, 1))
