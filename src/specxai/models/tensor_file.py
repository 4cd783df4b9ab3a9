"""Read the tensors in a file, as data only."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from specxai.errors import LoadError
from specxai.models.reason import reason

TENSOR_SUFFIXES = {".npy", ".safetensors"}


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
