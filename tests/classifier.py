"""A small image classifier, an input and an instance of it, as fixtures."""

import pytest
import torch
from torch import nn

from specxai.compare import prepare


def build_plain() -> nn.Module:
    """Convolutions, pooling and linear layers, each called once."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(24, 12),
        nn.ReLU(),
        nn.Linear(12, 5),
    ).eval()


@pytest.fixture
def model():
    return build_plain()


@pytest.fixture
def x():
    return torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def instance(model, x):
    found, places = prepare(model, x)
    assert list(places) == ["4", "8"]
    return found
