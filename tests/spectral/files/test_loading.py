"""Results read back: all that was kept, and only SpecxaiError from what is no result."""

import json
import struct
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import specxai
import zoo
from specxai import SpecxaiError, StoredExplanation
from specxai.errors import InvalidInputError, LoadError, OutsideRegionWarning
from specxai.spectral.files.saving import checksum
from specxai.spectral.files.schema import HEADER, SCHEMA, SPECTRA, TERMS
from specxai.spectral.records.features import NAMELESS
from specxai.spectral.records.parts import About
from specxai.typed_json import encode

NAMES = [*(field.name for field in fields(About)), *TERMS, *SPECTRA, "x"]


def same(a, b):
    return a.equal(b) if isinstance(a, torch.Tensor) else a == b


@pytest.fixture(scope="module")
def explanation():
    net = zoo.build("image to image")
    return specxai.explain(net.model, net.x, net.layer, net.target)


@pytest.fixture(scope="module")
def path(explanation, tmp_path_factory):
    """A file with vectors, which no test changes."""
    path = tmp_path_factory.mktemp("kept") / "a.safetensors"
    explanation.save(path, [2, 0], left=True)
    return path


def parts(path):
    """Return the header and the tensors of a file."""
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["specxai"])
    return header, load_file(path)


def write(path, header, tensors):
    """Write a file as someone would who knows the layout, and can compute the checksum."""
    header = header | {"checksum": checksum(header, tensors)}
    save_file(tensors, path, {"specxai": encode(header)})


class Tied(nn.Module):
    """A network with a convention and an input that can stand on a border."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4, bias=False), nn.Linear(4, 2)
        self.a.weight.data[0] = torch.tensor([1.0, -1.0, 0.0])

    def forward(self, x):
        return self.b(nn.functional.gelu(self.a(x).relu()))


@pytest.mark.parametrize("name", zoo.names())
def test_everything_comes_back(name, tmp_path):
    net = zoo.build(name)
    for layer, target in {(net.layer, net.target), (None, None)}:
        ex = specxai.explain(net.model, net.x, layer, target)
        ex.save(tmp_path / "a", range(ex.rank), left=True)
        stored = specxai.load(tmp_path / "a")
        assert isinstance(stored, StoredExplanation)
        for name in NAMES:
            assert same(getattr(stored, name), getattr(ex, name)), name
        assert stored.contributions.equal(ex.contributions)
        assert stored.ties == ex.ties
        assert stored.layer_name == ex.layer_name
        for by in ("contribution", "singular_value", "reduced"):
            assert stored.top(5, by).equal(ex.top(5, by))
        assert stored.reduce().shares.equal(ex.reduce().shares)
        every = range(ex.rank)
        assert stored.right_vectors(every).equal(ex.right_vectors(every))
        assert stored.left_vectors(every).equal(ex.left_vectors(every))
        assert stored.heatmaps(every, "mean", None).equal(ex.heatmaps(every, "mean", None))
        assert stored.is_of(net.model)


def test_conventions_and_ties_come_back(tmp_path):
    torch.manual_seed(0)
    model = Tied().eval()
    ex = specxai.explain(model, torch.ones(1, 3), "a", rule="secant")
    ex.save(tmp_path / "a")
    stored = specxai.load(tmp_path / "a")
    assert [tie.count for tie in stored.ties] == [1]
    assert stored.ties == ex.ties
    assert [site.operation for site in stored.conventional] == ["gelu"]
    assert stored.conventional == ex.conventional
    model.b.bias.data[0] += 1
    assert not stored.is_of(model)


def test_krylov_results_come_back(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 3)).eval()
    x = torch.randn(1, 30)
    for products in (2, 40):  # with none converged, and with all
        few = specxai.Krylov(2, products=products, seed=1)
        ex = specxai.explain(model, x, "1", method=few)
        ex.save(tmp_path / "a", range(ex.rank))
        stored = specxai.load(tmp_path / "a")
        assert stored.unresolved.equal(ex.unresolved)
        assert stored.unresolved != 0
        assert stored.rank == ex.rank
        assert stored.note == ex.note


def test_a_stored_result_turns_symbolic(tmp_path):
    net = zoo.build("residual block")
    ex = specxai.explain(net.model, net.x, net.layer, 0)
    ex.save(tmp_path / "a", ex.top(2))
    stored = specxai.load(tmp_path / "a").symbolic(n=2)
    alive = ex.symbolic(n=2)
    assert stored.markdown().splitlines()[:6] == alive.markdown().splitlines()[:6]
    torch.testing.assert_close(stored.positions(), alive.positions())
    torch.testing.assert_close(stored.evaluate(net.x), ex.output)
    with pytest.warns(OutsideRegionWarning, match="network"):
        stored.evaluate(1.5 * net.x)
    assert [row.terms for row in ex.strategies()] == [
        row.terms for row in specxai.load(tmp_path / "a").strategies()
    ]


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 1e-7), ("float16", 1e-3)])
def test_fewer_digits_are_said(explanation, tmp_path, dtype, digits):
    explanation.save(tmp_path / "a", [1, 0], left=True, dtype=dtype)
    stored = specxai.load(tmp_path / "a")
    assert stored.note == f"vectors kept in {dtype}"
    assert stored.record.vectors_dtype == dtype
    for name in ("right_vectors", "left_vectors"):
        found, exact = getattr(stored, name)([0, 1]), getattr(explanation, name)([0, 1])
        assert found.dtype == exact.dtype
        torch.testing.assert_close(found, exact, rtol=0, atol=digits)
        assert not found.equal(exact)
    assert specxai.load(tmp_path / "a").heatmaps([1]).shape == explanation.heatmaps([1]).shape


def test_vectors_that_were_not_kept(path, explanation, tmp_path):
    stored = specxai.load(path)
    assert stored.right_vectors([0, 2, 0]).equal(explanation.right_vectors([0, 2, 0]))
    with pytest.raises(
        InvalidInputError, match="no vectors of components 1, 3, only those of comp"
    ):
        stored.right_vectors([0, 1, 3])
    with pytest.raises(InvalidInputError, match="component 99 does not exist"):
        stored.right_vectors(99)
    explanation.save(tmp_path / "a", [1])
    with pytest.raises(InvalidInputError, match="left=True"):
        specxai.load(tmp_path / "a").left_vectors([1])
    explanation.save(tmp_path / "a", [1], dtype="none")
    with pytest.raises(InvalidInputError, match=r"only none.*save with more vectors"):
        specxai.load(tmp_path / "a").heatmaps([1])


def test_the_numbers_do_not_follow_the_file(explanation, tmp_path):
    explanation.save(tmp_path / "a", [0])
    stored = specxai.load(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"\xff" * (tmp_path / "a").stat().st_size)
    assert stored.x.equal(explanation.x)
    assert stored.right_vectors([0]).equal(explanation.right_vectors([0]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated, damaged or no"),
        (b"PK\x03\x04" + bytes(100), "truncated, damaged or no"),
        (struct.pack("<Q", 2**62) + b"{}", "truncated, damaged or no"),
        (struct.pack("<Q", 2) + b"{}", "no result of specxai"),
        (
            struct.pack("<Q", 68)
            + b'{"x":{"dtype":"F64","shape":[1099511627776],"data_offsets":[0,8]}}  '
            + bytes(8),
            "truncated, damaged or no",
        ),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(LoadError, match=message) as caught:
        specxai.load(tmp_path / "a")
    assert str(tmp_path / "a") in str(caught.value)


def test_what_is_no_file(tmp_path):
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(LoadError, match=str(place)):
            specxai.load(place)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (1, "explain again"),
        (SCHEMA + 1, "update specxai"),
        ("2", "explain again"),
        (True, "explain again"),
    ],
)
def test_other_schemas(path, tmp_path, schema, message):
    header, tensors = parts(path)
    write(tmp_path / "a", header | {"schema": schema}, tensors)
    with pytest.raises(LoadError, match=message):
        specxai.load(tmp_path / "a")


def test_a_file_of_the_first_schema_that_is_read():
    """Written by specxai 0.1.0, whose sites did not say whether they were hidden."""
    stored = specxai.load(Path(__file__).parents[2] / "files/schema-2.safetensors")
    assert stored.record.schema == 2
    assert stored.record.versions["specxai"] == "0.1.0"
    assert (stored.model, stored.layer, stored.target) == ("Tied", "a", 1)
    (site,) = stored.conventional
    assert (str(site.address), site.shape, site.hidden) == ("gelu@model", (1, 4), False)
    assert [str(tie.address) for tie in stored.ties] == ["relu@model"]
    assert float(stored.output) == 0.32765722274780273
    expected = [-0.0033745800688733778, -0.07432790481123046, -0.009834277317251313]
    assert stored.contributions.tolist() == expected
    assert stored.right_vectors([0, 1]).shape == (2, 3)
    assert stored.unit_count == stored.active_count == 4
    assert stored.residual_norms.tolist() == [0.0, 0.0, 0.0]
    assert (stored.features, stored.pointwise_linear) == (NAMELESS, None)


def test_the_layout_is_what_the_documentation_says(path):
    """A change of this list is a change of the schema: give it a number, and read the old one."""
    header, _ = parts(path)
    assert SCHEMA == 3
    assert header["schema"] == SCHEMA
    assert sorted(header) == sorted(HEADER) == [
        "active_count", "baseline_name", "checksum", "conventional", "cut", "exactness",
        "features", "fingerprint",
        "input_hash", "layer", "method", "model", "note", "pointwise_linear", "precision",
        "probability", "schema", "target",
        "target_name", "ties", "unit_count", "vectors_dtype", "versions",
    ]  # fmt: skip


def changed(name, change):
    def apply(header, tensors):
        tensors[name] = change(tensors[name].clone())

    return apply


def entry(name, value):
    return lambda header, tensors: header.update({name: value})


TAMPERED = {
    "its hash": changed("x", lambda x: x * (1 + 1e-9)),
    r"α and ψ c": changed("contributions", lambda a: a * 1.01),
    r"the terms of y": changed("bypass", lambda b: b + 1e-3),
    r"u·x \+ b": changed("bias", lambda b: b + 1e-3),
    "σ, which": changed("singular_values", lambda s: s.flip(0)),
    "cannot be negative": changed("residual_norms", lambda r: r - 1),
    "clusters": changed("clusters", lambda c: c + 100),
    "lengths": changed("right_vectors", lambda v: v * 1.1),
    "σ φ·x": changed("right_vectors", lambda v: -v),
    "which components": changed("vector_indices", lambda i: i + 100),
    "has dtype": changed("psi", lambda p: p.float()),
    "has shape": changed("psi", lambda p: p[:-1]),
    "NaN": changed("linear", lambda v: v * float("nan")),
    "lacks tensors": lambda header, tensors: tensors.pop("psi"),
    "unknown ones": lambda header, tensors: tensors.update(more=torch.ones(1)),
    "a part of the vectors": lambda header, tensors: tensors.pop("vector_indices"),
    "left vectors' size": changed("left_vectors", lambda v: torch.eye(2).double()),
    "the counts": entry("active_count", 10**6),
    "the target": entry("target", None),
    "the dtype of the vectors": entry("vectors_dtype", "none"),
    "header.unit_count": entry("unit_count", "many"),
    "header.ties": entry("ties", [{"address": ["a", "b", 1], "count": 1}]),
    "header.conventional": entry("conventional", [1]),
    "header.features.names": entry("features", {**vars(NAMELESS), "names": [1]}),
    "header.features lacks": entry("features", {}),
    "the names of the input's values": entry("features", {**vars(NAMELESS), "groups": {"g": [99]}}),
    "entries": entry("code", "print()"),
    "header lacks": lambda header, tensors: header.pop("model"),
}


@pytest.mark.parametrize("message", TAMPERED)
def test_a_contradiction_is_found_though_the_checksum_fits(path, tmp_path, message):
    header, tensors = parts(path)
    TAMPERED[message](header, tensors)
    write(tmp_path / "a", header, tensors)
    with pytest.raises(LoadError, match=message):
        specxai.load(tmp_path / "a")


@pytest.mark.parametrize("name", ["output", "linear", "coefficients", "unresolved"])
def test_all_outputs_must_add_up(tmp_path, name):
    net = zoo.build("mlp")
    specxai.explain(net.model, net.x).save(tmp_path / "a")
    header, tensors = parts(tmp_path / "a")
    tensors[name] = tensors[name] + 1
    write(tmp_path / "a", header, tensors)
    with pytest.raises(LoadError, match="contradict each other"):
        specxai.load(tmp_path / "a")


# -- Fuzzing: whatever a file holds, a result or a SpecxaiError comes of it.

fuzzing = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def load_or_refuse(path):
    with suppress(SpecxaiError):
        return specxai.load(path)
    return None


@fuzzing
@given(data=st.data())
def test_flipped_bits_change_nothing_unseen(path, explanation, tmp_path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "a").write_bytes(content)
    stored = load_or_refuse(tmp_path / "a")
    if stored is not None:  # a flip and a flip back
        assert all(same(getattr(stored, name), getattr(explanation, name)) for name in NAMES)


@fuzzing
@given(data=st.data())
def test_truncated_and_lengthened_files(path, tmp_path, data):
    content = path.read_bytes()
    end = data.draw(st.integers(0, len(content) - 1))
    more = data.draw(st.binary(min_size=1, max_size=9))
    for broken in (content[:end], content + more, more + content, content[:end] + more):
        if broken != content:
            (tmp_path / "a").write_bytes(broken)
            assert load_or_refuse(tmp_path / "a") is None


@fuzzing
@given(content=st.binary(max_size=200))
def test_any_bytes(tmp_path, content):
    framed = struct.pack("<Q", len(content)) + content
    for written in (content, framed):
        (tmp_path / "a").write_bytes(written)
        assert load_or_refuse(tmp_path / "a") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@fuzzing
@given(data=st.data())
def test_any_json_in_the_header(path, tmp_path, data):
    header, tensors = parts(path)
    for name in data.draw(st.lists(st.sampled_from(sorted(header)), min_size=1, max_size=3)):
        if data.draw(st.booleans()):
            header[name] = data.draw(JSON)
        else:
            header.pop(name, None)
    write(tmp_path / "a", header, tensors)
    load_or_refuse(tmp_path / "a")


@pytest.mark.parametrize("text", ["", "[", "[]", "1", "[" * 10**5, "9" * 10**4, '"\\ud800"'])
def test_a_header_that_is_no_object(path, tmp_path, text):
    save_file(load_file(path), tmp_path / "a", {"specxai": text})
    assert load_or_refuse(tmp_path / "a") is None


DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.bool]


@fuzzing
@given(data=st.data())
def test_any_tensors(path, tmp_path, data):
    header, tensors = parts(path)
    for name in data.draw(st.lists(st.sampled_from(sorted(tensors)), min_size=1, max_size=3)):
        how = data.draw(st.sampled_from(["drop", "rename", "shape", "dtype", "value"]))
        if how == "drop":
            tensors.pop(name, None)
        elif how == "rename":
            tensors[data.draw(st.text(min_size=1, max_size=3))] = tensors.get(name, torch.ones(1))
        elif how == "shape":
            shape = data.draw(st.lists(st.integers(0, 3), max_size=4))
            tensors[name] = torch.zeros(shape, dtype=data.draw(st.sampled_from(DTYPES)))
        elif name in tensors and how == "dtype":
            tensors[name] = tensors[name].to(data.draw(st.sampled_from(DTYPES)))
        elif name in tensors and tensors[name].numel():
            flat = tensors[name].clone().reshape(-1)
            place = data.draw(st.integers(0, len(flat) - 1))
            flat[place] = data.draw(
                st.sampled_from([0, -1, 1 << 40, float("nan")][: 3 + flat.is_floating_point()])
            )
            tensors[name] = flat.reshape(tensors[name].shape)
    write(tmp_path / "a", header, {name: value.clone() for name, value in tensors.items()})
    load_or_refuse(tmp_path / "a")
