"""Sparsity: on how few pixels an attribution rests."""

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.compare.metrics.measure import Measure

_QUESTION = "On how few pixels does it rest?"
_WEAKNESS = "a map may be sparse and wrong"
GINI = Measure(
    _QUESTION,
    "Gini",
    "",
    "Gini coefficient of |map|: 0 where all are equal, near 1 where one pixel has all (Chalasani "
    "et al. 2020)",
    _WEAKNESS,
)
AREA_OF_ENERGY = Measure(
    _QUESTION,
    "area of 90 % energy",
    "",
    "smallest share of the pixels that holds 90 % of Σ map²",
    _WEAKNESS,
)


def gini(map: Float[Tensor, "H W"]) -> float:
    """Return the Gini coefficient of |map|: 0 where all are equal, near 1 where one has all.

    With |map| sorted upwards as a_1 … a_n it is Σ (2 i − n − 1) a_i / (n Σ a) (Chalasani et al.
    2020). Neither direction is better: a map may be sparse and wrong.

    >>> gini(torch.ones(2, 2)), gini(torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
    (0.0, 0.75)
    """
    sizes = map.abs().double().flatten().sort().values
    total = float(sizes.sum())
    if total == 0:
        return 0.0
    n = len(sizes)
    weights = 2 * torch.arange(1, n + 1, dtype=torch.float64, device=sizes.device) - n - 1
    return float((weights * sizes).sum()) / (n * total)


def area_of_energy(map: Float[Tensor, "H W"], share: float = 0.9) -> float:
    """Return the smallest share of the pixels that holds a share of Σ map².

    Neither direction is better: a map may be sparse and wrong.

    >>> area_of_energy(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
    0.25
    """
    energy = map.double().square().flatten().sort(descending=True).values.cumsum(0)
    if float(energy[-1]) == 0:
        return 0.0
    return (int((energy < share * energy[-1]).sum()) + 1) / len(energy)
