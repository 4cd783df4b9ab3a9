"""DeepLIFT against the rescale rule written out, and what Captum would attribute wrongly."""

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import vjp
from torch.nn import functional as F

from specxai.compare import Instance, prepare
from specxai.compare.deep_lift import deep_lift_method
from specxai.errors import UnsupportedOperationError


class Small(nn.Module):
    """Every activation is a module of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.first = nn.Conv2d(2, 3, 3), nn.ReLU(inplace=True)
        self.pool, self.hidden = nn.AvgPool2d(2), nn.Linear(27, 6)
        self.second, self.head = nn.ReLU(inplace=True), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.pool(self.first(self.conv(x)))
        return self.head(self.second(self.hidden(z.flatten(1))))


class ReluByFunction(Small):
    def forward(self, x: Tensor) -> Tensor:
        z = self.pool(F.relu(self.conv(x)))
        return self.head(F.relu(self.hidden(z.flatten(1))))


class Reused(Small):
    def forward(self, x: Tensor) -> Tensor:
        z = self.pool(self.first(self.conv(x)))
        return self.head(self.first(self.hidden(z.flatten(1))))


class Smooth(Small):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.SiLU(), nn.SiLU()


class PoolsOverlap(Small):
    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(4, stride=1)


def build(net: type[nn.Module]) -> Instance:
    torch.manual_seed(2)
    x, start = 2 * torch.randn(2, 1, 2, 8, 8, dtype=torch.float64)
    return prepare(net().double().eval(), x, 1, start, layers=["conv"])[0]


def rescaled(z: Tensor, start: Tensor) -> Tensor:
    """Return the slope of ReLU between two of its values (Shrikumar et al. 2017, equation 13)."""
    return (z.clamp(min=0) - start.clamp(min=0)) / (z - start)


def test_the_rescale_rule_by_hand() -> None:
    instance = build(Small)
    net, ends = instance.model, (instance.x, instance.baseline)
    with torch.no_grad():
        convolved = [net.conv(each) for each in ends]
        pooled = [net.pool(each.clamp(min=0)) for each in convolved]
        hidden = [net.hidden(each.flatten(1)) for each in pooled]
        outputs = [net.head(each.clamp(min=0)) for each in hidden]
    # Multipliers, from the output down; linear layers pass them on by their transposes.
    weight = net.head.weight.detach()[1] * rescaled(*hidden)
    weight = (weight @ net.hidden.weight.detach()).reshape(pooled[0].shape)
    weight = vjp(net.pool, convolved[0], weight)[1] * rescaled(*convolved)
    weight = vjp(net.conv, instance.x, weight)[1]
    expected = weight * (instance.x - instance.baseline)
    change = float((outputs[0] - outputs[1])[0, 1])
    assert float(expected.sum()) == pytest.approx(change)
    torch.testing.assert_close(deep_lift_method().values(instance), expected)
    assert (instance.passes.forward, instance.passes.backward) == (2, 2)  # the two ends
    assert net.first.inplace


@pytest.mark.parametrize("net", [ReluByFunction, Smooth])
def test_what_would_be_attributed_wrongly_is_refused_with_the_number(net: type[nn.Module]) -> None:
    instance = build(net)
    change = f"where y − y₀ is {instance.totals['y − y₀']:.4g}"
    with pytest.raises(UnsupportedOperationError, match="Captum's DeepLIFT adds up to") as refused:
        deep_lift_method().values(instance)
    assert change in str(refused.value)


def test_pools_that_overlap_do_not_add_up() -> None:
    instance = build(PoolsOverlap)
    instance.model.hidden = nn.Linear(27, 6).double()
    with pytest.raises(UnsupportedOperationError, match="or pools that overlap"):
        deep_lift_method().values(instance)


def test_a_module_that_runs_twice_is_refused() -> None:
    with pytest.raises(UnsupportedOperationError, match=r"Captum's DeepLift cannot take .* ReLU"):
        deep_lift_method().values(build(Reused))
