"""What the network did at the baseline, call by call; from it and x the affine map through both."""

from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import Tensor

from specxai.affine.tracing.baseline import (  # noqa: F401, they register their rules
    attention,
    elementwise,
    maxima,
    norms,
    quotient,
    recurrent,
    softmax,
)
from specxai.affine.tracing.baseline.ends import Arguments, copied, ends_of
from specxai.affine.tracing.baseline.quadrature import Completed
from specxai.affine.tracing.baseline.through import through_both
from specxai.affine.tracing.interpreter import Address, Call
from specxai.affine.tracing.rules import Operation, Rule
from specxai.errors import UnsupportedOperationError

_REMEDY = (
    "a map from a baseline takes the same path at both ends: choose another baseline, or "
    "baseline=None, the map at x alone"
)


class Reference:
    """The run at x₀, to which the run at x is compared.

    Args:
        parameters: where the network's parameters stand in memory: they need not be copied.

    Attributes:
        arrived: whether the run at x₀ is over.
    """

    def __init__(self, parameters: Collection[int] = ()) -> None:
        self.arrived = False
        self._parameters = parameters
        self._outlines: dict[Address, list[Any]] = {}
        self._passed = 0
        self._secants: dict[Address, Secant] = {}

    def rule(self, call: Call) -> Rule:
        """Return the rule of a call that is not affine: it takes down both of its ends."""
        if not self.arrived:
            self._secants[call.address] = Secant(self, call.address)
        return Rule(self._secants[call.address])

    def follow(self, call: Call) -> None:
        """Take down a call on the input's path at x₀, or compare it with what was taken down.

        Raises:
            UnsupportedOperationError: the model takes another path at x.
        """
        outline = [call.function, *_outline(call.args, call.kwargs)]
        if not self.arrived:
            self._outlines[call.address] = list(map(self._kept, outline))
            return
        self._passed += 1
        before = self._outlines.get(call.address)
        if before is None:
            raise UnsupportedOperationError(
                f"{call.address} did not run at the baseline: {_REMEDY}"
            )
        choice = call.address.operation == "where"  # its condition may be another one
        if len(before) != len(outline) or not all(
            (choice and _is_condition(a) and _is_condition(b)) or _same(a, b)
            for a, b in zip(before, outline, strict=True)
        ):
            raise UnsupportedOperationError(
                f"{call.address} is given other constants, shapes or options at the baseline than "
                f"at x (made from the input past its derivative?): {_REMEDY}"
            )

    def _kept(self, value: Any) -> Any:
        """Return a constant as it is now: the model may write into it later."""
        own = isinstance(value, Tensor) and value.data_ptr() not in self._parameters
        return value.clone() if own else value

    def finish(self) -> None:
        """Compare the lengths of both paths, and let go of what was taken down.

        Raises:
            UnsupportedOperationError: the model did more at x₀ than at x.
        """
        if self._passed != len(self._outlines):
            raise UnsupportedOperationError(
                f"the model made {len(self._outlines):,} calls on the input's path at the baseline "
                f"and {self._passed:,} at x: {_REMEDY}"
            )
        self._outlines.clear()
        for secant in self._secants.values():
            secant.start = None

    def shares(self) -> dict[Address, float]:
        """Return the calls that were completed, with the share that the completion has."""
        return {
            address: secant.map.share
            for address, secant in self._secants.items()
            if isinstance(secant.map, Completed)
        }


class Secant:
    """One call through both of its ends: first at x₀, then at x, from then on their affine map."""

    def __init__(self, reference: Reference, address: Address) -> None:
        self.reference = reference
        self.address = address
        self.start: Arguments | None = None
        self.map: Operation | None = None

    def __call__(self, operation: Operation, *args: Any, **kwargs: Any) -> Any:
        """Make the call, and take down what is not known yet."""
        if not self.reference.arrived:
            self.start = copied((args, kwargs))
            return operation(*args, **kwargs)
        if self.start is not None:
            with torch.no_grad():
                ends = ends_of(self.address.operation, operation, args, kwargs, self.start)
                self.map = through_both(ends)
        assert self.map is not None
        return self.map(*args, **kwargs)


def _outline(*values: Any) -> Iterator[Any]:
    """Yield what must be alike at both ends: all but the values of what depends on the input."""
    for value in values:
        if isinstance(value, Tensor):
            if value.requires_grad:
                yield "followed", value.dtype, tuple(value.shape)
            else:
                yield value.detach()
        elif isinstance(value, dict):
            yield from (tuple(value), *_outline(*value.values()))
        elif isinstance(value, tuple | list):
            yield from (len(value), *_outline(*value))
        else:
            yield value


def _is_condition(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype == torch.bool


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride():
            return True
        return a.shape == b.shape and a.dtype == b.dtype and _equal(a, b)
    return type(a) is type(b) and bool(a is b or a == b)


def _equal(a: Tensor, b: Tensor) -> bool:
    if a.layout is not torch.strided:
        a, b = a.to_dense(), b.to_dense()
    return bool(((a == b) | ((a != a) & (b != b))).all())
