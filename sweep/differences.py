"""Central differences of a network, beside which no derivative can be wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

# Large steps cross kinks and bend, small ones drown in rounding: the best of them counts.
STEPS = (1e-5, 1e-6, 1e-4, 1e-7, 1e-3)
# For networks that round to float32 inside: so large that Richardson must take the bend out.
_COARSE = 2e-2
_GOOD = 1e-6


@torch.no_grad()
def difference_error(
    function: Callable[[Tensor], Tensor], x: Tensor, jvp: Callable[[Tensor], Tensor], v: Tensor
) -> float:
    """Return ‖D v − u v‖ / ‖u v‖, D v the central difference at the best of several steps.

    A kink between x − h v and x + h v disturbs the difference in proportion to h, so that a right
    derivative is met at a smaller step. What no step brings near is wrong, or x is on a kink.

    Args:
        function: the network.
        x: where it is differentiated.
        jvp: gives u v.
        v: the direction, shape of x.
    """
    slope, best = jvp(v).flatten(), float("inf")

    def central(h: float) -> Tensor:
        return (function(x + h * v) - function(x - h * v)).flatten() / (2 * h)

    def error(difference: Tensor) -> float:
        gap, scale = float((difference - slope).norm()), float(slope.norm())
        return gap / scale if scale > 0 else gap and float("inf")

    for h in STEPS:
        best = min(best, error(central(h)))
        if best < _GOOD:
            return best
    extrapolated = (4 * central(_COARSE / 2) - central(_COARSE)) / 3
    return min(best, error(extrapolated))
