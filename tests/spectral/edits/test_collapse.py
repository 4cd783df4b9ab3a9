"""The local map as two linear layers."""

import numpy as np
import pytest
import torch
from torch import nn

import specxai
import zoo
from reference import dense
from specxai.errors import InvalidInputError


def explained(name):
    net = zoo.build(name)
    return net, specxai.explain(net.model, net.x, net.layer, net.target)


@pytest.mark.parametrize("by", ["contribution", "singular_value"])
@pytest.mark.parametrize(
    "name", ["activations", "residual branch", "second call", "image to image"]
)
def test_against_dense(name, by):
    net, ex = explained(name)
    truth = dense(net.model, net.x, net.layer, net.target)
    order = np.argsort(-np.abs(truth.alpha)) if by == "contribution" else np.arange(ex.rank)
    kept = order[:2]
    direction = truth.V[:, kept] @ (truth.sigma[kept] * truth.psi[kept])
    others = net.x + torch.randn(4, *net.x.shape[1:], generator=torch.Generator().manual_seed(2))
    small = ex.collapse(2, by, others)
    y = truth.y[truth.target]
    for i, other in enumerate(others):
        expected = y + direction @ (other - net.x[0]).numpy().ravel()
        assert small.module(other[None]).item() == pytest.approx(expected, abs=1e-9)
        real = net.model(other[None]).detach().numpy().ravel()[truth.target]
        assert float(small.errors[i]) == pytest.approx(abs(real - expected), abs=1e-9)
    assert float(small.error) <= 1e-12
    assert [tuple(part.weight.shape) for part in small.module[1:]] == [
        (2, net.x.numel()),
        (1, 2),
    ]


def test_all_components_are_the_network_inside_its_region():
    net, ex = explained("mlp")
    direction = torch.randn(1, 6, generator=torch.Generator().manual_seed(0)).double()
    step = 0.9 * ex.region.distance(direction) * direction / direction.norm()
    small = ex.collapse(99, neighbours=torch.cat([net.x + step, net.x + 1000 * step]))
    assert float(small.errors[0]) <= 1e-10
    assert float(small.errors[1]) > 1e-3


@pytest.mark.parametrize("rank", [1, 3])
def test_all_outputs(rank):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 8), nn.Unflatten(1, (2, 4)))
    model, x = model.double().eval(), torch.randn(1, 6).double()
    ex = specxai.explain(model, x)
    small = ex.collapse(rank, neighbours=x)
    assert tuple(small.module[2].weight.shape) == (min(rank, ex.rank), 8)[::-1]
    torch.testing.assert_close(small.module(x).reshape(1, 2, 4), model(x))
    assert float(small.error) == float(small.errors[0]) <= 1e-12


def test_single_precision_and_the_generator():
    net = zoo.build("residual block")
    ex = specxai.explain(net.model.float(), net.x.float(), net.layer)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    small = ex.collapse(3)
    assert torch.get_rng_state().equal(before)
    assert small.module(net.x.float()).dtype == torch.float32
    assert float(small.error) <= 1e-5 * abs(float(ex.output))
    assert small.errors.shape == (0,)


@pytest.mark.usefixtures("unchecked_annotations")
def test_what_is_refused():
    _, ex = explained("mlp")
    with pytest.raises(InvalidInputError, match="rank=0: keep at least 1"):
        ex.collapse(0)
    with pytest.raises(InvalidInputError, match=r"neighbours have shape \(2, 7\)"):
        ex.collapse(1, neighbours=torch.ones(2, 7))
