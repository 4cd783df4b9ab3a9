"""Find an output by the name of its class."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from specxai.closest import closest
from specxai.errors import TargetError

_SHOWN = 5
_LISTED = 20


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Read the names of the 1000 ImageNet classes, in order."""
    text = files("specxai.models").joinpath("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def find_class(classes: Sequence[str] | None, text: str) -> int:
    """Find the one class that is called, starts with, or contains a text, in this order.

    Args:
        classes: The name of each output; None if unknown, then only an index is accepted.
        text: The name sought, case ignored, or an index; negative ones count from the end.

    Returns:
        The index of the class; a negative one as it is where the number of classes is unknown.

    Raises:
        TargetError: No class, or more than one, fits; or the index is out of range.
    """
    sought = text.strip().casefold()
    if is_index(sought):
        return _checked(int(sought), classes)
    if classes is None:
        raise TargetError(
            f"target {text!r}: the model has no class names; give an index, or the names in a file "
            "by --classes FILE"
        )
    names = [name.casefold() for name in classes]
    for fits in (str.__eq__, str.startswith, str.__contains__):
        fitting = [i for i, name in enumerate(names) if sought and fits(name, sought)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise TargetError(_ambiguous(text, fitting, classes))
    raise TargetError(_unknown(text, classes))


def is_index(text: str) -> bool:
    """Tell whether a text is the number of an output, be it from the end."""
    return text.removeprefix("-").isdecimal()


def _checked(index: int, classes: Sequence[str] | None) -> int:
    if classes is None:
        return index
    if not -len(classes) <= index < len(classes):
        raise TargetError(
            f"target {index} is out of range: the model has {len(classes)} classes, "
            f"0 to {len(classes) - 1}, or -1 for the last"
        )
    return index % len(classes)


def _ambiguous(text: str, fitting: list[int], classes: Sequence[str]) -> str:
    shown = ", ".join(f"{i} {classes[i]!r}" for i in fitting[:_SHOWN])
    more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
    return f"target {text!r} is ambiguous: {shown}{more}; give one of these names or indices"


def _unknown(text: str, classes: Sequence[str]) -> str:
    hint = "give a class name or an index"
    if near := closest(text, classes, _SHOWN):
        hint = f"did you mean {', '.join(map(repr, near))}?"
    elif 0 < len(classes) <= _LISTED:
        hint = f"choose from {', '.join(map(repr, classes))}"
    return f"target {text!r} is not a class of the model: {hint}"
