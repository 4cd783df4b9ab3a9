"""Several tensors in one file: the arguments of one call."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import specxai
from specxai.errors import LoadError
from specxai.models import LoadedModel, load_input, load_model


class Pair(nn.Module):
    """Two inputs of floats, and a mask that may be left out."""

    def __init__(self):
        super().__init__()
        self.x, self.z = nn.Linear(3, 4), nn.Linear(2, 4)

    def forward(self, x, z, mask=None):
        hidden = (self.x(x) + self.z(z)).relu()
        return hidden if mask is None else hidden * mask


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(5, 3)

    def forward(self, x, ids):
        return (x + self.table(ids).mean(1)).relu()


class Anything(nn.Module):
    def forward(self, x, **others):
        return x * sum(others.values())


PAIR = LoadedModel("pair", Pair().eval())
X, Z, MASK = torch.randn(1, 3), torch.randn(1, 2), torch.tensor([[True, False, True, True]])


@pytest.fixture
def load(tmp_path):
    def load(tensors, model=PAIR, wrt=None):
        save_file(tensors, tmp_path / "a.safetensors")
        return load_input(str(tmp_path / "a.safetensors"), model, wrt=wrt)

    return load


def explained(given, model):
    return specxai.linearize(model.module, given.arguments, wrt=given.wrt)


@pytest.mark.parametrize(("wrt", "point"), [("x", X), ("z", Z)])
def test_tensors_are_passed_by_name(load, wrt, point):
    given = load({"x": X, "z": Z.double(), "mask": MASK}, wrt=wrt)
    assert given.tensor.equal(point)
    assert given.wrt == wrt
    assert given.arguments["mask"].equal(MASK)
    assert {each.dtype for each in given.arguments.values()} == {torch.float32, torch.bool}
    lin = explained(given, PAIR)
    assert lin.x.equal(point)
    torch.testing.assert_close(lin.output, PAIR.module(X, Z, MASK))


def test_the_only_tensor_of_floats_is_explained_and_token_ids_stay(load):
    model = LoadedModel("tokens", Tokens().eval())
    given = load({"ids": torch.tensor([[0, 4]]), "x": X}, model)
    assert given.wrt == "x"
    assert given.others["ids"].dtype == torch.int64
    moved = given.to(torch.device("cpu"), torch.float64)
    assert (moved["x"].dtype, moved["ids"].dtype) == (torch.float64, torch.int64)
    torch.testing.assert_close(explained(given, model).output, model.module(**given.arguments))


def test_a_forward_with_keywords_takes_any_name(load):
    given = load({"x": X, "factor": torch.tensor([2])}, LoadedModel("anything", Anything().eval()))
    assert set(given.arguments) == {"x", "factor"}


def test_the_shape_of_the_explained_tensor_is_checked(load):
    model = LoadedModel("pair", Pair().eval(), input_shape=(3,))
    assert load({"x": X[0], "z": Z}, model, "x").tensor.shape == (1, 3)
    with pytest.raises(LoadError, match=r"takes \(1, 3\)"):
        load({"x": torch.ones(1, 4), "z": Z}, model, "x")


@pytest.mark.parametrize(
    ("tensors", "wrt", "message"),
    [
        ({"x": X, "z": Z}, None, "several floating-point tensors, x, z: .* such as --wrt x"),
        ({"x": X, "z": Z}, "y", "--wrt y is no tensor in .*: it holds x, z"),
        ({"x": X, "z": Z, "mask": MASK}, "mask", "holds bool 0…1"),
        ({"x": X.long(), "mask": MASK}, None, r"no floating-point .*: x \(int64\)|mask \(bool\)"),
        ({"x": X, "label": Z}, "x", "holds label, but pair takes x, z, mask: name the tensors"),
        ({"x": X, "mask": MASK}, None, "lacks z: pair takes x, z, mask"),
    ],
)
def test_what_cannot_be_passed(load, tensors, wrt, message):
    with pytest.raises(LoadError, match=message) as caught:
        load(tensors, wrt=wrt)
    assert "\n" not in str(caught.value)


def test_an_array_has_no_name_and_a_picture_no_tensors(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((1, 3)))
    for spec, message in (
        (tmp_path / "a.npy", "one without a name"),
        ("demo:cat", "--wrt x needs"),
    ):
        with pytest.raises(LoadError, match=message):
            load_input(str(spec), PAIR, wrt="x")


@pytest.mark.parametrize("named", [False, True])
def test_programs_take_their_arguments_by_position_or_by_name(load, tmp_path, named):
    call = ((), {"x": X, "z": Z}) if named else ((X, Z), None)
    torch.export.save(torch.export.export(Pair().eval(), *call), tmp_path / "net.pt2")
    model = load_model(str(tmp_path / "net.pt2"))
    given = load({"z": Z, "x": X}, model, "z")
    assert given.wrt == ("z" if named else 1)
    lin = explained(given, model)
    assert lin.x.equal(Z)
    assert lin.output.shape == (1, 4)
    if not named:
        with pytest.raises(LoadError, match=r"holds y, but net\.pt2 takes x, z"):
            load({"x": X, "y": Z}, model, "x")
