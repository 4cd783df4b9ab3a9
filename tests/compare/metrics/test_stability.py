import math

import pytest
import torch
from hypothesis import given, settings

from maps import factors, maps, noise
from specxai.compare.metrics import component_change, noisy_inputs, relative_change


def test_noise_has_its_size_and_its_seed():
    x, state = noise(1, 3, 40, 40) * 5, torch.random.get_rng_state()
    first, second = noisy_inputs(x, 0.1, 2, seed=1)
    again = next(noisy_inputs(x, 0.1, 1, seed=1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert float((first - x).std() / x.std()) == pytest.approx(0.1, rel=0.05)
    assert torch.equal(state, torch.random.get_rng_state())


@settings(deadline=None)
@given(maps, maps, factors)
def test_change_number_by_number(map_, other, factor):
    pairs = list(zip(map_.flatten().tolist(), other.flatten().tolist(), strict=True))
    change = math.dist(*zip(*pairs, strict=True)) / math.hypot(*(a for a, _ in pairs))
    assert relative_change(map_, other) == pytest.approx(change)
    assert relative_change(factor * map_, factor * other) == pytest.approx(change)


def test_no_change_twice_as_large_unrelated_and_none():
    x, y = noise(300, 300), noise(300, 300, seed=1)
    assert relative_change(x, x) == 0
    assert relative_change(x, 3 * x) == pytest.approx(2)
    assert relative_change(x, y) == pytest.approx(math.sqrt(2), rel=0.01)
    assert math.isnan(relative_change(0 * x, y))


def test_components_are_matched_whatever_their_order():
    maps_, others = noise(3, 20, 20), noise(3, 20, 20) + 0.1 * noise(3, 20, 20, seed=2)
    lengths = sum(float(a.norm()) for a in maps_)
    expected = sum(float((b - a).norm()) for a, b in zip(maps_, others, strict=True)) / lengths
    assert component_change(maps_, others[[2, 0, 1]]) == pytest.approx(expected, rel=1e-6)
    gone = float(maps_[2].norm()) / lengths
    assert component_change(maps_, maps_[:2]) == pytest.approx(gone, rel=1e-6)
    assert component_change(maps_, noise(3, 20, 20, seed=5)) == pytest.approx(1.4, abs=0.1)
    assert math.isnan(component_change(0 * maps_, others))
