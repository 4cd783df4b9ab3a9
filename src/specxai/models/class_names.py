"""Find an output by the name of its class."""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from specxai.errors import TargetError

_SHOWN = 5


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Read the names of the 1000 ImageNet classes, in order."""
    text = files("specxai.models").joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def find_class(classes: Sequence[str] | None, text: str) -> int:
    """Find the one class that is called, starts with, or contains a text, in this order.

    Args:
        classes: The name of each output; None if unknown, then only an index is accepted.
        text: The name sought, case ignored, or an index.

    Returns:
        The index of the class.

    Raises:
        TargetError: No class, or more than one, fits; or the index is out of range.
    """
    sought = text.strip().casefold()
    if sought.isdecimal():
        return _checked(int(sought), classes)
    if classes is None:
        raise TargetError(f"target {text!r}: the model has no class names; give an index")
    names = [name.casefold() for name in classes]
    for fits in (str.__eq__, str.startswith, str.__contains__):
        fitting = [i for i, name in enumerate(names) if sought and fits(name, sought)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise TargetError(_ambiguous(text, fitting, classes))
    raise TargetError(_unknown(text, names, classes))


def _checked(index: int, classes: Sequence[str] | None) -> int:
    if classes is not None and index >= len(classes):
        raise TargetError(
            f"target {index} is out of range: the model has {len(classes)} classes, "
            f"0 to {len(classes) - 1}"
        )
    return index


def _ambiguous(text: str, fitting: list[int], classes: Sequence[str]) -> str:
    shown = ", ".join(f"{i} {classes[i]!r}" for i in fitting[:_SHOWN])
    more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
    return f"target {text!r} is ambiguous: {shown}{more}; give one of these names or indices"


def _unknown(text: str, names: list[str], classes: Sequence[str]) -> str:
    close = get_close_matches(text.strip().casefold(), names, n=_SHOWN, cutoff=0.5)
    shown = ", ".join(repr(classes[names.index(name)]) for name in dict.fromkeys(close))
    hint = f"did you mean {shown}?" if shown else "give a class name or an index"
    return f"target {text!r} is not a class of the model: {hint}"
