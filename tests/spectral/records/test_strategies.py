"""Thresholds, counts and their table, against plain Python over sorted lists."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import specxai
import zoo
from specxai.errors import InvalidInputError
from specxai.spectral import keep_above, keep_leading, keep_quantile, terms_to_reach
from specxai.spectral.records.strategies import compare_strategies

values = st.lists(st.integers(-50, 50).map(float), max_size=30)
shares = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])  # exact in binary


def tensor(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def leading(numbers):
    return sorted(numbers, key=lambda value: -abs(value))


@given(values, st.floats(0, 60))
def test_a_threshold_keeps_what_reaches_it(numbers, threshold):
    kept = keep_above(tensor(numbers), threshold)
    expected = [value for value in leading(numbers) if abs(value) >= threshold]
    assert kept.values.tolist() == expected
    assert [numbers[k] for k in kept.indices.tolist()] == expected
    assert float(kept.dropped) == sum(numbers) - sum(expected)


@given(values.filter(len), shares)
def test_a_quantile_keeps_what_reaches_it(numbers, quantile):
    border = float(np.quantile(np.abs(numbers), quantile))
    kept = keep_quantile(tensor(numbers), quantile)
    assert kept.values.tolist() == [v for v in leading(numbers) if abs(v) >= border - 1e-9]
    assert float(kept.values.sum() + kept.dropped) == sum(numbers)


@given(values, st.integers(-60, 60).map(float), shares)
def test_how_many_terms_reach_a_share(numbers, total, share):
    sums = [sum(leading(numbers)[:n]) for n in range(len(numbers) + 1)]
    near = [n for n, partial in enumerate(sums) if abs(partial - total) <= (1 - share) * abs(total)]
    stays = [n for n in range(len(sums)) if set(range(n, len(sums))) <= set(near)]
    found = terms_to_reach(tensor(numbers), total, share)
    assert found.first == min(near, default=None)
    assert found.lasting == min(stays, default=None)


def test_a_share_can_be_reached_and_left_again():
    found = terms_to_reach(tensor([3.0, 2.5, -2.0, -0.5]), 3.0, 0.9)
    assert (found.first, found.lasting) == (1, 4)
    assert terms_to_reach(tensor([1.0]), 5.0, 0.5).lasting is None


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_shares_and_quantiles_out_of_range(share):
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        terms_to_reach(tensor([1.0]), 1.0, share)
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        keep_quantile(tensor([1.0]), share)


def test_nothing_to_keep():
    assert len(keep_leading(tensor([]), 3).indices) == 0
    assert len(keep_quantile(tensor([]), 0.5).indices) == 0
    assert {row.total for row in compare_strategies(tensor([]), 0.0)} == {0.0}


@given(values)
def test_kept_and_dropped_sum_to_the_whole_in_every_row(numbers):
    for row in compare_strategies(tensor(numbers), math.fsum(numbers)):
        assert math.isclose(row.total + row.dropped, sum(numbers), abs_tol=1e-9), row.name
        assert 0 <= row.largest_share <= 1


def test_the_table_of_a_network():
    net = zoo.build("norms and dropout")
    ex = specxai.explain(net.model, net.x, net.layer)
    rows = {row.name: row for row in ex.strategies()}
    alphas = ex.contributions.tolist()
    assert rows["all"].terms == ex.rank
    assert rows["cancellation"].terms == len(ex.reduce().indices)
    assert rows["cancellation"].largest_share == pytest.approx(float(ex.reduce().shares[0]))
    assert rows["cancellation"].total == pytest.approx(sum(alphas))
    above = [value for value in alphas if abs(value) >= 0.1 * max(map(abs, alphas))]
    (row,) = (row for name, row in rows.items() if name.endswith(" 10 % of the largest"))
    assert (row.terms, row.total) == (len(above), pytest.approx(sum(above)))
    lasting = terms_to_reach(ex.contributions, float(ex.linear), 0.9).lasting
    assert rows["within 10 % of u·x from there on"].terms == lasting


def test_a_share_that_is_never_reached():
    rows = {row.name: row for row in compare_strategies(tensor([1.0, -0.5]), 7.0)}
    assert rows["within 1 % of u·x"].terms is None
    assert rows["within 1 % of u·x"].total == 0.5
