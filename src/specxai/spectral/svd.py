"""The exact singular value decomposition of a Jacobian (paper, equation 17)."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Jacobian, active_units
from specxai.errors import LayerError

Progress = Callable[[str, int, int], None]

# Entries of one block of columns while the Gram matrix is summed up in float64.
_BLOCK_ENTRIES = 2**24


@dataclass(frozen=True, eq=False)
class LeftSVD:
    """The left half of R = U Σ Vᵀ; right vectors follow from it by v_k = Rᵀ u_k / σ_k.

    Attributes:
        active: positions of the units whose row of R is not zero, shape (a,), int64.
        left: columns are left singular vectors on the active units, shape (a, r), float64.
        singular_values: σ in descending order, shape (r,), float64.
        clusters: label of each component; equal labels mark singular values that rounding cannot
            tell apart, so that only the sum over them is defined; shape (r,), int64.
        coefficients: c = Uᵀ R x ≥ 0 (18), shape (r,), float64.
    """

    active: Int[Tensor, "a"]
    left: Float[Tensor, "a r"]
    singular_values: Float[Tensor, "r"]
    clusters: Int[Tensor, "r"]
    coefficients: Float[Tensor, "r"]


def exact_svd(right: Jacobian, progress: Progress = lambda stage, done, total: None) -> LeftSVD:
    """Decompose a Jacobian exactly, from its nonzero rows.

    Directions with σ ≤ 8ε‖R‖, ε the rounding of R's dtype and ‖·‖ the Frobenius norm, are rounding
    noise and left out: r is the numerical rank.

    Args:
        right: R, of shape (m, M).
        progress: called with a stage's name, the work done and the work in all.

    Returns:
        The singular values with their left vectors, oriented so that c_k = σ_k φ_k·x ≥ 0.

    Raises:
        LayerError: no unit depends on the input here, or the rows do not fit in memory.
    """
    active = active_units(right).nonzero()[:, 0]
    if len(active) == 0:
        raise LayerError(
            f"none of the {right.shape[0]} units of this layer depends on the input here "
            "(no active unit): split at an earlier layer"
        )
    _check_memory(right, len(active))
    rows = right.rows(active, lambda done: progress("rows", done, len(active)))
    if rows.dtype == torch.float64 or rows.shape[0] > rows.shape[1]:
        left, sigma = _svd_by_qr(rows, progress)
    else:
        left, sigma = _svd_by_gram(rows, progress)
    resolution = float(8 * torch.finfo(rows.dtype).eps * sigma.norm())
    rank = int((sigma > resolution).sum())
    left, sigma = left[:, :rank], sigma[:rank]
    coefficients = left.T @ _product(rows, right.x.reshape(-1))
    signs = torch.where(coefficients < 0, -1.0, 1.0).to(left)
    gaps = sigma[:-1] - sigma[1:] > resolution
    clusters = torch.cat([gaps.new_zeros(min(rank, 1), dtype=torch.int64), gaps.cumsum(0)])
    return LeftSVD(active, left * signs, sigma, clusters, coefficients.abs())


def _svd_by_gram(rows: Float[Tensor, "a M"], progress: Progress) -> tuple[Tensor, Tensor]:
    """Take the square root of the eigenvalues of R Rᵀ, formed in float64.

    Squaring halves the digits, so that float64 resolves down to 1e-8: below the rounding of
    float32 rows.
    """
    count, columns = rows.shape
    gram = rows.new_zeros(count, count, dtype=torch.float64)
    width = max(1, _BLOCK_ENTRIES // count)
    for start in range(0, columns, width):
        block = rows[:, start : start + width].double()
        gram.addmm_(block, block.T)
        progress("Gram matrix", min(start + width, columns), columns)
    progress("eigenvectors", 0, 1)
    squares, left = torch.linalg.eigh(gram)
    progress("eigenvectors", 1, 1)
    return left.flip(1), squares.flip(0).clamp(min=0).sqrt()


def _svd_by_qr(rows: Float[Tensor, "a M"], progress: Progress) -> tuple[Tensor, Tensor]:
    """Reduce Rᵀ to a small triangle by QR, block after block, and decompose the triangle.

    Nothing is squared, so that float64 rows keep all their digits.
    """
    count, columns = rows.shape
    triangle = rows.new_zeros(0, count, dtype=torch.float64)
    width = max(count, _BLOCK_ENTRIES // count)
    for start in range(0, columns, width):
        block = rows[:, start : start + width].double()
        triangle = torch.linalg.qr(torch.cat([triangle, block.T]), mode="r").R
        progress("QR factorization", min(start + width, columns), columns)
    left, sigma, _ = torch.linalg.svd(triangle.T, full_matrices=False)
    return left, sigma


def _product(rows: Float[Tensor, "a M"], x: Float[Tensor, "M"]) -> Float[Tensor, "a"]:
    """Return rows · x, summed in float64."""
    step = max(1, _BLOCK_ENTRIES // rows.shape[1])
    return torch.cat([part.double() @ x.double() for part in rows.split(step)])


def _check_memory(right: Jacobian, count: int) -> None:
    """Refuse a Jacobian that would exhaust the machine's memory."""
    if right.x.device.type != "cpu" or "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # The rows, and in float64 the Gram matrix, its eigenvectors and the eigensolver's own copy.
    needed = count * right.shape[1] * right.x.element_size() + 4 * 8 * count**2
    if needed > free:
        raise LayerError(
            f"the {count} active rows at this layer need {needed / 2**30:.1f} GiB and "
            f"{free / 2**30:.1f} GiB are free: split at a layer with fewer active units"
        )
