"""Reading a stored result, and believing nothing of it before it is checked."""

import json
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from torch import Tensor

from specxai.errors import LoadError
from specxai.files import digest
from specxai.spectral.files.consistency import check_numbers, check_vectors
from specxai.spectral.files.saving import checksum
from specxai.spectral.files.schema import (
    BASELINE,
    NUMBERS,
    OLDEST,
    SCALE,
    SCHEMA,
    SPECTRA,
    TERMS,
    VECTORS,
    from_header,
    updated,
)
from specxai.spectral.files.stored import StoredDecomposition
from specxai.spectral.records.parts import Spectrum, Terms
from specxai.spectral.svd.memory import free_memory

Stored = TypeVar("Stored", bound=StoredDecomposition)

_LONGEST_HEADER = 2**24


def read(path: str | PathLike[str], kind: type[Stored]) -> Stored:
    """Read a result that `specxai.spectral.files.saving.save` has written; nothing of it is run.

    Args:
        path: the file.
        kind: what to make of it.

    Returns:
        Everything that was kept, on the CPU. Where the vectors were kept in fewer digits than the
        input has, ``note`` says so.

    Raises:
        LoadError: the file is missing, truncated, damaged, of another kind or of another schema,
            or its numbers contradict each other.
    """
    file = Path(path)
    try:
        header, tensors = _read(file)
        return _assemble(header, tensors, kind)
    except LoadError as fault:
        raise LoadError(f"result '{file}': {fault}") from fault


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the header and the tensors, after checks of sizes, schema, names and checksum."""
    if file.is_dir():
        raise LoadError("is a folder: give the .safetensors file in it")
    try:
        size = file.stat().st_size
        with safe_open(file, "pt") as content:
            header = _header(content.metadata())
            if size > free_memory(torch.device("cpu")):
                raise LoadError(f"it holds {size:,} bytes, more than the memory that is free")
            # Copies: else the numbers would change with the file.
            tensors = {name: content.get_tensor(name).clone() for name in content.keys()}  # noqa: SIM118
    except LoadError:
        raise
    except OSError as fault:
        raise LoadError(f"cannot be read: {fault.strerror or fault}") from fault
    except Exception as fault:  # the reader raises kinds of its own
        reason = (str(fault).splitlines() or [type(fault).__name__])[0]
        raise LoadError(f"is truncated, damaged or no safetensors file ({reason[:120]})") from fault
    if header.get("checksum") != checksum(header, tensors):
        raise LoadError("the checksum does not fit: it was changed or damaged; write it again")
    return updated(header, tensors)


def _header(metadata: dict[str, str] | None) -> dict[str, Any]:
    """Return the JSON of the entry ``specxai``, after a check of the schema."""
    text = (metadata or {}).get("specxai")
    if text is None:
        raise LoadError(
            "is no result of specxai: give a file that ex.save or 'explain' has written"
        )
    if len(text) > _LONGEST_HEADER:
        raise LoadError(f"its header is longer than {_LONGEST_HEADER:,} characters")
    try:
        header: Any = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise LoadError("its header is no JSON: it is damaged; write it again") from fault
    if not isinstance(header, dict):
        raise LoadError("its header is no JSON object: it is damaged; write it again")
    schema = header.get("schema")
    if type(schema) is not int or schema < OLDEST:
        raise LoadError(
            f"schema {str(schema)[:20]} is not read, {OLDEST} to {SCHEMA} are: explain again and "
            "save"
        )
    if schema > SCHEMA:
        raise LoadError(f"schema {str(schema)[:20]} is newer than {SCHEMA}: update specxai")
    return header


def _assemble(header: dict[str, Any], tensors: dict[str, Tensor], kind: type[Stored]) -> Stored:
    """Put the result together from checked parts."""
    about, features, record = from_header(header)
    _check_layout(tensors)
    if (about.baseline_name is None) != (BASELINE not in tensors):
        raise LoadError("lacks the baseline that it names, or has one without a name")
    x = tensors["x"]
    told = about.note, _digits(record.vectors_dtype, x.dtype)
    result = kind(
        about=replace(about, note="; ".join(filter(None, told))),
        terms=Terms(**{name: tensors[name] for name in TERMS}),
        spectrum=Spectrum(**{name: tensors[name] for name in SPECTRA}),
        x=x,
        baseline=tensors.get(BASELINE),
        features=features,
        scale=tensors.get(SCALE),
        record=record,
        kept=tensors.get("vector_indices", torch.zeros(0, dtype=torch.int64)),
        right=tensors.get("right_vectors", x.new_zeros(0, *x.shape[1:])),
        left=tensors.get("left_vectors"),
    )
    if digest({"x": x}) != record.input_hash:
        raise LoadError("the input is not the one that its hash names")
    check_numbers(result, tensors["contributions"])
    check_vectors(result)
    return result


def _digits(kept: str, native: torch.dtype) -> str:
    """Say in which digits vectors were kept, where these are fewer than the input's."""
    dtypes = {"float16": torch.float16, "float32": torch.float32}
    reduced = kept in dtypes and torch.finfo(dtypes[kept]).eps > torch.finfo(native).eps
    return f"vectors kept in {kept}" if reduced else ""


def _check_layout(tensors: dict[str, Tensor]) -> None:
    """Check which tensors there are, their dtypes and shapes, and that they are finite."""
    names = tensors.keys()
    if not {*NUMBERS} <= names <= {*NUMBERS, BASELINE, SCALE, *VECTORS}:
        odd = ", ".join(sorted(names ^ {*NUMBERS}))[:100]
        raise LoadError(f"lacks tensors or has unknown ones: {odd}")
    if len(names & {*VECTORS[:2]}) == 1 or ("left_vectors" in names) > (VECTORS[1] in names):
        raise LoadError("lacks a part of the vectors that it keeps")
    x, output, sigma = tensors["x"], tensors["output"], tensors["singular_values"]
    kept = len(tensors.get("vector_indices", torch.zeros(0)).reshape(-1))
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(TERMS, tuple(output.shape))
    shapes |= {name: (sigma.numel(),) for name in (*SPECTRA, "contributions")}
    shapes |= dict.fromkeys(("x", BASELINE, SCALE), (1, *x.shape[1:]))
    shapes |= {"vector_indices": (kept,)}
    shapes |= {"right_vectors": (kept, *x.shape[1:])}
    for name, tensor in tensors.items():
        whole = name in ("clusters", "vector_indices")
        few = name in ("x", BASELINE, SCALE) or name in VECTORS
        allowed = {torch.float64, *([torch.float32] if few else [])}
        allowed |= {torch.float16} if name in VECTORS else set()
        if tensor.dtype not in ({torch.int64} if whole else allowed):
            raise LoadError(f"tensor {name!r} has dtype {tensor.dtype}")
        if tuple(tensor.shape) != tuple(shapes.get(name, (kept, *tensor.shape[1:]))):
            raise LoadError(f"tensor {name!r} has shape {tuple(tensor.shape)}")
        if not bool(torch.isfinite(tensor).all()):
            raise LoadError(f"tensor {name!r} has values that are NaN or infinite")
