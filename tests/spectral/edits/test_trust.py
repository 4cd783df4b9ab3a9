"""How far a result may be trusted, against the network asked by hand."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import nn

import specxai
import zoo
from specxai.errors import InvalidInputError, InvalidModelError, TargetError


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    parts = (nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3))
    return nn.Sequential(*parts).double().eval()


X = torch.linspace(-1, 2, 5, dtype=torch.float64)[None]
START = torch.full((1, 5), 0.25, dtype=torch.float64)


@pytest.fixture(scope="module")
def result(net):
    return specxai.explain(net, X, layer="1", target=2, baseline=START)


def test_a_component_is_taken_out_of_the_real_network(net, result):
    removal = result.trust().removal
    k = removal.component
    assert k == int(result.contributions.abs().argmax())
    term = result.left_vectors([k])[0] * result.coefficients[k]
    rest = net[2:]
    z, z0 = net[:2](X), net[:2](START)
    with torch.no_grad():
        answered = rest(z - term)[0, 2] - rest(z)[0, 2]
        added = rest(z0 + term)[0, 2] - rest(z0)[0, 2]
    assert removal.answered == pytest.approx(float(answered), abs=1e-12)
    assert removal.added == pytest.approx(float(added), abs=1e-12)
    assert removal.predicted == pytest.approx(-float(result.contributions[k]), abs=1e-12)
    assert removal.answered != pytest.approx(removal.predicted, rel=1e-2)  # tanh bends
    assert removal.random > 0


def test_what_rounding_has_taken_is_not_the_component_s(result):
    off = replace(result, terms=replace(result.terms, residual=result.terms.residual + 0.5))
    assert off.trust().removal.predicted == result.trust().removal.predicted


def test_the_change_of_the_map_under_noise(net, result):
    sample = torch.randn(X.shape, generator=torch.Generator().manual_seed(0), dtype=X.dtype)
    moved = X + 0.01 * X.abs() * sample  # the values of a vector have units of their own
    before, after = (
        specxai.explain(net, x, target=2, baseline=START).total_map(None) for x in (X, moved)
    )
    expected = float((after - before).norm() / before.norm())
    assert result.trust().change == pytest.approx(expected, rel=1e-9)
    assert result.trust(noise=0.5).change > result.trust().change


def test_what_adds_up_and_what_cancels(result):
    trust = result.trust()
    assert trust.residual < 1e-14
    sizes = result.contributions.abs().sum() + result.unresolved.abs() + result.bypass.abs()
    assert trust.cancellation == pytest.approx(float(sizes / result.linear.abs()))
    pointwise = specxai.explain(result.linearization.model, X, target=2)
    assert trust.pointwise == pytest.approx(float(pointwise.linear / pointwise.output))


def test_the_map_at_x_alone(net):
    ex = specxai.explain(net, X, layer="1", target=2)
    trust = ex.trust()
    assert trust.removal.added is None
    assert trust.pointwise == pytest.approx(float(ex.linear / ex.output))
    assert 0 < trust.change < 1


def test_an_average(net):
    ex = specxai.explain(net, X, layer="1", target=2, baseline=START, average=2)
    assert 0 < ex.trust().change < 1


def test_a_picture_is_smoothed():
    net = zoo.build("max pool")
    ex = specxai.explain(net.model, net.x, net.layer, target=0, baseline="zero")
    assert ex.trust().change < 0.2


def test_what_cannot_be_measured(net, result):
    with pytest.raises(TargetError, match="for one output"):
        specxai.explain(net, X).trust()
    with pytest.raises(InvalidInputError, match="noise=0"):
        result.trust(noise=0.0)


def test_a_network_that_has_changed_since_is_refused(net):
    own = deepcopy(net)
    ex = specxai.explain(own, X, layer="1", baseline="zero")
    with torch.no_grad():
        own[0].weight.mul_(2)
    with pytest.raises(InvalidModelError, match="weights have changed since"):
        ex.trust()
