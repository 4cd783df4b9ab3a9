"""Edits in words: what stays, what goes, what is scaled."""

import math

import pytest
import torch

from specxai.errors import InvalidInputError
from specxai.spectral.edits.surgery import read_scales


def test_three_ways_to_say_the_same():
    kept, dropped = read_scales(4, keep=[0, 3]), read_scales(4, drop=torch.tensor([2, 1]))
    assert kept.tolist() == dropped.tolist() == [1, 0, 0, 1]
    assert read_scales(4, scale={1: 0.0, 2: 0.0}).tolist() == [1, 0, 0, 1]
    assert read_scales(3, keep=1).tolist() == [0, 1, 0]
    assert read_scales(3, keep=[]).tolist() == [0, 0, 0]
    assert read_scales(3, drop=[]).tolist() == [1, 1, 1]
    assert read_scales(3, scale={2: -0.5, 0: 3.0}).tolist() == [3, 1, -0.5]


@pytest.mark.parametrize("edit", [{}, {"keep": 0, "drop": 1}, {"drop": 0, "scale": {1: 2.0}}])
def test_exactly_one_way(edit):
    with pytest.raises(InvalidInputError, match="one of keep=…, drop=… and scale"):
        read_scales(3, **edit)


@pytest.mark.parametrize("edit", [{"keep": 3}, {"drop": [0, 3]}, {"scale": {3: 1.0}}])
def test_components_that_do_not_exist(edit):
    with pytest.raises(InvalidInputError, match="component 3 does not exist: choose from 0 to 2"):
        read_scales(3, **edit)


@pytest.mark.parametrize("factor", [math.nan, math.inf])
def test_factors_are_finite(factor):
    with pytest.raises(InvalidInputError, match="not finite"):
        read_scales(3, scale={0: factor})
