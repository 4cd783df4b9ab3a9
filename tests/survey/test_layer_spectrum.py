"""Effective rank and participation ratio, against the formulas and at their limits."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from specxai.survey.layer_spectrum import effective_rank, participation_ratio

SPECTRA = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=8)


@given(SPECTRA)
def test_against_the_formulas(values: list[float]) -> None:
    sigma = np.sort(values)[::-1].copy()
    p = sigma**2 / sum(sigma**2)
    found = torch.from_numpy(sigma)
    assert effective_rank(found) == pytest.approx(np.exp(-sum(p * np.log(p))))
    assert participation_ratio(found) == pytest.approx(sum(sigma**2) ** 2 / sum(sigma**4))


@given(SPECTRA, st.floats(1e-6, 1e6))
def test_between_one_and_the_rank_whatever_the_unit(values: list[float], unit: float) -> None:
    sigma = torch.tensor(sorted(values, reverse=True), dtype=torch.float64)
    slack = 1 + 1e-12
    assert slack * participation_ratio(sigma) >= 1
    assert participation_ratio(sigma) <= slack * effective_rank(sigma)
    assert effective_rank(sigma) <= slack * len(sigma)
    assert effective_rank(unit * sigma) == pytest.approx(effective_rank(sigma))


@given(SPECTRA, st.integers(1, 8))
def test_the_leading_components_give_a_lower_bound(values: list[float], known: int) -> None:
    sigma = torch.tensor(sorted(values, reverse=True), dtype=torch.float64)
    for measure in (effective_rank, participation_ratio):
        assert measure(sigma[:known]) <= measure(sigma) * (1 + 1e-12)


def test_extreme_units_neither_overflow_nor_vanish() -> None:
    for unit in (1e-200, 1e200):
        assert effective_rank(unit * torch.ones(3).double()) == pytest.approx(3)
