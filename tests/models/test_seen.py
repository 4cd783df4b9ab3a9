import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from specxai.models import LoadedInput, LoadedModel
from specxai.models.seen import picture_baselines, picture_seen, read_mask


def preprocess(image):
    return torch.from_numpy(np.array(image.resize((6, 4)))).permute(2, 0, 1)[None].float()


def test_five_baselines_where_it_is_known_how_pictures_are_prepared():
    x = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    model = LoadedModel("net", nn.Identity(), input_shape=(3, 4, 6), preprocess=preprocess)
    found = picture_baselines(model, x)
    assert list(found) == ["zero", "mean", "blur", "black", "white"]
    assert not found["zero"].any()
    torch.testing.assert_close(found["mean"], x.mean((2, 3), keepdim=True).expand_as(x))
    assert found["black"].equal(torch.zeros_like(x))
    assert found["white"].equal(torch.full_like(x, 255))
    assert list(picture_baselines(LoadedModel("net", nn.Identity()), x)) == ["zero", "mean", "blur"]


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_mask_may_be_transparent_or_of_16_bits(tmp_path, prepared, depth):
    where = np.zeros((4, 6), bool)
    where[1:3, 2:5] = True
    if depth == 16:
        Image.fromarray(where.astype(np.uint16) * 65535).save(tmp_path / "a.png")
    else:
        alpha = where.astype(np.uint8)[..., None] * 255
        Image.fromarray(np.concatenate([np.full((4, 6, 3), 255, np.uint8), alpha], 2)).save(
            tmp_path / "a.png"
        )
    shape, prepare = ((3, 4, 6), preprocess) if prepared else (None, None)
    model = LoadedModel("net", nn.Identity(), input_shape=shape, preprocess=prepare)
    mask = read_mask(tmp_path, LoadedInput("a.npy", torch.zeros(1, 3, 4, 6)), model)
    np.testing.assert_array_equal(mask, where)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_as_a_grey_or_a_coloured_network_sees_it(channels):
    def grey_or_not(image):
        return preprocess(image).mean(1, keepdim=True) if channels == 1 else preprocess(image)

    model = LoadedModel("net", nn.Identity(), input_shape=(channels, 4, 6), preprocess=grey_or_not)
    picture = Image.new("RGB", (6, 4), (40, 80, 120))
    seen = picture_seen(model, LoadedInput("a.png", grey_or_not(picture), picture))
    assert (seen.size, seen.mode) == ((6, 4), "RGB")
    assert seen.getpixel((2, 2)) == ((80, 80, 80) if channels == 1 else (40, 80, 120))
