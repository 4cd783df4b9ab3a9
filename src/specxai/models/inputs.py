"""Inputs to explain: a picture, tensors in a file, a demo photo, or noise."""

import torch

from specxai.errors import LoadError
from specxai.models.demo import demo_photo
from specxai.models.loaded import LoadedInput, LoadedModel
from specxai.models.pictures import Picture, open_picture, read_color
from specxai.models.table_input import load_table
from specxai.models.tensor_input import load_tensors
from specxai.models.user_files import TENSOR_SUFFIXES, existing_file


def load_input(
    spec: str,
    model: LoadedModel,
    *,
    background: str | None = None,
    wrt: str | None = None,
    row: int | None = None,
) -> LoadedInput:
    """Load an input for a network.

    Args:
        spec: A picture file, a tensor file (.npy, .safetensors) or "demo:chelsea", "demo:coffee",
            "demo:astronaut", "demo:rocket", "demo:china", "demo:flower". A .safetensors file may
            hold several tensors: they are the network's keyword arguments. A .csv file is a table
            of rows below a header of names.
        model: The network; its preprocessing is applied to pictures, and its input shape tells
            whether a tensor lacks the batch dimension.
        background: The colour behind transparent pixels of a picture: white, black or #rrggbb.
        wrt: Which of several tensors is explained; None takes the only floating-point one.
        row: Which row of a .csv file, or of an array of several inputs, counted from 0.

    Returns:
        The input, float32, and what was assumed in reading it.

    Raises:
        LoadError: The input cannot be read, does not fit the network, has transparent pixels and
            no background, or is a picture and the network takes none; the background is no colour,
            wrt names no tensor of the input, or row none of its rows.
        MissingExtraError: A demo photo needs scikit-image, which is not installed.
    """
    if background is not None:
        read_color(background)
    if not spec.startswith("demo:"):
        file = existing_file(spec, "input")
        if file.suffix.lower() in TENSOR_SUFFIXES:
            return load_tensors(file, model, wrt, row)
        if file.suffix.lower() == ".csv" and wrt is None:
            return load_table(file, model, row)
    if wrt is not None:
        raise LoadError(f"--wrt {wrt} needs an input .safetensors, not {spec!r}")
    if row is not None:
        raise LoadError(f"--row {row} needs an input .csv or .npy, not {spec!r}")
    if spec.startswith("demo:"):
        return _from_picture(spec, Picture(demo_photo(spec.removeprefix("demo:"))), model)
    return _from_picture(file.name, open_picture(file, background), model)


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


def _from_picture(name: str, picture: Picture, model: LoadedModel) -> LoadedInput:
    if model.preprocess is None:
        raise LoadError(
            f"input {name!r} is a picture, and how {model.name} prepares pictures is not known; "
            "give the prepared tensor as .npy or .safetensors, or, beside a network of your own "
            "Python, a function preprocess"
        )
    return LoadedInput(name, model.preprocess(picture.image), picture.image, picture.note)
