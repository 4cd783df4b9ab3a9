import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from specxai.errors import LoadError, MissingExtraError
from specxai.models import LoadedModel, example_input, load_input


def preprocess(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()


PICTURES = LoadedModel("pictures", nn.Identity(), input_shape=(3, 4, 6), preprocess=preprocess)
TENSORS = LoadedModel("tensors", nn.Identity(), input_shape=(3,))


def fails(spec, model, message):
    with pytest.raises(LoadError, match=message) as caught:
        load_input(str(spec), model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "1"])
def test_a_picture_becomes_rgb(tmp_path, mode):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new(mode, (6, 4)).save(path)
    given = load_input(str(path), PICTURES)
    assert given.name == path.name
    assert given.image.mode == "RGB"
    assert given.tensor.shape == (1, 3, 4, 6)


def test_the_orientation_of_the_camera_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert load_input(str(tmp_path / "a.jpg"), PICTURES).image.size == (4, 6)


@pytest.mark.parametrize(("name", "size"), [("chelsea", (300, 300)), ("rocket", (640, 427))])
def test_demo_photos(name, size):
    assert load_input(f"demo:{name}", PICTURES).image.size == size


def test_the_cat_is_chelsea():
    cat, chelsea = (load_input(f"demo:{name}", PICTURES).tensor for name in ("cat", "chelsea"))
    assert cat.equal(chelsea)


def test_an_unknown_demo_photo_is_an_error():
    fails("demo:dog", PICTURES, "demo:chelsea")


def test_demo_photos_are_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[demo\]"):
        load_input("demo:chelsea", PICTURES)


def test_the_note_of_a_picture_and_its_background(tmp_path):
    Image.new("RGBA", (6, 4)).save(tmp_path / "a.png")
    fails(tmp_path / "a.png", PICTURES, "--background white")
    given = load_input(str(tmp_path / "a.png"), PICTURES, background="#102030")
    assert given.note == "transparent pixels on #102030"
    assert given.tensor[0, :, 0, 0].tolist() == [16, 32, 48]
    with pytest.raises(LoadError, match="background 'glass' is no colour"):
        load_input("demo:chelsea", PICTURES, background="glass")


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", ">f4"])
def test_a_numpy_array_becomes_float32_with_a_batch(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.ones(3).astype(dtype))
    given = load_input(str(tmp_path / "a.npy"), TENSORS)
    assert given.tensor.equal(torch.ones(1, 3))
    assert (given.image, given.note, given.wrt) == (None, "", None)
    assert given.arguments is given.tensor


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int64", "bool"])
def test_integers_are_refused_with_the_way_out(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.array([0, 1, 1], dtype))
    fails(tmp_path / "a.npy", TENSORS, f"holds {dtype} 0…1: .* prepared floating-point tensor")


@pytest.mark.parametrize(
    ("shape", "model", "message"),
    [
        ((1, 5), TENSORS, r"shape \(1, 5\), but tensors takes \(1, 3\): save it in that shape"),
        ((5,), TENSORS, r"shape \(5,\), but tensors takes \(1, 3\)"),
        ((4, 6, 3), PICTURES, r"takes \(1, 3, 4, 6\): it looks like \(H, W, C\), transpose it"),
        ((1, 8, 9, 3), PICTURES, r"looks like \(H, W, C\), transpose it to \(C, H, W\)"),
        ((4, 6), PICTURES, r"shape \(4, 6\), but pictures takes"),
        ((1, 1, 4, 6), PICTURES, r"shape \(1, 1, 4, 6\), but pictures takes"),
        ((), TENSORS, r"shape \(\), but"),
    ],
)
def test_a_shape_the_network_does_not_take(tmp_path, shape, model, message):
    np.save(tmp_path / "a.npy", np.ones(shape))
    fails(tmp_path / "a.npy", model, message)


@pytest.mark.parametrize("shape", [(3, 8, 9), (1, 3, 8, 9)])
def test_a_size_other_than_that_of_prepared_pictures_is_said(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.ones(shape))
    given = load_input(str(tmp_path / "a.npy"), PICTURES)
    assert given.tensor.shape == (1, 3, 8, 9)
    assert given.note == "of size (8, 9), where pictures are prepared to (4, 6)"


def test_of_several_samples_one_is_chosen(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    with pytest.raises(LoadError, match="holds 2 rows: of INPUT choose one by --row"):
        load_input(str(tmp_path / "a.npy"), TENSORS)
    assert load_input(str(tmp_path / "a.npy"), TENSORS, row=1).tensor.shape == (1, 3)


def test_a_safetensors_file_of_one_tensor(tmp_path):
    save_file({"anything": torch.ones(1, 3)}, tmp_path / "a.safetensors")
    for wrt in (None, "anything"):
        given = load_input(str(tmp_path / "a.safetensors"), TENSORS, wrt=wrt)
        assert given.arguments.equal(torch.ones(1, 3))
        assert given.wrt is None


def test_unclear_tensor_files_are_errors(tmp_path):
    save_file({}, tmp_path / "none.safetensors")
    fails(tmp_path / "none.safetensors", TENSORS, "holds no tensor")
    np.save(tmp_path / "complex.npy", np.ones(3) * 1j)
    fails(tmp_path / "complex.npy", TENSORS, "complex")
    np.save(tmp_path / "text.npy", np.array(["a"]))
    fails(tmp_path / "text.npy", TENSORS, "not a readable tensor")
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object))
    fails(tmp_path / "object.npy", TENSORS, "allow_pickle")


@pytest.mark.parametrize("name", ["a.npy", "a.safetensors", "a.png", "a.txt"])
def test_corrupt_missing_and_wrong_files_are_errors(tmp_path, name):
    fails(tmp_path / name, PICTURES, "does not exist")
    (tmp_path / name).write_bytes(b"nonsense")
    fails(tmp_path / name, PICTURES, "not a readable")
    fails(tmp_path, PICTURES, "is a directory")


def test_a_truncated_picture_is_an_error(tmp_path):
    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:900])
    fails(tmp_path / "half.png", PICTURES, "not a readable picture")


def test_a_picture_needs_a_network_for_pictures(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    fails(tmp_path / "a.png", TENSORS, r"\.npy or \.safetensors")


def test_example_input_is_noise_under_a_seed():
    before = torch.get_rng_state()
    noise = example_input(PICTURES, seed=3).tensor
    assert noise.shape == (1, 3, 4, 6)
    assert noise.equal(example_input(PICTURES, seed=3).tensor)
    assert not noise.equal(example_input(PICTURES).tensor)
    assert torch.get_rng_state().equal(before)


def test_example_input_needs_a_shape():
    with pytest.raises(LoadError, match="give an INPUT"):
        example_input(LoadedModel("any", nn.Identity()))
