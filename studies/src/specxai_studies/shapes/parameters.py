"""The parameters of a shape: named, with unit, range and source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parameter:
    """One parameter of a shape.

    Attributes:
        name: as in tables.
        unit: such as m, deg, or 1 for a ratio.
        low: the smallest value.
        nominal: the most frequent value.
        high: the largest value.
        meaning: what it is.
        source: where its range comes from.
    """

    name: str
    unit: str
    low: float
    nominal: float
    high: float
    meaning: str
    source: str


def draw(parameters: Sequence[Parameter], seed: int, index: int) -> dict[str, float]:
    """Draw one shape: triangular distributions that peak at the nominal values.

    Args:
        parameters: in a fixed order.
        seed: of the data set.
        index: number of the shape; equal seed and index give equal values.

    Returns:
        Values by name.

    >>> size = Parameter("size", "m", 1.0, 2.0, 4.0, "an edge", "chosen")
    >>> values = draw([size], seed=7, index=0)
    >>> 1 < values["size"] < 4, values == draw([size], seed=7, index=0)
    (True, True)
    """
    generator = np.random.default_rng([seed, index])
    return {
        each.name: float(generator.triangular(each.low, each.nominal, each.high))
        for each in parameters
    }


def nominal(parameters: Sequence[Parameter]) -> Mapping[str, float]:
    """Return the nominal values by name."""
    return {each.name: each.nominal for each in parameters}
