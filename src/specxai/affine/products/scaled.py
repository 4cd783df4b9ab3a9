"""A Jacobian whose input is counted in units of a scale."""

from collections.abc import Iterator
from copy import copy
from functools import cached_property

from jaxtyping import Bool, Float
from torch import Tensor

from specxai.affine.products.jacobian import Jacobian


class ScaledJacobian(Jacobian):
    """J diag(s): the same derivative, with x / s as the input.

    Args:
        own: J.
        scale: s, above 0, shape (1, *input).
    """

    def __init__(self, own: Jacobian, scale: Float[Tensor, "1 ..."]) -> None:
        self.own, self.scale = own, scale
        self.function, self.value, self.shape = own.function, own.value, own.shape
        self.x, self.displacement = own.x, own.displacement / scale
        self.block, self.sample_bytes = own.block, own.sample_bytes
        self.products, self.share = own.products, own.share
        self._reversed = False
        self._factors = scale.reshape(1, -1)

    @cached_property
    def image(self) -> Float[Tensor, " m"]:
        """J diag(s) (d / s) = J d, float64."""
        return self.own.image

    @cached_property
    def active(self) -> Bool[Tensor, " m"]:
        """The rows that are not zero: those of J."""
        return self.own.active

    def afresh(self) -> "ScaledJacobian":
        """Return the same operator without what it has found out so far."""
        return ScaledJacobian(self.own.afresh(), self.scale)

    def in_blocks_of(self, block: int) -> "ScaledJacobian":
        """Return the same operator with another number of products at a time."""
        other = copy(self)
        other.block, other.own = block, self.own.in_blocks_of(block)
        return other

    def _pulled(self, blocks: Iterator[Tensor], folded: bool) -> Iterator[Tensor]:
        for gradients in self.own._pulled(blocks, folded):
            yield gradients * self._factors

    def _pushed(self, blocks: Iterator[Tensor]) -> Iterator[Tensor]:
        return self.own._pushed(tangents * self._factors for tangents in blocks)
