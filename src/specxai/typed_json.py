"""Records as JSON, and JSON read as the types that annotations promise, or not at all."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from torch import Tensor

from specxai.errors import LoadError

Record = TypeVar("Record")


def encode(value: object) -> str:
    """Write plain values, tuples and dataclasses as JSON, always the same way."""
    return json.dumps(value, default=asdict, sort_keys=True, ensure_ascii=False)


def record_of(kind: type[Record], source: object, **others: Any) -> Record:
    """Return a record of what a result has under the same names.

    Args:
        kind: a dataclass.
        source: the result.
        others: fields that are not taken from it.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{n: others[n] if n in others else getattr(source, n) for n in names})


def plain(value: Any) -> Any:
    """Return a record as dicts, lists, numbers and text, with None for NaN, which JSON lacks.

    Args:
        value: a dataclass, or what such records hold: tensors too, and what has a ``to_dict``.
            A field whose name is a word of Python ends in ``_``, which is left out.

    >>> plain({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_dataclass(value):
        each = ((field.name.rstrip("_"), getattr(value, field.name)) for field in fields(value))
        return {name: plain(part) for name, part in each}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, Tensor):
        return plain(value.tolist())
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def decode(value: object, kind: Any, where: str) -> Any:
    """Return what JSON was read as, after a check that it is of a type.

    Args:
        value: what ``json.loads`` gave.
        kind: str, int, float, bool, None, a StrEnum, a Literal, a union, a tuple, a dict with str
            for keys, a NamedTuple (written as a list) or a dataclass (written as an object).
        where: what the value is, for the message.

    Returns:
        The value, with tuples, NamedTuples and dataclasses in place of lists and objects.

    Raises:
        LoadError: it is of another type.

    >>> decode([1, "a"], tuple[int, str], "pair")
    (1, 'a')
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for part in parts:
            try:
                return decode(value, part, where)
            except LoadError:
                continue
    elif origin is Literal:
        if isinstance(value, str) and value in parts:
            return value
    elif origin is tuple and isinstance(value, list):
        kinds = [parts[0]] * len(value) if parts[1:] == (...,) else parts
        if len(kinds) == len(value):
            return tuple(decode(v, k, where) for v, k in zip(value, kinds, strict=True))
    elif origin is dict and isinstance(value, dict):
        return {name: decode(v, parts[1], f"{where}.{name}") for name, v in value.items()}
    elif is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        return kind(**decode_fields(value, get_type_hints(kind), where))
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        if type(value) is str and value in kind.__members__.values():
            return kind(value)
    elif hasattr(kind, "_fields") and isinstance(value, list):
        return kind(*decode(value, tuple[*get_type_hints(kind).values()], where))  # type: ignore[misc]
    elif type(value) is (NoneType if kind is None else kind):
        return value
    raise LoadError(f"{where} is {str(value)[:40]!r}, where {kind} is expected")


def decode_fields(
    values: Mapping[str, object], kinds: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Return the entries of a JSON object, after a check of their names and types.

    Args:
        values: the object.
        kinds: the type of each entry; all must be there and no others.
        where: what the object is, for the message.

    Raises:
        LoadError: an entry is missing, unknown or of another type.
    """
    if values.keys() != kinds.keys():
        odd = ", ".join(sorted(map(str, values.keys() ^ kinds.keys()))[:5])
        raise LoadError(f"{where} lacks entries or has unknown ones: {odd[:100]}")
    return {name: decode(values[name], kind, f"{where}.{name}") for name, kind in kinds.items()}
