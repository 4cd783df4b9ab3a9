"""Localisation: is the attribution inside the object, where a mask says what that is?"""

from jaxtyping import Bool, Float
from torch import Tensor

from specxai.compare.metrics.measure import Measure

_QUESTION = "Is it where the object is?"
_WEAKNESS = "a network may well decide by what is around the object"
MASS_INSIDE = Measure(
    _QUESTION,
    "mass inside mask",
    "higher",
    "share of the positive attribution inside the mask (relevance mass, Arras et al. 2022); "
    "equal values have the mask's share of the area",
    _WEAKNESS,
)
POINTING_GAME = Measure(
    _QUESTION,
    "pointing game",
    "higher",
    "share of pictures whose largest value lies inside the mask (Zhang et al. 2016); a random "
    "pixel has the mask's share of the area",
    f"a single pixel decides; {_WEAKNESS}",
)


def mass_inside(map: Float[Tensor, "H W"], mask: Bool[Tensor, "H W"]) -> float:
    """Return the share of positive attribution inside a mask; 0 where nothing is positive.

    Higher is better (relevance mass, Arras et al. 2022), to be read beside the share of the area
    that the mask covers, which a map of equal values has. Its weakness: a network may well decide
    by what is around the object.
    """
    positive = map.clamp(min=0)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if total > 0 else 0.0


def points_inside(map: Float[Tensor, "H W"], mask: Bool[Tensor, "H W"]) -> float:
    """Return 1 if the largest value lies inside the mask and 0 if not (Zhang et al. 2016).

    Of several equal ones, the share that does. Higher is better. Its weakness: a single pixel
    decides.
    """
    return float(mask[map == map.max()].double().mean())
