"""Files written whole or not at all, and names for what tensors hold."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from specxai.errors import SpecxaiError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that no half-written file is seen.

    Args:
        path: the file; one that is there is replaced.
        content: what to write.

    Raises:
        SpecxaiError: the file cannot be written; an older one is untouched.
    """
    beside = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            beside = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are private; a result has the permissions of any new file.
        os.umask(mask := os.umask(0))
        beside.chmod(0o666 & ~mask)
        os.replace(beside, path)
    except OSError as fault:
        raise SpecxaiError(f"cannot write {path}: {fault.strerror or fault}") from fault
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()


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
