import pytest
import torch
from torch import nn

import zoo
from specxai.affine import Kind, linearize
from specxai.affine.tracing.conventions import read_conventions
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.trace import Trace
from specxai.affine.tracing.trace import trace as trace_network
from specxai.errors import SpecxaiError

F = torch.nn.functional


def trace(model: nn.Module, x: torch.Tensor) -> Trace:
    return trace_network(Network(model), read_conventions("tangent"), x)


@pytest.mark.parametrize("name", zoo.names())
def test_the_cut_flag_of_the_layer(name):
    net = zoo.build(name)
    layers = {layer.address: layer for layer in trace(net.model, net.x).layers}
    if net.layer is None:
        assert layers == {}
    else:
        assert layers[net.layer].cut is net.cut
        assert layers[net.layer].on_path


def test_cut_flags_of_a_residual_network():
    net = zoo.build("residual block")
    cuts = {layer.address: layer.cut for layer in trace(net.model, net.x).layers}
    assert cuts == {
        "stem": True, "block.conv1": False, "block.norm": False, "block.conv2": False,
        "block": True, "head": True,
    }  # fmt: skip


def test_cut_flags_of_a_concatenating_network():
    net = zoo.build("concatenation")
    cuts = {layer.address: layer.cut for layer in trace(net.model, net.x).layers}
    assert cuts == {"first": False, "second": False, "join": True, "head": True}


def test_layers_are_numbered_by_call():
    net = zoo.build("third call")
    addresses = [layer.address for layer in trace(net.model, net.x).layers]
    once = ["inside", "block.0", "block.1", "block", "relu"]
    twice, thrice = ([f"{address}#{n}" for address in once] for n in (2, 3))
    assert addresses == [*once, *twice, *thrice, "head"]


def test_a_layer_knows_its_type_shape_and_size():
    net = zoo.build("pair inside")
    pair, join, _ = trace(net.model, net.x).layers
    assert (pair.type, pair.shape, pair.unit_count) == ("Pair", None, 0)
    assert (join.type, join.shape, join.unit_count) == ("Linear", (1, 4), 4)


def test_sites_of_functional_calls_and_operators():
    net = zoo.build("functional")
    sites = trace(net.model, net.x).sites
    found = [site.operation for site in sites]
    for operation in ["conv1d", "relu", "add", "mul", "sub", "cat", "setitem", "div", "hardtanh"]:
        assert operation in found
    assert {site.module for site in sites} == {""}
    assert {site.kind for site in sites} == {Kind.AFFINE, Kind.PIECEWISE_LINEAR}
    assert sites[-1].shape == (1, 8)


def test_sites_are_numbered_within_their_module():
    net = zoo.build("third call")
    addresses = [str(site.address) for site in trace(net.model, net.x).sites]
    for address in [
        "linear@block.0",
        "linear@block.0#3",
        "add@model",
        "add@model#3",
        "relu@relu#2",
    ]:
        assert address in addresses
    assert len(set(addresses)) == len(addresses)


def test_operations_on_constants_are_no_sites():
    class Constant(nn.Module):
        def forward(self, x):
            return x + F.gelu(torch.ones(3)) * torch.ones(3)

    operations = {site.operation for site in trace(Constant().eval(), torch.ones(1, 3)).sites}
    assert operations == {"add"}


def test_the_output_is_detached_and_equal():
    net = zoo.build("in-place at a cut")
    output = trace(net.model, net.x).output
    assert not output.requires_grad
    torch.testing.assert_close(output, net.model(net.x.clone()).detach())


class Broken(nn.Module):
    """Fails in the middle, after a number of good runs."""

    def __init__(self, runs):
        super().__init__()
        self.body, self.tail = nn.Linear(3, 3), nn.Linear(3, 3)
        self.left = iter(range(runs))  # a number would be put back after each run

    def forward(self, x):
        x = self.body(x)
        if next(self.left, None) is None:
            raise ArithmeticError("in the middle")
        return self.tail(x)


def hooks(model):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )


@pytest.mark.parametrize("runs", [0, 1, 2])
def test_no_hook_stays_when_a_model_fails(runs):
    model = Broken(runs).eval()
    with pytest.raises(Exception, match="in the middle"):
        linearize(model, torch.ones(1, 3))
    assert hooks(model) == 0


def test_no_hook_stays_when_a_product_fails():
    model = Broken(99).eval()
    lin = linearize(model, torch.ones(1, 3))
    model.left = iter(())
    with pytest.raises(SpecxaiError, match="in the middle"):
        lin.left("body", torch.ones(1, 3))
    assert hooks(model) == 0
    assert all(parameter.requires_grad for parameter in model.parameters())
