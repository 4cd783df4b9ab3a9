"""Cancelling contributions of opposite sign until one sign is left (paper, equations 21, 22)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Reduction:
    """Contributions of one sign that sum to the same total (21, 22).

    Attributes:
        indices: the components that are left, largest magnitude first, shape (s,), int64.
        values: their reduced contributions α̂, in units of the output, shape (s,), float64.
        shares: α̃ = α̂ / Σα̂, positive and summing to 1, shape (s,), float64.
        rounds: how many rounds of cancellation it took.
    """

    indices: Int[Tensor, "s"]
    values: Float[Tensor, "s"]
    shares: Float[Tensor, "s"]
    rounds: int


def reduce_contributions(contributions: Float[Tensor, "r"]) -> Reduction:
    """Cancel contributions of opposite sign, pair by pair, until one sign is left (21, 22).

    In each round the positive contributions in descending order meet the negative ones in order
    of descending magnitude. A pair's sum belongs to its member of larger magnitude; a pair that
    cancels exactly is gone; the unpaired rest stays.

    Args:
        contributions: α, in units of the output, shape (r,); zeros take no part.

    Returns:
        The contributions that are left. They are none when everything cancels.

    Raises:
        InvalidInputError: a contribution is NaN or infinite.

    >>> reduced = reduce_contributions(torch.tensor([5.0, -3.0, 2.0, -1.0]))
    >>> reduced.indices.tolist(), reduced.values.tolist(), reduced.rounds
    ([0, 2], [2.0, 1.0], 1)
    """
    values = contributions.detach().to("cpu", torch.float64)
    if not torch.isfinite(values).all():
        raise InvalidInputError("a contribution is NaN or infinite: nothing to reduce")
    indices = torch.arange(len(values))
    rounds = 0
    while bool((values > 0).any()) and bool((values < 0).any()):
        indices, values = _cancel_once(indices, values)
        rounds += 1
    order = values.abs().argsort(descending=True, stable=True)
    order = order[values[order] != 0]
    kept = values[order]
    return Reduction(indices[order], kept, kept / kept.sum(), rounds)


def _cancel_once(indices: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Pair the k-th largest positive with the k-th largest negative value and add them."""
    order = values.abs().argsort(descending=True, stable=True)
    indices, values = indices[order], values[order]
    positive, negative = (values > 0).nonzero()[:, 0], (values < 0).nonzero()[:, 0]
    pairs = min(len(positive), len(negative))
    sums = values[positive[:pairs]] + values[negative[:pairs]]
    # Sorted by magnitude, the member of larger magnitude is the one that comes first.
    owners = torch.minimum(positive[:pairs], negative[:pairs])
    rest = torch.cat([positive[pairs:], negative[pairs:]])
    kept_indices = torch.cat([indices[owners], indices[rest]])
    kept_values = torch.cat([sums, values[rest]])
    present = kept_values != 0
    return kept_indices[present], kept_values[present]
