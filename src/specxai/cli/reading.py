"""From what stands on the command line to layers, targets, rules and names."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from specxai.errors import LayerError, LoadError, TargetError

if TYPE_CHECKING:
    from specxai.affine import Against, Layers, RuleChoice, Target
    from specxai.models import LoadedModel


def read_layers(text: str | None) -> "Layers":
    """Read where to split: one address, or several with commas between; none is no split."""
    if text is not None and not text.strip():
        raise LayerError("--layer is empty: name a layer, or none for the whole network")
    names = read_list("" if text in (None, "none") else text)
    return names[0] or None if len(names) == 1 else names


def read_list(text: str) -> list[str]:
    """Read what stands between commas."""
    return [part.strip() for part in text.split(",")]


def read_target(model: "LoadedModel", text: str | None) -> "Target":
    """Read a target: a class name, a number, or numbers with commas, for several dimensions.

    Negative numbers count from the end.

    Raises:
        TargetError: there is no such class, or several are named.
    """
    from specxai.models.class_names import is_index

    if text is None:
        return None
    parts = read_list(text)
    if all(map(is_index, parts)):
        numbers = tuple(map(int, parts))
        return numbers if len(numbers) > 1 else numbers[0]
    outputs = _read_outputs(model, text)
    if len(outputs) > 1:
        raise TargetError(
            f"target {text!r} names {len(outputs)} classes: name one, only 'specxai explain' takes "
            "several; numbers with commas are one output of several dimensions"
        )
    return outputs[0]


def read_targets(model: "LoadedModel", text: str) -> list[str]:
    """Read several classes, each to be explained alone: none where the text is one output.

    Raises:
        TargetError: there is no such class.
    """
    from specxai.models.class_names import is_index

    parts = read_list(text)
    one = all(map(is_index, parts)) or len(_read_outputs(model, text)) == 1
    return [] if one else parts


def read_against(model: "LoadedModel", text: str) -> "Against":
    """Read what an output is set against: runner-up, mean, or numbers or names with commas."""
    return cast("Against", text) if text in ("runner-up", "mean") else _read_outputs(model, text)


def _read_outputs(model: "LoadedModel", text: str) -> tuple[int, ...]:
    """Read outputs by number or class name, with commas; a name may have commas itself."""
    try:
        return (model.class_index(text),)
    except TargetError:
        parts = read_list(text)
        if len(parts) == 1:
            raise
        return tuple(map(model.class_index, parts))


def read_rules(text: str) -> "RuleChoice":
    """Read rules: a convention, or pairs pattern=convention with commas between."""
    pairs = [part.strip().rpartition("=") for part in text.split(",")]
    choices = {pattern or "*": convention for pattern, _, convention in pairs}
    return cast("RuleChoice", choices)  # linearize checks the conventions


class Names(NamedTuple):
    """What the values of an input are called, their units, and which belong together."""

    features: Sequence[str]
    units: Sequence[str] | None = None
    groups: Mapping[str, Sequence[int | str | tuple[int, ...]]] | None = None


def read_names(path: Path) -> Names:
    """Read the names of input values from a .csv file: one a line, behind it unit and group.

    A first line ``name``, ``name,unit`` or ``name,unit,group`` is a heading.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise LoadError(f"cannot read names from {path}: {reason}") from fault
    if rows and rows[0] == ["name", "unit", "group"][: len(rows[0])]:
        del rows[0]
    wrong = next((row for row in rows if len(row) > 3 or not row[0]), None)
    if wrong is not None or not rows:
        told = ",".join(wrong or [])
        raise LoadError(f"{path}: {told!r} is no name, or name, unit and group")
    full = [(*row, "", "")[:3] for row in rows]
    groups: dict[str, list[int | str | tuple[int, ...]]] = {}
    for place, (_, _, group) in enumerate(full):
        if group:
            groups.setdefault(group, []).append(place)
    units = [unit for _, unit, _ in full]
    return Names([name for name, _, _ in full], units, groups or None)
