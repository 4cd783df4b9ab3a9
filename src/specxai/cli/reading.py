"""From what stands on the command line to models, inputs, targets and folders."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from specxai.errors import InvalidInputError, SpecxaiError

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
        module = model.module.to(torch.device(device))
        x = given.tensor.to(torch.device(device))
    except (RuntimeError, AssertionError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise InvalidInputError(f"--device {device} is not to be had here: {reason}") from fault
    weight = next((p for p in module.parameters() if p.is_floating_point()), x)
    return linearize(module, x.to(weight.dtype), read_rules(rule), precision=precision)


def read_layers(text: str | None) -> "Layers":
    """Read where to split: one address, or several with commas between."""
    names = [part.strip() for part in (text or "").split(",")]
    return names[0] or None if len(names) == 1 else names


def read_target(model: "LoadedModel", text: str | None) -> "Target":
    """Read a target: a class name, a number, or numbers with commas."""
    parts = [part.strip() for part in (text or "").split(",")]
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


def make_folder(path: Path) -> None:
    """Make a folder, or say in one line why not."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SpecxaiError(f"cannot make the folder {path}: {fault.strerror}") from fault
