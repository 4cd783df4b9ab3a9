"""A result as a sequence of its components."""

import pytest
import torch

import specxai
import zoo
from specxai.spectral.records.component import Component


@pytest.fixture(scope="module")
def explanation():
    net = zoo.build("residual branch")
    return specxai.explain(net.model, net.x, net.layer)


def test_components_are_the_numbers_of_the_result(explanation):
    ex = explanation
    assert len(ex) == ex.rank == len(list(ex))
    for k, component in enumerate(ex):
        assert component == ex[k]
        assert (component.k, component.sigma) == (k, float(ex.singular_values[k]))
        assert (component.psi, component.coefficient) == (ex.psi[k], ex.coefficients[k])
        assert component.contribution == float(ex.contributions[k])
        assert component.residual_norm == 0


def test_shares_and_what_is_beside_them_add_up_to_one(explanation):
    beside = float(explanation.unresolved + explanation.bypass) / float(explanation.linear)
    assert beside != 0
    assert sum(each.share for each in explanation) + beside == pytest.approx(1)


def test_indices_from_the_end_and_slices(explanation):
    last = explanation.rank - 1
    assert explanation[-1] == explanation[last]
    assert explanation[-1].k == last
    assert [each.k for each in explanation[:2]] == [0, 1]
    assert explanation[::-1] == tuple(reversed(list(explanation)))
    assert isinstance(explanation[1:3], tuple)
    assert isinstance(explanation[0], Component)
    with pytest.raises(IndexError, match=f"component 99 does not exist: there are {last + 1}"):
        explanation[99]


def test_of_all_outputs_together_shares_are_of_squares():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x)
    assert ex.target is None
    assert sum(each.share for each in ex) == pytest.approx(1)


def test_a_result_without_components_or_without_a_linear_part():
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()
    with torch.no_grad():
        net[2].weight.zero_()
    ex = specxai.explain(net, torch.ones(1, 3), "0", 0)
    assert all(each.share != each.share for each in ex)
    none = specxai.explain(net, torch.ones(1, 3), "0", 1, method=specxai.Krylov(2, products=1))
    assert bool(none)
    assert len(none) == none.rank


def test_leading_components_carry_a_share():
    torch.manual_seed(0)
    layers = torch.nn.Linear(20, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2)
    ex = specxai.explain(torch.nn.Sequential(*layers).eval(), torch.randn(1, 20), "1")
    leading = ex.leading(0.9, most=99)
    assert leading.equal(ex.top(len(leading)))
    missing = [
        abs(float(ex.contributions[ex.top(n)].sum() - ex.linear)) / abs(float(ex.linear))
        for n in range(ex.rank + 1)
    ]
    assert max(missing[len(leading) :]) <= 0.1 + 1e-9
    assert missing[len(leading) - 1] > 0.1
    assert len(ex.leading(0.9, most=1)) == 1
