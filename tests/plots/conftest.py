"""Small explanations of each kind of input, made once."""

import pytest
import torch
from torch import nn

import specxai
from specxai import Explanation
from specxai.affine import NamedBaseline


def explain(
    model: nn.Module, *shape: int, layer: str | None, baseline: NamedBaseline | None = None
) -> Explanation:
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(1))
    return specxai.explain(model.eval(), x, layer=layer, baseline=baseline)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def image_explanation() -> Explanation:
    body = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()
    return explain(nn.Sequential(*body, nn.Linear(16, 5)), 3, 12, 16, layer="2")


@pytest.fixture
def vector_explanation() -> Explanation:
    model = nn.Sequential(nn.Linear(7, 9), nn.ReLU(), nn.Linear(9, 4))
    return explain(model, 7, layer="1")


@pytest.fixture
def sequence_explanation() -> Explanation:
    body = nn.Conv1d(2, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(3), nn.Flatten()
    return explain(nn.Sequential(*body, nn.Linear(12, 3)), 2, 30, layer="2")


@pytest.fixture
def all_outputs() -> Explanation:
    return explain(nn.Sequential(nn.Linear(8, 3), nn.ReLU(), nn.Linear(3, 8)), 8, layer=None)


@pytest.fixture
def from_baseline() -> Explanation:
    """Of a vector."""
    model = nn.Sequential(nn.Linear(7, 9), nn.ReLU(), nn.Linear(9, 4))
    return explain(model, 7, layer="1", baseline="zero")


@pytest.fixture
def image_from_baseline() -> Explanation:
    """Of a picture, named; the layer has a grid."""
    body = nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()
    model = nn.Sequential(*body, nn.Linear(16, 5))
    return explain(model, 3, 12, 16, layer="1", baseline="zero").named("net", "tabby")


@pytest.fixture
def sequence_from_baseline() -> Explanation:
    body = nn.Conv1d(2, 4, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool1d(3), nn.Flatten()
    return explain(nn.Sequential(*body, nn.Linear(12, 3)), 2, 30, layer="1", baseline="zero")
