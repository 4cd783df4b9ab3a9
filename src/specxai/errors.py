"""The errors specxai raises; each message names the fault, the place and the remedy."""

_LONGEST = 160


class SpecxaiError(Exception):
    """Base class of every error that specxai raises on purpose."""


class InvalidInputError(SpecxaiError):
    """The input tensor cannot be explained: shape, dtype, device or values."""


class InvalidModelError(SpecxaiError):
    """The model cannot be explained as it stands: train mode, NaN weights, random output."""


class UnsupportedOperationError(SpecxaiError):
    """The model calls an operation that is neither affine nor piecewise linear."""


class LayerError(SpecxaiError):
    """The layer does not exist, has no tensor output, or has no active unit."""


class NetworkNeededError(InvalidInputError, AttributeError):
    """A stored result is asked for what only the network can tell."""


class NotEnoughMemoryError(SpecxaiError):
    """The computation does not fit into the memory that it may take."""


class TargetError(SpecxaiError):
    """The target is out of range or cannot be chosen automatically."""


class LoadError(SpecxaiError):
    """A model, an input or a file cannot be loaded."""


class MissingExtraError(SpecxaiError):
    """An optional dependency is not installed."""

    def __init__(self, purpose: str, extra: str, package: str = "specxai") -> None:
        super().__init__(
            f"{purpose} needs the extra '{extra}': run  pip install '{package}[{extra}]'"
        )


class OutsideRegionError(SpecxaiError):
    """An affine expression was to be evaluated where it is not known to hold."""


class OutsideRegionWarning(UserWarning):
    """An affine expression was evaluated where it is not known to hold."""


def reason(error: BaseException) -> str:
    """Give the kind of an exception and the first line of its message, shortened.

    Args:
        error: Any exception.

    Returns:
        One line, without a full stop at its end.
    """
    kind = type(error).__name__
    lines = str(error).strip().splitlines()
    if not lines:
        return kind
    first = lines[0].strip().rstrip(".:")
    return f"{kind}: {first[:_LONGEST]}{'…' if len(first) > _LONGEST else ''}"
