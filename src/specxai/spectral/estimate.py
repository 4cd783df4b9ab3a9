"""How long an exact decomposition will take: counted work times measured rates."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from specxai.affine import Jacobian

_PROBE = 512


@dataclass(frozen=True)
class Estimate:
    """Predicted seconds of the stages of an exact decomposition."""

    rows: float
    gram: float
    eigenvectors: float

    @property
    def seconds(self) -> float:
        """All stages together."""
        return self.rows + self.gram + self.eigenvectors

    def __str__(self) -> str:
        return (
            f"about {duration(self.seconds)} (rows {duration(self.rows)}, Gram matrix "
            f"{duration(self.gram)}, eigenvectors {duration(self.eigenvectors)})"
        )


def estimate_exact(right: Jacobian, count: int) -> Estimate:
    """Predict an exact decomposition by a few rows, a product and an eigenproblem of small size.

    Args:
        right: R, of shape (m, M).
        count: the number a of active rows.

    Returns:
        Seconds: a rows, a² M multiplications for half of the Gram matrix, and a³ for its
        eigenvectors, at the rates measured here.
    """
    few = min(right.block, count)
    cotangents = torch.eye(few, right.shape[0], dtype=right.x.dtype, device=right.x.device)
    blocks = right.pulled([cotangents] * 2)
    next(blocks)  # the graph is built once
    row = seconds_of(lambda: next(blocks)) / few
    probe = torch.randn(_PROBE, 8 * _PROBE, dtype=torch.float64, device=right.x.device)
    product = min(seconds_of(lambda: probe @ probe.T) for _ in range(3)) / (
        _PROBE**2 * probe.shape[1]
    )
    square = probe @ probe.T
    eigen = min(seconds_of(lambda: torch.linalg.eigh(square)) for _ in range(2)) / _PROBE**3
    return Estimate(row * count, product * count**2 * right.shape[1] / 2, eigen * count**3)


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
