"""Central differences of a network, beside which no derivative can be wrong."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

# Large steps cross kinks and bend, small ones drown in rounding: the best of them counts.
_FALLING = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
STEPS = (*_FALLING, 1e-4, 1e-3)
# For smooth networks of few digits: so large that Richardson must take the bend out.
_COARSE = 2e-2
_GOOD = 1e-6


class Difference(NamedTuple):
    """A derivative beside central differences.

    Attributes:
        error: ‖D v − u v‖ / ‖u v‖, D v the central difference at the best of several steps.
        falling: whether the error still falls with the step, down to the smallest: then kinks are
            so dense that no step is free of them, and the error says nothing.
    """

    error: float
    falling: bool


@torch.no_grad()
def difference(
    function: Callable[[Tensor], Tensor], x: Tensor, jvp: Callable[[Tensor], Tensor], v: Tensor
) -> Difference:
    """Compare a derivative with central differences.

    A kink between x − h v and x + h v disturbs the difference the less the smaller h is, so that a
    right derivative is met at a smaller step. What no step brings near is wrong, or x is on a kink.

    Args:
        function: the network.
        x: where it is differentiated.
        jvp: gives u v.
        v: the direction, shape of x.
    """
    slope = jvp(v).flatten()

    def central(h: float) -> Tensor:
        return (function(x + h * v) - function(x - h * v)).flatten() / (2 * h)

    def error(found: Tensor) -> float:
        gap, scale = float((found - slope).norm()), float(slope.norm())
        return gap / scale if scale > 0 else gap and float("inf")

    errors: list[float] = []
    for h in STEPS:
        errors.append(error(central(h)))
        if errors[-1] < _GOOD:
            return Difference(errors[-1], falling=False)
    errors.append(error((4 * central(_COARSE / 2) - central(_COARSE)) / 3))
    return Difference(min(errors), _fall(errors[: len(_FALLING)]))


def _fall(errors: list[float]) -> bool:
    """Tell whether errors fall without rest, by half or more from each step to the next."""
    return errors[-1] < 0.05 and all(
        later < 0.5 * earlier for earlier, later in pairwise(errors[1:])
    )
