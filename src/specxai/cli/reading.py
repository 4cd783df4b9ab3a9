"""From what stands on the command line to models, inputs, targets and names."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from specxai.errors import InvalidInputError, LoadError

if TYPE_CHECKING:
    from specxai.affine import Layers, Linearization, Precision, RuleChoice, Target
    from specxai.models import LoadedInput, LoadedModel


def linearized(
    model: "LoadedModel",
    given: "LoadedInput",
    device: str,
    rule: str,
    precision: "Precision" = "native",
) -> "Linearization":
    """Bring model and input to one device and dtype, and find the affine map."""
    import torch

    from specxai.affine import linearize

    try:
        home = torch.device(device)
        module = model.module.to(home)
        given.tensor.to(home)
    except (RuntimeError, AssertionError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise InvalidInputError(f"--device {device} is not to be had here: {reason}") from fault
    weight = next((p for p in module.parameters() if p.is_floating_point()), given.tensor)
    x = given.to(home, weight.dtype)
    try:
        return linearize(module, x, read_rules(rule), wrt=given.wrt, precision=precision)
    except InvalidInputError as fault:
        if model.input_shape in (None, tuple(given.tensor.shape[1:])):
            raise
        expected = (1, *model.input_shape)
        raise InvalidInputError(f"{fault}; {model.name} takes {expected}") from fault


def read_input(
    text: str, model: "LoadedModel", background: str | None = None, wrt: str | None = None
) -> "LoadedInput":
    """Load an input, and say on standard error what was assumed, if anything was."""
    from specxai.models import load_input

    given = load_input(text, model, background=background, wrt=wrt)
    if given.note:
        print(f"{given.name}: {given.note}", file=sys.stderr)
    return given


def read_layers(text: str | None) -> "Layers":
    """Read where to split: one address, or several with commas between."""
    names = read_list(text or "")
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
