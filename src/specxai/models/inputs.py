"""Inputs to explain: a picture, a tensor in a file, a demo photo, or noise."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image, ImageOps
from torch import Tensor

from specxai.errors import LoadError
from specxai.models.existing_file import existing_file
from specxai.models.loaded import LoadedModel
from specxai.models.photos import demo_photo
from specxai.models.reason import reason
from specxai.models.tensor_file import TENSOR_SUFFIXES, read_tensor


@dataclass(frozen=True)
class LoadedInput:
    """One input of a network.

    Args:
        name: What to call the input in reports.
        tensor: The input, with a batch dimension of 1.
        image: The picture it was made from, RGB, if any.
    """

    name: str
    tensor: Float[Tensor, "..."]
    image: Image.Image | None = None


def load_input(spec: str, model: LoadedModel) -> LoadedInput:
    """Load an input for a network.

    Args:
        spec: A picture file, a tensor file (.npy, .safetensors) or "demo:chelsea", "demo:coffee",
            "demo:astronaut", "demo:rocket", "demo:china", "demo:flower".
        model: The network; its preprocessing is applied to pictures, and its input shape tells
            whether a tensor lacks the batch dimension.

    Returns:
        The input, float32.

    Raises:
        LoadError: The input cannot be read, or is a picture and the network takes none.
        MissingExtraError: A demo photo needs scikit-image, which is not installed.
    """
    if spec.startswith("demo:"):
        return _from_picture(spec, demo_photo(spec.removeprefix("demo:")), model)
    file = existing_file(spec, "input")
    if file.suffix.lower() in TENSOR_SUFFIXES:
        tensor = read_tensor(file)
        lacks_batch = tuple(tensor.shape) == model.input_shape
        return LoadedInput(file.name, tensor.unsqueeze(0) if lacks_batch else tensor)
    return _from_picture(file.name, open_picture(file), model)


def example_input(model: LoadedModel, seed: int = 0) -> LoadedInput:
    """Make an input of standard normal noise, to run a network without a given input.

    Args:
        model: The network.
        seed: Of the noise; the global random state is left untouched.

    Returns:
        The noise, float32, of the network's input shape.

    Raises:
        LoadError: The input shape of the network is not known.
    """
    if model.input_shape is None:
        raise LoadError(f"the input shape of {model.name} is not known; give an INPUT")
    generator = torch.Generator().manual_seed(seed)
    return LoadedInput(f"noise {seed}", torch.randn((1, *model.input_shape), generator=generator))


def _from_picture(name: str, image: Image.Image, model: LoadedModel) -> LoadedInput:
    if model.preprocess is None:
        raise LoadError(
            f"input {name!r} is a picture, and how {model.name} prepares pictures is not known; "
            "give the prepared tensor as .npy or .safetensors, or, beside a network of your own "
            "Python, a function preprocess"
        )
    return LoadedInput(name, model.preprocess(image), image)


def open_picture(file: Path) -> Image.Image:
    """Open a picture as RGB, turned as its camera says.

    Raises:
        LoadError: It is no picture that can be read.
    """
    try:
        with Image.open(file) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # decoders raise many kinds
        raise LoadError(
            f"input '{file}' is not a readable picture ({reason(error)}); "
            "give a picture, .npy, .safetensors or demo:chelsea"
        ) from error
