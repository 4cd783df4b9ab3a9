"""The growing orthonormal basis of a block Krylov method, and the Ritz triplets in it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Jacobian

# A new direction shorter than this share of the product it came from is rounding.
_NOISE = 1e-6
# Entries of W that are turned at a time when the basis is restarted.
_TURNED = 2**24


@dataclass(frozen=True, eq=False)
class Ritz:
    """Singular triplets of R restricted to a basis U.

    Attributes:
        left: u = U z, columns, shape (a, k), float64.
        coordinates: z, columns, shape (k, k), float64.
        sigma: descending, shape (k,), float64.
        residuals: ‖R v − σ u‖ / σ with v = Rᵀ u / σ, shape (k,), float64.
        resolution: σ below it are rounding.
    """

    left: Float[Tensor, "a k"]
    coordinates: Float[Tensor, "k k"]
    sigma: Float[Tensor, "k"]
    residuals: Float[Tensor, "k"]
    resolution: float


class Basis:
    """Orthonormal directions U in the space of the active units, with their images W = Uᵀ R.

    Args:
        right: R, of shape (m, M).
        active: positions of the units whose row is not zero, shape (a,).
    """

    def __init__(self, right: Jacobian, active: Int[Tensor, "a"]) -> None:
        self.right = right
        self.active = active
        self.products = 0
        self._left = right.x.new_zeros(0, len(active), dtype=torch.float64)
        self._images: list[Tensor] = []
        self._gram = self._left.new_zeros(0, 0)
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
        images = self.right.pull(self._everywhere(block))
        returned = self.right.push(images)[:, self.active].double()
        self.products += len(block)
        self._grow_gram(images)
        self._left = torch.cat([self._left, block])
        self._images.append(images)
        self._beyond = self._without_basis(returned)
        squares, turned = torch.linalg.eigh(self._gram)
        sigma, turned = squares.flip(0).clamp(min=0).sqrt(), turned.flip(1)
        # R Rᵀ u − σ² u lies outside the basis, and only the last block leads there.
        errors = (self._beyond.T @ turned[-len(block) :]).norm(dim=0)
        eps = torch.finfo(images.dtype).eps
        residuals = errors / sigma.square().clamp(min=torch.finfo(torch.float64).tiny)
        return Ritz(self._left.T @ turned, turned, sigma, residuals, float(8 * eps * sigma.norm()))

    def next_block(self) -> Float[Tensor, "b a"]:
        """Return the directions into which R Rᵀ leads out of the basis; none if it does not."""
        return self._orthonormal(self._beyond, float(self._gram.diagonal().max()))

    def restart(self, kept: Float[Tensor, "k p"], given: Float[Tensor, "g a"]) -> None:
        """Keep only some combinations of the directions, and the given vectors within the span.

        The next block must have been taken before: it continues any part of the basis.
        """
        inside = given @ self._left.T
        inside = inside - (inside @ kept) @ kept.T
        lengths = inside.norm(dim=1)
        inside = inside[lengths > _NOISE * given.norm(dim=1)]
        extra = torch.linalg.qr(inside.T).Q
        turn = torch.cat([kept, extra - kept @ (kept.T @ extra)], 1)
        self._left = turn.T @ self._left
        self._gram = turn.T @ self._gram @ turn
        images = self._images
        columns = images[0].shape[1]
        turned = images[0].new_empty(turn.shape[1], columns)
        width = max(1, _TURNED // len(turn))
        for start in range(0, columns, width):
            part = torch.cat([image[:, start : start + width] for image in images]).double()
            turned[:, start : start + width] = (turn.T @ part).to(turned.dtype)
        self._images = [turned]

    def _grow_gram(self, images: Float[Tensor, "b M"]) -> None:
        """Append rows and columns to W Wᵀ, in float64."""
        wide = images.double()
        older = [wide @ part.double().T for part in self._images]
        cross = torch.cat([*older, wide @ wide.T], 1)
        size, grown = self.size, self.size + len(images)
        gram = self._gram.new_zeros(grown, grown)
        gram[:size, :size] = self._gram
        gram[size:] = cross
        gram[:, size:] = cross.T
        self._gram = gram

    def _orthonormal(self, rows: Float[Tensor, "b a"], scale: float | None = None) -> Tensor:
        """Make rows orthonormal, and orthogonal to the basis; drop those that add nothing."""
        fresh: list[Tensor] = []
        for row in rows:
            size = float(row.norm()) if scale is None else scale
            for _ in range(2):  # twice is enough
                row = row - (self._left @ row) @ self._left
                for other in fresh:
                    row = row - (other @ row) * other
            if float(row.norm()) > _NOISE * size:
                fresh.append(row / row.norm())
        return torch.stack(fresh) if fresh else rows[:0]

    def _without_basis(self, rows: Float[Tensor, "b a"]) -> Float[Tensor, "b a"]:
        for _ in range(2):
            rows = rows - (rows @ self._left.T) @ self._left
        return rows

    def _everywhere(self, block: Float[Tensor, "b a"]) -> Float[Tensor, "b m"]:
        """Put values of the active units into the layer's whole output."""
        full = self.right.x.new_zeros(len(block), self.right.shape[0])
        full[:, self.active] = block.to(full.dtype)
        return full
