"""The whole map from the baseline against secants written out."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from specxai.compare import Instance, all_methods, choose_methods, compare_methods, prepare
from specxai.compare.components import components_method
from specxai.errors import UnsupportedOperationError

TOTAL, AVERAGED, CONTRAST = (
    f"specxai from the baseline, {each}" for each in ("total", "averaged", "contrast")
)


@pytest.fixture
def instance() -> Instance:
    torch.manual_seed(0)
    body = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten()
    model = nn.Sequential(*body, nn.Linear(64, 10), nn.ReLU(), nn.Linear(10, 3)).double().eval()
    x, start = torch.randn(2, 1, 2, 8, 8).double()
    return prepare(model, x, baseline=start)[0]


def values(instance: Instance, name: str) -> Tensor:
    return choose_methods(all_methods(["5"], fast=True), [name])[0].values(instance)


def secant_map(instance: Instance, weights: Tensor) -> Tensor:
    """Return u ⊙ (x − x₀), each ReLU with the slope between its two values, by dense matrices."""
    net, ends = instance.model, (instance.x, instance.baseline)
    u = torch.eye(instance.x.numel()).double()
    for module in net:
        if isinstance(module, nn.ReLU):
            slope = (ends[0].relu() - ends[1].relu()) / (ends[0] - ends[1])
            u = slope.detach().reshape(-1, 1) * u
        else:
            jacobian = torch.autograd.functional.jacobian(module, ends[0])
            u = jacobian.reshape(-1, ends[0].numel()) @ u
        ends = tuple(module(each).detach() for each in ends)
    return (weights @ u).reshape(instance.x.shape) * (instance.x - instance.baseline)


def test_the_total_is_that_of_secants_and_one_product(instance: Instance) -> None:
    picked = torch.eye(3).double()[instance.target]
    found = values(instance, TOTAL)
    torch.testing.assert_close(found, secant_map(instance, picked))
    assert float(found.sum()) == pytest.approx(instance.totals["y − y₀"])
    assert instance.passes.backward == 1


def test_the_contrast_adds_up_to_the_change_of_the_difference(instance: Instance) -> None:
    y, start = (instance.model(each).detach()[0] for each in (instance.x, instance.baseline))
    first, second = y.topk(2).indices.tolist()
    weights = torch.eye(3).double()[first] - torch.eye(3).double()[second]
    found = values(instance, CONTRAST)
    torch.testing.assert_close(found, secant_map(instance, weights))
    expected = float(weights @ (y - start))
    assert float(found.sum()) == pytest.approx(expected)
    assert instance.totals["Δ − Δ₀"] == pytest.approx(expected)


def test_the_contrast_stays_where_the_input_changes(instance: Instance) -> None:
    other = replace(instance, x=-instance.x)
    assert other.contrast == instance.contrast
    assert replace(instance, contrast=None).digest != instance.digest


def test_one_output_has_no_contrast() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 1)).eval()
    instance, layers = prepare(model, torch.ones(1, 1, 4, 4))
    with pytest.raises(UnsupportedOperationError, match="needs a second output"):
        values(instance, CONTRAST)
    methods = choose_methods(all_methods(layers, fast=True), [CONTRAST])
    (refused,) = compare_methods(instance, methods).attributions
    assert refused.map is None
    assert refused.expected != refused.expected  # promised to nobody


def test_the_average_is_exact_at_x_repeats_and_is_another_map(instance: Instance) -> None:
    first, second = values(instance, AVERAGED), values(instance, AVERAGED)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert float(first.sum()) == pytest.approx(instance.totals["y − y₀"])
    assert not torch.allclose(first, values(instance, TOTAL), rtol=1e-3)
    assert not torch.allclose(first, values(replace(instance, seed=1), AVERAGED), rtol=1e-3)
    assert instance.passes.backward == 3 * 4 + 1


@pytest.mark.parametrize("copies", [1, 3])
def test_all_components_add_up_as_the_total_does(instance: Instance, copies: int) -> None:
    method = components_method("5", 1000, "singular_value", from_baseline=True, average=copies)
    assert ("averaged" in method.name) == (copies > 1)
    found = method.values(instance)
    assert float(found.sum()) == pytest.approx(instance.totals["y − y₀"], rel=1e-6)
    if copies == 1:
        torch.testing.assert_close(found, values(instance, TOTAL))
