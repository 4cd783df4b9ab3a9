"""How much of a planted truth an attribution finds: its pixels, its sizes, its components."""

from jaxtyping import Bool, Float
from torch import Tensor

from specxai.compare.metrics.measure import Measure

_QUESTION = "Does it find what was planted?"
PRECISION = Measure(
    _QUESTION,
    "precision of pixels",
    "higher",
    "share of the pixels of largest |attribution|, as many as the planted regions have, that lie "
    "in them (in the manner of XAI-TRIS, Clark et al. 2024)",
    "a region counts as one whole, also where the network reads a part of it",
)
SHARE_ERROR = Measure(
    _QUESTION,
    "error of shares",
    "lower",
    "Σ |sum of the map over a region − its Shapley value| / Σ |Shapley value|",
    "the Shapley value is one answer to who is owed what an interaction adds; others are possible",
)
CAUSES_FOUND = Measure(
    _QUESTION,
    "causes found",
    "higher",
    "share of the planted causes that a single component finds: nine tenths of its |map| inside, "
    "and its contribution within a tenth of the Shapley value",
    "planted causes are apart; those of trained networks overlap",
)
# What a component must have inside a region, and how near it must come, to have found it.
_INSIDE, _NEAR = 0.9, 0.1


def pixel_precision(map: Float[Tensor, "H W"], mask: Bool[Tensor, "H W"]) -> float:
    """Return the share of the leading pixels, as many as the mask has, that it holds.

    >>> import torch
    >>> pixel_precision(torch.tensor([[3.0, -4.0, 1.0]]), torch.tensor([[True, True, False]]))
    1.0
    """
    leading = map.abs().flatten().argsort(descending=True, stable=True)[: int(mask.sum())]
    return float(mask.flatten()[leading].double().mean())


def share_error(
    map: Float[Tensor, "H W"], regions: Bool[Tensor, "n H W"], shares: Float[Tensor, " n"]
) -> float:
    """Return how far the sums of a map over regions are from what they should be."""
    sums = (map.double() * regions).sum((1, 2))
    return float((sums - shares).abs().sum() / shares.abs().sum())


def causes_found(
    maps: Float[Tensor, "k H W"], regions: Bool[Tensor, "n H W"], shares: Float[Tensor, " n"]
) -> list[bool]:
    """Tell of each cause whether one of the components finds it alone.

    Args:
        maps: contribution maps, each of which sums to its component's contribution.
        regions: where the causes are.
        shares: what each adds.
    """
    sizes = maps.abs().sum((1, 2)).clamp(min=1e-300)
    inside = (maps.abs()[:, None] * regions).sum((2, 3)) / sizes[:, None]
    off = (maps.sum((1, 2))[:, None] - shares).abs() / shares.abs()
    return ((inside >= _INSIDE) & (off <= _NEAR)).any(0).tolist()
