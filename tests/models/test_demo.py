import sys

import pytest
import torch

from specxai.errors import LoadError, MissingExtraError
from specxai.models import load_input, load_model

SPEC = "demo:efficientnet-lite0"


@pytest.mark.parametrize(("variant", "side"), [(0, 224), (1, 240), (2, 260)])
@torch.no_grad()
def test_each_demo_network_sees_a_cat(variant, side):
    model = load_model(f"demo:efficientnet-lite{variant}")
    assert model.input_shape == (3, side, side)
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


def test_the_names_of_demo_models_are_told():
    with pytest.raises(LoadError, match=r"lite0, .*lite1, .*lite2"):
        load_model("demo:resnet18")


def test_the_demo_packages_are_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[demo\]"):
        load_model(SPEC)
