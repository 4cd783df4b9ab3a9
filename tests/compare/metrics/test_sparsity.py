import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import factors, maps
from specxai.compare.metrics import area_of_energy, gini


@settings(deadline=None)
@given(maps)
def test_gini_by_all_pairs(map_):
    sizes = map_.abs().flatten().tolist()
    pairs = sum(abs(a - b) for a in sizes for b in sizes)
    assert gini(map_) == pytest.approx(pairs / (2 * len(sizes) * sum(sizes)))


@settings(deadline=None)
@given(st.integers(1, 40), st.floats(0.01, 100.0))
def test_gini_of_one_pixel_and_of_equal_ones(n, value):
    constant = torch.full((1, n), value)
    one = torch.zeros(1, n)
    one[0, n // 2] = -value
    assert gini(constant) == pytest.approx(0, abs=1e-9)
    assert gini(one) == pytest.approx(1 - 1 / n)


@settings(deadline=None)
@given(maps, factors)
def test_the_unit_does_not_matter(map_, factor):
    assert gini(factor * map_) == pytest.approx(gini(map_))
    assert area_of_energy(factor * map_) == area_of_energy(map_)


@settings(deadline=None)
@given(maps, st.floats(0.05, 0.95))
def test_the_area_of_energy_is_the_smallest(map_, share):
    energies = sorted((float(v) ** 2 for v in map_.flatten()), reverse=True)
    count = next(n for n in range(1, 13) if sum(energies[:n]) >= share * sum(energies) - 1e-12)
    assert area_of_energy(map_, share) == pytest.approx(count / 12)


def test_nothing():
    assert gini(torch.zeros(2, 2)) == 0
    assert area_of_energy(torch.zeros(2, 2)) == 0
