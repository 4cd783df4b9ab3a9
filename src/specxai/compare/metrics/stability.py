"""Stability: how much does the attribution change when the input hardly does?"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.compare.metrics.measure import Measure
from specxai.errors import MissingExtraError

CHANGE = Measure(
    "Is the map stable?",
    "change under noise",
    "lower",
    "‖Δ map‖ / ‖map‖, without unit, under Gaussian noise of so many standard deviations of the "
    "input, the target held fixed (sensitivity, Yeh et al. 2019); √2 is an unrelated map",
    "a map that ignores network and picture is perfectly stable",
)
BASELINE_CHANGE = Measure(
    "Does it depend on the baseline?",
    "change with the baseline",
    "lower",
    "‖Δ map‖ / ‖map‖, in the mean over other baselines, of the methods that take one; √2 is an "
    "unrelated map",
    "another baseline is another question, whose answer may well be another one",
)
COMPONENT_CHANGE = Measure(
    "Are the components stable?",
    "change of components",
    "lower",
    "Σ‖Δ map‖ / Σ‖map‖ over components matched one to one by the cosine of their contribution "
    "maps, the input's noise as above; √2 is unrelated",
    "components that are all the picture's own are stable too",
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


def component_change(maps: Float[Tensor, "k H W"], others: Float[Tensor, "n H W"]) -> float:
    """Return how much components change, matched one to one by the cosine of their maps.

    Args:
        maps: contribution maps.
        others: those at a noisy input; what has no partner among them counts as gone.

    Returns:
        Σ‖other − map‖ / Σ‖map‖; NaN where all maps are zero.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> maps = torch.eye(3).reshape(3, 1, 3)
    >>> component_change(maps, maps.flip(0))
    0.0
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise MissingExtraError("matching components", "compare") from error
    before, after = (given.double().flatten(1).cpu() for given in (maps, others))
    lengths = before.norm(dim=1)
    if not bool(lengths.any()):
        return float("nan")
    cosines = torch.nn.functional.normalize(before) @ torch.nn.functional.normalize(after).T
    rows, columns = linear_sum_assignment(-cosines.numpy())
    matched = torch.zeros_like(before)
    matched[rows] = after[columns]
    return float((matched - before).norm(dim=1).sum() / lengths.sum())
