"""Many inputs at once, against each of them alone."""

import numpy as np
import pytest
import torch
from torch import nn

import specxai
import zoo
from specxai.errors import InvalidInputError, TargetError


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.parametrize("baseline", [None, "zero"])
@pytest.mark.parametrize("name", zoo.names())
def test_the_maps_are_those_of_each_input(name, baseline):
    net = zoo.build(name)
    xs = zoo.several(net)
    if net.target is None and specxai.linearize(net.model, xs[:1]).output.ndim > 2:
        pytest.skip("all outputs are explained together")
    maps = specxai.linearize_many(net.model, xs, net.target, baseline=baseline)
    for k, target in enumerate(maps.targets):
        lin = specxai.linearize(net.model, xs[k : k + 1], baseline=baseline)
        y, b = lin.output[0][target].double(), lin.bias()[0][target].double()
        cotangent = torch.zeros_like(lin.output)
        cotangent[0][target] = 1
        torch.testing.assert_close(maps.slopes[k], lin.vjp(cotangent)[0], rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(maps.output[k], y, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(maps.bias[k], b, rtol=1e-9, atol=1e-11)
    assert float(maps.residual.abs().max()) < 1e-10
    assert maps.together == (name not in ("batch of one", *MIXING))


MIXING = "mixes samples late", "mixes samples early"


def test_largest_outputs_batches_and_arrays():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4)).eval()
    xs = np.random.default_rng(0).standard_normal((7, 3))
    seen = []
    maps = specxai.linearize_many(
        net, xs, batch=3, progress=lambda stage, done, total: seen.append((done, total))
    )
    outputs = net(torch.as_tensor(xs).float())
    assert maps.targets == tuple(outputs.argmax(1).tolist())
    assert seen == [(3, 7), (6, 7), (7, 7)]
    assert maps.x.dtype == torch.float32
    assert maps.exactness == "canonical"
    torch.testing.assert_close(
        maps.attributions.sum(1) + maps.bias, outputs.amax(1).double(), rtol=1e-6, atol=1e-6
    )


def test_a_completed_operation_is_taken_one_by_one_and_exact():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.Softplus(), nn.LogSoftmax(1), nn.Linear(6, 2))
    xs = torch.randn(3, 4)
    maps = specxai.linearize_many(net.eval(), xs, 0, baseline="zero")
    for k in range(3):
        lin = specxai.linearize(net, xs[k : k + 1], baseline="zero")
        torch.testing.assert_close(maps.slopes[k], lin.rows([0])[0])
    assert float(maps.residual.abs().max()) < 1e-5


def test_what_cannot_be_explained_together():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    xs = torch.randn(4, 3)
    with pytest.raises(InvalidInputError, match="no inputs"):
        specxai.linearize_many(net, xs[:0])
    with pytest.raises(InvalidInputError, match="another one for each input"):
        specxai.linearize_many(net, xs, baseline="blur")
    with pytest.raises(TargetError, match="out of range"):
        specxai.linearize_many(net, xs, 5)
    xs[2, 1] = torch.nan
    with pytest.raises(InvalidInputError, match="input 2 holds NaN"):
        specxai.linearize_many(net, xs)
