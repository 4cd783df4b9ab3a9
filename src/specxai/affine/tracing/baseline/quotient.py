"""Quotients, and choices whose condition depends on the input."""

from collections.abc import Sequence

import torch
from torch import Tensor

from specxai.affine.tracing.baseline.ends import AffineMap, Arguments, Ends, broadcast_shape, tiled
from specxai.affine.tracing.baseline.slopes import between
from specxai.affine.tracing.operations import tensors_in
from specxai.affine.tracing.rules import Operation, moved


@between("div", "divide", "true_divide")
def quotient(ends: Ends) -> AffineMap | None:
    """δ(a/b) = (δa − q̄ δb) / b̄, bars are means of both ends.

    Where b changes its sign, b̄ may be zero: there δ(a/b) = r̄ δa + ā δr with r = 1/b.
    """
    *_, b = tensors_in(ends.args, ends.kwargs)
    if ends.kwargs.get("rounding_mode") or not ends.followed[-1] or b.is_complex():
        return None
    return _Quotient(ends)


class _Quotient(AffineMap):
    """value + w (a − a) + v (b − b)."""

    def __init__(self, ends: Ends) -> None:
        super().__init__(ends)
        b, b0 = ends.here[-1], ends.start[-1]
        ratio, ratio0 = ends.value, ends.start_value
        same = b * b0 > 0
        below = torch.where(same, (b + b0) / 2, 1.0)
        self.above = torch.where(same, 1 / below, (1 / b + 1 / b0) / 2)
        numerator = (ratio * b + ratio0 * b0) / 2
        self.below = torch.where(same, -(ratio + ratio0) / 2 / below, -numerator / (b * b0))

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        *above, below = map(moved, values)
        change = below.expand(broadcast_shape(given))
        change = tiled(self.below, change) * change
        if above:
            change = change + above[0] * tiled(self.above, below)
        return tiled(self.value, change) + change


@between("where")
def where(ends: Ends) -> Operation | None:
    """Each value is that of one of two tensors; where another one is chosen at x₀, completed.

    There both tensors take the mean weight of ½, and the least change that makes it exact.
    """
    tensors = list(tensors_in(ends.args, ends.kwargs))
    place = next((n for n, t in enumerate(tensors) if t.dtype == torch.bool), None)
    if ends.kwargs or len(ends.args) != 3 or place is None:
        return None
    condition, condition0 = tensors[place], list(tensors_in(*ends.start_arguments))[place]
    if condition.equal(condition0):
        return ends.operation
    return _Choice(ends, _weights(ends, condition, condition0))


def _weights(ends: Ends, condition: Tensor, condition0: Tensor) -> list[Tensor]:
    """Return the weight of each followed tensor, in the shape of the result."""
    share = (condition.to(ends.value.dtype) + condition0.to(ends.value.dtype)) / 2
    flags = iter(ends.followed)
    depends = [isinstance(value, Tensor) and next(flags) for value in ends.args]
    # The condition stands first, or behind the tensor whose method it is.
    chosen = [d for d, value in zip(depends, ends.args, strict=True) if value is not condition]
    weights = [w for w, follows in zip((share, 1 - share), chosen, strict=True) if follows]
    steps = [z - z0 for z, z0 in zip(ends.here, ends.start, strict=True)]
    rest = ends.value - ends.start_value - sum(w * d for w, d in zip(weights, steps, strict=True))
    square = torch.stack([step.square().expand_as(rest) for step in steps]).sum(0)
    lever = rest / torch.where(square == 0, 1.0, square)
    return [weight + lever * step for weight, step in zip(weights, steps, strict=True)]


class _Choice(AffineMap):
    """value + Σ w (z − z)."""

    def __init__(self, ends: Ends, weights: list[Tensor]) -> None:
        super().__init__(ends)
        self.weights = weights

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        moving = [moved(z).expand(broadcast_shape(given)) for z in values]
        pairs = zip(self.weights, moving, strict=True)
        change = torch.stack([tiled(w, z) * z for w, z in pairs]).sum(0)
        return tiled(self.value, change) + change
