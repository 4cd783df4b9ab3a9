"""Localisation: is the attribution inside the object, where a mask says what that is?

Its weakness: a network may well decide by what is around the object.
"""

from jaxtyping import Bool, Float
from torch import Tensor


def mass_inside(map: Float[Tensor, "H W"], mask: Bool[Tensor, "H W"]) -> float:
    """Return the share of positive attribution inside a mask; 0 where nothing is positive.

    To be read beside the share of the area that the mask covers, which a map of equal values has.
    """
    positive = map.clamp(min=0)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if total > 0 else 0.0


def points_inside(map: Float[Tensor, "H W"], mask: Bool[Tensor, "H W"]) -> float:
    """Return 1 if the largest value lies inside the mask and 0 if not (the pointing game)."""
    return float(mask.flatten()[map.argmax()])
