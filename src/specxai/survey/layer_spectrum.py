"""What one layer adds to the picture of an evolution: its spectrum and its leading vectors."""

import math
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import LayerError
from specxai.spectral import Explanation
from specxai.spectral.svd.krylov import Goal


@dataclass(frozen=True, eq=False)
class LayerSpectrum:
    """The r components found at one layer (17–20), and the leading ones among them.

    Where the method does not find all components, the rest of Σσ² and of Σ|α| is unknown. Shares
    are then upper bounds, and measures of rank are lower bounds, or NaN where not even that.

    Attributes:
        layer: address.
        cut: whether every path from input to output crosses the layer (16).
        unit_count: the number m of values in its output.
        active_count: how many of them the input moves.
        singular_values: σ in descending order, shape (r,), float64.
        contributions: α, in units of the output, shape (r,), float64.
        clusters: a label for each component; equal ones share their σ, so that only their sum is
            defined; shape (r,), int64.
        top: the leading components, the first first, shape (n,), int64.
        right_vectors: their φ, with φ·x ≥ 0, shape (n, *input), of x's dtype.
        directions: the same orthonormal: s φ where the input has a scale s.
        complete: whether these are all components.
        leading: whether they are at least those of largest σ.
        note: how the computation went; mostly empty.
    """

    layer: str
    cut: bool
    unit_count: int
    active_count: int
    singular_values: Float[Tensor, " r"] = field(repr=False)
    contributions: Float[Tensor, " r"] = field(repr=False)
    clusters: Int[Tensor, " r"] = field(repr=False)
    top: Int[Tensor, " n"]
    right_vectors: Float[Tensor, "n ..."] = field(repr=False)
    directions: Float[Tensor, "n ..."] = field(repr=False)
    complete: bool
    leading: bool
    note: str

    @property
    def rank(self) -> int:
        """The number r of components found: the rank of R if they are complete."""
        return len(self.singular_values)

    @property
    def first(self) -> int:
        """The component that leads."""
        return int(self.top[0])

    @property
    def energy_share(self) -> float:
        """σ² of the first component over Σσ² = ‖R‖²; an upper bound unless complete."""
        energies = self.singular_values.square()
        return float(energies[self.first] / energies.sum())

    @property
    def contribution_share(self) -> float:
        """|α| of the first component over Σ|α|; an upper bound unless complete.

        NaN if all α are 0.
        """
        sizes = self.contributions.abs()
        return float(sizes[self.first] / sizes.sum())

    @property
    def effective_rank(self) -> float:
        """exp(−Σ p ln p) with p = σ² / Σσ².

        A lower bound unless complete, for more components can only spread the energy further; NaN
        if components of larger σ may be missing.
        """
        return effective_rank(self.singular_values) if self.leading else math.nan

    @property
    def participation_ratio(self) -> float:
        """(Σσ²)² / Σσ⁴; a lower bound, or NaN, where the effective rank is."""
        return participation_ratio(self.singular_values) if self.leading else math.nan


def measure_layer(explanation: Explanation, n: int, wanted: int, by: Goal) -> LayerSpectrum:
    """Keep of an explanation at one layer what an evolution shows.

    Args:
        explanation: the result at the layer.
        n: how many leading components to keep the vectors of.
        wanted: how many components an iterative method was to find.
        by: what they lead in.

    Raises:
        LayerError: no component was found.
    """
    if not explanation.rank:
        raise LayerError(
            f"no component of {explanation.layer_name} converged ({explanation.note}): allow "
            "more products, a larger tol, or take method='exact'"
        )
    exact = explanation.method == "exact"
    top = explanation.top(n, by)
    vectors = explanation.right_vectors(top)
    return LayerSpectrum(
        layer=str(explanation.layer),
        cut=explanation.cut,
        unit_count=explanation.unit_count,
        active_count=explanation.active_count,
        singular_values=explanation.singular_values,
        contributions=explanation.contributions,
        clusters=explanation.clusters,
        top=top,
        right_vectors=vectors,
        directions=vectors if explanation.scale is None else vectors * explanation.scale,
        complete=exact and not len(explanation.svd.rest_coefficients),
        leading=exact or (by == "singular_value" and explanation.rank == wanted),
        note=explanation.note,
    )


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
