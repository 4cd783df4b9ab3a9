"""Confidence intervals of means over images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % confidence interval.

    Attributes:
        mean: over the images.
        low: 2.5 % of the resampled means; NaN with one image only.
        high: 97.5 % of them.
        count: how many images.
    """

    mean: float
    low: float
    high: float
    count: int


def bootstrap_mean(values: Sequence[float], seed: int = 0, resamples: int = 2000) -> Interval:
    """Return the mean of values and its percentile bootstrap interval.

    Args:
        values: one for each image; at least one.
        seed: of the resampling.
        resamples: how many.

    >>> bootstrap_mean([1.0, 1.0, 1.0])
    Interval(mean=1.0, low=1.0, high=1.0, count=3)
    """
    given = torch.tensor(list(values), dtype=torch.float64)
    mean = float(given.mean())
    if len(given) == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(given), (resamples, len(given)), generator=generator)
    ends = torch.tensor([0.025, 0.975], dtype=torch.float64)
    low, high = given[chosen].mean(1).quantile(ends).tolist()
    return Interval(mean, low, high, len(given))
