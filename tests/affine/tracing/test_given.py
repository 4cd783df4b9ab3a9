"""Arrays, pictures and loaded networks in place of tensors and modules."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import specxai
from specxai.affine.tracing.given import Loaded, as_module, as_tensors
from specxai.errors import InvalidInputError
from specxai.models import LoadedModel

VALUES = np.array([[1.0, -2.0, 3.0]])


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(5, 3), nn.Linear(3, 2)

    def forward(self, x, ids):
        return self.head(x.relu() + self.table(ids).sum(1))


def prepare(picture: Image.Image) -> torch.Tensor:
    values = np.asarray(picture.resize((4, 4)), np.float32) / 255
    return torch.from_numpy(values).permute(2, 0, 1)[None]


@pytest.fixture
def sees() -> LoadedModel:
    torch.manual_seed(0)
    body = nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)
    return LoadedModel("net", nn.Sequential(*body).eval(), preprocess=prepare)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, ">f4"])
@pytest.mark.parametrize("own", [torch.float32, torch.float64])
def test_arrays_get_the_dtype_of_the_model(dtype, own):
    model = nn.Linear(3, 2).to(own).eval()
    values = np.abs(VALUES).astype(dtype)
    given = as_tensors(values, model)
    assert given.dtype == own
    assert given.tolist() == np.abs(VALUES).tolist()
    values[:] = 0  # a copy
    assert given.tolist() == np.abs(VALUES).tolist()


def test_an_array_is_explained_like_its_tensor():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).eval()
    x = torch.from_numpy(VALUES).float()
    start = VALUES * 0.5
    expected = specxai.explain(model, x, "1", baseline=torch.from_numpy(start).float())
    found = specxai.explain(model, VALUES[:, ::-1][:, ::-1], "1", baseline=start)
    assert found.contributions.equal(expected.contributions)
    assert found.baseline_name == "given"
    assert specxai.evolve(model, VALUES).x.equal(x)


def test_integers_beside_an_input_keep_their_dtype():
    model = Pair().eval()
    given = as_tensors({"x": VALUES, "ids": np.array([[0, 3]]), "mask": np.array([True])}, model)
    assert [each.dtype for each in given.values()] == [torch.float32, torch.int64, torch.bool]
    lin = specxai.linearize(model, (VALUES, np.array([[0, 3]], np.int32)))
    assert lin.output.shape == (1, 2)


def test_what_is_neither_array_nor_picture_stays():
    tensor = torch.ones(1, 3)
    assert as_tensors(tensor, nn.Linear(3, 2)) is tensor
    assert as_tensors("zero", nn.Linear(3, 2)) == "zero"
    assert as_tensors(None, nn.Linear(3, 2)) is None
    given = as_tensors((tensor, "text", 3), nn.Linear(3, 2))
    assert given == (tensor, "text", 3)


@pytest.mark.parametrize("values", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_arrays_without_numbers(values):
    with pytest.raises(InvalidInputError, match="the input is an array of "):
        specxai.linearize(nn.Linear(1, 1).eval(), values)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "P", "1", "RGBA"])
def test_pictures_are_prepared_by_the_network(sees, mode):
    picture = Image.linear_gradient("L").resize((9, 7)).convert(mode)
    assert isinstance(sees, Loaded)
    found = specxai.linearize(sees, picture, baseline=Image.new("RGB", (5, 5), "grey"))
    assert found.x.equal(prepare(picture.convert("RGB")))
    assert found.baseline.equal(prepare(Image.new("RGB", (5, 5), "grey")))
    assert found.model is sees.module
    assert as_module(sees) is sees.module


def test_a_picture_is_turned_as_its_camera_says(sees, tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as turned:
        upright = specxai.linearize(sees, turned).x
    plain = specxai.linearize(sees, Image.linear_gradient("L").convert("RGB")).x
    assert not upright.equal(plain)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Image.new("RGBA", (4, 4)), "transparent pixels: put a colour behind"),
        (Image.new("I", (4, 4)), "values of mode I, not of 8 bits"),
        (Image.new("F", (4, 4)), "values of mode F, not of 8 bits"),
        (Image.new("I;16", (4, 4)), "values of mode I;16, not of 8 bits"),
    ],
)
def test_pictures_that_would_lose_something(sees, picture, message):
    with pytest.raises(InvalidInputError, match=message):
        specxai.linearize(sees, picture)


def test_pictures_for_a_network_that_is_not_known_to_see_them(sees):
    picture = Image.new("RGB", (4, 4))
    for model in (sees.module, LoadedModel("blind", sees.module)):
        with pytest.raises(InvalidInputError, match="give the prepared tensor, or a model of"):
            specxai.linearize(model, picture)


def test_the_dtype_of_a_loaded_network_is_that_of_its_picture():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).double().eval()
    loaded = LoadedModel("net", module, preprocess=prepare)
    assert specxai.linearize(loaded, Image.new("RGB", (4, 4), "red")).x.dtype == torch.float64
