"""Whether a spectrum lies in few components or in many."""

import torch
from jaxtyping import Float
from torch import Tensor


def effective_rank(singular_values: Float[Tensor, " r"]) -> float:
    """Return how many components the energy σ² is spread over, exp(−Σ p ln p), p = σ² / Σσ².

    It is 1 where one component has all of it, and r where all r have the same.

    Args:
        singular_values: σ, all above 0.

    >>> import torch
    >>> round(effective_rank(torch.ones(5)), 6)
    5.0
    """
    return float(torch.special.entr(_shares(singular_values)).sum().exp())


def participation_ratio(singular_values: Float[Tensor, " r"]) -> float:
    """Return (Σσ²)² / Σσ⁴, which counts like `effective_rank` but less of the small components.

    Args:
        singular_values: σ, all above 0.

    >>> import torch
    >>> round(participation_ratio(torch.tensor([1.0, 1.0, 1e-3])), 3)
    2.0
    """
    return float(1 / _shares(singular_values).square().sum())


def _shares(singular_values: Tensor) -> Tensor:
    # Scaled first, so that squares neither overflow nor vanish.
    energies = (singular_values.double() / singular_values.max()).square()
    return energies / energies.sum()
