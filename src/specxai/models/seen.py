"""Pictures as a network sees them, and masks that say where the object is."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from specxai.affine import NamedBaseline
from specxai.affine.baselines import named_baseline
from specxai.errors import LoadError
from specxai.models import LoadedInput, LoadedModel, load_input
from specxai.models.pictures import open_picture
from specxai.models.table_input import check_same_columns


def picture_seen(model: LoadedModel, given: LoadedInput) -> Image.Image | None:
    """Return the picture as the network sees it, cropped and scaled but not normalised.

    Args:
        model: the network, with its preprocessing.
        given: the input.

    Returns:
        The picture, RGB, or grey for a network of one channel; None where the input was not made
        from one, or has other channels.
    """
    if given.image is None or given.tensor.shape[1] not in (1, 3):
        return None
    black, white = one_color(model, "black"), one_color(model, "white")
    share = ((given.tensor - black) / (white - black))[0].clamp(0, 1)
    levels = (share * 255).round().byte()
    pixels = levels[0] if len(levels) == 1 else levels.permute(1, 2, 0)
    return Image.fromarray(pixels.numpy()).convert("RGB")


def one_color(model: LoadedModel, color: str) -> Float[Tensor, "1 C H W"]:
    """Return a picture of one colour as the network sees it.

    Raises:
        LoadError: how the network prepares pictures is not known.
    """
    if model.preprocess is None or model.input_shape is None:
        raise LoadError(f"how {model.name} prepares pictures is not known")
    height, width = model.input_shape[-2:]
    return model.preprocess(Image.new("RGB", (width, height), color))


def picture_baselines(
    model: LoadedModel, x: Float[Tensor, "1 C H W"]
) -> dict[str, Float[Tensor, "1 C H W"]]:
    """Return the baselines that pictures have: what is told from x, and one colour.

    Args:
        model: the network; where it is not known how it prepares pictures, there are no colours.
        x: a picture as it sees it.

    Returns:
        zero, mean and blur; black and white.
    """
    told = {name: named_baseline(name, x) for name in ("zero", "mean", "blur")}
    if model.preprocess is None or model.input_shape is None:
        return told
    return told | {color: one_color(model, color) for color in ("black", "white")}


def load_baseline(
    spec: str, model: LoadedModel, background: str | None = None, names: Sequence[str] = ()
) -> Float[Tensor, "1 ..."] | NamedBaseline | None:
    """Load the baseline that a map leads from.

    Args:
        spec: none, zero, mean or blur, which are told from the input; black or white, a picture of
            that colour as the network sees it; or what `load_input` takes.
        model: the network, with its preprocessing.
        background: the colour behind transparent pixels of a picture.
        names: of the input's values, which a table must have too.

    Returns:
        The baseline as `specxai.linearize` takes it.

    Raises:
        LoadError: the file cannot be read or has other columns, or how the network prepares
            pictures is not known.
    """
    if spec == "none":
        return None
    if spec in get_args(NamedBaseline):
        return cast("NamedBaseline", spec)
    if spec in ("black", "white"):
        return one_color(model, spec)
    try:
        start = load_input(spec, model, background=background)
    except LoadError as fault:
        named = ", ".join(("none", *get_args(NamedBaseline), "black", "white"))
        raise LoadError(
            f"baseline {spec!r} is neither one of {named} nor an input: {fault}"
        ) from fault
    check_same_columns(start.names, names, Path(spec))
    return start.tensor


def read_mask(folder: Path, given: LoadedInput, model: LoadedModel) -> Bool[Tensor, "H W"]:
    """Read the mask of an input, cropped and scaled as the network's pictures are.

    Where that is not known, because inputs are prepared tensors, the mask is taken as it stands.
    Transparent pixels are none of the object.

    Args:
        folder: of pictures named like the inputs, white where the object is.
        given: the input.
        model: the network, with its preprocessing if that is known.

    Raises:
        LoadError: the folder has no mask of that name.
    """
    stem = Path(given.name.removeprefix("demo:")).stem
    file = next((each for each in sorted(folder.glob(f"{stem}.*"))), None)
    if file is None:
        raise LoadError(f"no mask for {given.name} in {folder}: name it {stem}.png")
    if model.preprocess is None:
        return torch.as_tensor(np.asarray(open_picture(file, "black").image.convert("L")) > 127)
    seen = load_input(str(file), model, background="black").tensor
    middle = (one_color(model, "black") + one_color(model, "white")) / 2
    return torch.as_tensor((seen > middle)[0].float().mean(0) > 0.5)
