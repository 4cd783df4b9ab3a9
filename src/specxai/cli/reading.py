"""From what stands on the command line to layers, targets, rules and names."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, cast

from specxai.errors import LoadError

if TYPE_CHECKING:
    from specxai.affine import Against, Layers, RuleChoice, Target
    from specxai.models import LoadedModel


def read_layers(text: str | None) -> "Layers":
    """Read where to split: one address, or several with commas between; none is no split."""
    names = read_list("" if text in (None, "none") else text)
    return names[0] or None if len(names) == 1 else names


def read_list(text: str) -> list[str]:
    """Read what stands between commas."""
    return [part.strip() for part in text.split(",")]


def read_target(model: "LoadedModel", text: str | None) -> "Target":
    """Read a target: a class name, a number, or numbers with commas."""
    parts = read_list(text or "")
    if text is None:
        return None
    if len(parts) > 1 and all(part.isdigit() for part in parts):
        return tuple(int(part) for part in parts)
    return int(text) if text.isdigit() else model.class_index(text)


def read_against(model: "LoadedModel", text: str) -> "Against":
    """Read what an output is set against: runner-up, mean, a class name, or numbers with commas."""
    if text in ("runner-up", "mean"):
        return cast("Against", text)
    others = read_target(model, text)
    return others if isinstance(others, tuple | int) else ()


def read_rules(text: str) -> "RuleChoice":
    """Read rules: a convention, or pairs pattern=convention with commas between."""
    pairs = [part.strip().rpartition("=") for part in text.split(",")]
    choices = {pattern or "*": convention for pattern, _, convention in pairs}
    return cast("RuleChoice", choices)  # linearize checks the conventions


def read_names(path: Path) -> tuple[list[str], list[str]]:
    """Read the names of input values from a .csv file, one a line, units in a second column.

    A first line ``name`` or ``name,unit`` is a heading.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise LoadError(f"cannot read names from {path}: {reason}") from fault
    if rows and rows[0] in (["name"], ["name", "unit"]):
        del rows[0]
    wrong = next((row for row in rows if len(row) > 2 or not row[0]), None)
    if wrong is not None:
        raise LoadError(f"{path}: {','.join(wrong)!r} is no name, or name and unit")
    return [row[0] for row in rows], [row[1] if len(row) > 1 else "" for row in rows]
