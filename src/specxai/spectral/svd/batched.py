"""The exact decompositions of the small Jacobians of many inputs, all at once (17)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine.products.batched import BatchedJacobian


def active_rows(right: BatchedJacobian) -> tuple[Int[Tensor, "n a"], Float[Tensor, "n a M"]]:
    """Compute the rows of R that are not zero, of every input.

    The k-th active unit of each input makes one cotangent, so that it takes as many passes as the
    input with most of them has; where the input has fewer directions, all of these are pushed.

    Args:
        right: R at each input.

    Returns:
        The units, in their order, −1 beyond those of an input; and their rows, float64.
    """
    n, (m, size) = len(right.x), right.shape
    if size <= m:
        unit = torch.eye(size, dtype=right.x.dtype, device=right.x.device)
        columns = torch.stack([right.push(each.expand(n, size)) for each in unit], 2)
        return torch.arange(m, device=columns.device).expand(n, m), columns.double()
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(2, size, generator=generator, dtype=right.x.dtype).to(right.x)
    moved = torch.stack([right.push(each.expand(n, size)) != 0 for each in directions]).any(0)
    counts = moved.sum(1)
    order = moved.long().argsort(stable=True, dim=1, descending=True)[:, : int(counts.max())]
    there = torch.arange(order.shape[1], device=order.device) < counts[:, None]
    rows = right.x.new_zeros(*order.shape, size, dtype=torch.float64)
    for k in range(order.shape[1]):
        cotangents = right.x.new_zeros(n, m)
        cotangents[there[:, k], order[there[:, k], k]] = 1
        rows[:, k] = right.pull(cotangents)
    return torch.where(there, order, -1), rows


def batched_svd(
    rows: Float[Tensor, "n a M"], eps: float
) -> tuple[Float[Tensor, "n a r"], Float[Tensor, "n r"], Float[Tensor, "n M r"]]:
    """Decompose many matrices; directions with σ ≤ 8ε‖R‖ are rounding, and left out.

    Args:
        rows: of each matrix, float64.
        eps: ε, the rounding of what they were computed in.

    Returns:
        U, σ and V, with zeros beyond the rank of each; r is the largest rank.

    >>> U, sigma, V = batched_svd(torch.eye(3).double()[None, :2], 1e-16)
    >>> sigma
    tensor([[1., 1.]], dtype=torch.float64)
    """
    left, sigma, right = torch.linalg.svd(rows, full_matrices=False)
    kept = sigma > 8 * eps * sigma.norm(dim=1, keepdim=True)
    most = int(kept.sum(1).max())
    kept = kept[:, :most]
    right = right[:, :most].transpose(1, 2)
    return left[..., :most] * kept[:, None], sigma[:, :most] * kept, right * kept[:, None]
