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
from specxai.spectral.svd.estimate import eigen_seconds, singular_seconds
from specxai.spectral.svd.foretold import foretold
from specxai.spectral.svd.gram import stored_gram, streamed_gram
from specxai.spectral.svd.low_rank import low_rank_svd
from specxai.spectral.svd.memory import (
    COLUMN_BYTES,
    Storage,
    by_columns,
    plan_storage,
    read_memory,
)
from specxai.spectral.svd.rows import Rows, rows_on_file

# From this many columns on, a decomposition is long enough to predict its time.
_LONG_WORK = 1024


@dataclass(frozen=True, eq=False, kw_only=True)
class LeftSVD:
    """The left half of R = U Σ Vᵀ; right vectors follow from it by v_k = Rᵀ u_k / σ_k.

    Attributes:
        active: positions of the units whose row of R is not zero, shape (a,), int64.
        left: columns are left singular vectors on the active units, shape (a, r), float64.
        singular_values: σ in descending order, shape (r,), float64.
        clusters: label of each component; equal labels mark singular values that rounding cannot
            tell apart, so that only the sum over them is defined; shape (r,), int64.
        coefficients: c = Uᵀ R x ≥ 0 (18), shape (r,), float64.
        residual_norms: ‖R v_k − σ_k u_k‖ / σ_k where the method is iterative; zero where it is
            exact; shape (r,), float64.
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
    residual_norms: Float[Tensor, " r"]
    rest: Float[Tensor, "a q"]
    rest_coefficients: Float[Tensor, " q"]
    note: str = ""


@dataclass(frozen=True, eq=False)
class ExactPlan:
    """How a Jacobian will be decomposed exactly: settled once, before the work begins.

    Attributes:
        active: positions of the units whose row of R is not zero, shape (a,), int64.
        low: left vectors and σ, where R has turned out to be of low rank: then all is done.
        storage: where the rows are kept; None where there is nothing to keep.
        scratch: a folder for rows that do not fit in memory.
    """

    active: Int[Tensor, " a"]
    low: tuple[Tensor, Tensor] | None
    storage: Storage | None
    scratch: Path | None


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
    plan = plan_exact(right, read_memory(memory, right.x.device), scratch)
    return decompose_exactly(right, plan, progress)


def plan_exact(right: Jacobian, budget: int, scratch: Path | None = None) -> ExactPlan:
    """Plan an exact decomposition within a budget of memory; see `exact_svd`.

    Args:
        right: R, of shape (m, M).
        budget: bytes that may be taken beside the model.
        scratch: a folder for rows that do not fit in memory.
    """
    active = find_active(right)
    low = low_rank_svd(right, active, budget)
    storage = plan_storage(right, len(active), budget, scratch) if low is None else None
    return ExactPlan(active, low, storage, scratch)


def decompose_exactly(right: Jacobian, plan: ExactPlan, progress: Progress = silent) -> LeftSVD:
    """Decompose a Jacobian as planned; see `exact_svd`.

    Args:
        right: R, of shape (m, M), as it was planned for.
        plan: how.
        progress: called with a stage's name, the work done and the work in all.
    """
    active = plan.active
    if plan.low is not None:
        return _without_noise(right, active, *plan.low, right.image[active])
    assert plan.storage is not None, "without a low rank there is a place for the rows"
    right = right.in_blocks_of(plan.storage.block)
    if plan.storage.place == "nowhere":
        return _by_streaming(right, active, progress)
    if len(active) > right.shape[1]:
        return _by_svd(right, active, progress)
    with _keep(right, active, plan.storage, plan.scratch, progress) as (rows, image):
        if right.x.dtype == torch.float64:
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
    residual_norms: Float[Tensor, " n"] | None = None,
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
        residual_norms: of the vectors; None for zero.
        note: how it went.
    """
    signs = torch.where(coefficients < 0, -1.0, 1.0).to(left)
    kept = resolved.nonzero()[:, 0]
    rest = (~resolved).nonzero()[:, 0]
    values = sigma[kept]
    return LeftSVD(
        active=active,
        left=(left * signs)[:, kept],
        singular_values=values,
        clusters=clusters_of(values, resolution),
        coefficients=coefficients[kept].abs(),
        residual_norms=torch.zeros_like(values) if residual_norms is None else residual_norms[kept],
        rest=left[:, rest],
        rest_coefficients=coefficients[rest],
        note=note,
    )


def clusters_of(sigma: Float[Tensor, " r"], resolution: float) -> Int[Tensor, " r"]:
    """Label singular values; those that cannot be told apart share a label.

    Args:
        sigma: in descending order.
        resolution: how close two are that cannot be told apart.

    >>> clusters_of(torch.tensor([3.0, 3.0, 1.0]), 0.1)
    tensor([0, 0, 1])
    """
    gaps = sigma[:-1] - sigma[1:] > resolution
    return torch.cat([gaps.new_zeros(min(len(sigma), 1), dtype=torch.int64), gaps.cumsum(0)])


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
        x, done = right.displacement.flatten().double(), 0
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
    count = len(gram)
    seconds = eigen_seconds(count, gram.device) if count >= _LONG_WORK else 0.0
    squares, left = foretold(lambda: torch.linalg.eigh(gram), "eigenvectors", seconds, progress)
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
    return _left_vectors(triangle.T, progress)


def _by_svd(right: Jacobian, active: Int[Tensor, " a"], progress: Progress) -> LeftSVD:
    """Decompose R itself, where it has more active rows than columns: its factors are no larger.

    Where there are far more, R is computed by columns, which are fewer.
    """
    inputs = right.shape[1]
    matrix = right.x.new_empty(len(active), inputs, dtype=torch.float64)
    done = 0
    if by_columns(right, len(active)):
        for images in right.pushed(_unit_rows(right)):
            matrix[:, done : done + len(images)] = images[:, active].T
            done += len(images)
            progress("columns", done, inputs)
    else:
        for block in right.row_blocks(active):
            matrix[done : done + len(block)] = block
            done += len(block)
            progress("rows", done, len(active))
    image = matrix @ right.displacement.flatten().double()
    left, sigma = _left_vectors(matrix, progress)
    del matrix  # the vectors are copied once more
    return _without_noise(right, active, left, sigma, image)


def _unit_rows(right: Jacobian) -> Iterator[Float[Tensor, "_ M"]]:
    """Yield the directions of the single inputs, block after block."""
    for start in range(0, right.shape[1], right.block):
        rows = right.x.new_zeros(min(right.block, right.shape[1] - start), right.shape[1])
        rows.diagonal(start).fill_(1)
        yield rows


def _left_vectors(matrix: Float[Tensor, "a n"], progress: Progress) -> tuple[Tensor, Tensor]:
    """Return the left singular vectors of a matrix with no more columns than rows, and σ."""
    rows, columns = matrix.shape
    long = columns >= _LONG_WORK
    seconds = singular_seconds(rows, columns, matrix.device) if long else 0.0

    def work() -> tuple[Tensor, Tensor]:
        left, sigma, _ = torch.linalg.svd(matrix, full_matrices=False)
        return left, sigma

    return foretold(work, "singular vectors", seconds, progress)
