"""LRP against the ε rule written out, and the networks that Captum would attribute wrongly."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from specxai.compare import Instance, prepare, relevance_method
from specxai.errors import UnsupportedOperationError


def build(model: nn.Module, *shape: int) -> Instance:
    x = torch.rand(1, *(shape or (2, 8, 8)), generator=torch.Generator().manual_seed(1))
    return prepare(model.eval(), x, target=1, layers=["conv"])[0]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(2)


class Functional(nn.Module):
    """ReLU, flatten and dropout as functions: relevance goes through them as gradients do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv2d(2, 3, 3), nn.MaxPool2d(2)
        self.hidden, self.head = nn.Linear(27, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.pool(F.relu(self.conv(x)))
        z = F.dropout(torch.flatten(z, 1), training=self.training)
        return self.head(F.relu(self.hidden(z)))


def epsilon_rule(layer: nn.Module, x: Tensor, relevance: Tensor) -> Tensor:
    """Share the relevance of each output out to the inputs by what each of them adds to it."""
    x = x.detach().requires_grad_()
    z = layer(x)
    (shared,) = torch.autograd.grad(z, x, relevance / z.detach())
    return shared * x.detach()


def test_relevance_is_shared_out_layer_by_layer() -> None:
    net = Functional()
    instance = build(net)
    convolved = net.conv(instance.x)
    pooled = net.pool(convolved.relu())
    hidden = net.hidden(pooled.flatten(1))
    output = net.head(hidden.relu())
    relevance = torch.zeros_like(output)
    relevance[0, 1] = output[0, 1].detach()
    relevance = epsilon_rule(net.head, hidden.relu(), relevance)
    relevance = epsilon_rule(net.hidden, pooled.flatten(1), relevance).reshape(pooled.shape)
    # Max pooling hands relevance to the winner; where that is 0 there is none to hand on.
    rectified = convolved.relu().detach().requires_grad_()
    (relevance,) = torch.autograd.grad(net.pool(rectified), rectified, relevance)
    relevance = torch.where(convolved > 0, relevance, 0)
    expected = epsilon_rule(net.conv, instance.x, relevance)
    found = relevance_method().values(instance)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert (instance.passes.forward, instance.passes.backward) == (2, 1)


class Residual(Functional):
    """Each module runs once, but the sum of two branches is a function."""

    def __init__(self) -> None:
        super().__init__()
        self.side = nn.Conv2d(2, 3, 3)
        self.conv = nn.Conv2d(2, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.pool(F.relu(self.conv(x) + self.side(x)))
        return self.head(F.relu(self.hidden(z.flatten(1))))


class PooledByFunction(Functional):
    def forward(self, x: Tensor) -> Tensor:
        z = F.avg_pool2d(F.relu(self.conv(x)), 2)
        return self.head(F.relu(self.hidden(z.flatten(1))))


@pytest.mark.parametrize(("net", "named"), [(Residual, "add"), (PooledByFunction, "avg_pool2d")])
def test_what_would_be_attributed_wrongly_is_refused(net: type[nn.Module], named: str) -> None:
    with pytest.raises(UnsupportedOperationError, match=f"the network calls {named} as a function"):
        relevance_method().values(build(net()))


def test_an_unknown_module_is_refused_by_name() -> None:
    net = nn.Sequential()
    for name, module in (("conv", nn.Conv2d(2, 3, 3)), ("act", nn.SiLU()), ("flat", nn.Flatten())):
        net.add_module(name, module)
    net.add_module("head", nn.Linear(108, 3))
    with pytest.raises(UnsupportedOperationError, match=r"Captum's LRP cannot take .*SiLU"):
        relevance_method().values(build(net))


def test_relevance_that_explodes_is_refused() -> None:
    """Where a weighted sum and its bias nearly cancel, the inputs get what the sum is worth."""
    conv, head = nn.Conv2d(2, 1, 8), nn.Linear(1, 3)
    net = nn.Sequential()
    for name, module in (("conv", conv), ("relu", nn.ReLU()), ("flat", nn.Flatten())):
        net.add_module(name, module)
    net.add_module("head", head)
    x = torch.rand(1, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        conv.weight.fill_(1e5)
        conv.bias.copy_(1 - F.conv2d(x, conv.weight).flatten())
        head.weight.fill_(1)
        head.bias.fill_(1)
    with pytest.raises(UnsupportedOperationError, match="LRP explodes: relevance adds up to"):
        relevance_method().values(build(net))
