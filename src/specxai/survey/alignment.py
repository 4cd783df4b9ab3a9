"""How far two sets of orthonormal directions point the same way."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the leading right vectors of one layer lie to those of another.

    Attributes:
        cosine: |φ·φ'| of the first vectors, 0 to 1: their cosine once their signs agree, for a
            singular vector has none of its own.
        angles: principal angles between the spans of all vectors, ascending, in radians, 0 to
            π/2; as many as the smaller set has; shape (n,), float64. They do not depend on which
            basis a cluster of equal σ was given.
    """

    cosine: float
    angles: Float[Tensor, " n"] = field(repr=False)


def align(first: Float[Tensor, "n ..."], second: Float[Tensor, "m ..."]) -> Alignment:
    """Compare two sets of orthonormal directions of one space.

    Args:
        first: one direction each, shape (n, *input).
        second: shape (m, *input).

    Returns:
        The cosine of the first two, and the principal angles between the spans.

    >>> import torch
    >>> axes = torch.eye(3)
    >>> alignment = align(axes[:2], axes[1:])
    >>> alignment.cosine, alignment.angles.rad2deg().tolist()
    (0.0, [0.0, 90.0])
    """
    one, other = first.flatten(1).double(), second.flatten(1).double()
    cosine = min(float((one[0] @ other[0]).abs()), 1.0)
    return Alignment(cosine, principal_angles(one, other))


def principal_angles(first: Float[Tensor, "n M"], second: Float[Tensor, "m M"]) -> Tensor:
    """Return the principal angles between the spans of rows, ascending, in radians.

    Cosines lose small angles and sines large ones, so that both are taken (Björck and Golub).

    Args:
        first: linearly independent rows, float64.
        second: linearly independent rows, float64.

    Returns:
        As many angles as the smaller set has rows, float64.
    """
    few, many = sorted((first, second), key=len)
    few, many = torch.linalg.qr(few.T).Q, torch.linalg.qr(many.T).Q
    products = many.T @ few
    cosines = torch.linalg.svdvals(products)
    sines = torch.linalg.svdvals(few - many @ products).flip(0)
    return torch.atan2(sines, cosines)
