"""Central differences of the untouched network, beside which no derivative can be wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

from sweep.case import Case

# Large steps cross kinks and bend, small ones drown in rounding: the best of them counts.
STEPS = (1e-5, 1e-6, 1e-4, 1e-7, 1e-3)
# For networks that round to float32 inside: so large that Richardson must take the bend out.
_COARSE = 2e-2
_GOOD = 1e-6


@torch.no_grad()
def difference_error(case: Case, jvp: Callable[[Tensor], Tensor], v: Tensor) -> float:
    """Return ‖D v − u v‖ / ‖u v‖, D v the central difference at the best of several steps.

    A kink between x − h v and x + h v disturbs the difference in proportion to h, so that a right
    derivative is met at a smaller step. What no step brings near is wrong, or x is on a kink.

    Args:
        case: the network at its input.
        jvp: gives u v.
        v: the direction, shape of the input.
    """
    x, slope, best = case.point, jvp(v).flatten(), float("inf")

    def central(h: float) -> Tensor:
        ahead, behind = (case.call(case.at(x + s * h * v).inputs).flatten() for s in (1, -1))
        return (ahead - behind) / (2 * h)

    for h in STEPS:
        best = min(best, float((central(h) - slope).norm() / slope.norm()))
        if best < _GOOD:
            return best
    extrapolated = (4 * central(_COARSE / 2) - central(_COARSE)) / 3
    return min(best, float((extrapolated - slope).norm() / slope.norm()))
