"""Planted truth: the networks are what they say, and maps are measured by it."""

from itertools import permutations

import pytest
import torch

import specxai
from specxai.compare.truth.planted import planted_networks, shapley_values
from specxai.compare.truth.recovery import causes_found, pixel_precision, share_error
from specxai.errors import InvalidInputError

NETWORKS = {planted.name: planted for planted in planted_networks()}


def answer(planted, x):
    with torch.no_grad():
        return float(planted.model(x))


@pytest.mark.parametrize("planted", NETWORKS.values(), ids=NETWORKS)
def test_only_the_causes_matter_and_their_shares_add_up(planted):
    everywhere = planted.causes.any(0)
    zero = torch.zeros_like(planted.x)
    y, y0 = answer(planted, planted.x), answer(planted, zero)
    assert answer(planted, torch.where(everywhere, planted.x, zero)) == pytest.approx(y)
    assert float(planted.shares.sum()) == pytest.approx(y - y0)
    for cause in planted.causes:
        assert answer(planted, torch.where(cause, zero, planted.x)) != pytest.approx(y, abs=1)
    outside = planted.model[:-1](planted.x)  # distractors move many more units than causes do
    assert int((outside > 0).sum()) > 2 * len(planted.causes)


def test_shapley_values_are_the_mean_over_all_orders():
    regions = torch.eye(3, dtype=torch.bool).reshape(3, 1, 3)
    x, start = torch.tensor([[[[2.0, -1.0, 3.0]]]]), torch.full((1, 1, 1, 3), 0.5)

    def function(x):
        a, b, c = x.flatten().tolist()
        return a * b + max(a, c) - b**2

    expected = torch.zeros(3, dtype=torch.float64)
    for order in permutations(range(3)):
        now = start.clone()
        for k in order:
            before = function(now)
            now[..., k] = x[..., k]
            expected[k] += (function(now) - before) / 6
    torch.testing.assert_close(shapley_values(function, x, start, regions), expected)
    with pytest.raises(InvalidInputError, match="dozen"):
        shapley_values(function, x, start, torch.ones(13, 1, 3, dtype=torch.bool))


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "linear"])
def test_the_map_from_a_baseline_finds_each_cause_by_one_component(name):
    planted = NETWORKS[name]
    options = {"layer": planted.layer, "target": 0, "method": "exact"}
    ex = specxai.explain(planted.model, planted.x, baseline="zero", **options)
    assert all(causes_found(ex.contribution_maps(ex.top(8)), planted.causes, planted.shares))
    total = ex.total_map()
    assert share_error(total, planted.causes, planted.shares) < 1e-12
    assert pixel_precision(total, planted.causes.any(0)) == 1
    at_x = specxai.explain(planted.model, planted.x, **options)
    assert share_error(at_x.total_map(), planted.causes, planted.shares) > 0.5  # thresholds


def test_where_all_singular_values_are_equal_a_component_is_no_cause():
    planted = NETWORKS["linear"]
    ex = specxai.explain(
        planted.model, planted.x, planted.layer, target=0, baseline="zero", method="exact"
    )
    assert not any(causes_found(ex.contribution_maps(ex.top(8)), planted.causes, planted.shares))
    assert share_error(ex.total_map(), planted.causes, planted.shares) < 1e-12


def test_what_counts_as_found():
    regions = torch.tensor([[[True, True, False, False]], [[False, False, True, False]]])
    shares = torch.tensor([4.0, -2.0], dtype=torch.float64)
    maps = torch.tensor([[[2.0, 2.1, 0.1, 0.0]], [[0.0, 0.0, -2.0, 1.0]]], dtype=torch.float64)
    assert causes_found(maps, regions, shares) == [True, False]
    assert pixel_precision(maps[1], regions.any(0)) == pytest.approx(2 / 3)
    assert share_error(maps[0], regions, shares) == pytest.approx((0.1 + 2.1) / 6)
