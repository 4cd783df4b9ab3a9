import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import factors, noise
from specxai.compare.metrics import mean_overlap


@settings(deadline=None)
@given(st.integers(0, 100), factors)
def test_pair_by_pair(seed, factor):
    found = noise(3, 4, 5, seed=seed)
    sizes = [each.abs().flatten().tolist() for each in found]
    cosines = [
        sum(a * b for a, b in zip(one, two, strict=True)) / (math.hypot(*one) * math.hypot(*two))
        for one, two in ((sizes[0], sizes[1]), (sizes[0], sizes[2]), (sizes[1], sizes[2]))
    ]
    assert mean_overlap(found) == pytest.approx(sum(cosines) / 3)
    scales = torch.tensor([1.0, -factor, factor], dtype=torch.float64)[:, None, None]
    assert mean_overlap(scales * found) == pytest.approx(mean_overlap(found))


def test_same_places_other_places_and_noise():
    same = noise(1, 5, 5).repeat(3, 1, 1)
    assert mean_overlap(same) == pytest.approx(1)
    assert mean_overlap(torch.eye(4).reshape(4, 2, 2)) == 0
    assert math.isnan(mean_overlap(same[:1]))
    assert mean_overlap(noise(4, 300, 300)) == pytest.approx(2 / math.pi, abs=0.01)
