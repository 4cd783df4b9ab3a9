import sys
from urllib.error import URLError

import pytest
import torch
from PIL import Image
from torchvision.models import _api, squeezenet1_1

from specxai.errors import LoadError, MissingExtraError
from specxai.models import load_model

SPEC = "torchvision:squeezenet1_1"


def test_random_weights_are_always_the_same_and_leave_the_random_state():
    before = torch.get_rng_state()
    first, second = (load_model(SPEC, "none").module.state_dict() for _ in range(2))
    assert all(first[name].equal(second[name]) for name in first)
    assert torch.get_rng_state().equal(before)


def test_the_metadata_needs_no_download():
    model = load_model(SPEC, "none")
    assert not model.module.training
    assert model.input_shape == (3, 224, 224)
    assert model.class_index("Tabby") == 281
    x = model.preprocess(Image.new("RGB", (300, 400)))
    assert x.shape == (1, 3, 224, 224)
    assert model.module(x).shape == (1, 1000)


def test_weights_come_from_a_file(tmp_path):
    state = squeezenet1_1().state_dict()
    torch.save(state, tmp_path / "w.pt")
    loaded = load_model(SPEC, str(tmp_path / "w.pt")).module.state_dict()
    assert all(loaded[name].equal(state[name]) for name in state)


def test_googlenet_is_built_in_silence(recwarn):
    load_model("torchvision:googlenet", "none")
    assert not recwarn.list


def test_default_weights_are_fetched_as_data_only(monkeypatch):
    def fetch(*_, **__):
        import os

        assert os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "1"
        return squeezenet1_1().state_dict()

    monkeypatch.setattr(_api, "load_state_dict_from_url", fetch)
    assert not load_model(SPEC).module.training


def test_a_failed_download_is_one_line_with_the_ways_out(monkeypatch):
    def fail(*_, **__):
        raise URLError("no route\nto host")

    monkeypatch.setattr(_api, "load_state_dict_from_url", fail)
    with pytest.raises(LoadError, match="could not be fetched") as caught:
        load_model(SPEC)
    message = str(caught.value)
    assert "\n" not in message
    assert all(way in message for way in ("none", "FILE", "demo:efficientnet-lite0"))


def test_an_unknown_name_shows_the_closest():
    with pytest.raises(LoadError, match="alexnet") as caught:
        load_model("torchvision:alexnett")
    assert "\n" not in str(caught.value)


def test_torchvision_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[vision\]"):
        load_model(SPEC)
