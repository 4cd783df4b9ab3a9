"""The numbers of the result: an output as a sum of spectral components (paper, 17–23)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Site, Target, Tie
from specxai.errors import InvalidInputError, TargetError
from specxai.spectral.records.contraction import Contraction, Dim, smooth_map, summed_dim
from specxai.spectral.records.contraction import contract as contract_over
from specxai.spectral.records.features import NAMELESS, Features
from specxai.spectral.records.parts import About, Spectrum, Terms
from specxai.spectral.records.reduction import Reduction, reduce_contributions, terms_to_reach
from specxai.spectral.records.strategies import Strategy, compare_strategies

Ranking = Literal["contribution", "singular_value", "reduced"]
Indices = int | Sequence[int] | Int[Tensor, " n"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Decomposition(ABC):
    """One output of a network as y_j = Σ_k α_k + unresolved + bypass + b (20), r components.

    Component k is a direction φ_k of input space. The input excites it by c_k = σ_k φ_k·x ≥ 0, the
    rest of the network weighs it by ψ_k, and α_k = ψ_k c_k is what it adds to the output.

    With ``layer=None`` and no target the whole output is explained: y = Σ_k c_k U_k + b, ψ_k is 1,
    and α_k = c_k is the length of the k-th term.

    All that follows from the numbers alone is here; the network is not needed.

    Attributes:
        about: what it is of, and how it was computed.
        terms: the output and its terms.
        spectrum: the numbers of the components.
        x: the input, shape (1, *input).
        baseline: x₀, from which the affine map leads to x; None for the map at x alone. From a
            baseline x − x₀ stands wherever x stands in a product, and y₀ = f(x₀) is the bias.
        features: what the input's values are called, and which belong together.
        scale: s, the deviations that directions are measured in, shape of x; None for the input's
            own units. R diag(s) is decomposed: σ is per deviation, and s φ_k are orthonormal.
    """

    about: About
    terms: Terms
    spectrum: Spectrum
    x: Float[Tensor, "1 ..."]
    baseline: Float[Tensor, "1 ..."] | None = None
    features: Features = NAMELESS
    scale: Float[Tensor, "1 ..."] | None = None

    def __repr__(self) -> str:
        parts = ("model", "layer", "target", "method", "rank")
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in parts)
        return f"{type(self).__name__}({told})"

    @property
    @abstractmethod
    def ties(self) -> tuple[Tie, ...]:
        """Where the input stands exactly on a border between linear regions."""

    @abstractmethod
    def right_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return right singular vectors φ_k in the shape of the input (17).

        Args:
            indices: the components, from 0.

        Returns:
            One orthonormal vector each, shape (n, *input), of the input's dtype, oriented so that
            φ_k·x ≥ 0. With a scale s, s φ_k are orthonormal: φ_k is per unit of the input.
        """

    def holds_vectors(self, _indices: Indices) -> bool:
        """Return whether the right singular vectors of components are at hand, or can be had.

        Args:
            _indices: the components, from 0.
        """
        return True

    def directions(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return right singular vectors of length 1: φ_k, or s φ_k with a scale s.

        Args:
            indices: the components, from 0.
        """
        vectors = self.right_vectors(indices)
        return vectors if self.scale is None else vectors * self.scale

    @abstractmethod
    def left_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return left singular vectors U_k in the shape of the layer's output.

        Args:
            indices: the components, from 0.

        Returns:
            One orthonormal vector each, shape (n, *layer's output), float64; for several layers
            (n, m), one layer's values after the other's.
        """

    @cached_property
    def contributions(self) -> Float[Tensor, " r"]:
        """α = ψ c, what each component adds to the output (20)."""
        return self.psi * self.coefficients

    @property
    def rank(self) -> int:
        """The number r of components."""
        return len(self.singular_values)

    def top(self, n: int, by: Ranking = "contribution") -> Int[Tensor, " n"]:
        """Return the n first components of a ranking, or all if there are fewer.

        Args:
            n: how many.
            by: ``contribution`` (|α|), ``singular_value`` (σ), or ``reduced`` (share after
                cancellation, which leaves fewer components).

        Returns:
            Their indices, first the first, int64.
        """
        if by == "singular_value":
            order = torch.arange(self.rank)
        elif by == "contribution":
            order = self.contributions.abs().argsort(descending=True, stable=True).cpu()
        elif by == "reduced":
            order = self.reduce().indices
        else:
            raise InvalidInputError(
                f"by={by!r} is unknown: choose 'contribution', 'singular_value' or 'reduced'"
            )
        return order[: max(n, 0)]

    def leading(self, share: float = 0.9, most: int = 8) -> Int[Tensor, " n"]:
        """Return the components of largest |α| that carry a share of what is linear in the input.

        Args:
            share: s; their sum, and those with each next component too, are within 1 − s of u·x.
                For all outputs together the sum is that of c², of ‖u x‖².
            most: of them, also where they carry less.

        Returns:
            Their indices, the largest |α| first, int64.
        """
        parts, total = self.contributions, self.linear
        if self.target is None:
            parts, total = parts.square(), total.norm().square()
        reach = terms_to_reach(parts, float(total), share).lasting
        return self.top(most if reach is None else min(most, reach))

    def reduce(self) -> Reduction:
        """Cancel contributions of opposite sign until one sign is left (21, 22)."""
        return self._reduction

    def heatmaps(
        self, indices: Indices, contract: Contraction = "product", dim: int | None = 1
    ) -> Float[Tensor, "n ..."]:
        """Return heat maps of components: φ_k ⊙ x summed over one dimension of the input (23).

        Args:
            indices: the components, from 0.
            contract: ``product``, or ``mean`` for the average of φ_k without the input.
            dim: dimension of x to contract, counted with the batch dimension; None for none.

        Returns:
            One map each, shape (n, *input without dim); products are in units of φ·x.
        """
        return contract_over(self.right_vectors(indices), self.displacement, contract, dim)

    def contribution_maps(
        self, indices: Indices, dim: Dim = "auto", blur: float = 0.0
    ) -> Float[Tensor, "n ..."]:
        """Return where components act: ψ_k σ_k φ_k ⊙ x summed over a dimension of the input.

        Each map sums to α_k, also after the blur: what is positive adds to the output. From a
        baseline x − x₀ takes the place of x.

        Args:
            indices: the components, from 0.
            dim: dimension of x to sum over, counted with the batch dimension; None for none;
                ``auto`` for the channels, see `summed_dim`.
            blur: standard deviation of a Gaussian kernel, in positions, with reflecting edges.

        Returns:
            One map each, in units of the output, shape (n, *input without dim), float64.
        """
        chosen = self.checked(indices)
        scales = (self.psi * self.singular_values)[chosen]
        vectors = self.right_vectors(chosen).double()
        weighted = scales.reshape(-1, *[1] * (vectors.ndim - 1)) * vectors
        over = summed_dim(self.x, dim, self.features.dim)
        return smooth_map(weighted, self.displacement.double(), over, blur)

    @property
    def pointwise_linear(self) -> float | None:
        """u·x of the map at x alone, beside a map from a baseline; None where it is not known."""
        return None

    @property
    def displacement(self) -> Float[Tensor, "1 ..."]:
        """What the affine map multiplies: x, or x − x₀ from a baseline."""
        return self.x if self.baseline is None else self.x - self.baseline

    def strategies(self) -> tuple[Strategy, ...]:
        """Compare the ways to explain the output with fewer components, one row each.

        Raises:
            TargetError: the explanation is of all outputs together.
        """
        if self.target is None:
            raise TargetError("contributions sum to one output: explain it with a target")
        return compare_strategies(self.contributions, float(self.linear))

    def checked(self, indices: Indices) -> Int[Tensor, " n"]:
        """Return indices of components as a tensor, after a check of their range.

        Args:
            indices: the components, from 0.

        Raises:
            InvalidInputError: one does not exist.
        """
        return check_components(indices, self.rank, self.singular_values.device)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.about.model

    @property
    def target(self) -> Target:
        """Position of the explained output; None means all outputs."""
        return self.about.target

    @property
    def target_name(self) -> str | None:
        """Name of the explained output, such as that of a class, where it has one."""
        return self.about.target_name

    @property
    def probability(self) -> float | None:
        """Of the explained class, by the softmax of a row of outputs, where it has a name."""
        return self.about.probability

    @property
    def layer(self) -> str | tuple[str, ...] | None:
        """Address of the layer of the split, or of several; None means the whole network."""
        return self.about.layer

    @property
    def cut(self) -> bool:
        """Whether every path from input to output crosses the layer, or one of the layers."""
        return self.about.cut

    @property
    def unit_count(self) -> int:
        """The number m of values in the layer's output."""
        return self.about.unit_count

    @property
    def active_count(self) -> int:
        """How many of them have a row of R that is not zero."""
        return self.about.active_count

    @property
    def baseline_name(self) -> str | None:
        """What the baseline is called, such as ``blur``; None for the map at x alone."""
        return self.about.baseline_name

    @property
    def exactness(self) -> str:
        """``canonical``, or the conventions that the affine map needed."""
        return self.about.exactness

    @property
    def conventional(self) -> tuple[Site, ...]:
        """The operation calls that needed one (14, 15)."""
        return self.about.conventional

    @property
    def precision(self) -> str:
        """What the network was computed in, and in place of what."""
        return self.about.precision

    @property
    def method(self) -> str:
        """How the decomposition was computed."""
        return self.about.method

    @property
    def note(self) -> str:
        """What a reader should know of the computation; empty if there is nothing."""
        return self.about.note

    @property
    def layer_name(self) -> str:
        """The layer of the split in words: ``layer a``, ``a + b`` or ``the whole network``."""
        return self.about.layer_name

    @property
    def output(self) -> Float[Tensor, "..."]:
        """y_j, shape (), or the whole output; float64."""
        return self.terms.output

    @property
    def linear(self) -> Float[Tensor, "..."]:
        """u_j·x, the part of the output that is linear in the input (8)."""
        return self.terms.linear

    @property
    def bias(self) -> Float[Tensor, "..."]:
        """b_j = y_j − u_j·x (9)."""
        return self.terms.bias

    @property
    def bypass(self) -> Float[Tensor, "..."]:
        """What reaches the output around the layer; zero at a cut (16)."""
        return self.terms.bypass

    @property
    def unresolved(self) -> Float[Tensor, "..."]:
        """What directions add that were not resolved into components."""
        return self.terms.unresolved

    @property
    def residual(self) -> Float[Tensor, "..."]:
        """y_j − Σα − unresolved − bypass − b: rounding."""
        return self.terms.residual

    @property
    def singular_values(self) -> Float[Tensor, " r"]:
        """σ in descending order, shape (r,), float64 (17)."""
        return self.spectrum.singular_values

    @property
    def psi(self) -> Float[Tensor, " r"]:
        """ψ = L_j U, the weight of each component in the output (20)."""
        return self.spectrum.psi

    @property
    def coefficients(self) -> Float[Tensor, " r"]:
        """c = σ φ·x ≥ 0, how strongly the input excites each component (18)."""
        return self.spectrum.coefficients

    @property
    def residual_norms(self) -> Float[Tensor, " r"]:
        """‖R φ_k − σ_k U_k‖ / σ_k of each component; zero where the method is exact."""
        return self.spectrum.residual_norms

    @property
    def clusters(self) -> Int[Tensor, " r"]:
        """A label for each component; those that share one have equal σ."""
        return self.spectrum.clusters

    @cached_property
    def _reduction(self) -> Reduction:
        return reduce_contributions(self.contributions)


def check_components(indices: Indices, rank: int, device: torch.device) -> Int[Tensor, " n"]:
    """Return indices of components as a tensor on a device, after a check of their range.

    Args:
        indices: the components, from 0.
        rank: how many there are.
        device: where the tensor is wanted.

    Raises:
        InvalidInputError: one does not exist.
    """
    try:
        chosen = torch.as_tensor(indices, dtype=torch.int64, device=device).reshape(-1)
    except (TypeError, ValueError, RuntimeError):
        raise InvalidInputError(
            f"{indices!r} names no components: give their numbers, from 0 to {rank - 1}"
        ) from None
    outside = chosen[(chosen < 0) | (chosen >= rank)]
    if len(outside):
        raise InvalidInputError(
            f"component {int(outside[0])} does not exist: choose from 0 to {rank - 1}"
        )
    return chosen
