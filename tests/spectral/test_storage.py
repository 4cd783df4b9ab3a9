import json
import os

import pytest
import torch
import zoo
from safetensors import safe_open
from safetensors.torch import load_file

import specxai
from specxai.errors import SpecxaiError


@pytest.fixture(scope="module")
def explanation():
    net = zoo.build("image to image")
    return specxai.explain(net.model, net.x, net.layer, net.target)


def header(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["specxai"])


def test_the_numbers_are_the_results(explanation, tmp_path):
    path = tmp_path / "a.safetensors"
    explanation.save(path)
    stored = load_file(path)
    for name in (
        "output linear bias bypass residual singular_values psi coefficients contributions "
        "clusters x"
    ).split():
        assert stored[name].equal(getattr(explanation, name))
        assert stored[name].dtype == getattr(explanation, name).dtype
    assert "right_vectors" not in stored


def test_the_header(explanation, tmp_path):
    path = tmp_path / "a.safetensors"
    explanation.save(str(path))
    found = header(path)
    assert found["versions"]["torch"] == torch.__version__
    assert found["versions"]["specxai"] == specxai.__version__
    del found["versions"]
    assert found == {
        "schema": 1, "model": "Sequential", "layer": "1", "target": [1, 2, 3], "method": "exact",
        "note": "",
        "exactness": "canonical",
        "precision": "float64", "conventions": {}, "cut": True, "rank": explanation.rank,
        "units": 18,
        "active_units": len(explanation.svd.active), "dtype": "float64",
    }  # fmt: skip


@pytest.mark.parametrize("form", [list, tuple, torch.tensor])
def test_chosen_vectors_are_stored(explanation, tmp_path, form):
    path = tmp_path / "a.safetensors"
    explanation.save(path, vectors=form([2, 0]))
    stored = load_file(path)
    assert stored["vector_indices"].tolist() == [2, 0]
    torch.testing.assert_close(stored["right_vectors"], explanation.right_vectors([2, 0]))


def test_a_vector_that_does_not_exist_writes_nothing(explanation, tmp_path):
    with pytest.raises(SpecxaiError, match="component 99 does not exist"):
        explanation.save(tmp_path / "a.safetensors", vectors=[99])
    assert list(tmp_path.iterdir()) == []


def test_all_outputs_are_stored(tmp_path):
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x)
    ex.save(tmp_path / "a.safetensors")
    assert load_file(tmp_path / "a.safetensors")["output"].equal(ex.output)
    assert header(tmp_path / "a.safetensors")["target"] is None


def test_an_existing_file_is_replaced(explanation, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")
    explanation.save(path)
    assert load_file(path)["psi"].equal(explanation.psi)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("function", ["os.replace", "os.fsync"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    explanation, tmp_path, monkeypatch, function
):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(function, fail)
    with pytest.raises(SpecxaiError, match="No space left on device") as caught:
        explanation.save(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist(explanation, tmp_path):
    with pytest.raises(SpecxaiError, match="cannot write"):
        explanation.save(tmp_path / "missing" / "a.safetensors")


def test_a_folder_in_the_files_place(explanation, tmp_path):
    with pytest.raises(SpecxaiError, match="cannot write"):
        explanation.save(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(explanation, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SpecxaiError, match="cannot write"):
        explanation.save(tmp_path / "a.safetensors")


def test_the_file_has_the_permissions_of_any_new_file(explanation, tmp_path):
    explanation.save(tmp_path / "a.safetensors")
    (tmp_path / "b").write_bytes(b"")
    modes = [(tmp_path / name).stat().st_mode for name in ("a.safetensors", "b")]
    assert modes[0] == modes[1]
