"""The exact singular value decomposition of a Jacobian (paper, equation 17)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from specxai.affine import Jacobian
from specxai.errors import LayerError
from specxai.progress import Progress, silent
from specxai.spectral.gram import stored_gram, streamed_gram
from specxai.spectral.low_rank import low_rank_svd
from specxai.spectral.memory import COLUMN_BYTES, Storage, plan_storage, read_memory
from specxai.spectral.rows import Rows, rows_on_file


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
        residuals: ‖R v_k − σ_k u_k‖ / σ_k where the method is iterative; zero where it is exact;
            shape (r,), float64.
        rest: directions that were not resolved into singular vectors, columns of shape (a, q),
            float64, orthonormal and orthogonal to those of ``left``.
        rest_coefficients: Qᵀ R x for these directions Q, shape (q,), float64.
        note: what a reader should know of how it went; mostly empty.
    """

    active: Int[Tensor, " a"]
    left: Float[Tensor, "a r"]
    singular_values: Float[Tensor, " r"]
    clusters: Int[Tensor, " r"]
    coefficients: Float[Tensor, " r"]
    residuals: Float[Tensor, " r"]
    rest: Float[Tensor, "a q"]
    rest_coefficients: Float[Tensor, " q"]
    note: str = ""


def exact_svd(
    right: Jacobian,
    progress: Progress = silent,
    memory: int | str | None = None,
    scratch: Path | None = None,
) -> LeftSVD:
    """Decompose a Jacobian exactly, from its nonzero rows.

    Directions with σ ≤ 8ε‖R‖, ε the rounding of R's dtype and ‖·‖ the Frobenius norm, are rounding
    noise and left out: r is the numerical rank. Where the rows cannot be kept, the Gram matrix is
    only known to ε‖R‖², and what that does not resolve is the ``rest``.

    Args:
        right: R, of shape (m, M).
        progress: called with a stage's name, the work done and the work in all.
        memory: bytes, or text such as ``2GiB``, that may be taken; None for what is free.
        scratch: a folder for rows that do not fit in memory.

    Returns:
        The singular values with their left vectors, oriented so that c_k = σ_k φ_k·x ≥ 0.

    Raises:
        LayerError: no unit depends on the input here.
        NotEnoughMemoryError: the memory does not suffice; the message says what would.
    """
    budget = read_memory(memory, right.x.device)
    active = find_active(right)
    low = low_rank_svd(right, active, budget)
    if low is not None:
        return _without_noise(right, active, *low, right.image[active])
    plan = plan_storage(right, len(active), budget, scratch)
    right = right.in_blocks_of(plan.block)
    if plan.place == "nowhere":
        return _by_streaming(right, active, progress)
    with _keep(right, active, plan, scratch, progress) as (rows, image):
        tall = rows.shape[0] > rows.shape[1]
        if right.x.dtype == torch.float64 or tall:
            left, sigma = _svd_by_qr(rows, progress)
        else:
            total = rows.shape[1]
            gram = stored_gram(rows, lambda done: progress("Gram matrix", done, total))
            rows.clear()
            left, sigma = _root(gram, progress)
    return _without_noise(right, active, left, sigma, image)


def find_active(right: Jacobian) -> Int[Tensor, " a"]:
    """Return the positions of the units whose row of R is not zero.

    Raises:
        LayerError: there is none.
    """
    active = right.active.nonzero()[:, 0]
    if len(active) == 0:
        raise LayerError(
            f"none of the {right.shape[0]} units of this layer depends on the input here "
            "(no active unit): split at an earlier layer"
        )
    return active


def assemble(
    active: Int[Tensor, " a"],
    left: Float[Tensor, "a n"],
    sigma: Float[Tensor, " n"],
    coefficients: Float[Tensor, " n"],
    resolved: Bool[Tensor, " n"],
    resolution: float,
    residuals: Float[Tensor, " n"] | None = None,
    note: str = "",
) -> LeftSVD:
    """Orient the vectors, mark the clusters, and set apart what is not resolved.

    Args:
        active: positions of the active units.
        left: left vectors, σ descending.
        sigma: their σ.
        coefficients: Uᵀ R x.
        resolved: which of them are singular vectors.
        resolution: how close two σ are that cannot be told apart.
        residuals: of the vectors; None for zero.
        note: how it went.
    """
    signs = torch.where(coefficients < 0, -1.0, 1.0).to(left)
    kept = resolved.nonzero()[:, 0]
    rest = (~resolved).nonzero()[:, 0]
    values = sigma[kept]
    gaps = values[:-1] - values[1:] > resolution
    clusters = torch.cat([gaps.new_zeros(min(len(kept), 1), dtype=torch.int64), gaps.cumsum(0)])
    return LeftSVD(
        active,
        (left * signs)[:, kept],
        values,
        clusters,
        coefficients[kept].abs(),
        torch.zeros_like(values) if residuals is None else residuals[kept],
        left[:, rest],
        coefficients[rest],
        note,
    )


def _without_noise(
    right: Jacobian,
    active: Int[Tensor, " a"],
    left: Float[Tensor, "a n"],
    sigma: Float[Tensor, " n"],
    image: Float[Tensor, " a"],
) -> LeftSVD:
    """Leave out what is rounding of the rows."""
    resolution = float(8 * torch.finfo(right.x.dtype).eps * sigma.norm())
    rank = int((sigma > resolution).sum())
    left, sigma = left[:, :rank], sigma[:rank]
    return assemble(active, left, sigma, left.T @ image, sigma > resolution, resolution)


@contextmanager
def _keep(
    right: Jacobian,
    active: Int[Tensor, " a"],
    plan: Storage,
    scratch: Path | None,
    progress: Progress,
) -> Iterator[tuple[Rows, Float[Tensor, " a"]]]:
    """Compute the active rows, keep them, and multiply each with the input in float64."""
    shape = (len(active), right.shape[1])
    width = max(1, COLUMN_BYTES // (8 * shape[0]))
    if right.x.dtype == torch.float64:
        width = max(width, shape[0])  # a narrower block would be orthogonalized over and over
    with ExitStack() as stack:
        rows = Rows(shape, right.x, width)
        if plan.place == "file" and scratch is not None:
            rows = stack.enter_context(rows_on_file(shape, right.x, width, scratch))
        x, done = right.x.flatten().double(), 0
        image = x.new_empty(shape[0])
        for block in right.row_blocks(active):
            rows.write(done, block)
            image[done : done + len(block)] = block.double() @ x
            done += len(block)
            progress("rows", done, shape[0])
        yield rows, image


def _by_streaming(right: Jacobian, active: Int[Tensor, " a"], progress: Progress) -> LeftSVD:
    """Decompose without keeping rows; what the rounding of the Gram matrix hides is the rest."""
    count = len(active)
    gram = streamed_gram(right, active, lambda done: progress("rows, twice", done, count))
    left, sigma = _root(gram, progress)
    eps = torch.finfo(right.x.dtype).eps
    # Rounding errors of the entries, as a random matrix, move σ² by about their norm.
    resolution = float((8 * eps / count**0.5) ** 0.5 * sigma.norm())
    # Two σ apart by less than the error of σ² divided by 2σ are one; the largest is the worst case.
    close = resolution**2 / float(2 * sigma[0])
    note = f"rows not kept: σ below {resolution:.2g} are not resolved"
    coefficients = left.T @ right.image[active]
    return assemble(active, left, sigma, coefficients, sigma > resolution, close, note=note)


def _root(gram: Float[Tensor, "a a"], progress: Progress) -> tuple[Tensor, Tensor]:
    """Take the square root of the eigenvalues of R Rᵀ.

    Squaring halves the digits, so that float64 resolves down to 1e-8: below the rounding of
    float32 rows.
    """
    progress("eigenvectors", 0, 1)
    squares, left = torch.linalg.eigh(gram)
    progress("eigenvectors", 1, 1)
    return left.flip(1), squares.flip(0).clamp(min=0).sqrt()


def _svd_by_qr(rows: Rows, progress: Progress) -> tuple[Tensor, Tensor]:
    """Reduce Rᵀ to a small triangle by QR, block after block, and decompose the triangle.

    Nothing is squared, so that float64 rows keep all their digits.
    """
    triangle, done = None, 0
    for block in rows.columns():
        wide = block.double().T
        stacked = wide if triangle is None else torch.cat([triangle, wide])
        triangle = torch.linalg.qr(stacked, mode="r").R
        done += block.shape[1]
        progress("QR factorization", done, rows.shape[1])
    assert triangle is not None, "a Jacobian has columns"
    left, sigma, _ = torch.linalg.svd(triangle.T, full_matrices=False)
    return left, sigma
