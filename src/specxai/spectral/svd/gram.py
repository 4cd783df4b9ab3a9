"""The Gram matrix G = R Rᵀ of the active rows, in float64."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Jacobian
from specxai.spectral.svd.rows import Rows

# Rows of one tile: only tiles on and below the diagonal are multiplied.
_TILE = 768


def stored_gram(
    rows: Rows, progress: Callable[[int], None] = lambda done: None
) -> Float[Tensor, "a a"]:
    """Sum G over blocks of columns of stored rows.

    Products and sums are in float64: squares of float32 rows would lose every σ below 1e-4 of the
    largest. G is symmetric, so that only half of it is computed.

    Args:
        rows: R_a, shape (a, M).
        progress: called with the number of columns done.
    """
    count = rows.shape[0]
    gram, done = None, 0
    for block in rows.columns():
        wide = block.double()
        if gram is None:
            gram = wide.new_zeros(count, count)
        for top in range(0, count, _TILE):
            tile = wide[top : top + _TILE]
            gram[top : top + _TILE, : top + _TILE].addmm_(tile, wide[: top + _TILE].T)
        done += block.shape[1]
        progress(done)
    assert gram is not None, "a Jacobian has columns"
    return _mirrored(gram)


def streamed_gram(
    right: Jacobian, active: Int[Tensor, " a"], progress: Callable[[int], None] = lambda done: None
) -> Float[Tensor, "a a"]:
    """Compute G without keeping rows: each block of rows is multiplied by R again.

    The entries carry the rounding of R's dtype, so that small singular values are lost.

    Args:
        right: R, shape (m, M).
        active: positions of the rows.
        progress: called with the number of rows done.
    """
    gram = right.x.new_zeros(len(active), len(active), dtype=torch.float64)
    done = 0
    for images in right.pushed(right.row_blocks(active)):
        gram[:, done : done + len(images)] = images[:, active].T.double()
        done += len(images)
        progress(done)
    return _mirrored(gram)


def _mirrored(gram: Float[Tensor, "a a"]) -> Float[Tensor, "a a"]:
    """Copy the lower half over the upper half, tile by tile, in place."""
    for top in range(0, len(gram), _TILE):
        end = top + _TILE
        gram[top:end, top:end] = gram[top:end, top:end].tril() + gram[top:end, top:end].tril(-1).T
        gram[top:end, end:] = gram[end:, top:end].T
    return gram
