"""LRP by Zennit against its three rules written out, and what it would attribute wrongly."""

import sys

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from specxai.compare import Instance, compare_methods, prepare
from specxai.compare.zennit_relevance import zennit_method
from specxai.errors import UnsupportedOperationError


class Small(nn.Module):
    """Two convolutions, the second with a batch norm, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(2, 3, 3), nn.ReLU(inplace=True)
        self.deep, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps=0.1)
        self.pool, self.hidden, self.head = nn.MaxPool2d(2), nn.Linear(16, 6), nn.Linear(6, 3)
        for each in (self.norm.weight, self.norm.running_var):
            nn.init.uniform_(each, 0.5, 1.5)
        for each in (self.norm.bias, self.norm.running_mean):
            nn.init.normal_(each)

    def forward(self, x: Tensor) -> Tensor:
        z = self.relu(self.conv(x))
        z = self.pool(self.relu(self.norm(self.deep(z))))
        return self.head(self.relu(self.hidden(torch.flatten(z, 1))))


class Residual(Small):
    def __init__(self) -> None:
        super().__init__()
        self.side = nn.Conv2d(2, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.relu(self.conv(x) + self.side(x))
        z = self.pool(self.relu(self.norm(self.deep(z))))
        return self.head(self.relu(self.hidden(torch.flatten(z, 1))))


class NormFirst(Small):
    """The batch norm runs before the convolution that is listed before it."""

    def forward(self, x: Tensor) -> Tensor:
        z = self.relu(self.deep(self.norm(F.pad(self.conv(x), (0, 0, 0, 0, 0, 1)))[:, :3]))
        return self.head(self.relu(self.hidden(torch.flatten(self.pool(z), 1))))


class Normed(Small):
    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.Sequential(nn.MaxPool2d(2), nn.LayerNorm(2))


class Reused(Small):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(16, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.pool(self.relu(self.norm(self.deep(self.relu(self.conv(x))))))
        z = self.relu(self.hidden(torch.flatten(z, 1)))
        return self.head(self.relu(self.hidden(z)))


def build(net: type[nn.Module]) -> Instance:
    torch.manual_seed(2)
    x = torch.rand(1, 2, 8, 8, dtype=torch.float64)
    return prepare(net().double().eval(), x, target=1, layers=["conv"])[0]


def shared(output: Tensor, z: Tensor, relevance: Tensor) -> Tensor:
    """Share relevance out by what each input adds to an output that was computed of z."""
    stable = output.detach() + 1e-6 * torch.where(output >= 0, 1, -1)
    return torch.autograd.grad(output, z, relevance / stable)[0] * z.detach()


def epsilon(layer: nn.Linear, z: Tensor, relevance: Tensor) -> Tensor:
    z = z.detach().requires_grad_()
    return shared(layer(z), z, relevance)


def positive(weight: Tensor, bias: Tensor, z: Tensor, relevance: Tensor) -> Tensor:
    """z⁺ of a convolution whose inputs are not negative: only what adds is counted."""
    z = z.detach().requires_grad_()
    return shared(F.conv2d(z, weight.clamp(min=0), bias.clamp(min=0)), z, relevance)


def flat(like: nn.Conv2d, x: Tensor, relevance: Tensor) -> Tensor:
    """Share relevance out evenly to all that a position sees."""
    ones = torch.ones_like(x).requires_grad_()
    return shared(F.conv2d(ones, torch.ones_like(like.weight)), ones, relevance)


def test_three_rules_by_hand() -> None:
    pytest.importorskip("zennit")
    instance = build(Small)
    net = instance.model
    with torch.no_grad():
        scale = net.norm.weight / (net.norm.running_var + net.norm.eps).sqrt()
        weight = net.deep.weight * scale[:, None, None, None]
        bias = (net.deep.bias - net.norm.running_mean) * scale + net.norm.bias
        first = net.conv(instance.x).relu()
        second = F.conv2d(first, weight, bias).relu()
        hidden = net.hidden(net.pool(second).flatten(1)).relu()
        output = net.head(hidden)
        torch.testing.assert_close(output, net(instance.x))
    relevance = torch.eye(3).double()[1:2] * output
    relevance = epsilon(net.head, hidden, relevance)
    relevance = epsilon(net.hidden, net.pool(second).flatten(1), relevance)
    second.requires_grad_()
    pooled = net.pool(second)
    relevance = torch.autograd.grad(pooled, second, relevance.reshape(pooled.shape))[0]
    relevance = positive(weight, bias, first, relevance)
    expected = flat(net.conv, instance.x, relevance)
    found = zennit_method().values(instance)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
    assert (instance.passes.forward, instance.passes.backward) == (1, 1)


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (Residual, "the network calls add as a function"),
        (NormFirst, "that changes the output"),
        (Normed, "no rule for pool.1, a LayerNorm"),
        (Reused, "hidden runs several times"),
    ],
)
def test_what_would_be_attributed_wrongly_is_refused(net: type[nn.Module], words: str) -> None:
    pytest.importorskip("zennit")
    with pytest.raises(UnsupportedOperationError, match=f"Zennit's LRP .*{words}"):
        zennit_method().values(build(net))


@pytest.mark.slow
def test_residual_blocks_of_torchvision_keep_relevance() -> None:
    pytest.importorskip("zennit")
    from torchvision.models import resnet18

    torch.manual_seed(0)
    model = resnet18(num_classes=5).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    nn.init.zeros_(model.fc.bias)
    instance, _ = prepare(model, torch.rand(1, 3, 64, 64))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = zennit_method().values(instance)
    # No layer has a bias, and what a rule takes in it gives out.
    assert float(found.sum()) == pytest.approx(instance.totals["y"], rel=1e-3)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    assert not any(vars(module).get("forward") for module in model.modules())


def test_without_zennit_the_method_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zennit", None)
    for name in [name for name in sys.modules if name.startswith("zennit.")]:
        monkeypatch.setitem(sys.modules, name, None)
    (refused,) = compare_methods(build(Small), [zennit_method()]).attributions
    assert refused.map is None
    assert "pip install 'specxai[zennit]'" in refused.refusal
