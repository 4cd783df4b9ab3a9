"""Where in a picture a map has its weight, in words."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import InvalidInputError

# Along an axis: the first, the middle or the last third, or no one place.
_Third = Literal[0, 1, 2, "spread"]

# Standard deviation, in sides of the picture, beyond which weight is at no one place along an axis.
# Evenly over the whole side it is 0.29, over half of it 0.14, in two opposite thirds 0.33.
_SPREAD = 0.22

_PLACES: dict[tuple[_Third, _Third], str] = {
    (0, 0): "upper left",
    (0, 1): "top",
    (0, 2): "upper right",
    (1, 0): "left",
    (1, 1): "centre",
    (1, 2): "right",
    (2, 0): "lower left",
    (2, 1): "bottom",
    (2, 2): "lower right",
    (0, "spread"): "along the top",
    (1, "spread"): "across the middle",
    (2, "spread"): "along the bottom",
    ("spread", 0): "along the left",
    ("spread", 1): "down the middle",
    ("spread", 2): "along the right",
    ("spread", "spread"): "all over the picture",
}


def place_of(values: Float[Tensor, "H W"]) -> str:
    """Say in words where a map acts, such as ``upper left`` or ``all over the picture``.

    Only values of the sign of the map's sum count, and of these the strongest that hold half of
    them together. Their centroid lies in a third of the height and of the width, which together
    name one of nine places. Where their standard deviation along an axis is above 0.22 of the
    picture's side, they are at no one place along it: ``across the middle``, ``along the left``.

    Args:
        values: the map, best smoothed, shape (H, W), in any unit, finite.

    Returns:
        The place, a few words in lower case; ``nowhere`` for a map of zeros.

    Raises:
        InvalidInputError: the map is empty, or a value of it is NaN or infinite.

    >>> corner = torch.zeros(6, 9)
    >>> corner[0, 8] = -2.0
    >>> place_of(corner), place_of(torch.ones(6, 9)), place_of(corner[:, 8:])
    ('upper right', 'all over the picture', 'along the top')
    """
    if not values.numel() or not values.isfinite().all():
        raise InvalidInputError(
            f"a map of shape {tuple(values.shape)} has no place: give one of finite values"
        )
    values = values.detach().double().cpu()
    weights = (values * (-1.0 if values.sum() < 0 else 1.0)).clamp(min=0)
    if not weights.any():
        return "nowhere"
    ranked = weights.flatten().sort(descending=True).values
    held = int((ranked.cumsum(0) < ranked.sum() / 2).sum())
    strongest = torch.where(weights >= ranked[held], weights, 0.0)
    return _PLACES[_third(strongest.sum(1)), _third(strongest.sum(0))]


def _third(weights: Float[Tensor, " n"]) -> _Third:
    """Return the third of an axis where weights lie, each of them spread over its position."""
    count = len(weights)
    shares = weights / weights.sum()
    positions = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    mean = shares @ positions
    variance = shares @ (positions - mean) ** 2 + 1 / (12 * count**2)
    if variance > _SPREAD**2:
        return "spread"
    return 0 if mean < 1 / 3 else 1 if mean <= 2 / 3 else 2
