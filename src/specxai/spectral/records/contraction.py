"""Heat maps: singular vectors contracted over the features of a point (paper, equation 23)."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from specxai.affine.blur import blurred
from specxai.errors import InvalidInputError

Contraction = Literal["product", "mean"]

Dim = int | None | Literal["auto"]
"""A dimension of x that maps are summed over; see `summed_dim` for ``auto``."""


def contract(
    vectors: Float[Tensor, "n ..."],
    x: Float[Tensor, "1 ..."],
    how: Contraction = "product",
    dim: int | None = 1,
) -> Float[Tensor, "n ..."]:
    """Contract singular vectors over one dimension of the input, such as an image's channels (23).

    ``product`` is the paper's choice: map = Σ_c φ_c x_c, whose sum over all points is φ·x.
    ``mean`` averages φ over c and ignores the input (the paper's Figure 11).

    Args:
        vectors: φ, shape (n, *input).
        x: the input, shape (1, *input).
        how: ``product`` or ``mean``.
        dim: dimension of x to contract, counted with the batch dimension; None contracts nothing.

    Returns:
        One map for each vector, of the input's shape without that dimension.

    Raises:
        InvalidInputError: x has no such dimension, or it is the batch; or an unknown contraction.

    >>> import torch
    >>> contract(torch.ones(1, 3, 2), torch.arange(6.0).reshape(1, 3, 2)).tolist()
    [[6.0, 9.0]]
    """
    if how not in ("product", "mean"):
        raise InvalidInputError(f"contract={how!r} is unknown: choose 'product' or 'mean'")
    check_dim(x, dim)
    values = vectors * x if how == "product" else vectors
    if dim is None:
        return values
    return values.sum(dim) if how == "product" else values.mean(dim)


def smooth_map(
    weights: Float[Tensor, "n ..."], x: Float[Tensor, "1 ..."], dim: int | None, blur: float
) -> Float[Tensor, "n ..."]:
    """Multiply weights with an input, sum over one of its dimensions, and smooth the others.

    Args:
        weights: shape (n, *input).
        x: the input, or what stands for it, shape (1, *input).
        dim: dimension of x to sum over, counted with the batch dimension; None sums over none.
        blur: standard deviation of a Gaussian kernel over the positions, the dimensions but the
            first one of x and the one summed over; the sum stays.

    Raises:
        InvalidInputError: x has no such dimension, it is the batch, or the blur is negative.
    """
    if not 0 <= blur < float("inf"):
        raise InvalidInputError(f"blur={blur} is no standard deviation: choose 0 or more positions")
    maps = contract(weights, x, "product", dim)
    return blurred(maps, blur, min(maps.ndim - 1, max(x.ndim - 2, 1)))


def summed_dim(values: Float[Tensor, "_ ..."], dim: Dim, named: int | None) -> int | None:
    """Return the dimension that maps are summed over.

    Args:
        values: what is mapped, its first dimension is not.
        dim: as it was asked for. ``auto`` is the channels, dimension 1, of pictures and of all that
            has three dimensions or more; but the last one of points (1, P, 3), and of a sequence
            whose positions along dimension 1 have names; none of a vector (1, F).
        named: the dimension whose positions have names; None where none has.

    >>> import torch
    >>> [summed_dim(torch.ones(s), "auto", None) for s in ((1, 3, 8, 8), (1, 9, 3), (1, 12))]
    [1, 2, None]
    """
    if dim != "auto":
        return dim
    if values.ndim == 3 and (named == 1 or values.shape[2] == 3 < values.shape[1]):
        return 2
    return 1 if values.ndim > 2 else None


def default_blur(x: Float[Tensor, "1 ..."]) -> float:
    """Return the width by which maps of a picture are smoothed, in pixels; 0 for other inputs.

    Args:
        x: the input; (1, C, H, W) is a picture.
    """
    return min(x.shape[-2:]) / 18 if x.ndim == 4 else 0.0


def check_dim(x: Float[Tensor, "1 ..."], dim: int | None) -> None:
    """Check that an input has a dimension, apart from the batch, that can be contracted.

    Args:
        x: the input, shape (1, *input).
        dim: counted with the batch dimension; None contracts nothing.

    Raises:
        InvalidInputError: it has not.
    """
    if dim is not None and not 1 <= (dim if dim >= 0 else dim + x.ndim) < x.ndim:
        raise InvalidInputError(
            f"dim={dim} cannot be contracted in an input of shape {tuple(x.shape)}: choose from 1 "
            f"to {x.ndim - 1}, or None"
        )
