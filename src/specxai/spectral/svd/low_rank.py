"""All of a Jacobian of low rank, by few products: what passes a bottleneck has few directions."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Jacobian

# Directions that are tried. They cost about as much as so many rows.
PROBES = 32
# Below this number of rows the rows themselves are as cheap.
_FEW = 8 * PROBES


def low_rank_svd(
    right: Jacobian, active: Int[Tensor, " a"], budget: int, seed: int = 0
) -> tuple[Float[Tensor, "a n"], Float[Tensor, " n"]] | None:
    """Decompose a Jacobian whose rank is well below the number of random directions tried.

    The images Rᵀ w of random directions w span the space of the rows; the images of a basis of
    that space are all there is. Nothing is squared.

    Args:
        right: R, of shape (m, M).
        active: positions of the units whose row is not zero.
        budget: bytes that may be taken: without room for the directions, nothing is tried.
        seed: seed of the directions.

    Returns:
        Left vectors as columns and σ, descending; None when the rank is not low.
    """
    needed = 4 * 8 * PROBES * sum(right.shape)  # in both precisions, and their decomposition
    if min(len(active), right.shape[1]) < _FEW or needed > budget:
        return None
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(PROBES, right.shape[0], generator=generator, dtype=torch.float64)
    images = right.pull(directions.to(right.x)).double()
    _, lengths, rows = torch.linalg.svd(images, full_matrices=False)
    noise = 8 * torch.finfo(right.x.dtype).eps * lengths.norm()
    rank = int((lengths > noise).sum())
    if rank > PROBES // 2:
        return None
    columns = right.push(rows[:rank].to(right.x))[:, active].double()
    left, sigma, _ = torch.linalg.svd(columns.T, full_matrices=False)
    return left, sigma
