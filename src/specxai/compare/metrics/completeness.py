"""Completeness: does a map add up to what its method says it does?"""

from specxai.compare.metrics.measure import Measure
from specxai.compare.metrics.perturbation import FAITHFUL

SUM_ERROR = Measure(
    FAITHFUL,
    "sum error",
    "lower",
    "|Σ map − what the method promises| / |y|, without unit, for methods that promise y, u·x or "
    "y − y₀ (completeness; Sundararajan et al. 2017)",
    "a wrong map can add up to the right number; few of our components leave out the rest of u·x",
)


def sum_error(total: float, expected: float, output: float) -> float:
    """Return |Σ map − promise| / |y| (completeness, Sundararajan et al. 2017); lower is better.

    Its weakness: a wrong map can add up to the right number.

    Args:
        total: Σ map, in units of the output.
        expected: what it should be; NaN where the method promises nothing.
        output: y; NaN is returned where it is 0.

    >>> sum_error(3.0, 2.0, -4.0)
    0.25
    """
    return abs(total - expected) / abs(output) if output else float("nan")
