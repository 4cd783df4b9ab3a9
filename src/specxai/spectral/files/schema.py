"""The layout of a file, written out: no change of a class changes it in silence.

A file is in the format safetensors. Its tensors are those of `TERMS`, of `SPECTRA`, the
contributions and the input, and of the components whose vectors are kept those of `VECTORS`. Its
metadata has one entry, ``specxai``: a JSON object with the entries of `HEADER`.

- Version 3: a site says whether it was hidden, and how much of it was completed; a map from a
  baseline keeps that as a tensor, and u·x of the map at x alone; an input keeps its scale, and its
  names, units and groups; the names of `_RENAMED`.
- Version 2: the first that is read, of specxai 0.1.0.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor

from specxai.affine import Kind, Site, Tie
from specxai.affine.tracing.interpreter import Address
from specxai.errors import LoadError
from specxai.spectral.files.stored import Record
from specxai.spectral.records.features import NAMELESS, Features
from specxai.spectral.records.parts import About
from specxai.typed_json import decode_fields, plain

SCHEMA, OLDEST = 3, 2
TERMS = ("output", "linear", "bias", "bypass", "unresolved", "residual")
SPECTRA = ("singular_values", "psi", "coefficients", "residual_norms", "clusters")
# There for a map from a baseline only, and for an input with a scale.
BASELINE, SCALE = "baseline", "scale"
NUMBERS = (*TERMS, *SPECTRA, "contributions", "x")
VECTORS = ("vector_indices", "right_vectors", "left_vectors")

_ABOUT: dict[str, Any] = {
    "model": str,
    "target": int | tuple[int, ...] | None,
    "target_name": str | None,
    "probability": float | None,
    "layer": str | tuple[str, ...] | None,
    "cut": bool,
    "unit_count": int,
    "active_count": int,
    "baseline_name": str | None,
    "exactness": str,
    "precision": str,
    "method": str,
    "note": str,
}
_RECORD: dict[str, Any] = {
    "schema": int,
    "versions": dict[str, str],
    "fingerprint": str,
    "input_hash": str,
    "vectors_dtype": str,
    "pointwise_linear": float | None,
}
_RENAMED = {  # in version 2, in the header and among the tensors
    "units": "unit_count",
    "active_units": "active_count",
    "residuals": "residual_norms",
}
_ADDRESS = tuple[str, str, int]
_SITE: dict[str, Any] = {
    "address": _ADDRESS,
    "kind": Kind,
    "shape": tuple[int, ...],
    "convention": str | None,
    "frozen": str | None,
    "hidden": bool,
    "completed": float | None,
}
_TIE: dict[str, Any] = {"address": _ADDRESS, "count": int, "total": int}
_SINGLE = {**_ABOUT, **_RECORD, "features": Features, "checksum": str}
HEADER = {**_SINGLE, "conventional": list, "ties": list}


def to_header(about: About, features: Features, record: Record) -> dict[str, Any]:
    """Return the entries of a header, without the checksum.

    Args:
        about: what the result is of.
        features: what the values of its input are called.
        record: what the file says of itself.
    """
    header = {name: getattr(about, name) for name in _ABOUT}
    header |= {name: getattr(record, name) for name in _RECORD}
    header["features"] = asdict(features)
    header["conventional"] = [_fields(site, _SITE) for site in about.conventional]
    header["ties"] = [_fields(tie, _TIE) for tie in record.ties]
    return header


def updated(
    header: dict[str, Any], tensors: dict[str, Tensor]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return a header and tensors as this version has them, but for the number of the schema.

    Args:
        header: what its JSON was read as, whose schema was checked.
        tensors: by name, as they were read.
    """
    if header["schema"] == SCHEMA:
        return header, tensors
    header = _from_second({_RENAMED.get(name, name): value for name, value in header.items()})
    return header, {_RENAMED.get(name, name): value for name, value in tensors.items()}


def from_header(header: dict[str, Any]) -> tuple[About, Features, Record]:
    """Return what a header says.

    Args:
        header: as `updated` gives it.

    Raises:
        LoadError: an entry is missing, unknown or of another type.
    """
    lists = {name: header.get(name) for name in HEADER.keys() - _SINGLE.keys()}
    rest = {name: value for name, value in header.items() if name not in lists}
    entries = decode_fields(rest, _SINGLE, "header")
    sites = _decoded(lists["conventional"], _SITE, "header.conventional")
    ties = _decoded(lists["ties"], _TIE, "header.ties")
    about = {name: entries[name] for name in _ABOUT}
    record = {name: entries[name] for name in _RECORD}
    return (
        About(**about, conventional=tuple(Site(**_addressed(site)) for site in sites)),
        entries["features"],
        Record(**record, ties=tuple(Tie(**_addressed(tie)) for tie in ties)),
    )


def _fields(value: Site | Tie, kinds: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in kinds}


def _decoded(values: Any, kinds: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Return a list of JSON objects, after a check of each."""
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise LoadError(f"{where} is {str(values)[:40]!r}, where a list of objects is expected")
    return [decode_fields(each, kinds, where) for each in values]


def _addressed(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"address": Address(*fields["address"])}


def _from_second(header: dict[str, Any]) -> dict[str, Any]:
    """Return a header of version 2 as one of version 3: nothing was hidden, completed or named."""
    sites = header.get("conventional")
    if not isinstance(sites, list):
        return header
    told = [
        {**each, "hidden": False, "completed": None} if isinstance(each, dict) else each
        for each in sites
    ]
    missing = dict.fromkeys(("baseline_name", "probability", "pointwise_linear"))
    return {**header, **missing, "conventional": told, "features": plain(NAMELESS)}
