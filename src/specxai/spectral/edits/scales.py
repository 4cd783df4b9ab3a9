"""A factor for each component: what an edit of an explanation asks for."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.spectral.records.decomposition import Indices, check_components


def read_scales(
    rank: int,
    keep: Indices | None = None,
    drop: Indices | None = None,
    scale: Mapping[int, float] | None = None,
) -> Float[Tensor, " r"]:
    """Read an edit in one of three ways.

    Args:
        rank: the number r of components.
        keep: the components that stay; all others are removed.
        drop: the components that are removed.
        scale: the factor for each component that is changed.

    Returns:
        s: 1 leaves a component as it is, 0 removes it, shape (r,), float64.

    Raises:
        InvalidInputError: none or several of the three are given, a component does not exist, or a
            factor is not finite.

    >>> read_scales(3, drop=[1]), read_scales(3, scale={0: 2.0})
    (tensor([1., 0., 1.], dtype=torch.float64), tensor([2., 1., 1.], dtype=torch.float64))
    """
    if sum(choice is not None for choice in (keep, drop, scale)) != 1:
        raise InvalidInputError("say what to change: one of keep=…, drop=… and scale={k: s}")
    if keep is not None:
        others, chosen, factors = 0.0, keep, [1.0]
    elif drop is not None:
        others, chosen, factors = 1.0, drop, [0.0]
    else:
        others, chosen, factors = 1.0, list(scale or {}), [float(s) for s in (scale or {}).values()]
    indices = check_components(chosen, rank, torch.device("cpu"))
    scales = torch.full((rank,), others, dtype=torch.float64)
    scales[indices] = scales.new_tensor(factors)
    if not scales.isfinite().all():
        raise InvalidInputError(f"scale={scale} holds a factor that is not finite")
    return scales
