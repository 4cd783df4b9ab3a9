"""What a measure is, which values of it speak for a method, and its mean over images."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

T = TypeVar("T")

# "zero" is the value nearest to 0; "" where no value speaks for a method.
Better = Literal["lower", "higher", "zero", ""]


@dataclass(frozen=True)
class Measure:
    """A number that says how far an attribution can be trusted.

    Attributes:
        question: that it helps to answer; measures of one question share a table.
        name: in tables and figures.
        better: which values speak for a method.
        about: definition, unit, and name in the literature.
        weakness: why it is no proof, in one line.
        setting: at which it is taken, such as a size of noise; empty if there is only one.
        over: what its mean is over, where that is not the images.
    """

    question: str
    name: str
    better: Better
    about: str
    weakness: str
    setting: str = ""
    over: str = "images"

    @property
    def label(self) -> str:
        """Name and setting: no two measures of an evaluation share it."""
        return f"{self.name}, {self.setting}" if self.setting else self.name

    def merit(self, value: float) -> float:
        """Return a number that is larger the more a value speaks for a method.

        >>> Measure("", "", "zero", "", "").merit(-0.5)
        -0.5
        """
        return {"lower": -value, "higher": value, "zero": -abs(value), "": 0.0}[self.better]


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


def bootstrap(
    values: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    seed: int = 0,
    resamples: int = 500,
) -> Interval:
    """Return a statistic of all values together and its percentile bootstrap interval.

    Args:
        values: one for each image, which are resampled; at least one.
        statistic: of a selection of them.
        seed: of the resampling.
        resamples: how many; those of which the statistic is NaN do not count.
    """
    whole = statistic(values)
    if len(values) == 1:
        return Interval(whole, float("nan"), float("nan"), 1)
    chosen = _resampled(len(values), resamples, seed).tolist()
    found = [statistic([values[k] for k in each]) for each in chosen]
    return _interval(whole, torch.tensor(found, dtype=torch.float64), len(values))


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
    return _interval(mean, given[_resampled(len(given), resamples, seed)].mean(1), len(given))


def bootstrap_means(measured: Sequence[Mapping[str, float]], seed: int = 0) -> dict[str, Interval]:
    """Average named numbers, each over the images that have it.

    Args:
        measured: one for each image; what is missing, or NaN, does not count.
        seed: of the resampling.

    >>> bootstrap_means([{"a": 1.0}, {"a": math.nan}])["a"].count
    1
    """
    listed: defaultdict[str, list[float]] = defaultdict(list)
    for values in map(without_nan, measured):
        for name, value in values.items():
            listed[name].append(value)
    return {name: bootstrap_mean(each, seed) for name, each in listed.items()}


def without_nan(values: Mapping[str, float]) -> dict[str, float]:
    """Return the named numbers that are none of them NaN."""
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _resampled(count: int, resamples: int, seed: int) -> Int[Tensor, "r n"]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(count, (resamples, count), generator=generator)


def _interval(value: float, resampled: Float[Tensor, " r"], count: int) -> Interval:
    low, high = resampled.nanquantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Interval(value, low, high, count)
