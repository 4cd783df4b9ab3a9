import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import specxai
import zoo
from specxai.errors import LoadError, NetworkNeededError, SpecxaiError


@pytest.fixture(scope="module")
def explanation():
    net = zoo.build("image to image")
    return specxai.explain(net.model, net.x, net.layer, net.target)


def header(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["specxai"])


def test_the_numbers_are_the_results(explanation, tmp_path):
    path = tmp_path / "a.safetensors"
    explanation.save(path, ())
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
    explanation.save(str(path), ())
    found = header(path)
    assert found["versions"]["torch"] == torch.__version__
    assert found["versions"]["specxai"] == specxai.__version__
    del found["versions"]
    hashes = {name: found.pop(name) for name in ("fingerprint", "input_hash", "checksum")}
    assert all(len(value) == 64 for value in hashes.values())
    assert found == {
        "schema": 3, "model": "Sequential", "layer": "1", "target": [1, 2, 3], "target_name": None,
        "probability": None,
        "method": "exact", "note": "", "baseline_name": None, "exactness": "canonical",
        "precision": "float64",
        "conventional": [], "ties": [], "cut": True, "unit_count": 18,
        "active_count": len(explanation.svd.active), "vectors_dtype": "none",
        "pointwise_linear": None,
        "features": {"names": [], "units": [], "positions": [], "groups": {}, "dim": None},
    }  # fmt: skip


def test_what_a_figure_and_an_equation_need_is_kept_by_default(tmp_path, caplog):
    torch.manual_seed(0)
    layers = torch.nn.Linear(40, 30), torch.nn.ReLU(), torch.nn.Linear(30, 2)
    ex = specxai.explain(torch.nn.Sequential(*layers).eval(), torch.randn(1, 40), "1")
    assert 5 <= len(ex.leading()) <= 8
    with caplog.at_level("INFO", "specxai"):
        ex.save(tmp_path / "a")
    kept = load_file(tmp_path / "a")["vector_indices"].tolist()
    assert {*kept} == {*ex.top(len(ex.leading())).tolist(), *range(3)}
    size = (tmp_path / "a").stat().st_size
    assert abs(ex.file_size() - size) <= 1000
    assert f"{size:,} bytes, with the vectors of {len(kept)} components" in caplog.text
    ex.save(tmp_path / "b", dtype="none")
    assert "vector_indices" not in load_file(tmp_path / "b")


def test_the_same_result_gives_the_same_bytes(explanation, tmp_path):
    paths = tmp_path / "a", tmp_path / "b"
    for path in paths:
        explanation.save(path, [0, 1], left=True)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("dtype", ["native", "float32", "float16", "none"])
def test_the_size_is_known_beforehand(explanation, tmp_path, dtype, left):
    few, many = [0], list(range(explanation.rank))
    sizes = []
    for vectors in (few, many):
        explanation.save(tmp_path / "a", vectors, left, dtype)
        sizes.append((tmp_path / "a").stat().st_size)
        assert abs(explanation.file_size(vectors, left, dtype) - sizes[-1]) <= 500
    each = {"native": 8, "float32": 4, "float16": 2, "none": 0}[dtype]
    values = explanation.x.numel() + (explanation.unit_count if left else 0)
    index = 8 if each else 0
    grown = (len(many) - 1) * (each * values + index)
    assert grown <= sizes[1] - sizes[0] <= grown + 32  # wider offsets, and padding


def test_vectors_twice_are_kept_once(explanation, tmp_path):
    explanation.save(tmp_path / "a", [1, 0, 1])
    assert load_file(tmp_path / "a")["vector_indices"].tolist() == [1, 0]


def test_an_unknown_dtype(explanation, tmp_path, unchecked_annotations):
    with pytest.raises(SpecxaiError, match="dtype='int8' is unknown: choose from 'native'"):
        explanation.save(tmp_path / "a", [0], dtype="int8")


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


def test_what_needs_the_network_is_said_of_a_stored_result(explanation, tmp_path):
    explanation.save(tmp_path / "a.safetensors")
    stored = specxai.load(tmp_path / "a.safetensors")
    for name in ("trust", "total_map", "surgery", "causal_curve"):
        with pytest.raises(NetworkNeededError, match=f"no {name}, which needs the network"):
            getattr(stored, name)
        assert not hasattr(stored, name)
    with pytest.raises(AttributeError, match="has no attribute 'tursts'"):
        stored.tursts  # noqa: B018
    with pytest.raises(LoadError, match="is a folder"):
        specxai.load(tmp_path)
