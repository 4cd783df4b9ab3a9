"""Names that a user declares: of classes in a file; of outputs and inputs beside a network."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, TypeGuard

from specxai.errors import LoadError
from specxai.models.user_files import existing_file

_NAMES = "CLASSES", "OUTPUTS", "FEATURES", "UNITS", "GROUPS"

Groups = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Declared:
    """What a Python file says of its network's outputs and inputs; empty where it says nothing.

    Attributes:
        classes: ``CLASSES``, the name of each output; or ``OUTPUTS``.
        features: ``FEATURES``, the name of each input value.
        units: ``UNITS``, the unit of each of them; "" where it has none.
        groups: ``GROUPS``, names of input values under that of their group.
        exclusive: whether one of the outputs is true, as of classes: not so of ``OUTPUTS``, such as
            a deflection and a stress.
    """

    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    groups: Groups = field(default_factory=dict)
    exclusive: bool = True


def read_declared(namespace: Any, file: Path) -> Declared:
    """Read the names in a module of a user's Python.

    ``CLASSES = 10`` and the like, and ``UNITS`` or ``GROUPS`` without ``FEATURES``, mean something
    else there and are left alone.

    Args:
        namespace: the module.
        file: where it stands, for messages.

    Raises:
        LoadError: a name is no text, or names and units do not fit each other.
    """
    given = {name: getattr(namespace, name, None) for name in _NAMES}
    given = {name: value for name, value in given.items() if not isinstance(value, int | None)}
    where = f"in '{file}'"
    exclusive = "OUTPUTS" not in given
    if "CLASSES" in given and not exclusive:
        raise LoadError(f"CLASSES and OUTPUTS {where}: give the one or the other")
    kind = "CLASSES" if exclusive else "OUTPUTS"
    classes = class_names(given[kind], f"{kind} {where}") if kind in given else None
    if "FEATURES" not in given:
        return Declared(classes, exclusive=exclusive)
    features = _texts(given["FEATURES"], f"FEATURES {where}")
    units = _units(given.get("UNITS", ()), features, f"UNITS {where}")
    groups = _groups(given.get("GROUPS", {}), features, f"GROUPS {where}")
    return Declared(classes, features, units, groups, exclusive)


def class_names(given: object, where: str = "classes=") -> tuple[str, ...]:
    """Return the names of classes in the order of their outputs.

    Args:
        given: a list or tuple of names, or a mapping to names from all numbers from 0 on.
        where: what it is, to begin the message.

    Raises:
        LoadError: a name is no text, or a number is missing.

    >>> class_names({1: "dog", 0: "cat"})
    ('cat', 'dog')
    """
    if not isinstance(given, Mapping):
        return _texts(given, where)
    try:
        names = {int(number): name for number, name in given.items()}
    except (ValueError, TypeError) as fault:
        raise LoadError(f"{where}: give names by the numbers of the outputs, 0, 1, …") from fault
    missing = next((number for number in range(len(names)) if number not in names), None)
    if missing is not None or len(names) != len(given):
        raise LoadError(f"{where}: no name for output {missing or 0}: name all outputs, once each")
    return _texts([names[number] for number in range(len(names))], where)


def read_class_names(path: str | PathLike[str]) -> tuple[str, ...]:
    """Read the names of classes from a file.

    Args:
        path: a .json file, with a list of names, an object from numbers to names, or such an object
            under ``id2label``; a .csv file, with a name in each line or a number and a name, under
            a heading or not; or any other text, with a name in each line.

    Raises:
        LoadError: the file cannot be read, or does not name every output once.
    """
    file = existing_file(Path(path), "class names")
    where = f"class names in '{file}'"
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".json":
            given = json.loads(text)
            labels = given.get("id2label", given) if isinstance(given, dict) else given
            return class_names(labels, where)
        if file.suffix.lower() == ".csv":
            return class_names(_numbered([*csv.reader(text.splitlines())], where), where)
    except (OSError, ValueError, csv.Error) as fault:
        raise LoadError(f"{where} cannot be read: {str(fault).splitlines()[0]}") from fault
    return _texts(text.rstrip().split("\n"), where)


def _numbered(rows: list[list[str]], where: str) -> list[str] | dict[str, str]:
    """Return rows of one or two cells, without a heading, as a list or by number."""
    rows = [[cell.strip() for cell in row] for row in rows if row]
    if all(len(row) == 1 for row in rows):
        return [row[0] for row in rows]
    if rows and not rows[0][0].isdecimal():
        del rows[0]
    wrong = next((row for row in rows if len(row) != 2 or not row[0].isdecimal()), None)
    if wrong is not None:
        raise LoadError(f"{where}: {','.join(wrong)!r} is no number and name")
    names = dict(rows)
    if len(names) < len(rows):
        raise LoadError(f"{where}: an output is named twice")
    return names


def _texts(given: object, where: str) -> tuple[str, ...]:
    if not _is_list(given):
        raise LoadError(f"{where}: give a list of names, not {type(given).__name__}")
    wrong = next((k for k, name in enumerate(given) if not isinstance(name, str) or not name), None)
    if wrong is not None:
        raise LoadError(f"{where}: number {wrong} is {given[wrong]!r}, which is no name")
    return tuple(name.strip() for name in given)


def _is_list(given: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(given, Sequence) and not isinstance(given, str)


def _units(given: object, features: tuple[str, ...], where: str) -> tuple[str, ...]:
    if not given:
        return ()
    if isinstance(given, Mapping):
        unknown = next((name for name in given if name not in features), None)
        if unknown is not None:
            raise LoadError(f"{where}: {unknown!r} is none of FEATURES")
        given = [given.get(name, "") for name in features]
    if not _is_list(given) or len(given) != len(features):
        raise LoadError(f"{where}: give one for each of the {len(features)} FEATURES, or by name")
    return tuple(map(str, given))


def _groups(given: object, features: tuple[str, ...], where: str) -> Groups:
    if not isinstance(given, Mapping) or not all(map(_is_list, given.values())):
        raise LoadError(f"{where}: give a mapping from each group to a list of FEATURES")
    return {
        str(group): tuple(_member(part, features, f"{where}: group {group!r}") for part in parts)
        for group, parts in given.items()
    }


def _member(part: object, features: tuple[str, ...], where: str) -> str:
    """Return the name of an input value that is given by name or number."""
    if isinstance(part, int) and 0 <= part < len(features):
        return features[part]
    if not isinstance(part, str) or part not in features:
        raise LoadError(f"{where}: {part!r} is none of FEATURES")
    return part
