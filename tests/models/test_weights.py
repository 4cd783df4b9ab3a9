import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from specxai.errors import LoadError
from specxai.models.weights import load_weights


@pytest.fixture
def state():
    return {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}


def save(state, path):
    (save_file if path.suffix == ".safetensors" else torch.save)(state, path)
    return str(path)


@pytest.mark.parametrize("name", ["w.pt", "w.pth", "w.safetensors"])
def test_weights_are_loaded(tmp_path, state, name):
    module = nn.Linear(3, 2)
    load_weights(module, save(state, tmp_path / name))
    assert module.weight.eq(1).all()


def fails(path, message):
    with pytest.raises(LoadError, match=message) as caught:
        load_weights(nn.Linear(3, 2), str(path))
    assert "\n" not in str(caught.value)


def test_keys_and_shapes_must_fit(tmp_path, state):
    fails(save({"weight": state["weight"]}, tmp_path / "a.pt"), "lacks bias")
    fails(save({**state, "x": state["bias"]}, tmp_path / "b.pt"), "unexpected x")
    fails(save({**state, "bias": torch.zeros(5)}, tmp_path / "c.pt"), "wrong shape for bias")


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict"])
def test_what_training_scripts_put_around_weights_is_taken_off(tmp_path, state, key):
    parallel = {f"module.{name}": value for name, value in state.items()}
    for number, weights in enumerate((state, parallel)):
        module = nn.Linear(3, 2)
        load_weights(module, save({"epoch": 3, key: weights}, tmp_path / f"{number}.pt"))
        assert module.weight.eq(1).all()
    fails(save({key: {"module.bias": state["bias"]}}, tmp_path / "a.pt"), "lacks weight")


def test_a_file_that_is_not_a_state_dict_is_refused(tmp_path, state):
    fails(save({"epoch": 3, "net": state}, tmp_path / "a.pt"), "not a state dict")
    fails(save({"state_dict": state, "model_state_dict": state}, tmp_path / "e.pt"), "not a state")
    fails(save(nn.Linear(3, 2), tmp_path / "b.pt"), "tensors only")
    (tmp_path / "c.safetensors").write_bytes(b"nonsense")
    fails(tmp_path / "c.safetensors", "tensors only")
    (tmp_path / "d.bin").write_bytes(b"")
    fails(tmp_path / "d.bin", r"give a \.pt")


def test_a_missing_file_or_a_directory_is_refused(tmp_path):
    fails(tmp_path / "none.pt", "does not exist")
    fails(tmp_path, "is a directory")


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, "w")


@pytest.mark.parametrize("write", [torch.save, lambda x, f: f.write_bytes(pickle.dumps(x, 2))])
def test_a_pickle_is_not_executed(tmp_path, write):
    marker = tmp_path / "executed"
    write({"weight": Payload(str(marker))}, tmp_path / "w.pt")
    fails(tmp_path / "w.pt", "tensors only")
    assert not marker.exists()
