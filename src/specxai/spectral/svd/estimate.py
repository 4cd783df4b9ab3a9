"""How long an exact decomposition will take: counted work times measured rates."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from specxai.affine import Jacobian
from specxai.spectral.svd.memory import Place, by_columns

_PROBE = 512
# How much longer a multiplication takes in a QR factorization than in a product of matrices.
_QR = 3


@dataclass(frozen=True)
class Estimate:
    """Predicted seconds of the stages of an exact decomposition.

    Attributes:
        rows: all products with R or with its transpose.
        product: the Gram matrix, or the QR factorization in its place; 0 where there is neither.
        vectors: its eigenvectors, or the singular vectors of the triangle.
        qr: whether nothing is squared: float64, or more active rows than inputs.
        pull: one product with the transpose of R.
        push: one product with R.
    """

    rows: float
    product: float
    vectors: float
    qr: bool = False
    pull: float = 0.0
    push: float = 0.0

    @property
    def seconds(self) -> float:
        """All stages together."""
        return self.rows + self.product + self.vectors

    def __str__(self) -> str:
        names = ("QR", "singular vectors") if self.qr else ("Gram matrix", "eigenvectors")
        times = zip(("rows", *names), (self.rows, self.product, self.vectors), strict=True)
        parts = ", ".join(f"{name} {duration(time)}" for name, time in times if time)
        return f"about {duration(self.seconds)} ({parts})"


def estimate_exact(right: Jacobian, count: int, place: Place = "memory") -> Estimate:
    """Predict an exact decomposition by a few products and decompositions of small size.

    Args:
        right: R, of shape (m, M).
        count: the number a of active rows.
        place: where they are kept.

    Returns:
        Seconds, at the rates measured here. Of float32 rows: a rows, a² M multiplications for
        half of the Gram matrix, and a³ for its eigenvectors. With more active rows than inputs,
        a > M: the smaller number of products, and a M² and M³ for singular vectors. Of float64
        rows: QR factorizations of blocks, and a³ for the singular vectors of what they leave.
    """
    device, inputs = right.x.device, right.shape[1]
    pull, push = product_seconds(right)
    if place == "nowhere":
        return Estimate((pull + push) * count, 0.0, eigen_seconds(count, device), False, pull, push)
    if count > inputs:
        rows = push * inputs if by_columns(right, count) else pull * count
        return Estimate(rows, 0.0, singular_seconds(count, inputs, device), True, pull, push)
    if right.x.dtype == torch.float64:
        blocks = -(-inputs // max(count, 1))
        product = _QR * _product_rate(device) * 2 * blocks * count**3
        vectors = singular_seconds(count, count, device)
        return Estimate(pull * count, product, vectors, True, pull, push)
    product = _product_rate(device) * count**2 * inputs / 2
    return Estimate(pull * count, product, eigen_seconds(count, device), False, pull, push)


def product_seconds(right: Jacobian) -> tuple[float, float]:
    """Measure one product with the transpose of a Jacobian, and one with it."""
    few, (units, inputs) = right.block, right.shape
    pull = _each(right.pulled([right.x.new_ones(few, units)] * 2), few)
    return pull, _each(right.pushed([right.x.new_ones(few, inputs)] * 2), few)


def eigen_seconds(count: int, device: torch.device) -> float:
    """Predict the eigenvectors of a symmetric matrix of this size, in float64."""
    probe = torch.randn(_PROBE, _PROBE, dtype=torch.float64, device=device)
    square = probe @ probe.T
    return min(seconds_of(lambda: torch.linalg.eigh(square)) for _ in range(2)) * _cubed(count)


def singular_seconds(rows: int, columns: int, device: torch.device) -> float:
    """Predict the singular vectors of a matrix with no more columns than rows, in float64."""
    probe = torch.randn(_PROBE, _PROBE, dtype=torch.float64, device=device)
    square = min(seconds_of(lambda: torch.linalg.svd(probe)) for _ in range(2)) * _cubed(columns)
    # It is reduced to a square one by QR, and the vectors are led back.
    reduction = 2 * _QR + 1 if rows > columns else 0
    return square + reduction * _product_rate(device) * rows * columns**2


def duration(seconds: float) -> str:
    """Write a time for people.

    >>> duration(95.0)
    '1 min 35 s'
    """
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long some work takes, with what a device still has to do of it."""
    begun = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def _each(blocks: Iterator[Tensor], size: int) -> float:
    """Return the seconds of one product, by the second block: the first builds the graph."""
    next(blocks)
    return seconds_of(lambda: next(blocks)) / size


def _product_rate(device: torch.device) -> float:
    """Return the seconds of one multiplication in a product of matrices in float64."""
    probe = torch.randn(_PROBE, 8 * _PROBE, dtype=torch.float64, device=device)
    work = _PROBE**2 * probe.shape[1]
    return min(seconds_of(lambda: probe @ probe.T) for _ in range(3)) / work


def _cubed(count: int) -> float:
    """Return how much more work a cubic method has with a matrix of this size than with a probe."""
    return float((count / _PROBE) ** 3)
