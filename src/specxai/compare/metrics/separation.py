"""Spatial separation of components: do the leading vectors look at different places?

The paper says so of the last convolution (section 3.3). A measure of ours only: other methods give
one map.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def mean_overlap(maps: Float[Tensor, "n H W"]) -> float:
    """Return the mean cosine between the magnitudes of each two maps.

    Lower is better separated: 0 where no two share a pixel, 1 where all have the same magnitudes;
    NaN for fewer than two maps. Its weakness: it goes pixel by pixel, so that independent noise in
    one and the same place has 2/π, about 0.64.

    >>> round(mean_overlap(torch.eye(2).reshape(2, 1, 2)), 6)
    0.0
    """
    sizes = maps.abs().double().flatten(1)
    unit = sizes / sizes.norm(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    n = len(unit)
    if n < 2:
        return float("nan")
    cosines = unit @ unit.T
    return float((cosines.sum() - cosines.diagonal().sum()) / (n * (n - 1)))
