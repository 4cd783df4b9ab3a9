"""What users give in place of a module and tensors: loaded networks, NumPy arrays, pictures."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from specxai.errors import InvalidInputError

# Pictures whose values a conversion to 8-bit RGB would cut off.
_DEEP = ("I", "F")


@runtime_checkable
class Loaded(Protocol):
    """A network with what is known about it, as `specxai.models.load_model` returns it."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def module(self) -> nn.Module:
        """The network."""

    @property
    def preprocess(self) -> Callable[[Image.Image], Tensor] | None:
        """Turns an RGB picture into its input; None where that is not known."""

    @property
    def exclusive(self) -> bool:
        """Whether one of its outputs is true, as of classes."""

    def check_target(self, target: Any) -> None:
        """Refuse to choose among outputs that are no classes."""

    def class_name(self, target: Any) -> str | None:
        """Return the name of an output, or None where it has none."""


Model = nn.Module | Loaded


def as_module(model: Any) -> Any:
    """Return the module of a loaded network; anything else as it is."""
    loaded = isinstance(model, Loaded) and not isinstance(model, nn.Module)
    return model.module if loaded else model


def as_tensors(given: Any, model: Any) -> Any:
    """Return inputs with tensors in place of arrays and pictures.

    Args:
        given: one input, or several in a tuple or a mapping. A NumPy array of floating-point
            values, and a single one of any numbers, gets the model's dtype; integers and booleans
            beside others, such as token ids, keep theirs. A picture is prepared by the model's
            own preprocessing. Anything else stays as it is.
        model: the network, where it is loaded with its preprocessing.

    Raises:
        InvalidInputError: an array holds no numbers, or it is not known how to prepare a picture.
    """
    if isinstance(given, tuple):
        return tuple(_as_tensor(each, model, single=False) for each in given)
    if isinstance(given, Mapping):
        return {name: _as_tensor(each, model, single=False) for name, each in given.items()}
    return _as_tensor(given, model, single=True)


def _as_tensor(value: Any, model: Any, single: bool) -> Any:
    if isinstance(value, np.ndarray):
        return _from_array(value, as_module(model), single)
    if isinstance(value, Image.Image):
        return _from_picture(value, model)
    return value


def _from_array(values: np.ndarray, model: Any, single: bool) -> Tensor:
    """Return a copy of an array on the model's device."""
    weights = list(model.parameters()) if isinstance(model, nn.Module) else []
    device = weights[0].device if weights else None
    kind = values.dtype.kind
    if kind not in "fiub":
        raise InvalidInputError(
            f"the input is an array of {values.dtype}: give one of floating-point numbers"
        )
    if kind != "f" and not single:
        return torch.from_numpy(values.astype(bool if kind == "b" else np.int64)).to(device)
    floating = (weight.dtype for weight in weights if weight.is_floating_point())
    dtype = next(floating, torch.get_default_dtype())
    return torch.from_numpy(values.astype(np.float64)).to(device, dtype)


def _from_picture(picture: Image.Image, model: Any) -> Tensor:
    """Return a picture as the model's own preprocessing makes it, on the model's device."""
    prepare = getattr(model, "preprocess", None) if isinstance(model, Loaded) else None
    if prepare is None:
        raise InvalidInputError(
            "the input is a picture, and how the model prepares pictures is not known: give the "
            "prepared tensor, or a model of specxai.models.load_model"
        )
    if picture.mode.startswith(_DEEP):
        raise InvalidInputError(
            f"the picture has values of mode {picture.mode}, not of 8 bits: convert it first, or "
            "read its file by specxai.models.load_input"
        )
    if "A" in picture.getbands() or "transparency" in picture.info:
        opacity = np.asarray(picture.convert("RGBA").getchannel("A"))
        if opacity.min() < 255:
            raise InvalidInputError(
                "the picture has transparent pixels: put a colour behind them, or convert('RGB')"
            )
    tensor: Tensor = prepare(ImageOps.exif_transpose(picture).convert("RGB"))
    weight = next(as_module(model).parameters(), tensor)
    return tensor.to(weight.device, weight.dtype if weight.is_floating_point() else None)
