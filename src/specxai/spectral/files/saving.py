"""Writing a result to a safetensors file, in the layout of `specxai.spectral.files.schema`."""

import logging
from collections.abc import Mapping
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Literal, get_args

import safetensors
import torch
from jaxtyping import Int
from safetensors.torch import save as to_bytes
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.files import digest, write_atomically
from specxai.spectral.files.schema import BASELINE, NUMBERS, SCALE, SCHEMA, VECTORS, to_header
from specxai.spectral.files.stored import Record
from specxai.spectral.records.decomposition import Decomposition, Indices
from specxai.typed_json import encode

VectorDtype = Literal["native", "float32", "float16", "none"]

_log = logging.getLogger("specxai")

# Which vectors are kept where nobody says which.
_SHARE, _FEWEST, _MOST, _LOUDEST = 0.9, 5, 8, 3
# About what an entry of the file's own table takes, and a record with its hashes.
_ENTRY_BYTES, _RECORD_BYTES = 70, 350
_EMPTY = Record(SCHEMA, {}, "", "", "", ())


def save(
    explanation: Decomposition,
    path: str | PathLike[str],
    network: str,
    vectors: Indices | None = None,
    left: bool = False,
    dtype: VectorDtype = "native",
) -> None:
    """Write a result to a file, whole or not at all.

    Args:
        explanation: the result to write.
        path: the file; an existing one is replaced.
        network: the network's fingerprint.
        vectors: components whose right singular vectors are kept; None takes `default_vectors`.
        left: whether their left ones are kept too.
        dtype: ``native`` keeps all digits of the vectors, ``float32`` and ``float16`` fewer;
            ``none`` keeps no vectors.

    Raises:
        SpecxaiError: the file cannot be written.
        InvalidInputError: a component does not exist, or the dtype is unknown.
    """
    tensors = _numbers(explanation)
    tensors |= _kept(explanation, vectors, left, dtype)
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    right = tensors.get("right_vectors")
    record = Record(
        schema=SCHEMA,
        versions=versions(),
        fingerprint=network,
        input_hash=digest({"x": tensors["x"]}),
        vectors_dtype="none" if right is None else str(right.dtype).removeprefix("torch."),
        ties=explanation.ties,
        pointwise_linear=explanation.pointwise_linear,
    )
    header = to_header(explanation.about, explanation.features, record)
    header["checksum"] = checksum(header, tensors)
    content = to_bytes(tensors, {"specxai": encode(header)})
    write_atomically(Path(path), content)
    kept = 0 if right is None else len(right)
    _log.info("%s: %s bytes, with the vectors of %d components", path, f"{len(content):,}", kept)


def versions() -> dict[str, str]:
    """Return the versions of the packages that write a file."""
    return {
        "specxai": version("specxai"),
        "torch": torch.__version__,
        "safetensors": safetensors.__version__,
    }


def file_size(
    explanation: Decomposition,
    vectors: Indices | None = None,
    left: bool = False,
    dtype: str = "native",
) -> int:
    """Return how many bytes `save` would write, to within about a thousand; computes no vectors.

    Args:
        explanation: the result to write.
        vectors: components whose right singular vectors are kept; None takes `default_vectors`.
        left: whether their left ones are kept too.
        dtype: of the kept vectors, as `save` takes it.
    """
    numbers = _numbers(explanation).values()
    total: int = sum(value.numel() * value.element_size() for value in numbers)
    components = len(_chosen(explanation, vectors, dtype))
    if components:
        right = explanation.x[0].numel() * _dtype(dtype, explanation.x.dtype).itemsize
        other = explanation.unit_count * _dtype(dtype, torch.float64).itemsize if left else 0
        total += components * (8 + right + other)
    # Quotes are escaped: the header is JSON in JSON.
    text = encode(encode(to_header(explanation.about, explanation.features, _EMPTY)))
    return total + len(text.encode()) + _ENTRY_BYTES * (len(numbers) + len(VECTORS)) + _RECORD_BYTES


def default_vectors(explanation: Decomposition) -> Int[Tensor, " n"]:
    """Return the components whose vectors a figure and an equation need.

    They are those of largest |α| that carry 90 % of what is linear in the input, five at least and
    eight at most, and the three of largest σ.
    """
    count = max(_FEWEST, len(explanation.leading(_SHARE, _MOST)))
    loudest = explanation.top(_LOUDEST, "singular_value")
    kept: Tensor = torch.cat([explanation.top(count), loudest]).unique()
    return kept


def checksum(header: Mapping[str, object], tensors: Mapping[str, Tensor]) -> str:
    """Return SHA-256 over a file's header, without its entry ``checksum``, and its tensors."""
    rest = {name: value for name, value in header.items() if name != "checksum"}
    return digest(tensors, encode(rest))


def _numbers(explanation: Decomposition) -> dict[str, Tensor]:
    """Return the tensors that every file keeps, by name."""
    numbers = {name: getattr(explanation, name) for name in NUMBERS}
    extra = {BASELINE: explanation.baseline, SCALE: explanation.scale}
    return numbers | {name: value for name, value in extra.items() if value is not None}


def _kept(
    explanation: Decomposition, vectors: Indices | None, left: bool, dtype: str
) -> dict[str, Tensor]:
    """Return the vectors to keep, in the digits to keep."""
    chosen = _chosen(explanation, vectors, dtype)
    if not chosen:
        return {}
    right = explanation.directions(chosen)  # of length 1, which few digits hold
    kept = {
        "vector_indices": torch.tensor(chosen),
        "right_vectors": right.to(_dtype(dtype, right.dtype)),
    }
    if left:
        other = explanation.left_vectors(chosen)
        kept["left_vectors"] = other.to(_dtype(dtype, other.dtype))
    return kept


def _chosen(explanation: Decomposition, vectors: Indices | None, dtype: str) -> list[int]:
    """Return the components whose vectors are kept, each once, after a check."""
    if dtype not in get_args(VectorDtype):
        known = ", ".join(map(repr, get_args(VectorDtype)))
        raise InvalidInputError(f"dtype={dtype!r} is unknown: choose from {known}")
    wanted = default_vectors(explanation) if vectors is None else vectors
    chosen = explanation.checked(wanted).tolist()
    return [] if dtype == "none" else list(dict.fromkeys(chosen))


def _dtype(dtype: str, native: torch.dtype) -> torch.dtype:
    return {"float16": torch.float16, "float32": torch.float32}.get(dtype, native)
