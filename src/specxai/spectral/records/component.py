"""One component of a result as a small record."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from specxai.spectral.records.decomposition import Decomposition


@dataclass(frozen=True)
class Component:
    """The numbers of one component (17–20).

    Attributes:
        k: its number, from 0.
        sigma: σ_k, how strongly the network responds to its direction.
        psi: ψ_k, its weight in the output.
        coefficient: c_k = σ_k φ_k·x ≥ 0; from a baseline with x − x₀.
        contribution: α_k = ψ_k c_k, what it adds to the output.
        share: of what is linear in the input, α_k / u·x, so that shares add up to 1 with what is
            not resolved and what goes around the layer; of all outputs together c_k² / ‖u x‖².
            NaN where nothing is linear.
        residual_norm: ‖R φ_k − σ_k U_k‖ / σ_k, zero where the method is exact.
    """

    k: int
    sigma: float
    psi: float
    coefficient: float
    contribution: float
    share: float
    residual_norm: float


def components_of(result: Decomposition) -> Iterator[Component]:
    """Yield the components of a result in the order of their σ."""
    parts, total = result.contributions, result.linear
    if result.target is None:
        parts, total = parts.square(), total.norm().square()
    shares = parts / total if total else torch.full_like(parts, torch.nan)
    columns = (
        result.singular_values,
        result.psi,
        result.coefficients,
        result.contributions,
        shares,
        result.residual_norms,
    )
    for k, numbers in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        yield Component(k, *numbers)
