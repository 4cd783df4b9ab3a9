"""Concentration: how few components hold the decision, and how much cancels among them."""

from jaxtyping import Float
from torch import Tensor

from specxai.compare.metrics.measure import Measure

_QUESTION = "How few components hold the decision?"
CANCELLATION = Measure(
    _QUESTION,
    "cancellation",
    "lower",
    "(Σ|α| + |what is not resolved|) / |what they add up to|: 1 where nothing cancels",
    "any basis that puts all into one vector has 1",
)
HELD = Measure(
    _QUESTION,
    "held",
    "higher",
    "share of what all add up to in the components of largest |α|; beyond 1 others take away",
    "a single vector along the layer's change holds all, and says nothing",
)


def cancellation(contributions: Float[Tensor, " r"], rest: float, total: float) -> float:
    """Return (Σ|α| + |rest|) / |total|; NaN where the total is zero.

    Args:
        contributions: α.
        rest: what the components leave unresolved.
        total: what they and the rest add up to.

    >>> import torch
    >>> cancellation(torch.tensor([3.0, -1.0]), 0.0, 2.0)
    2.0
    """
    return (float(contributions.abs().sum()) + abs(rest)) / abs(total) if total else float("nan")


def held(contributions: Float[Tensor, " r"], total: float, count: int) -> float:
    """Return the share of a total in the components of largest |α|; NaN where the total is zero.

    >>> import torch
    >>> held(torch.tensor([3.0, -1.0, 0.5]), 2.5, 2)
    0.8
    """
    leading = contributions.abs().argsort(descending=True)[:count]
    return float(contributions[leading].double().sum()) / total if total else float("nan")
