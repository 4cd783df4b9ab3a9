"""The mean of an operation's Jacobian along the way, and the least change that makes it exact.

    f(z) − f(z₀) = ∫ J(z₀ + t (z − z₀)) dt (z − z₀)

Gauss–Legendre nodes give the integral exactly for polynomials: one node, the midpoint, for products
of two factors. For anything else the rest is added as a map of rank one, and named.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from specxai.affine.tracing.baseline.ends import (
    AffineMap,
    Arguments,
    Ends,
    at,
    rebuilt,
    tiled,
    with_followed,
)
from specxai.affine.tracing.baseline.slopes import between
from specxai.affine.tracing.operations import numbers
from specxai.affine.tracing.rules import moved

_NODES = 8


@between(
    *"mul multiply matmul mm bmm mv dot vdot inner outer ger kron linear bilinear einsum".split(),
    *"conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution".split(),
    *"conv_tbc sparse_mm smm spmm tensordot chain_matmul multi_dot lerp".split(),
    *"addmm addmv addbmm baddbmm addr addcmul var".split(),
)
def polynomial(ends: Ends) -> AffineMap:
    """Factors that depend on the input: δ(ab) = ā δb + δa b̄, bars are means of both ends.

    That is the Jacobian at the midpoint. More than two factors take more nodes.
    """
    return _Mean(ends, (len(ends.here) + 1) // 2)


def completed(ends: Ends) -> AffineMap:
    """The mean Jacobian with the least change, in the sum of squares, that makes it exact."""
    return Completed(ends, _NODES)


class _Mean(AffineMap):
    """value + Σ w_i J(z_i) (z − z), by running the operation at every node z_i."""

    def __init__(self, ends: Ends, nodes: int) -> None:
        super().__init__(ends)
        self.operation = ends.operation
        points, weights = np.polynomial.legendre.leggauss(nodes)
        self.weights = [float(weight) / 2 for weight in weights]
        pairs = list(zip(ends.start, _steps(ends), strict=True))
        self.nodes = [[z0 + step * float(p + 1) / 2 for z0, step in pairs] for p in points]
        here = self.mean(ends.here, (ends.args, ends.kwargs))
        self.offsets = [f - g for f, g in zip(numbers(self.value), here, strict=True)]

    def on(self, values: Sequence[Tensor], given: Arguments) -> Any:
        pairs = zip(self.mean(values, given), self.offsets, strict=True)
        return filled(self.value, [mean + tiled(offset, mean) for mean, offset in pairs])

    def run(self, values: Sequence[Tensor], given: Arguments) -> Any:
        """Make the call with other values of the tensors that depend on the input."""
        args, kwargs = with_followed(given, self.followed, values)
        return self.operation(*args, **kwargs)

    def mean(self, values: Sequence[Tensor], given: Arguments) -> list[Tensor]:
        """Return Σ w_i f(z_i + z − z)."""
        total: list[Tensor] = []
        for weight, node in zip(self.weights, self.nodes, strict=True):
            moving = [at(point, z) for point, z in zip(node, values, strict=True)]
            parts = [weight * part for part in numbers(self.run(moving, given))]
            total = [a + b for a, b in zip(total, parts, strict=True)] if total else parts
        return total


class Completed(_Mean):
    """The same with r ⟨δz, z − z⟩ / ⟨δz, δz⟩ added, r what the mean leaves over.

    Attributes:
        share: how much of the operation's change the addition makes, ‖r‖ / ‖f(z) − f(z₀)‖.
    """

    def __init__(self, ends: Ends, nodes: int) -> None:
        super().__init__(ends, nodes)
        self.name = ends.name
        self.steps = _steps(ends)
        self.square = _square(self.steps) or 1.0
        pairs = zip(numbers(ends.value), numbers(ends.start_value), strict=True)
        changes = [(f - f0).nan_to_num(0.0, 0.0, 0.0) for f, f0 in pairs]
        mean = _MeanOf(self, (ends.args, ends.kwargs))
        with torch.enable_grad():
            _, products = torch.autograd.functional.jvp(mean, ends.here, tuple(self.steps))
        pairs = zip(changes, products, strict=True)
        self.rests = [change - product.nan_to_num(0.0, 0.0, 0.0) for change, product in pairs]
        self.share = (_square(self.rests) / (_square(changes) or 1.0)) ** 0.5

    def on(self, values: Sequence[Tensor], given: Arguments) -> Any:
        """Return the mean map's result and what completes it."""
        if any(z.shape != step.shape for z, step in zip(values, self.steps, strict=True)):
            # Not an error of ours: products are then computed without a batch.
            raise ValueError(f"{self.name} is completed for one sample at a time")
        pairs = zip(self.steps, values, strict=True)
        along = torch.stack([(step.conj() * moved(z)).sum().real for step, z in pairs]).sum()
        parts = zip(numbers(super().on(values, given)), self.rests, strict=True)
        return filled(self.value, [part + rest * (along / self.square) for part, rest in parts])


class _MeanOf:
    """The mean alone, as a function of the tensors that depend on the input."""

    def __init__(self, of: _Mean, given: Arguments) -> None:
        self.of = of
        self.given = given

    def __call__(self, *values: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.of.mean(values, self.given))


def _steps(ends: Ends) -> list[Tensor]:
    """Return z − z₀; zero where a mask has made both infinite."""
    pairs = zip(ends.here, ends.start, strict=True)
    return [(z - z0).nan_to_num(0.0, 0.0, 0.0) for z, z0 in pairs]


def _square(tensors: Sequence[Tensor]) -> float:
    return sum(float(tensor.abs().square().sum()) for tensor in tensors)


def filled(like: Any, tensors: Sequence[Tensor]) -> Any:
    """Return a result of the same kind with other tensors of numbers in it, in order."""
    new = iter(tensors)

    def replaced(value: Any) -> Any:
        if isinstance(value, Tensor):
            return next(new) if value.is_floating_point() or value.is_complex() else value
        return rebuilt(value, map(replaced, value)) if isinstance(value, tuple | list) else value

    return replaced(like)
