"""Smoothing that keeps the sum: a Gaussian kernel with reflecting edges."""

import torch
from jaxtyping import Float
from torch import Tensor


def blurred(values: Float[Tensor, "..."], sigma: float, dims: int) -> Float[Tensor, "..."]:
    """Smooth the last dimensions of a tensor.

    The kernel is normalised and folds back at the edges, which are reflected; every value is given
    away whole, so that the sum stays.

    Args:
        values: of a floating-point dtype.
        sigma: standard deviation of the kernel, in positions; 0 changes nothing.
        dims: how many dimensions, from the last.

    >>> round(float(blurred(torch.eye(5), 2.0, 2).sum()), 4)
    5.0
    """
    for dim in range(-dims, 0) if sigma > 0 else ():
        matrix = _reflecting_gaussian(values.shape[dim], sigma).to(values)
        values = (values.movedim(dim, -1) @ matrix).movedim(-1, dim)
    return values


def _reflecting_gaussian(size: int, sigma: float) -> Float[Tensor, "n n"]:
    """Return what each position gives to each, float64: symmetric, rows sum to 1."""
    places = torch.arange(size, dtype=torch.float64)
    reach = int(6 * sigma) // size + 1  # how many reflections a kernel reaches
    total = torch.zeros(size, size, dtype=torch.float64)
    for turn in range(-reach, reach + 1):
        image = turn * size + (places if turn % 2 == 0 else size - 1 - places)
        total += torch.exp(-((places[:, None] - image) ** 2) / (2 * sigma**2))
    return total / total.sum(1, keepdim=True)
