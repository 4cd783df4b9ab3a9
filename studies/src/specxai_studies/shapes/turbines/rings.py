"""Surfaces of closed rings of points, such as blades and tubes."""

import numpy as np
from jaxtyping import Int
from numpy import ndarray


def ring_quads(rings: int, around: int) -> Int[ndarray, "quads 4"]:
    """Return the quadrilaterals between rings whose points are numbered one ring after the other.

    Args:
        rings: how many.
        around: points of a ring.

    Returns:
        Corners in order around each: two of a ring, then two of the next.

    >>> ring_quads(2, 3).tolist()
    [[0, 1, 4, 3], [1, 2, 5, 4], [2, 0, 3, 5]]
    """
    numbers = np.arange(rings * around).reshape(rings, around)
    after = np.roll(numbers, -1, axis=1)
    return np.stack([numbers[:-1], after[:-1], after[1:], numbers[1:]], -1).reshape(-1, 4)
