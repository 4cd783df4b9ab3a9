"""The bias ledger closes (9): on every awkward net, for one output and for all."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import zoo
from specxai import linearize


@pytest.mark.parametrize("name", zoo.names())
def test_closes_on_the_zoo(name: str) -> None:
    net = zoo.build(name)
    lin = linearize(net.model, net.x)
    everything = lin.ledger()
    scale = max(float(lin.output.abs().max()), float(everything.bias.abs().max()))
    assert everything.bias.shape == lin.output.shape
    assert float(everything.remainder.abs().max()) <= 1e-9 * scale
    position = (0,) * (lin.output.ndim - 1)
    one = lin.ledger(position)
    assert abs(float(one.remainder)) <= 1e-9 * scale
    assert [entry.address for entry in one.entries] == [e.address for e in everything.entries]
    for entry, whole in zip(one.entries, everything.entries, strict=True):
        assert torch.allclose(entry.contribution, whole.contribution[0][position], atol=1e-9)


class Nonlinear(nn.Module):
    """A module used twice, functional calls, GELU, LayerNorm and constants: FullGrad fails here."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        z = F.gelu(self.linear(x)) + 0.3
        z = self.norm(self.linear(z) + x)
        filled = torch.zeros_like(z)
        filled[:, 1:] = z[:, :-1].sigmoid()
        return F.silu(filled * z, inplace=True) - 1


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_closes_with_rules(rule: str) -> None:
    torch.manual_seed(0)
    model = Nonlinear().double().eval()
    x = torch.randn(1, 4, dtype=torch.float64)
    lin = linearize(model, x, rule)
    for target in (None, 2):
        ledger = lin.ledger(target)
        assert float(ledger.remainder.abs().max()) <= 1e-12
        sites = {str(entry.address) for entry in ledger.entries}
        assert {"linear@linear", "linear@linear#2", "add@model", "sub@model"} <= sites


def test_a_linear_chain_by_hand() -> None:
    first, second = nn.Linear(3, 2).double(), nn.Linear(2, 2).double()
    ledger = linearize(nn.Sequential(first, second).eval(), torch.ones(1, 3).double()).ledger()
    carried = first.bias @ second.weight.T
    assert [str(entry.address) for entry in ledger.entries] == ["linear@0", "linear@1"]
    assert torch.allclose(ledger.entries[0].contribution[0], carried)
    assert torch.allclose(ledger.entries[1].contribution[0], second.bias)
    assert ledger.largest(1)[0].size == max(entry.size for entry in ledger.entries)


def test_batch_norm_has_the_offset_of_its_statistics() -> None:
    norm = nn.BatchNorm1d(3).double().eval()
    torch.nn.init.normal_(norm.weight)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    expected = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
    (entry,) = linearize(norm, torch.ones(1, 3).double()).ledger().entries
    assert torch.allclose(entry.contribution[0], expected)


def test_grouped_by_module_the_sum_stays() -> None:
    net = zoo.build(zoo.names()[0])
    ledger = linearize(net.model, net.x).ledger()
    grouped = ledger.by_module(1)
    assert len(grouped.entries) <= len(ledger.entries)
    assert torch.allclose(grouped.remainder, ledger.remainder, atol=1e-12)


def test_a_network_without_offsets() -> None:
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.ReLU()).double().eval()
    ledger = linearize(model, torch.ones(1, 3).double()).ledger(0)
    assert ledger.entries == ()
    assert abs(float(ledger.bias)) <= 1e-15


class Between(nn.Module):
    """A function between two linear layers."""

    def __init__(self, function: object) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(4, 6).double(), nn.Linear(6, 3).double()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.function(self.first(x)))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("function", "site"),
    [
        (lambda z: z.relu().sqrt(), "sqrt@model"),  # infinite slope where the gate is closed
        (lambda z: z.relu() ** 0.5, "pow@model"),
        (lambda z: (torch.fft.fft(z) + 1j).abs(), "add@model"),
    ],
)
def test_infinite_slopes_and_complex_values(function: object, site: str) -> None:
    model = Between(function).eval()
    ledger = linearize(model, torch.ones(1, 4).double()).ledger(1)
    assert (model.first(torch.ones(1, 4).double()) < 0).any()
    assert site in {str(entry.address) for entry in ledger.entries}
    assert abs(float(ledger.remainder)) <= 1e-12


class Doubled(torch.autograd.Function):
    """Hidden from PyTorch's function hooks, and not linear."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return 2 * x + 1

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return 2 * gradient


def test_what_no_site_accounts_for_is_the_remainder() -> None:
    class Hidden(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return Doubled.apply(x)

    lin = linearize(Hidden().eval(), torch.ones(1, 3).double())
    assert lin.conventional[0].operation == "Doubled"
    assert torch.allclose(lin.ledger().remainder, torch.ones(1, 3).double())
