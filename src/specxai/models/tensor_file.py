"""Read one tensor from a file, as data only."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from specxai.errors import LoadError
from specxai.models.reason import reason

TENSOR_SUFFIXES = {".npy", ".safetensors"}
_INPUT_NAMES = ("x", "input")


def read_tensor(file: Path) -> Float[Tensor, " *shape"]:
    """Read the tensor in a .npy or .safetensors file.

    Args:
        file: If it holds several tensors, the one called "x" or "input" is taken.

    Returns:
        The tensor, as float32.

    Raises:
        LoadError: The file is unreadable, or which tensor is meant is not clear.
    """
    try:
        tensors = load_file(file) if file.suffix.lower() == ".safetensors" else _read_npy(file)
    except Exception as error:  # the readers raise many kinds
        raise LoadError(
            f"input '{file}' is not a readable tensor file ({reason(error)}); "
            "save it with numpy.save or safetensors.torch.save_file"
        ) from error
    tensor = _only(tensors, file)
    if tensor.is_complex():
        raise LoadError(f"input '{file}' is complex; give real numbers")
    return tensor.to(torch.float32)


def _read_npy(file: Path) -> dict[str, Tensor]:
    array = np.load(file, allow_pickle=False)
    # torch takes no foreign byte order.
    return {"x": torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))}


def _only(tensors: dict[str, Tensor], file: Path) -> Tensor:
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    for name in _INPUT_NAMES:
        if name in tensors:
            return tensors[name]
    names = ", ".join(tensors) or "none"
    raise LoadError(f"input '{file}' must hold one tensor, or one named 'x'; it holds: {names}")
