"""The result: an output as a sum of spectral components (paper, equations 17–23)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Ledger, Linearization, Region, Target
from specxai.errors import InvalidInputError, TargetError
from specxai.spectral.contraction import Contraction
from specxai.spectral.contraction import contract as contract_over
from specxai.spectral.expression import SymbolicExpression
from specxai.spectral.features import Names, Units
from specxai.spectral.reduction import Reduction, reduce_contributions
from specxai.spectral.split import Split
from specxai.spectral.strategies import Strategy, compare_strategies
from specxai.spectral.svd import LeftSVD

Ranking = Literal["contribution", "singular_value", "reduced"]
Indices = int | Sequence[int] | Int[Tensor, "n"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """One output of a network as y_j = Σ_k α_k + unresolved + bypass + b (20), r components.

    Component k is a direction φ_k of input space. The input excites it by c_k = σ_k φ_k·x ≥ 0, the
    rest of the network weighs it by ψ_k, and α_k = ψ_k c_k is what it adds to the output.

    With ``layer=None`` and no target the whole output is explained: y = Σ_k c_k U_k + b, ψ_k is 1,
    and α_k = c_k is the length of the k-th term.

    Attributes:
        linearization: the network as an affine map at the input.
        model: name of the model, its class unless it was given another.
        method: how the decomposition was computed.
    """

    linearization: Linearization = field(repr=False)
    split: Split = field(repr=False)
    svd: LeftSVD = field(repr=False)
    model: str
    method: str

    @property
    def x(self) -> Float[Tensor, "1 ..."]:
        """The input, shape (1, *input)."""
        return self.linearization.x

    @property
    def exactness(self) -> str:
        """``canonical`` when the affine map is exact and unique, else the conventions it needed."""
        return self.linearization.exactness

    @property
    def layer(self) -> str | tuple[str, ...] | None:
        """Address of the layer of the split, or of several; None means the whole network."""
        return self.split.layer

    @property
    def target(self) -> Target:
        """Position of the explained output; None means all outputs."""
        return self.split.target

    @property
    def output(self) -> Tensor:
        """y_j, shape (), or the whole output; float64 like all terms below."""
        return self.split.output

    @property
    def linear(self) -> Tensor:
        """u_j·x, the part of the output that is linear in the input (8)."""
        return self.split.linear

    @property
    def bias(self) -> Tensor:
        """b_j = y_j − u_j·x (9)."""
        return self.split.bias

    @property
    def bypass(self) -> Tensor:
        """u_j·x − L_j R x: what reaches the output around the layer; zero at a cut (16)."""
        return self.split.bypass

    @cached_property
    def residual(self) -> Tensor:
        """What is left of the output: y_j − Σα − unresolved − bypass − b: rounding."""
        if self.split.left is None:
            total = self._at_layer(self.svd.left @ self.svd.coefficients)[0]
        else:
            total = self.contributions.sum()
        rest = self.unresolved + self.bypass + self.bias
        return self.output - total.reshape(self.output.shape) - rest

    @cached_property
    def unresolved(self) -> Tensor:
        """What directions add that were not resolved into components; zero if all were.

        It is a sum over a basis of these directions, no difference: the residual still measures.
        """
        if self.split.left is None:
            rest = self.svd.rest @ self.svd.rest_coefficients
            return self._at_layer(rest)[0].reshape(self.output.shape)
        weights = self.split.left[self.svd.active] @ self.svd.rest
        return weights @ self.svd.rest_coefficients

    @property
    def residuals(self) -> Float[Tensor, "r"]:
        """‖R φ_k − σ_k U_k‖ / σ_k of each component; zero where the method is exact."""
        return self.svd.residuals

    @property
    def note(self) -> str:
        """What a reader should know of the computation; empty if there is nothing."""
        return self.svd.note

    @property
    def singular_values(self) -> Float[Tensor, "r"]:
        """σ in descending order (17)."""
        return self.svd.singular_values

    @property
    def clusters(self) -> Int[Tensor, "r"]:
        """A label for each component; components that share one have equal σ up to rounding.

        Only the sum of their contributions is defined, the single vectors are not.
        """
        return self.svd.clusters

    @cached_property
    def psi(self) -> Float[Tensor, "r"]:
        """ψ = L_j U, the weight of each component in the output (20)."""
        if self.split.left is None:
            return torch.ones_like(self.coefficients)
        return self.split.left[self.svd.active] @ self.svd.left

    @property
    def coefficients(self) -> Float[Tensor, "r"]:
        """c = σ φ·x ≥ 0, how strongly the input excites each component (18)."""
        return self.svd.coefficients

    @cached_property
    def contributions(self) -> Float[Tensor, "r"]:
        """α = ψ c, what each component adds to the output (20)."""
        return self.psi * self.coefficients

    @property
    def rank(self) -> int:
        """The number r of components."""
        return len(self.singular_values)

    def left_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return left singular vectors U_k in the shape of the layer's output.

        Args:
            indices: the components, from 0.

        Returns:
            One orthonormal vector each, shape (n, *layer's output), float64; for several layers
            (n, m), one layer's values after the other's.
        """
        return self._at_layer(self.svd.left[:, self._checked(indices)].T)

    def right_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return right singular vectors φ_k = Rᵀ U_k / σ_k in the shape of the input (17).

        They are computed when asked for, one vector-Jacobian product each, made orthonormal
        again from the largest σ down, and oriented so that φ_k·x ≥ 0.

        Args:
            indices: the components, from 0.

        Returns:
            One orthonormal vector each, shape (n, *input), of the input's dtype.
        """
        wanted, places = self._checked(indices).unique(return_inverse=True)
        scaled = self.svd.left[:, wanted].T / self.singular_values[wanted, None]
        cotangents = (
            self._at_layer(scaled).to(self.x.dtype).reshape(len(wanted), self.split.right.shape[0])
        )
        vectors = self.split.right.pull(cotangents).double()
        basis, triangle = torch.linalg.qr(vectors.T)
        oriented: Tensor = (basis * triangle.diagonal().sign()).T.to(self.x.dtype)
        return oriented[places].reshape(len(places), *self.x.shape[1:])

    def top(self, n: int, by: Ranking = "contribution") -> Int[Tensor, "n"]:
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

    def reduce(self) -> Reduction:
        """Cancel contributions of opposite sign until one sign is left (21, 22)."""
        return self._reduction

    def strategies(self) -> tuple[Strategy, ...]:
        """Compare the ways to explain the output with fewer components, one row each.

        Raises:
            TargetError: the explanation is of all outputs together.
        """
        if self.target is None:
            raise TargetError("contributions sum to one output: explain it with a target")
        return compare_strategies(self.contributions, float(self.linear))

    def symbolic(
        self,
        n: int | None = 5,
        by: Ranking = "contribution",
        reduced: bool = False,
        dim: int | None = 1,
        feature_names: Names | None = None,
        units: Units | None = None,
    ) -> SymbolicExpression:
        """Return the output as n terms that are linear in the input, and what is beside them (25).

        Args:
            n: how many terms to show; None for all.
            by: ranking of the terms; the reduced form always ranks by share.
            reduced: let contributions of opposite sign cancel (21).
            dim: dimension of x that positions sum over; None for none.
            feature_names: names of the input values; see `specxai.spectral.features`.
            units: their units.

        Raises:
            TargetError: the explanation is of all outputs together.
        """
        from specxai.spectral.symbolic import symbolic

        return symbolic(self, self.linearization, n, by, reduced, dim, feature_names, units)

    @property
    def region(self) -> Region:
        """The linear region around the input, on which the components hold (4)."""
        return self.linearization.region

    def ledger(self) -> Ledger:
        """Attribute the bias to the operation calls that make it (9)."""
        return self.linearization.ledger(self.target)

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
        return contract_over(self.right_vectors(indices), self.x, contract, dim)

    def save(self, path: str | PathLike[str], vectors: Indices | None = None) -> None:
        """Write the result to a safetensors file; see `specxai.spectral.storage`."""
        from specxai.spectral.storage import save

        save(self, path, self.top(0) if vectors is None else vectors)

    @cached_property
    def _reduction(self) -> Reduction:
        return reduce_contributions(self.contributions)

    def _checked(self, indices: Indices) -> Int[Tensor, "n"]:
        """Return indices as a tensor, after a check of their range."""
        device = self.svd.left.device
        chosen = torch.as_tensor(indices, dtype=torch.int64, device=device).reshape(-1)
        outside = chosen[(chosen < 0) | (chosen >= self.rank)]
        if len(outside):
            raise InvalidInputError(
                f"component {int(outside[0])} does not exist: choose from 0 to {self.rank - 1}"
            )
        return chosen

    def _at_layer(self, active: Float[Tensor, "... a"]) -> Tensor:
        """Put values of the active units into the shape of the layer's output."""
        rows = active.reshape(-1, len(self.svd.active))
        full = rows.new_zeros(len(rows), self.split.right.shape[0])
        full[:, self.svd.active] = rows
        shape = self.split.right.value.shape
        # A layer may fold the batch dimension into another, so that nothing of it is left.
        return full.reshape(len(rows), *(shape[1:] if shape[:1] == (1,) else shape))
