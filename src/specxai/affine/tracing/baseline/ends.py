"""One call at both ends of the way from the baseline x₀ to the input x."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from specxai.affine.tracing.operations import tensors_in
from specxai.affine.tracing.rules import Operation, moved

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Ends:
    """One call with its arguments at x, and what these were at x₀.

    Attributes:
        name: plain name of the operation.
        operation: the call's function.
        args: positional arguments at x, detached.
        kwargs: keyword arguments at x, detached.
        followed: for each tensor among them, in order, whether it depends on the input.
        start_arguments: all arguments at x₀; those that do not depend on the input are the same,
            apart from the condition of ``where``.
    """

    name: str
    operation: Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    followed: tuple[bool, ...]
    start_arguments: Arguments

    @property
    def here(self) -> tuple[Tensor, ...]:
        """The tensors that depend on the input, at x."""
        return tuple(taken((self.args, self.kwargs), self.followed))

    @property
    def start(self) -> tuple[Tensor, ...]:
        """The tensors that depend on the input, at x₀."""
        return tuple(taken(self.start_arguments, self.followed))

    @cached_property
    def value(self) -> Any:
        """The result at x."""
        return self.on([tensor.clone() for tensor in self.here])

    @cached_property
    def start_value(self) -> Any:
        """The result at x₀."""
        return self.on([tensor.clone() for tensor in self.start], self.start_arguments)

    def on(self, values: Iterable[Tensor], given: Arguments | None = None) -> Any:
        """Make the call with other values of the tensors that depend on the input.

        Args:
            values: these, in order; they may be written into.
            given: the other arguments; None for those at x.
        """
        args, kwargs = with_followed(given or (self.args, self.kwargs), self.followed, values)
        return self.operation(*args, **kwargs)


class AffineMap(ABC):
    """An affine map in those tensors of a call that depend on the input.

    Called with the call's arguments. It keeps what was recorded for one sample, and tiles it.

    Args:
        ends: of the call.
    """

    def __init__(self, ends: Ends) -> None:
        self.followed = ends.followed
        self.value = ends.value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result for the arguments of the call."""
        return self.on(taken((args, kwargs), self.followed), (args, kwargs))

    @abstractmethod
    def on(self, values: Sequence[Tensor], given: Arguments) -> Any:
        """Return the result.

        Args:
            values: the tensors that depend on the input.
            given: all arguments.
        """


def taken(arguments: Arguments, followed: Sequence[bool]) -> list[Tensor]:
    """Return those tensors of a call's arguments that depend on the input."""
    pairs = zip(tensors_in(*arguments), followed, strict=True)
    return [tensor for tensor, depends in pairs if depends]


def broadcast_shape(arguments: Arguments) -> torch.Size:
    """Return the shape that all tensors of a call's arguments broadcast to."""
    shape: torch.Size = torch.broadcast_shapes(*(t.shape for t in tensors_in(*arguments)))
    return shape


def ends_of(
    name: str, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], start: Arguments
) -> Ends:
    """Return a call's two ends.

    Args:
        name: plain name of the operation.
        operation: the call's function.
        args: positional arguments at x: tensors that depend on the input require grad.
        kwargs: keyword arguments likewise.
        start: both at x₀, apart from autograd.
    """
    followed = tuple(tensor.requires_grad for tensor in tensors_in(args, kwargs))
    args, kwargs = copied((args, kwargs))
    return Ends(name, operation, args, kwargs, followed, start)


def copied(arguments: Arguments) -> Arguments:
    """Return arguments with tensors of their own, apart from autograd."""
    args, kwargs = arguments
    return tuple(map(_copied, args)), {key: _copied(value) for key, value in kwargs.items()}


def tiled(stored: Tensor, like: Tensor) -> Tensor:
    """Return what was recorded for one sample as a batch of the same, in another tensor's shape.

    Samples stand one after the other in the first dimension that is longer than the recorded one:
    also where a model has folded heads or windows into its batch.

    Args:
        stored: of one sample; broadcasts over dimensions of length 1.
        like: the tensor of a batch that takes its place.
    """
    shape = (1,) * (like.ndim - stored.ndim) + tuple(stored.shape)
    times = [new // old if old > 1 else 1 for new, old in zip(like.shape, shape, strict=True)]
    batch = stored if max(times, default=1) == 1 else stored.repeat(times)
    return laid_out(batch, like) if tuple(like.shape) != shape else batch


def laid_out(batch: Tensor, like: Tensor) -> Tensor:
    """Return a tensor in the memory layout of another one: mixed ones cost every operation more."""
    for dims, layout in ((4, torch.channels_last), (5, torch.channels_last_3d)):
        if batch.ndim == like.ndim == dims and like.is_contiguous(memory_format=layout):
            return batch.contiguous(memory_format=layout)
    return batch


def at(point: Tensor, z: Tensor) -> Tensor:
    """Return z with a recorded value in place of its own, and with its own derivative."""
    return tiled(point, z) + moved(z)


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return rebuilt(value, map(_copied, value)) if isinstance(value, tuple | list) else value


def rebuilt(like: Any, parts: Iterable[Any]) -> Any:
    """Return a tuple, named tuple or list of the kind of another one."""
    return type(like)(*parts) if hasattr(like, "_fields") else type(like)(parts)


def with_followed(
    arguments: Arguments, followed: Sequence[bool], values: Iterable[Tensor]
) -> Arguments:
    """Return arguments with the followed tensors replaced by others, in order."""
    flags, new = iter(followed), iter(values)
    args, kwargs = arguments
    positional = tuple(_replaced(value, flags, new) for value in args)
    return positional, {key: _replaced(value, flags, new) for key, value in kwargs.items()}


def _replaced(value: Any, flags: Iterator[bool], new: Iterator[Tensor]) -> Any:
    """Take the place of each flagged tensor; no closure, which would keep them until collected."""
    if isinstance(value, Tensor):
        return next(new) if next(flags) else value
    if isinstance(value, dict):
        return {key: _replaced(part, flags, new) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return rebuilt(value, [_replaced(part, flags, new) for part in value])
    return value
