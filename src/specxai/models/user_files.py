"""Files that a user names: they must be there, and are read as data only."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from specxai.errors import LoadError, reason

_FORCE = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
_FORCE_NOT = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
TENSOR_SUFFIXES = {".npy", ".safetensors"}


def existing_file(path: str | Path, role: str) -> Path:
    """Check that a path is a file.

    Args:
        path: The path as the user gave it.
        role: What the file is for, to begin the message: "weights", "input", "model".

    Returns:
        The path.

    Raises:
        LoadError: The path does not exist or is not a file.
    """
    file = Path(path)
    if file.is_dir():
        raise LoadError(f"{role} {str(path)!r} is a directory; give a file")
    if not file.is_file():
        raise LoadError(f"{role} {str(path)!r} does not exist; check the path")
    return file


@contextmanager
def data_only_pickles() -> Iterator[None]:
    """Make every torch.load inside the block read data only, whatever its caller asked for."""
    before = {name: os.environ.pop(name, None) for name in (_FORCE, _FORCE_NOT)}
    os.environ[_FORCE] = "1"
    try:
        yield
    finally:
        del os.environ[_FORCE]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Read the tensors in a .npy or .safetensors file.

    Args:
        file: Its name ends on one of these.

    Returns:
        The tensors by name, floating-point ones as float32, others as they are; the one of a .npy
        file has an empty name.

    Raises:
        LoadError: The file is unreadable, holds no tensor, or complex numbers.
    """
    try:
        tensors = load_file(file) if file.suffix.lower() == ".safetensors" else _read_npy(file)
    except Exception as error:  # the readers raise many kinds
        raise LoadError(
            f"input '{file}' is not a readable tensor file ({reason(error)}); "
            "save it with numpy.save or safetensors.torch.save_file"
        ) from error
    if not tensors:
        raise LoadError(f"input '{file}' holds no tensor: save the network's input in it")
    if any(tensor.is_complex() for tensor in tensors.values()):
        raise LoadError(f"input '{file}' is complex; give real numbers")
    return {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def _read_npy(file: Path) -> dict[str, Tensor]:
    array = np.load(file, allow_pickle=False)
    # torch takes no foreign byte order.
    return {"": torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))}
