"""Deletion and insertion: does the output follow the pixels that are said to matter?

Deletion (Samek et al.; Petsiuk et al.) takes pixels away, those of largest attribution first;
insertion brings them back in the same order. Their weakness: a picture with holes is none that the
network was made for.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

_BATCH = 8


def deletion_curve(
    model: nn.Module,
    x: Float[Tensor, "1 C H W"],
    target: int,
    map: Float[Tensor, "H W"],
    baseline: Float[Tensor, "1 C H W"],
    fractions: Sequence[float],
) -> Float[Tensor, "n"]:
    """Return the probability of the target with the leading pixels replaced by the baseline.

    Args:
        model: the network.
        x: the input.
        target: number of the output.
        map: contribution of each pixel; the largest go first.
        baseline: what takes their place.
        fractions: of the pixels, from 0 to 1.

    Returns:
        Softmax probability at each fraction, float64. A low curve speaks for the map.
    """
    return _curve(model, x, baseline, target, map, fractions)


def insertion_curve(
    model: nn.Module,
    x: Float[Tensor, "1 C H W"],
    target: int,
    map: Float[Tensor, "H W"],
    baseline: Float[Tensor, "1 C H W"],
    fractions: Sequence[float],
) -> Float[Tensor, "n"]:
    """Return the probability of the target with only the leading pixels in place.

    The arguments are those of `deletion_curve`. A high curve speaks for the map.
    """
    return _curve(model, baseline, x, target, map, fractions)


def area(fractions: Sequence[float], curve: Float[Tensor, "n"]) -> float:
    """Return the area under a curve over fractions from 0 to 1, by trapezoids."""
    return float(
        torch.trapezoid(curve.double(), torch.tensor(list(fractions), dtype=torch.float64))
    )


def _curve(
    model: nn.Module,
    first: Tensor,
    then: Tensor,
    target: int,
    map: Tensor,
    fractions: Sequence[float],
) -> Tensor:
    """Replace the leading pixels of one picture by those of another."""
    order = map.flatten().argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    rank = rank.reshape(map.shape).to(first.device)
    counts = [round(fraction * len(order)) for fraction in fractions]
    found = []
    with torch.no_grad():
        for start in range(0, len(counts), _BATCH):
            batch = [
                torch.where(rank < count, then, first) for count in counts[start : start + _BATCH]
            ]
            found.append(model(torch.cat(batch)).double().softmax(1)[:, target].cpu())
    return torch.cat(found)
