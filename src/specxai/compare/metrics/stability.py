"""Stability: how much does the attribution change when the input hardly does?

Its weakness: a network that changes its mind under noise has no stable true explanation.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor


def noisy_inputs(
    x: Float[Tensor, "1 C H W"], size: float, draws: int, seed: int
) -> Iterator[Float[Tensor, "1 C H W"]]:
    """Yield the input with Gaussian noise.

    Args:
        x: the input.
        size: standard deviation of the noise, in standard deviations of the input's values.
        draws: how many.
        seed: of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(draws):
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
        yield x + size * x.std() * noise


def relative_change(map: Float[Tensor, "H W"], other: Float[Tensor, "H W"]) -> float:
    """Return ‖other − map‖ / ‖map‖; 0 is perfectly stable, √2 is unrelated maps of equal norm."""
    return float((other - map).norm() / map.norm().clamp(min=torch.finfo(map.dtype).tiny))
