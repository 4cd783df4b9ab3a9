import sys

import pytest
import torch

from specxai.errors import LoadError, MissingExtraError
from specxai.models import load_input, load_model

SPEC = "demo:efficientnet-lite0"


@torch.no_grad()
def test_the_demo_network_sees_a_cat():
    model = load_model(SPEC)
    given = load_input("demo:chelsea", model)
    assert given.tensor.shape == (1, *model.input_shape)
    assert given.tensor.dtype == torch.float32
    assert given.tensor.min() >= -127 / 128
    top = model.module(given.tensor).argmax().item()
    assert model.classes[top] in {"Egyptian cat", "tiger cat", "tabby"}
    assert not model.module.training


def test_random_weights_are_always_the_same():
    first, second = (load_model(SPEC, "none").module.state_dict() for _ in range(2))
    assert all(first[name].equal(second[name]) for name in first)


def test_there_is_one_demo_model():
    with pytest.raises(LoadError, match=SPEC):
        load_model("demo:resnet18")


def test_the_demo_packages_are_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[demo\]"):
        load_model(SPEC)
