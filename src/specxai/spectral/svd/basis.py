"""The growing orthonormal basis of a block Krylov method, and the Ritz triplets in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Jacobian

# What is left of a vector, as a share of it, when it lies in the basis but for rounding.
_NOISE = 1e-10
# Entries of W that are turned at a time when the basis is restarted.
_TURNED = 2**24


@dataclass(frozen=True, eq=False)
class Ritz:
    """Singular triplets of R restricted to a basis U.

    Attributes:
        basis: U, rows, shape (k, a), float64.
        coordinates: z, columns, shape (k, k), float64.
        sigma: descending, shape (k,), float64.
        residual_norms: ‖R v − σ u‖ / σ with v = Rᵀ u / σ, shape (k,), float64.
        resolution: σ below it are rounding.
    """

    basis: Float[Tensor, "k a"]
    coordinates: Float[Tensor, "k k"]
    sigma: Float[Tensor, " k"]
    residual_norms: Float[Tensor, " k"]
    resolution: float

    @cached_property
    def left(self) -> Float[Tensor, "a k"]:
        """The left vectors u = U z, columns: as much work as all else of a step."""
        return self.basis.T @ self.coordinates

    def along(self, vector: Float[Tensor, " a"]) -> Float[Tensor, " k"]:
        """Return the products u·v of the left vectors with a vector."""
        return self.coordinates.T @ (self.basis @ vector)


class Basis:
    """Orthonormal directions U in the space of the active units, with their images W = Uᵀ R.

    Args:
        right: R, of shape (m, M).
        active: positions of the units whose row is not zero, shape (a,).
    """

    def __init__(self, right: Jacobian, active: Int[Tensor, " a"]) -> None:
        self.right = right
        self.active = active
        self.products = 0
        self._left = right.x.new_zeros(0, len(active), dtype=torch.float64)
        self._images: list[Tensor] = []
        self._gram = self._left.new_zeros(0, 0)
        # One run of the network serves all products with Rᵀ, and one those with R: the generators
        # keep them.
        self._waiting: list[Tensor] = []
        self._pulled = right.pulled(_taken(self._waiting))
        self._pushed = right.pushed(_taken(self._waiting))
        # Where R Rᵀ leads out of the basis: only from the last block.
        self._beyond = self._left

    @property
    def size(self) -> int:
        """The number of directions."""
        return len(self._left)

    def directions(
        self, given: Float[Tensor, "g a"], count: int, generator: torch.Generator
    ) -> Float[Tensor, "b a"]:
        """Return new orthonormal directions: the given ones, and random ones up to a count."""
        a = len(self.active)
        count = min(max(count, len(given)), a - self.size)
        noise = torch.randn(max(count - len(given), 0), a, generator=generator, dtype=torch.float64)
        return self._orthonormal(torch.cat([given, noise.to(given)]))

    def extend(self, block: Float[Tensor, "b a"]) -> Ritz:
        """Add directions: one product with Rᵀ and one with R for each."""
        self._waiting.append(self._everywhere(block))
        images = next(self._pulled)
        self._waiting.append(images)
        returned = next(self._pushed)[:, self.active].double()
        self.products += len(block)
        images = images.double()
        self._grow_gram(images)
        self._left = torch.cat([self._left, block])
        self._images.append(images)
        self._beyond = self._without_basis(returned)
        squares, turned = torch.linalg.eigh(self._gram)
        sigma, turned = squares.flip(0).clamp(min=0).sqrt(), turned.flip(1)
        # R Rᵀ u − σ² u lies outside the basis.
        errors = (self._beyond.T @ turned[-len(block) :]).norm(dim=0)
        # The rounding of the products, or that of the squares in W Wᵀ under the root.
        eps = max(
            8 * torch.finfo(self.right.x.dtype).eps, (8 * torch.finfo(torch.float64).eps) ** 0.5
        )
        residual_norms = errors / sigma.square().clamp(min=torch.finfo(torch.float64).tiny)
        return Ritz(self._left, turned, sigma, residual_norms, float(eps * sigma.norm()))

    def next_block(self) -> Float[Tensor, "b a"]:
        """Return the directions into which R Rᵀ leads out of the basis; none if it does not."""
        squares = self._gram.diagonal()
        # The rounding of R W for images W of these lengths.
        scale = (squares.max() * squares[-len(self._beyond) :]).sqrt()
        return self._orthonormal(self._beyond, 8 * torch.finfo(self.right.x.dtype).eps * scale)

    def restart(self, kept: Float[Tensor, "k p"]) -> None:
        """Keep only some Ritz vectors, by their coordinates.

        The next block must have been taken before: it continues them as it continues the basis.
        """
        self._left = kept.T @ self._left
        self._gram = kept.T @ self._gram @ kept
        images = self._images
        columns = images[0].shape[1]
        turned = images[0].new_empty(kept.shape[1], columns)
        width = max(1, _TURNED // len(kept))
        for start in range(0, columns, width):
            part = torch.cat([image[:, start : start + width] for image in images])
            turned[:, start : start + width] = kept.T @ part
        self._images = [turned]

    def outside(self, given: Float[Tensor, "g a"]) -> Float[Tensor, "e a"]:
        """Return orthonormal directions that hold what of given vectors lies out of the basis."""
        return self._orthonormal(given)

    def _grow_gram(self, images: Float[Tensor, "b M"]) -> None:
        """Append rows and columns to W Wᵀ, in float64."""
        cross = torch.cat([images @ part.T for part in [*self._images, images]], 1)
        size, grown = self.size, self.size + len(images)
        gram = self._gram.new_zeros(grown, grown)
        gram[:size, :size] = self._gram
        gram[size:] = cross
        gram[:, size:] = cross.T
        self._gram = gram

    def _orthonormal(self, rows: Float[Tensor, "b a"], noise: Tensor | None = None) -> Tensor:
        """Make rows orthonormal, and orthogonal to the basis; drop those that are noise."""
        noise = _NOISE * rows.norm(dim=1) if noise is None else noise
        fresh = _apart(self._once_without_basis(rows), noise)
        # Twice is enough: what then loses half of its length was rounding, not a direction.
        return _apart(self._once_without_basis(fresh), noise.new_full((len(fresh),), 0.5))

    def _without_basis(self, rows: Float[Tensor, "b a"]) -> Float[Tensor, "b a"]:
        return self._once_without_basis(self._once_without_basis(rows))

    def _once_without_basis(self, rows: Float[Tensor, "b a"]) -> Float[Tensor, "b a"]:
        """Take out what lies in the basis, of all rows together: it is read once for all."""
        return rows - (rows @ self._left.T) @ self._left

    def _everywhere(self, block: Float[Tensor, "b a"]) -> Float[Tensor, "b m"]:
        """Put values of the active units into the layer's whole output."""
        full = self.right.x.new_zeros(len(block), self.right.shape[0])
        full[:, self.active] = block.to(full.dtype)
        return full


def _apart(rows: Float[Tensor, "b a"], noise: Float[Tensor, " b"]) -> Float[Tensor, "c a"]:
    """Make rows orthonormal one after the other; drop those of which only noise is left."""
    fresh: list[Tensor] = []
    for row, least in zip(rows, noise, strict=True):
        for other in fresh:
            row = row - (other @ row) * other
        length = row.norm()
        if length > least:
            fresh.append(row / length)
    return torch.stack(fresh) if fresh else rows[:0]


def _taken(waiting: list[Tensor]) -> Iterator[Tensor]:
    """Yield what is waiting, whenever it is asked for."""
    while True:
        yield waiting.pop()
