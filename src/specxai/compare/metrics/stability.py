"""Stability: how much does the attribution change when the input hardly does?"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.compare.metrics.measure import Measure

CHANGE = Measure(
    "Is the map stable?",
    "change under noise",
    "lower",
    "‖Δ map‖ / ‖map‖, without unit, under Gaussian noise of so many standard deviations of the "
    "input, the target held fixed (sensitivity, Yeh et al. 2019); √2 is an unrelated map",
    "a map that ignores network and picture is perfectly stable",
)


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
    """Return ‖other − map‖ / ‖map‖ (sensitivity, Yeh et al. 2019); lower is better.

    0 is perfectly stable, √2 is unrelated maps of equal norm; NaN for a map of zeros. Its
    weakness: a map that ignores network and picture is perfectly stable.
    """
    return float((other - map).norm() / map.norm()) if bool(map.any()) else float("nan")
