"""Concepts against factors that are known."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from specxai.compare import Instance, prepare
from specxai.compare.concepts import concept_methods, find_concepts
from specxai.errors import UnsupportedOperationError

ALL, FIRST = concept_methods()


def build(last: nn.Module, x: torch.Tensor | None = None) -> Instance:
    torch.manual_seed(4)
    head = nn.Flatten(), nn.Linear(7 * 36, 3)
    model = nn.Sequential(nn.Conv2d(2, 7, 3), last, *head).double().eval()
    return prepare(model, torch.randn(1, 2, 8, 8).double() if x is None else x, layers=["0"])[0]


def known(model: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the presence and the importance of two concepts that share no channel and no place."""
    left = torch.zeros(6, 6).double()
    left[:, :3] = torch.arange(1, 19).reshape(6, 3) / 171
    right = left.flip(1)
    weight = model[3].weight.detach()[1].reshape(7, 6, 6)
    first = (weight[:3].sum(0) * left * 171).sum()
    second = 0.5 * (weight[3:].sum(0) * right * 171).sum()
    return torch.stack([left, right]), torch.stack([first, second])


class Given(nn.Module):
    """Two concepts: three channels on the left, four on the right at half their strength."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        left = torch.zeros(6, 6).double()
        left[:, :3] = torch.arange(1, 19).reshape(6, 3).double()
        maps = torch.cat([left.expand(3, 6, 6), 0.5 * left.flip(1).expand(4, 6, 6)])
        return maps + 0 * z


def test_two_known_concepts_are_found() -> None:
    instance = build(Given())
    instance = Instance(instance.model, instance.x, 1, instance.baseline, "1")
    presence, importance = known(instance.model)
    found = find_concepts(instance, 2)
    order = found.presence[:, 0, 0].argsort(descending=True)
    torch.testing.assert_close(found.presence[order], presence, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.importance[order], importance, rtol=1e-4, atol=1e-5)


def test_importance_adds_up_to_gradient_times_activation(instance: Instance) -> None:
    """Few places: the factors give the activations back."""
    z = instance.model[:6](instance.x).detach().requires_grad_()
    (slope,) = torch.autograd.grad(instance.model[6:](z)[0, instance.target], z)
    found = find_concepts(instance)
    assert found.presence.shape == (4, 2, 2)
    torch.testing.assert_close(found.presence.sum((1, 2)), torch.ones(4).double())
    assert float(found.importance.sum()) == pytest.approx(
        float((slope * z.detach()).sum()), rel=1e-2
    )
    maps = found.importance[:, None, None] * found.presence
    for method, each in (ALL, maps.sum(0)), (FIRST, maps[found.importance.argmax()]):
        coarse = each[None, None].clamp(min=0).float()
        expected = F.interpolate(coarse, (16, 16), mode="bilinear")
        torch.testing.assert_close(method.values(instance), expected)


def test_a_network_that_writes_into_activations_is_read_before(instance: Instance) -> None:
    instance = build(nn.ReLU(inplace=True))
    first, second = ALL.values(instance), ALL.values(instance)
    assert first.any()
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not any(module._forward_hooks for module in instance.model.modules())


def test_negative_activations_are_refused_with_the_number() -> None:
    with pytest.raises(UnsupportedOperationError, match=r"those of 1 go down to -0\.2"):
        ALL.values(build(nn.SiLU()))


def test_zeros_are_refused() -> None:
    instance = build(nn.ReLU())
    with torch.no_grad():
        instance.model[0].bias.fill_(-100)
    with pytest.raises(UnsupportedOperationError, match="1 gives zeros only"):
        FIRST.values(instance)
