"""What Captum cannot do is said in a sentence, and nothing is left behind."""

import sys

import pytest
import torch
from torch import Tensor, nn

from specxai.compare import Instance, Method, all_methods, compare_methods, prepare
from specxai.errors import MissingExtraError


class WritesIntoItsInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)
        self.pool, self.head = nn.AdaptiveAvgPool2d(2), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x -= 0.1
        return self.head(self.pool(self.relu(self.conv(x))).flatten(1))


@pytest.fixture
def instance() -> Instance:
    torch.manual_seed(0)
    return prepare(WritesIntoItsInput().eval(), torch.rand(1, 3, 12, 12))[0]


def state(model: nn.Module) -> tuple[object, ...]:
    """Return all that a method might change on a model."""
    hooks = "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"
    return (
        [
            (sorted(vars(m)), m.training, *(len(getattr(m, h)) for h in hooks))
            for m in model.modules()
        ],
        [getattr(m, "inplace", None) for m in model.modules()],
        [(p.requires_grad, p.grad, p._version, p.data_ptr()) for p in model.parameters()],
    )


@pytest.mark.parametrize("missing", ["captum", "skimage", "sklearn"])
def test_a_missing_package_is_named_by_its_extra(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'specxai\[compare\]'"):
        all_methods(["4"])


def test_a_network_is_explained_by_those_that_can_and_is_as_it_was(instance: Instance) -> None:
    before, x, seed = state(instance.model), instance.x.clone(), torch.get_rng_state()
    result = compare_methods(instance, all_methods(["relu", "pool"], fast=True))
    assert state(instance.model) == before
    assert instance.x.equal(x)
    assert not instance.baseline.any()
    assert not instance.x.requires_grad
    assert torch.get_rng_state().equal(seed)
    refusals = {each.method: each.refusal for each in result.attributions if each.refusal}
    assert {"gradient", "gradient × input", "LRP"} <= set(refusals)
    assert "Captum's Saliency cannot take this network: " in refusals["gradient"]
    assert "calls sub as a function" in refusals["LRP"]
    assert not {"LIME", "specxai top 3 at relu", "specxai top 3 at pool"} & set(refusals)


def test_values_that_are_no_numbers_are_no_map(instance: Instance) -> None:
    broken = Method("broken", lambda instance: instance.x * float("nan"), "", "NaN")
    (found,) = compare_methods(instance, [broken]).attributions
    assert found.map is None
    assert found.refusal == "broken gives values that are no numbers"
