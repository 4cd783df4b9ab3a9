"""KernelSHAP against Shapley values by their definition."""

from itertools import combinations
from math import comb

import pytest
import torch
from torch import Tensor, nn

from specxai.compare import Instance
from specxai.compare.kernel_shap import kernel_shap_method
from specxai.compare.superpixels import segments


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        weight = torch.linspace(-1, 1, 3 * 24 * 24).reshape(1, 3, 24, 24)
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight * x).sum((1, 2, 3))[:, None].repeat(1, 2)


class Product(Linear):
    """Segments that matter together."""

    def forward(self, x: Tensor) -> Tensor:
        left, right = x[..., :12].mean((1, 2, 3)), x[..., 12:].mean((1, 2, 3))
        return (left * right + x.mean((1, 2, 3)) ** 2)[:, None]


def build(model: nn.Module) -> Instance:
    x = torch.zeros(1, 3, 24, 24)
    x[..., :12, :] = 1.0
    x[..., 12:, 12:] = 2.0
    return Instance(model, x, 0, torch.full_like(x, -0.25), "")


def output(instance: Instance, mask: Tensor, present: tuple[int, ...]) -> float:
    kept = torch.isin(mask, torch.tensor(present))
    return float(instance.model(torch.where(kept, instance.x, instance.baseline))[0, 0].detach())


def shapley(instance: Instance, mask: Tensor) -> list[float]:
    """Average what a segment adds over all orders in which segments may come."""
    numbers = mask.unique().tolist()
    n, values = len(numbers), []
    for number in numbers:
        others, value = [each for each in numbers if each != number], 0.0
        for size in range(n):
            for before in combinations(others, size):
                gain = output(instance, mask, (*before, number)) - output(instance, mask, before)
                value += gain / (n * comb(n - 1, size))
        values.append(value)
    return values


def sums(found: Tensor, mask: Tensor) -> list[float]:
    return [float(found[0, 0, mask == number].sum()) for number in mask.unique()]


def test_a_linear_network_is_exact() -> None:
    instance = build(Linear())
    mask = segments(instance.x)
    assert len(mask.unique()) >= 3
    found = kernel_shap_method(fast=True).values(instance)
    assert sums(found, mask) == pytest.approx(shapley(instance, mask), rel=1e-3, abs=1e-2)
    for number in mask.unique():
        assert len(found[0, 0, mask == number].unique()) == 1


def test_what_segments_do_together_is_shared() -> None:
    instance = build(Product())
    mask = segments(instance.x)
    found = sums(kernel_shap_method().values(instance), mask)
    expected = shapley(instance, mask)
    assert sum(found) == pytest.approx(sum(expected), rel=1e-3)
    assert found == pytest.approx(expected, abs=0.03 * sum(expected))


def test_a_picture_of_one_segment_has_all_of_the_change() -> None:
    instance = Instance(Linear().eval(), torch.ones(1, 3, 24, 24), 1, torch.zeros(1, 3, 24, 24), "")
    found = kernel_shap_method().values(instance)
    assert found.shape == (1, 1, 24, 24)
    assert float(found.sum()) == pytest.approx(instance.totals["y − y₀"], abs=1e-3)
