"""Whether forward and reverse derivatives agree: ⟨J v, w⟩ = ⟨v, Jᵀ w⟩ for random v and w.

PyTorch computes both by formulas of their own for each operation. Where one is wrong, the two
differ; additivity would not show it, because u·x and b are then wrong together.
"""

from math import inf, isfinite

import torch
from torch import Tensor

# Largest accepted difference, in units of what the two products are of typical random vectors.
TOLERANCES = {torch.float64: 1e-7, torch.float32: 2e-3}
# Rounding of a deep network in float32 may reach this; beyond it nobody can tell it from a fault.
UNDECIDED = {torch.float64: 1e-4, torch.float32: 5e-2}


def random_like(tensor: Tensor, seed: int) -> Tensor:
    """Return standard normal values of a tensor's shape, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(tensor.shape, generator=generator, dtype=torch.float32)
    return values.to(tensor)


def disagreement(pushed: Tensor, w: Tensor, v: Tensor, pulled: Tensor, floor: float = 0) -> float:
    """Return |⟨J v, w⟩ − ⟨v, Jᵀ w⟩| in units of their typical size.

    Args:
        pushed: J v.
        w: a random cotangent, shape of J v.
        v: a random tangent.
        pulled: Jᵀ w, shape of v.
        floor: what a norm of J would be that is rounding, see `rounding_norm`.

    Returns:
        The difference; infinite where a product is not finite.

    >>> J = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> v, w = torch.tensor([1.0, -1.0]), torch.tensor([2.0, 1.0])
    >>> disagreement(J @ v, w, v, J.T @ w), disagreement(J @ v, w, v, J @ w) > 0.1
    (0.0, True)
    """
    forward, reverse = (
        float((a.double().flatten() * b.double().flatten()).sum())
        for a, b in ((pushed.detach(), w), (v, pulled.detach()))
    )
    lengths = [float(each.detach().double().norm()) for each in (pushed, w, v, pulled)]
    # Of random vectors, a product has about this size: the lengths over √ of the dimension.
    sizes = (
        lengths[0] * lengths[1] / max(pushed.numel(), 1) ** 0.5,
        lengths[2] * lengths[3] / max(pulled.numel(), 1) ** 0.5,
        lengths[1] * lengths[2] * floor,
    )
    scale = max(*sizes, abs(forward), abs(reverse))
    if not isfinite(forward) or not isfinite(reverse) or not isfinite(scale):
        return inf
    return abs(forward - reverse) / scale if scale else 0.0


def rounding_norm(x: Tensor, value: Tensor) -> float:
    """Return the norm of a derivative that cannot be told from zero, for f(x) = value."""
    size, length = (float(each.detach().double().norm()) for each in (x, value))
    known = size > 0 and isfinite(length)  # beside the least number of a dtype nothing is rounding
    return 1e3 * torch.finfo(x.dtype).eps * length / size if known else 0.0
