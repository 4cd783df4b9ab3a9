"""Leading singular triplets by products with a Jacobian (paper, equation 17, without all of R).

This is block Golub–Kahan–Lanczos bidiagonalization with full reorthogonalization, written by its
left basis U: W = Uᵀ R is kept, and W Wᵀ = Uᵀ R Rᵀ U gives the Ritz triplets. The starting block
holds L_jᵀ and R x, so that Σ_k ψ_k c_k = L_j U Uᵀ R x = L_j R x at every step. When the basis is
full, it is restarted from its leading Ritz vectors (a thick restart).
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Jacobian
from specxai.errors import InvalidInputError, NotEnoughMemoryError, TargetError
from specxai.progress import Progress, silent
from specxai.spectral.svd.basis import Basis, Ritz
from specxai.spectral.svd.exact import LeftSVD, assemble, find_active
from specxai.spectral.svd.memory import gibibytes, read_memory

Goal = Literal["singular_value", "contribution"]


@dataclass(frozen=True)
class Krylov:
    """The leading components only, found by products with R and Rᵀ.

    Attributes:
        n_components: how many leading triplets are wanted.
        by: what they lead in: σ, or |α|.
        tol: largest accepted ‖R v − σ u‖ / σ.
        products: how many products with R, and as many with Rᵀ, may be made.
        block: how many of them at a time.
        seed: seed of the random directions in the starting block.
        share: of Σα; fewer components will do if they add up to it, by |α| the first first. None
            wants all of them.
    """

    n_components: int = 8
    by: Goal = "singular_value"
    tol: float = 1e-4
    products: int = 1000
    block: int = 2
    seed: int = 0
    share: float | None = None

    def __post_init__(self) -> None:
        if self.by not in ("singular_value", "contribution"):
            raise InvalidInputError(f"by={self.by!r}: choose 'singular_value' or 'contribution'")
        if not (self.n_components > 0 and self.products > 0 and self.block > 0 and self.tol > 0):
            raise InvalidInputError("n_components, products, block and tol must be positive")
        if self.share is not None and not (self.by == "contribution" and 0 < self.share < 1):
            raise InvalidInputError(
                f"share={self.share:g} must lie between 0 and 1, and goes with by='contribution'"
            )

    def plan(self, _right: Jacobian, _budget: int) -> "Krylov":
        """Return what there is to do, which needs no foresight; see `Auto.plan`."""
        return self


def krylov_svd(
    right: Jacobian,
    left: Float[Tensor, " m"] | None,
    options: Krylov,
    progress: Progress = silent,
    memory: int | str | None = None,
) -> LeftSVD:
    """Find the leading singular triplets of a Jacobian by products with it.

    Args:
        right: R, of shape (m, M).
        left: L_j, shape (m,); None when all outputs are explained.
        options: when to stop.
        progress: called with a stage's name, the products made and those that may be made.
        memory: bytes, or text such as ``2GiB``, that may be taken; None for what is free.

    Returns:
        The converged triplets among the leading ones; everything else is the ``rest``, so that
        the sum over all is exact.

    Raises:
        LayerError: no unit depends on the input here.
        TargetError: a share is asked for, and all outputs are explained.
        NotEnoughMemoryError: the memory does not hold a basis.
    """
    if left is None and options.share is not None:
        raise TargetError("a share is one of the contributions to one output: choose a target")
    active = find_active(right)
    size = _basis_size(right, len(active), options, read_memory(memory, right.x.device))
    image = right.image[active]
    weight = None if left is None else left[active].double()
    given = torch.stack([image] if weight is None else [weight, image])
    basis = Basis(right.in_blocks_of(min(options.block, right.block)), active)
    generator = torch.Generator().manual_seed(options.seed)
    block = basis.directions(given, options.block, generator)
    while True:
        ritz = basis.extend(block)
        wanted, count = _leading(ritz, image, weight, options)
        done = int((ritz.residual_norms[wanted] <= options.tol).sum())
        finished = done == count
        progress("products", basis.products, basis.products if finished else options.products)
        if finished:
            break
        block = basis.next_block()
        if not len(block):  # the space is invariant: go on outside it
            block = basis.directions(given[:0], options.block, generator)
        if not len(block) or basis.products + len(block) > options.products:
            break
        if basis.size + len(block) > size:
            leading = torch.arange(size // 2 - len(wanted), device=wanted.device)
            kept = torch.cat([wanted, leading]).unique()
            basis.restart(ritz.coordinates[:, kept])
    svd = _result(active, ritz, image, wanted, count, options, basis.products)
    # What a restart has dropped of L_j and R x still counts in the sum.
    dropped = basis.outside(given).T
    return replace(
        svd,
        rest=torch.cat([svd.rest, dropped], 1),
        rest_coefficients=torch.cat([svd.rest_coefficients, dropped.T @ image]),
    )


def _basis_size(right: Jacobian, count: int, options: Krylov, budget: int) -> int:
    """Return how many directions fit into memory."""
    each = 8 * right.shape[1] + 4 * 8 * count
    block = min(options.block, right.block)
    # Of a block one run for the products with Rᵀ, of one sample what those with R recorded.
    runs = (block + 1) * right.sample_bytes
    free = budget - runs - 2 * block * right.shape[1] * right.x.element_size()
    size, least = free // each, 2 * (options.n_components + 2 * options.block + 2)
    if size < min(least, count):
        need = budget - free + least * each
        raise NotEnoughMemoryError(
            f"{options.n_components} components by products need {gibibytes(need)} and "
            f"{gibibytes(budget)} may be used: allow more memory, or ask for fewer components"
        )
    return int(size)


def _leading(
    ritz: Ritz, image: Tensor, weight: Tensor | None, options: Krylov
) -> tuple[Int[Tensor, " n"], int]:
    """Return the positions of the leading Ritz triplets, without rounding, and how many it takes.

    It takes more than there are as long as the basis is small.
    """
    score = ritz.sigma
    if options.by == "contribution":
        score = ritz.along(image)
        score = score if weight is None else score * ritz.along(weight)
    order = score.abs().argsort(descending=True, stable=True)
    leading = order[ritz.sigma[order] > ritz.resolution][: options.n_components]
    if weight is not None and options.share is not None:
        total = weight @ image
        near = (score[leading].cumsum(0) - total).abs() <= (1 - options.share) * total.abs()
        if near.any():
            count = int(near.nonzero()[0]) + 1
            return leading[:count], count
    return leading, options.n_components


def _result(
    active: Tensor,
    ritz: Ritz,
    image: Tensor,
    wanted: Tensor,
    count: int,
    options: Krylov,
    products: int,
) -> LeftSVD:
    resolved = torch.zeros_like(ritz.sigma, dtype=torch.bool)
    resolved[wanted] = ritz.residual_norms[wanted] <= options.tol
    converged = int(resolved.sum())
    short = f"; {converged} of {count} converged" if converged < count else ""
    close = max(ritz.resolution, options.tol * float(ritz.sigma[0]))
    return assemble(
        active,
        ritz.left,
        ritz.sigma,
        ritz.along(image),
        resolved,
        close,
        residual_norms=ritz.residual_norms,
        note=f"{products:,} products with R and with its transpose{short}",
    )
