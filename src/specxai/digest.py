"""Names for what tensors hold: SHA-256 over names, dtypes, shapes and bytes."""

import hashlib
import json
from collections.abc import Mapping

import torch
from torch import Tensor


def digest(tensors: Mapping[str, Tensor], text: str = "") -> str:
    """Return a name for named tensors: equal ones have the same, on any device.

    Args:
        tensors: any dtypes and shapes; their order does not matter.
        text: what else the name is to depend on.

    Returns:
        SHA-256 in 64 hexadecimal digits.

    >>> digest({"a": torch.ones(2)}) == digest({"a": torch.ones(2)})
    True
    >>> digest({"a": torch.ones(2)}) == digest({"a": torch.ones(1, 2)})
    False
    """
    hashed = hashlib.sha256(json.dumps(text).encode())
    for name, tensor in sorted(tensors.items()):
        hashed.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        stored = tensor.detach() if tensor.layout is torch.strided else tensor.detach().to_dense()
        flat = stored.cpu().contiguous().reshape(-1)
        hashed.update(flat.view(torch.uint8).numpy().data)
    return hashed.hexdigest()
