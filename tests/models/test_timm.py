import sys

import pytest
import timm
import torch
from PIL import Image

from specxai.errors import LoadError, MissingExtraError
from specxai.models import load_model

SPEC = "timm:test_vit"


def test_random_weights_are_always_the_same_and_leave_the_random_state():
    before = torch.get_rng_state()
    first, second = (load_model(SPEC, "none").module.state_dict() for _ in range(2))
    assert all(first[name].equal(second[name]) for name in first)
    assert torch.get_rng_state().equal(before)


def test_the_preprocessing_is_that_of_timm():
    model = load_model(SPEC, "none")
    x = model.preprocess(Image.new("RGB", (300, 400)))
    assert x.shape == (1, *model.input_shape)
    assert model.module(x).shape == (1, 1000)
    assert not model.module.training
    assert model.classes[281].startswith("tabby")


def test_weights_come_from_a_file(tmp_path):
    state = timm.create_model("test_vit").state_dict()
    torch.save(state, tmp_path / "w.pt")
    loaded = load_model(SPEC, str(tmp_path / "w.pt")).module.state_dict()
    assert all(loaded[name].equal(state[name]) for name in state)


def test_a_part_of_a_name_finds_the_whole():
    with pytest.raises(LoadError, match="closest are seresnext26ts"):
        load_model("timm:seresnext26ts_x")


@pytest.mark.parametrize("name", ["resnet181", "hf-hub:someone/resnet18", "local-dir:resnet18"])
def test_an_unknown_name_is_an_error(name):
    with pytest.raises(LoadError, match="closest are") as caught:
        load_model(f"timm:{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weights", ["default", "none"])
def test_an_unknown_tag_is_an_error(weights):
    with pytest.raises(LoadError, match=r"resnet18\.nope") as caught:
        load_model("timm:resnet18.nope", weights)
    assert "\n" not in str(caught.value)


def test_a_failed_download_is_one_line(monkeypatch):
    def fail(*_, **__):
        raise OSError("offline\nindeed")

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(LoadError, match="could not be fetched") as caught:
        load_model(SPEC)
    assert "\n" not in str(caught.value)


def test_timm_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[timm\]"):
        load_model(SPEC)
