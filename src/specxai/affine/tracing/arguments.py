"""The arguments a model is called with: the one that is explained, and the others, held fixed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from specxai.affine.tracing.precision import is_floating, widened
from specxai.errors import InvalidInputError

# Arrays and pictures are made tensors before anything else.
Inputs = Tensor | np.ndarray | Image.Image | tuple[Any, ...] | Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Arguments:
    """What a model is called with, with one place left open.

    Attributes:
        wrt: the open place: a position, or the name of a keyword argument.
        fixed: the other arguments, by position or name.
    """

    wrt: int | str = 0
    fixed: Mapping[int | str, Any] = field(default_factory=dict, repr=False)

    def held(self, dtype: torch.dtype) -> "Arguments":
        """Return the same with tensors apart from autograd, and no fewer digits than a dtype."""
        fixed = {
            place: widened(as_plain(value).detach(), dtype) if isinstance(value, Tensor) else value
            for place, value in self.fixed.items()
        }
        return replace(self, fixed=fixed)

    def filled(self, x: Float[Tensor, "B ..."]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return positional and keyword arguments for a batch of inputs.

        Everything is copied, because an in-place operation may overwrite what a model is given.
        Fixed tensors with a batch dimension of 1 are repeated for the whole batch.
        """
        values = {place: _repeated(value, len(x)) for place, value in self.fixed.items()}
        values[self.wrt] = x.clone()
        positional = sorted(place for place in values if isinstance(place, int))
        named = {place: value for place, value in values.items() if isinstance(place, str)}
        return tuple(values[place] for place in positional), named


def read_arguments(inputs: Inputs, wrt: int | str | None) -> tuple[Any, Arguments]:
    """Tell the input to explain from the others.

    Args:
        inputs: one tensor, a tuple of positional arguments, or a dict of keyword arguments.
        wrt: position or name of the input to explain; None takes the only floating-point tensor.

    Returns:
        The input to explain, and the rest.

    Raises:
        InvalidInputError: there is no such argument, or a choice must be made.

    >>> import torch
    >>> x, rest = read_arguments({"z": torch.ones(1, 2), "mask": torch.ones(1, 2).bool()}, None)
    >>> rest.wrt
    'z'
    """
    if not isinstance(inputs, tuple | Mapping):
        if wrt is not None:
            raise InvalidInputError(f"wrt={wrt!r} needs inputs in a tuple or a dict, not a tensor")
        return inputs, Arguments()
    pairs = inputs.items() if isinstance(inputs, Mapping) else enumerate(inputs)
    given: dict[int | str, Any] = dict(pairs)
    floating = [place for place, value in given.items() if is_floating(value)]
    if wrt is None and len(floating) != 1:
        found = ", ".join(map(repr, floating)) or "none"
        raise InvalidInputError(
            f"wrt= must name the input to explain; floating-point tensors among the inputs: {found}"
        )
    place = floating[0] if wrt is None else wrt
    if place not in given:
        raise InvalidInputError(
            f"wrt={wrt!r} is not among the inputs {', '.join(map(repr, given))}"
        )
    return given.pop(place), Arguments(place, given)


def as_plain(value: Any) -> Any:
    """Return a tensor of a subclass, such as one with the geometry of a scan, as a plain one."""
    if not isinstance(value, Tensor) or type(value) is Tensor:
        return value
    with torch._C.DisableTorchFunctionSubclass():
        return value.as_subclass(Tensor)


def _repeated(value: Any, count: int) -> Any:
    if not isinstance(value, Tensor):
        return value
    batched = value.ndim > 0 and len(value) == 1
    return (value.expand(count, *value.shape[1:]) if batched else value).clone()
