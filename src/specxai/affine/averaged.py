"""The mean of maps from one baseline to noisy copies of x, made exact at x again."""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from itertools import tee
from math import isfinite

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.ledger import Ledger
from specxai.affine.linearization import Layers, Linearization
from specxai.affine.products.jacobian import Jacobian, Products
from specxai.affine.target import Target
from specxai.affine.tracing.network import run_until
from specxai.errors import InvalidInputError, UnsupportedOperationError


class MeanJacobian(Jacobian):
    """The mean J̄ of several Jacobians, and the least change that makes J d what it has to be.

    J = J̄ + r dᵀ / dᵀd with r = δ − J̄ d; where the input has a scale, lengths are measured in it.

    Args:
        parts: the Jacobians, of one shape.
        x: the point that stands for all, shape (1, *input).
        value: what the function gives there, shape (1, *output).
        displacement: d, shape of x.
        change: δ = J d, shape of the value; None leaves the mean as it is.
        scale: of the input, shape of x; None for one unit everywhere.

    Attributes:
        share: how much of δ the change makes, ‖r‖ / ‖δ‖.
    """

    def __init__(
        self,
        parts: list[Jacobian],
        x: Float[Tensor, "1 ..."],
        value: Tensor,
        displacement: Float[Tensor, "1 ..."],
        change: Tensor | None,
        scale: Float[Tensor, "1 ..."] | None = None,
    ) -> None:
        first = parts[0]
        self.parts = parts
        self.function = first.function
        self.x, self.value, self.displacement, self.scale = x, value, displacement, scale
        self.block = max(1, first.block // len(parts))
        self.sample_bytes = len(parts) * first.sample_bytes
        self.products = Products()
        self._reversed = False
        self.shape = first.shape
        step = displacement.reshape(1, -1)
        mean = torch.cat([part.push(step) for part in parts]).double().mean(0)
        self._image = mean if change is None else change.flatten().double()
        rest = self._image - mean
        self.share = float(rest.norm() / (self._image.norm() or 1.0))
        self._rest = rest.to(x.dtype)
        weighed = (
            step.double() if scale is None else step.double() / scale.double().reshape(1, -1) ** 2
        )
        self._direction = (weighed[0] / float((weighed * step).sum() or 1.0)).to(x.dtype)

    @cached_property
    def image(self) -> Float[Tensor, " m"]:
        """J d = δ, float64."""
        return self._image

    def afresh(self) -> "MeanJacobian":
        """Return the same operator without what its parts have found out so far."""
        parts = [part.afresh() for part in self.parts]
        change = self._image.reshape(self.value.shape)
        return MeanJacobian(parts, self.x, self.value, self.displacement, change, self.scale)

    def in_blocks_of(self, block: int) -> "MeanJacobian":
        """Return the same operator with another number of products at a time."""
        other = copy(self)
        other.block = block
        other.parts = [part.in_blocks_of(block) for part in self.parts]
        return other

    def _pulled(self, blocks: Iterator[Tensor], folded: bool) -> Iterator[Tensor]:
        own, *others = tee(blocks, len(self.parts) + 1)
        each = [part._pulled(b, folded) for part, b in zip(self.parts, others, strict=True)]
        for cotangents, *gradients in zip(own, *each, strict=True):
            self.products.pulled += len(cotangents)
            added = (cotangents @ self._rest)[:, None] * self._direction
            yield torch.stack(gradients).mean(0) + added

    def _pushed(self, blocks: Iterator[Tensor]) -> Iterator[Tensor]:
        own, *others = tee(blocks, len(self.parts) + 1)
        each = [part._pushed(b) for part, b in zip(self.parts, others, strict=True)]
        for tangents, *products in zip(own, *each, strict=True):
            self.products.pushed += len(tangents)
            added = (tangents @ self._direction)[:, None] * self._rest
            yield torch.stack(products).mean(0) + added


@dataclass(frozen=True, eq=False)
class AveragedLinearization(Linearization):
    """A map from a baseline, averaged over noisy copies of x and exact at x.

    R and L are averaged each by itself. Products cost as many times more as there are copies.

    Attributes:
        copies: the maps from the baseline to each copy.
    """

    copies: tuple[Linearization, ...] = field(default=(), repr=False)

    @property
    def exactness(self) -> str:
        """What the map is, and over how many copies it is averaged."""
        return f"{self.copies[0].exactness}, averaged over {len(self.copies)} noisy copies"

    def right(self, layers: Layers) -> Jacobian:
        """Return R, averaged; R (x − x₀) = z(x) − z(x₀)."""
        value, start = self._values(layers)
        parts = [each.right(layers) for each in self.copies]
        change = value - start
        return MeanJacobian(parts, self.x, value, self.displacement, change, self.scale)

    def left(self, layers: Layers, z: Float[Tensor, "..."]) -> Jacobian:
        """Return L, averaged; at a cut L (z(x) − z(x₀)) = y − y₀."""
        value, start = self._values(layers)
        parts = [each.left(layers, each.right(layers).value) for each in self.copies]
        change = self.output - self.bias() if self.is_cut(layers) else None
        step = (value - start).reshape(1, -1)
        return MeanJacobian(parts, value.reshape(1, -1), self.output, step, change)

    def ledger(self, target: Target = None) -> Ledger:
        """Refuse: each copy has offsets of its own."""
        raise UnsupportedOperationError(
            "an averaged map has no ledger of its own: explain with average=1 for one"
        )

    def _values(self, layers: Layers) -> tuple[Tensor, Tensor]:
        """Return what layers give at x and at x₀."""
        network, addresses = self.at_x.network, self.addresses(layers)
        start = self.x if self.baseline is None else self.baseline
        with torch.no_grad():
            at_x, at_start = (run_until(network, addresses, point) for point in (self.x, start))
        return at_x.detach(), at_start.detach()


def averaged(lin: Linearization, copies: Iterable[Linearization]) -> AveragedLinearization:
    """Return the mean of maps from one baseline to noisy copies of x.

    Args:
        lin: the map from the baseline to x itself.
        copies: those to the copies.
    """
    fields = {name: getattr(lin, name) for name in Linearization.__dataclass_fields__}
    return AveragedLinearization(**fields, copies=tuple(copies))


def noisy(
    x: Float[Tensor, "1 ..."],
    count: int,
    noise: float,
    seed: int,
    scale: Float[Tensor, "1 ..."] | None = None,
) -> Iterator[Tensor]:
    """Yield copies of x with normal noise.

    Args:
        x: the input.
        count: how many.
        noise: its standard deviation, in parts of the scale, or of that of x.
        seed: of the noise.
        scale: of the input, shape of x; None where there is none.

    Raises:
        InvalidInputError: the count is below 2 or the noise is not positive.
    """
    if count < 2:
        raise InvalidInputError(f"average={count}: take 1 for no average, or 2 copies or more")
    if not (noise > 0 and isfinite(noise)):
        raise InvalidInputError(f"noise={noise}: give a part of x's deviation, such as 0.15")
    generator = torch.Generator().manual_seed(seed)
    size = noise * (float(x.double().std(correction=0)) if scale is None else scale)
    for _ in range(count):
        sample = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        yield x + size * sample.to(x.device)
