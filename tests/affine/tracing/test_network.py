import pytest
import torch

import zoo
from reference import run_with_layer
from specxai.affine.tracing.network import Network, parse_address, run_from, run_until
from specxai.errors import LayerError


@pytest.mark.parametrize(
    ("address", "expected"),
    [("a.b", ("a.b", 1)), ("a.b#1", ("a.b", 1)), ("a#12", ("a", 12)), ("", ("", 1))],
)
def test_addresses(address, expected):
    assert parse_address(address) == expected


@pytest.mark.parametrize("address", ["a#", "a#0", "a#-1", "a#b", "a#1#2"])
def test_wrong_call_numbers(address):
    with pytest.raises(LayerError, match="call number"):
        parse_address(address)


@pytest.mark.parametrize("name", zoo.names())
def test_run_until_and_run_from_are_the_two_halves(name):
    net = zoo.build(name)
    _, z, y = run_with_layer(net.model, net.x, net.layer)
    layers = () if net.layer is None else (net.layer,)
    reached = run_until(Network(net.model), layers, net.x)
    torch.testing.assert_close(reached, z.detach())
    output = run_from(Network(net.model), layers, net.x, reached.reshape(1, -1))
    torch.testing.assert_close(output.flatten(), y.detach().flatten())


def test_run_from_keeps_the_branch_around_the_layer():
    net = zoo.build("residual branch")
    x, block = net.x, net.model.block
    with torch.no_grad():
        z = torch.zeros_like(run_until(Network(net.model), ["block.conv1"], x))
        stem = net.model.stem(x)
        expected = net.model.head((stem + block.conv2(block.norm(z).relu())).relu().flatten(1))
    torch.testing.assert_close(
        run_from(Network(net.model), ["block.conv1"], x, z.flatten(1)), expected
    )


def test_run_from_a_batch():
    net = zoo.build("mlp")
    z = run_until(Network(net.model), ["1"], net.x)
    batch = torch.cat([z, 2 * z, 0 * z])
    out = run_from(Network(net.model), ["1"], net.x.expand(3, -1), batch)
    torch.testing.assert_close(out[1:2], run_from(Network(net.model), ["1"], net.x, 2 * z))


def test_several_layers_give_their_values_before_they_are_overwritten():
    net = zoo.build("in-place at a branch")
    layers = ["first", "relu", "conv", "relu#2"]
    together = run_until(Network(net.model), layers, net.x)
    apart = [run_with_layer(net.model, net.x, layer)[1].detach().flatten(1) for layer in layers]
    torch.testing.assert_close(together, torch.cat(apart, 1))


def test_parameters_take_no_part_in_the_graph():
    net = zoo.build("mlp")
    assert not Network(net.model)(net.x).requires_grad
    assert all(parameter.requires_grad for parameter in net.model.parameters())


def test_a_layer_that_is_not_reached():
    net = zoo.build("mlp")
    with pytest.raises(LayerError, match="'1#2' was not called"):
        run_until(Network(net.model), ["1#2"], net.x)
