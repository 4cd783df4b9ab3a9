import pytest
import torch
from torch import nn

import zoo
from reference import dense
from specxai.affine import linearize
from specxai.errors import LayerError


@pytest.fixture(params=zoo.names())
def net(request):
    return zoo.build(request.param)


def test_equations_8_and_9_the_map_and_its_bias(net):
    lin, truth = linearize(net.model, net.x), dense(net.model, net.x, None)
    product = lin.jvp(net.x).flatten()
    torch.testing.assert_close(product, torch.tensor(truth.u) @ net.x.flatten())
    torch.testing.assert_close(lin.bias().flatten(), torch.tensor(truth.b))
    torch.testing.assert_close(product + lin.bias().flatten(), torch.tensor(truth.y))


def test_equation_7_the_rows_of_u(net):
    lin, truth = linearize(net.model, net.x), dense(net.model, net.x, None)
    rows = lin.rows(torch.arange(len(truth.u)))
    assert rows.shape == (len(truth.u), *net.x.shape[1:])
    torch.testing.assert_close(rows.flatten(1), torch.tensor(truth.u))
    one = torch.zeros_like(lin.output)
    one.view(-1)[-1] = 1
    torch.testing.assert_close(lin.vjp(one).flatten(), torch.tensor(truth.u[-1]))


def test_the_affine_map_holds_around_the_input(net):
    lin = linearize(net.model, net.x)
    step = 1e-7 * torch.randn(net.x.shape, generator=torch.Generator().manual_seed(1)).double()
    moved = net.model((net.x + step).clone()).detach()
    torch.testing.assert_close(moved, lin.output + lin.jvp(step), rtol=0, atol=1e-13)


def test_the_output_is_the_untouched_models(net):
    with torch.no_grad():
        assert linearize(net.model, net.x).output.equal(net.model(net.x.clone()))


def test_the_input_is_not_overwritten():
    net = zoo.build("in-place at a cut")
    before = net.x.clone()
    lin = linearize(net.model, net.x)
    lin.jvp(net.x)
    lin.rows(torch.arange(4))
    assert net.x.equal(before)


def test_products_at_a_layer():
    net = zoo.build("residual branch")
    lin, truth = linearize(net.model, net.x), dense(net.model, net.x, net.layer)
    R = torch.tensor(truth.R)
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(net.x.shape, generator=generator).double()
    w = torch.randn(lin.layer(net.layer).shape, generator=generator).double()
    torch.testing.assert_close(lin.jvp(v, net.layer).flatten(), R @ v.flatten())
    torch.testing.assert_close(lin.vjp(w, net.layer).flatten(), R.T @ w.flatten())
    torch.testing.assert_close(lin.rows(torch.tensor([5, 2]), net.layer).flatten(1), R[[5, 2]])


def test_the_left_factor_at_a_layer():
    net = zoo.build("residual block")
    lin, truth = linearize(net.model, net.x), dense(net.model, net.x, net.layer)
    left = lin.left(net.layer, lin.right(net.layer).value)
    row = left.rows(torch.tensor([truth.target])).flatten()
    torch.testing.assert_close(row, torch.tensor(truth.L))


def test_an_unknown_layer_offers_the_closest_names():
    net = zoo.build("residual branch")
    with pytest.raises(LayerError, match=r"'block\.conv3'; closest: .*block\.conv[12]"):
        linearize(net.model, net.x).layer("block.conv3")


@pytest.mark.parametrize("address", ["relu#4", "relu#0", "relu#x", ""])
def test_a_call_that_never_happened_is_no_layer(address):
    net = zoo.build("second call")
    with pytest.raises(LayerError):
        linearize(net.model, net.x).layer(address)


def test_the_first_call_may_be_numbered():
    net = zoo.build("second call")
    lin = linearize(net.model, net.x)
    assert lin.layer("relu#1") == lin.layer("relu")


def test_a_layer_with_a_tuple_output_is_refused():
    net = zoo.build("pair inside")
    with pytest.raises(LayerError, match=r"'pair' \(Pair\) does not return a tensor: split"):
        linearize(net.model, net.x).layer("pair")


class Aside(nn.Module):
    """Calls one layer for nothing, and one on a constant."""

    def __init__(self):
        super().__init__()
        self.unused, self.constant, self.head = (nn.Linear(3, 3) for _ in range(3))

    def forward(self, x):
        self.unused(x)
        return self.head(x) + self.constant(torch.ones(1, 3))


@pytest.mark.parametrize("address", ["unused", "constant"])
def test_a_layer_aside_of_the_path_is_refused(address):
    lin = linearize(Aside().eval(), torch.ones(1, 3))
    with pytest.raises(LayerError, match=f"'{address}' is not on the way"):
        lin.layer(address)


def test_the_block_shrinks_as_the_network_grows():
    small = zoo.build("mlp")
    large = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.ReLU()).double().eval()
    assert linearize(small.model, small.x).block == 16
    assert linearize(large, torch.ones(1, 1, 256, 256).double()).block in range(1, 16)


def test_exactness_of_a_piecewise_linear_network():
    net = zoo.build("mlp")
    assert linearize(net.model, net.x).exactness == "canonical"
