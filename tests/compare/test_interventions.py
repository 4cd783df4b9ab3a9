"""Interventions, against a network asked by hand."""

import pytest
import torch
from torch import nn

import specxai
from specxai.compare.interventions import Intervention, agreement, intervene
from specxai.errors import InvalidInputError, TargetError


def build(seed: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    parts = (nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3))
    return nn.Sequential(*parts).double().eval()


NET = build()
X = torch.linspace(-1, 2, 5, dtype=torch.float64)[None]
START = torch.full((1, 5), 0.25, dtype=torch.float64)


@pytest.fixture(scope="module")
def result() -> specxai.Explanation:
    return specxai.explain(NET, X, layer="1", target=2, baseline=START)


def answer(z: torch.Tensor) -> float:
    with torch.no_grad():
        return float(NET[2:](z)[0, 2])


def test_each_component_is_asked_for_by_hand(result):
    found = intervene(result, [0, 1])
    z, z0 = NET[:2](X).detach(), NET[:2](START).detach()
    for each in found:
        k = each.component
        term = result.left_vectors([k])[0] * result.coefficients[k]
        assert each.predicted == pytest.approx(float(result.contributions[k]))
        assert each.removed == pytest.approx(answer(z) - answer(z - term), abs=1e-12)
        assert each.doubled == pytest.approx(answer(z + term) - answer(z), abs=1e-12)
        assert each.alone == pytest.approx(answer(z0 + term) - answer(z0), abs=1e-12)
        assert each.real == pytest.approx((each.removed + each.alone) / 2)
        assert each.removed != pytest.approx(each.predicted, rel=1e-2)  # tanh bends


def test_controls_are_as_long_as_the_component(result):
    """Behind a linear rest the change is the direction's share of L: asked for by hand."""
    linear = nn.Sequential(*NET[:2], nn.Linear(7, 3)).double().eval()
    ex = specxai.explain(linear, X, layer="1", target=1, baseline=START)
    shuffled = specxai.explain(build(4), X, layer="1", target=2, baseline=START)
    found = intervene(ex, [0], shuffled, seed=5)[0]
    length = float((ex.left_vectors([0])[0] * ex.coefficients[0]).norm())
    row = linear[2].weight[1].detach()
    active = ex.svd.active
    drawn = torch.randn(
        4, len(active), generator=torch.Generator().manual_seed(5), dtype=torch.float64
    )
    effects = (drawn / drawn.norm(dim=1, keepdim=True)) @ row[active] * length
    assert found.random == pytest.approx(float(effects.square().mean().sqrt()))
    others = shuffled.left_vectors(shuffled.top(4)) @ row * length
    assert found.shuffled == pytest.approx(float(others.square().mean().sqrt()))
    assert found.removed == pytest.approx(found.predicted)
    assert found.alone == pytest.approx(found.predicted)


def test_without_a_baseline_nothing_is_put_in_alone(result):
    ex = specxai.explain(NET, X, layer="1", target=2)
    found = intervene(ex, [0])[0]
    assert found.alone is None
    assert found.shuffled is None
    assert found.real == found.removed
    assert intervene(ex, []) == ()


def test_agreement():
    pairs = [(1.0, 2.0), (-2.0, -4.0), (3.0, 6.0)]
    found = agreement([Intervention(k, p, r, r, r, 0.1, 0.2) for k, (p, r) in enumerate(pairs)])
    assert found.correlation == pytest.approx(1)
    assert found.slope == pytest.approx(2)
    assert found.error == pytest.approx(1)
    assert found.random == pytest.approx(0.3 / 12)
    assert found.shuffled == pytest.approx(0.6 / 12)
    assert found.count == 3


def test_what_cannot_be_compared(result):
    with pytest.raises(TargetError, match="one output"):
        intervene(specxai.explain(NET, X, layer=None), [0])
    with pytest.raises(InvalidInputError, match="9"):
        intervene(result, [9])
    with pytest.raises(InvalidInputError, match="no component"):
        agreement([])
    other = specxai.explain(NET, X, layer="3", target=2)
    with pytest.raises(InvalidInputError, match="same layer"):
        intervene(result, [0], other)
