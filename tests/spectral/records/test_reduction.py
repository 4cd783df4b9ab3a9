import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reference import reduce_slowly
from specxai.errors import InvalidInputError
from specxai.spectral import reduce_contributions

# Whole numbers make exact cancellation and ties likely; halves of them stay exact.
contributions = st.lists(
    st.one_of(st.integers(-8, 8).map(float), st.floats(-1e6, 1e6, allow_subnormal=False)),
    max_size=40,
)


def reduce(values):
    return reduce_contributions(torch.tensor(values, dtype=torch.float64))


@given(contributions)
def test_equation_21_keeps_the_sum(values):
    found = math.fsum(reduce(values).values.tolist())
    assert abs(found - math.fsum(values)) <= 1e-12 * math.fsum(map(abs, values))


@given(contributions)
def test_equation_21_leaves_one_sign_and_valid_components(values):
    reduced = reduce(values)
    left, indices = reduced.values, reduced.indices.tolist()
    assert bool((left > 0).all()) or bool((left < 0).all())
    assert len(set(indices)) == len(indices)
    assert all(0 <= index < len(values) for index in indices)
    # A component keeps its sign and never grows.
    for index, value in zip(indices, left.tolist(), strict=True):
        assert (value > 0) == (values[index] > 0)
        assert abs(value) <= abs(values[index])
    assert left.abs().tolist() == sorted(left.abs().tolist(), reverse=True)


@given(contributions)
def test_equation_22_shares(values):
    reduced = reduce(values)
    assert bool((reduced.shares > 0).all())
    if len(reduced.shares):
        assert float(reduced.shares.sum()) == pytest.approx(1, abs=1e-12)
        expected = reduced.values / reduced.values.sum()
        torch.testing.assert_close(reduced.shares, expected)


@given(st.lists(st.integers(-(10**6), 10**6), max_size=40, unique_by=abs))
def test_equation_21_against_the_paper_word_for_word(values):
    reduced, (expected, rounds) = reduce([float(v) for v in values]), reduce_slowly(values)
    assert dict(zip(reduced.indices.tolist(), reduced.values.tolist(), strict=True)) == expected
    assert reduced.rounds == rounds


@given(contributions)
def test_the_values_of_equation_21_with_ties(values):
    """Which of two equal components is named is open; what is left of them is not."""
    reduced, (expected, rounds) = reduce(values), reduce_slowly(values)
    assert sorted(reduced.values.tolist()) == sorted(expected.values())
    assert reduced.rounds == rounds


@pytest.mark.parametrize(
    ("values", "indices", "left", "rounds"),
    [
        ([], [], [], 0),
        ([0.0, 0.0], [], [], 0),
        ([1.0, 3.0, 2.0], [1, 2, 0], [3.0, 2.0, 1.0], 0),
        ([-1.0, -3.0], [1, 0], [-3.0, -1.0], 0),
        ([2.0, -2.0], [], [], 1),
        ([0.0, 2.0, -2.0, 1.0], [3], [1.0], 1),
        ([5.0, -3.0, 2.0, -1.0], [0, 2], [2.0, 1.0], 1),
        ([10.0, -1.0, 4.0, -6.0], [0, 2], [4.0, 3.0], 1),
        # 10−8 = 2 and 1−5 = −4 in the first round; 2−4 = −2 belongs to −5 in the second.
        ([10.0, -8.0, 1.0, -5.0], [3], [-2.0], 2),
    ],
)
def test_worked_examples(values, indices, left, rounds):
    reduced = reduce(values)
    assert reduced.indices.tolist() == indices
    assert reduced.values.tolist() == left
    assert reduced.rounds == rounds


def test_single_precision_is_reduced_in_double():
    reduced = reduce_contributions(torch.tensor([1.0, -0.1]))
    assert reduced.values.dtype == torch.float64
    assert reduced.values.item() == 1 - float(torch.tensor(0.1))


def test_the_contributions_are_left_alone():
    values = torch.tensor([3.0, -1.0, 2.0])
    reduce_contributions(values)
    assert values.tolist() == [3.0, -1.0, 2.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_broken_contributions(value):
    with pytest.raises(InvalidInputError, match="NaN or infinite"):
        reduce([1.0, value])
