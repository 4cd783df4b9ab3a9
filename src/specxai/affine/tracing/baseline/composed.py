"""Operations that are written as a sequence of others, each with its own rule.

What stands in a composition is ordinary code; a tape takes down each of its calls at x₀ and at x,
and plays their affine maps in their stead.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from specxai.affine.tracing.baseline.ends import (
    AffineMap,
    Arguments,
    Ends,
    copied,
    ends_of,
    with_followed,
)
from specxai.affine.tracing.baseline.slopes import SECANTS, Maker
from specxai.affine.tracing.baseline.through import through_both
from specxai.affine.tracing.operations import Kind, carries, classify, operation_name

Steps = Callable[..., Any]


def composed(*operations: str) -> Callable[[Steps], Steps]:
    """Register a composition as the rule of some operations, by plain name.

    The composition takes the operation's arguments, and returns None where it cannot do their like.
    """

    def register(steps: Steps) -> Steps:
        SECANTS.update(dict.fromkeys(operations, _rule(steps)))
        return steps

    return register


def _rule(steps: Steps) -> Maker:
    def make(ends: Ends) -> AffineMap | None:
        starts, maps = _Starts(), _Maps()
        begun = with_followed(ends.start_arguments, ends.followed, _leaves(ends.start))
        if _taped(steps, starts, begun) is None:
            return None
        maps.starts = starts.starts
        arrived = with_followed((ends.args, ends.kwargs), ends.followed, _leaves(ends.here))
        _taped(steps, maps, arrived)
        return _Played(ends, steps, maps.maps)

    return make


def _leaves(tensors: tuple[Tensor, ...]) -> list[Tensor]:
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def _taped(steps: Steps, tape: "_Tape", arguments: Arguments) -> Any:
    args, kwargs = arguments
    with torch.enable_grad(), tape:
        return steps(*args, **kwargs)


class _Tape(TorchFunctionMode, ABC):
    """Numbers the calls of a composition."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        self.count += 1
        return self.run(self.count, func, args, kwargs or {})

    @abstractmethod
    def run(self, number: int, func: Steps, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make a call."""


class _Starts(_Tape):
    """Takes down the arguments of every call that is not affine."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: dict[int, Arguments] = {}

    def run(self, number: int, func: Steps, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if carries(func, args, kwargs) and classify(func, args, kwargs) is not Kind.AFFINE:
            self.starts[number] = copied((args, kwargs))
        return func(*args, **kwargs)


class _Maps(_Tape):
    """Makes the affine map of each of these calls."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: Mapping[int, Arguments] = {}
        self.maps: dict[int, Steps] = {}

    def run(self, number: int, func: Steps, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if number in self.starts:
            name = operation_name(func).strip("_")
            ends = ends_of(name, func, args, kwargs, self.starts[number])
            self.maps[number] = through_both(ends)
        return func(*args, **kwargs)


class _Player(_Tape):
    """Plays the affine maps in place of the calls."""

    def __init__(self, maps: Mapping[int, Steps]) -> None:
        super().__init__()
        self.maps = maps

    def run(self, number: int, func: Steps, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.maps.get(number, func)(*args, **kwargs)


class _Played(AffineMap):
    """The composition with the affine maps of its calls."""

    def __init__(self, ends: Ends, steps: Steps, maps: Mapping[int, Steps]) -> None:
        super().__init__(ends)
        self.steps = steps
        self.maps = maps

    def on(self, values: Sequence[Tensor], given: Arguments) -> Any:
        with _Player(self.maps):
            return self.steps(*given[0], **given[1])
