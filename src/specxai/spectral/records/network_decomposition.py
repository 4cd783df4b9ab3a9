"""A decomposition beside the network that it is of, which it can still ask."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import Ledger, Linearization, Region, Tie, fingerprint, select_target
from specxai.errors import InvalidInputError, TargetError
from specxai.spectral.records.contraction import Dim, smooth_map, summed_dim
from specxai.spectral.records.decomposition import Decomposition, Indices
from specxai.spectral.records.parts import About, Spectrum, Terms
from specxai.spectral.split import Split
from specxai.spectral.svd.exact import LeftSVD


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NetworkDecomposition(Decomposition):
    """One output of a network as a sum of components, beside the network that it is of.

    Attributes:
        linearization: the network as an affine map at the input.
        split: the two factors u = L R and the terms beside them.
        svd: the left half of R = U Σ Vᵀ.
    """

    linearization: Linearization
    split: Split
    svd: LeftSVD

    @property
    def region(self) -> Region:
        """The linear region around the input, on which the components hold (4)."""
        return self.linearization.region

    @cached_property
    def ties(self) -> tuple[Tie, ...]:
        """Where the input stands exactly on a border between linear regions."""
        return self.region.ties()

    def ledger(self) -> Ledger:
        """Attribute the bias to the operation calls that make it (9)."""
        return self.linearization.ledger(self.target)

    @cached_property
    def pointwise_linear(self) -> float | None:
        """u·x of the map at x alone, beside a map of one output from a baseline; else None."""
        lin = self.linearization.pointwise
        if lin is None or self.target is None:
            return None
        return float((lin.vjp(select_target(lin.output, self.target)) * lin.x).double().sum())

    def total_map(self, dim: Dim = "auto", blur: float = 0.0) -> Float[Tensor, "..."]:
        """Return u ⊙ x, all that is linear in the input, where it acts: it sums to `linear`.

        From a baseline it is u ⊙ (x − x₀).

        Args:
            dim: dimension of x to sum over, counted with the batch dimension; None for none;
                ``auto`` for the channels, see `summed_dim`.
            blur: standard deviation of a Gaussian kernel, in positions, with reflecting edges.

        Returns:
            The map, in units of the output, shape (*input without dim), float64.

        Raises:
            TargetError: the explanation is of all outputs together.
        """
        if self.target is None:
            raise TargetError("a map is of one output: explain it with a target")
        over = summed_dim(self.x, dim, self.features.dim)
        return linear_map(self.linearization, self.target, over, blur)

    def layer_maps(self, indices: Indices, dim: Dim = "auto") -> Float[Tensor, "n ..."]:
        """Return where components act on the layer's own grid: L_j ⊙ U_k c_k over channels.

        Each map sums to α_k.

        Args:
            indices: the components, from 0.
            dim: dimension of the layer's output to sum over, counted with the batch dimension; None
                for none; ``auto`` for the channels, see `summed_dim`.

        Returns:
            One map each, in units of the output, shape (n, *layer's output without dim), float64.

        Raises:
            TargetError: the explanation is of all outputs together.
            InvalidInputError: the layer's output has no such dimension.
        """
        if self.split.left is None:
            raise TargetError("a map is of one output: explain it with a target")
        chosen = self.checked(indices)
        left = self.split.left[self.svd.active, None]
        terms = (left * self.svd.left[:, chosen] * self.coefficients[chosen]).T
        maps = _at_layer(self.split, self.svd, terms)
        over = summed_dim(maps, dim, self.features.dim if maps.ndim == self.x.ndim else None)
        if over is None:
            return maps
        if not 1 <= (over if over >= 0 else over + maps.ndim) < maps.ndim:
            raise InvalidInputError(
                f"dim={dim} is no dimension of the layer's output {tuple(maps.shape[1:])}: choose "
                f"from 1 to {maps.ndim - 1}"
            )
        return maps.sum(over)

    def left_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return left singular vectors U_k in the shape of the layer's output.

        Args:
            indices: the components, from 0.

        Returns:
            One orthonormal vector each, shape (n, *layer's output), float64; for several layers
            (n, m), one layer's values after the other's.
        """
        return _at_layer(self.split, self.svd, self.svd.left[:, self.checked(indices)].T)

    def right_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return right singular vectors φ_k = Rᵀ U_k / σ_k in the shape of the input (17).

        They are computed when asked for, one vector-Jacobian product each, made orthonormal
        again from the largest σ down, and oriented so that φ_k·x ≥ 0. With a scale s that is
        done for s φ_k.

        Args:
            indices: the components, from 0.

        Returns:
            One orthonormal vector each, shape (n, *input), of the input's dtype.
        """
        wanted, positions = self.checked(indices).unique(return_inverse=True)
        vectors = self._vectors_of(tuple(wanted.tolist()))
        return vectors[positions].reshape(len(positions), *self.x.shape[1:])

    def _vectors_of(self, chosen: tuple[int, ...]) -> Float[Tensor, "n M"]:
        """Return right vectors; a few are kept, for the table, the figure and the file."""
        for known, vectors in self._kept_vectors.items():
            if set(chosen) <= set(known):
                return vectors[[known.index(k) for k in chosen]]
        wanted = torch.tensor(chosen, dtype=torch.int64, device=self.singular_values.device)
        scaled = self.svd.left[:, wanted].T / self.singular_values[wanted, None]
        cotangents = _at_layer(self.split, self.svd, scaled).to(self.x.dtype)
        vectors = self.split.right.pull(cotangents.reshape(len(wanted), self.unit_count)).double()
        basis, triangle = torch.linalg.qr(vectors.T)
        oriented: Tensor = (basis * triangle.diagonal().sign()).T
        if self.scale is not None:
            oriented = oriented / self.scale.reshape(1, -1)
        oriented = oriented.to(self.x.dtype)
        if len(chosen) <= _FEW:
            self._kept_vectors.clear()
            self._kept_vectors[chosen] = oriented
        return oriented

    @cached_property
    def _kept_vectors(self) -> dict[tuple[int, ...], Float[Tensor, "n M"]]:
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """A name for the network's parameters and buffers, which a file keeps."""
        return fingerprint(self.linearization.model)


def linear_map(
    lin: Linearization, target: int | tuple[int, ...], dim: int | None, blur: float
) -> Float[Tensor, "..."]:
    """Return u ⊙ (x − x₀) of one output, or u ⊙ x; see `NetworkDecomposition.total_map`.

    Args:
        lin: the network as an affine map.
        target: position of the output.
        dim: dimension of x to sum over, counted with the batch dimension; None for none.
        blur: standard deviation of a Gaussian kernel, in positions, with reflecting edges.
    """
    u = lin.vjp(select_target(lin.output, target)).double()
    return smooth_map(u, lin.displacement.double(), dim, blur)[0]


# As many right vectors as an answer shows, and its file holds, are kept.
_FEW = 16

Result = TypeVar("Result", bound=NetworkDecomposition)


def assemble_result(
    kind: type[Result], lin: Linearization, split: Split, svd: LeftSVD, model: str, method: str
) -> Result:
    """Put a result together from a split network and the decomposition of R (20).

    Args:
        kind: what to make of it.
        lin: the network as an affine map at the input.
        split: the network split at a layer.
        svd: the decomposition of the split's right factor.
        model: name of the model.
        method: how the decomposition was computed.
    """
    if split.left is None:
        psi = torch.ones_like(svd.coefficients)
        resolved = _at_layer(split, svd, svd.left @ svd.coefficients)
        unresolved = _at_layer(split, svd, svd.rest @ svd.rest_coefficients)
    else:
        left = split.left[svd.active]
        psi = left @ svd.left
        resolved = (psi * svd.coefficients).sum()
        # A sum over a basis of these directions, no difference: the residual still measures.
        unresolved = (left @ svd.rest) @ svd.rest_coefficients
    resolved, unresolved = (part.reshape(split.output.shape) for part in (resolved, unresolved))
    residual = split.output - resolved - (unresolved + split.bypass + split.bias)
    return kind(
        linearization=lin,
        split=split,
        svd=svd,
        x=lin.x,
        baseline=lin.baseline,
        scale=lin.scale,
        about=About(
            model=model,
            target=split.target,
            layer=split.layer,
            cut=split.cut,
            unit_count=split.right.shape[0],
            active_count=len(svd.active),
            baseline_name=lin.baseline_name,
            exactness=lin.exactness,
            conventional=lin.conventional,
            precision=lin.precision,
            method=method,
            note="; ".join(filter(None, (svd.note, *lin.notes, *_warnings(lin, split, residual)))),
        ),
        terms=Terms(
            output=split.output,
            linear=split.linear,
            bias=split.bias,
            bypass=split.bypass,
            unresolved=unresolved,
            residual=residual,
        ),
        spectrum=Spectrum(
            singular_values=svd.singular_values,
            psi=psi,
            coefficients=svd.coefficients,
            residual_norms=svd.residual_norms,
            clusters=svd.clusters,
        ),
    )


# A change below this share of the output is hardly one, a completion beyond it is much.
_TENTH = 0.1


# A residual beyond this share of y is more than a reader takes for rounding.
_ROUNDING = 1e-2


def _warnings(lin: Linearization, split: Split, residual: Tensor) -> Iterator[str]:
    """Say where terms do not add up, a baseline explains next to nothing, or an average is none."""
    if float(residual.norm()) > _ROUNDING * float(split.output.norm()):
        yield (
            f"the terms miss y by {float(residual.norm()):.1e}, more than rounding: scales of the "
            "input or terms of the sum are too far apart for the digits; take precision='double', "
            "or scale the inputs"
        )
    change, size = float(split.linear.norm()), float(split.output.norm())
    if lin.baseline is not None and change < _TENTH * max(size, float(split.bias.norm())):
        yield (
            "the output at the baseline is nearly that at x: the small difference is explained; "
            "another baseline may say more"
        )
    if lin.scale is not None:
        yield "directions are measured in units of a given scale"
    if split.right.share is not None:
        much = ", more than a tenth: take less noise" if split.right.share > _TENTH else ""
        yield f"the average is completed to be exact at x by {split.right.share:.1%}{much}"


def _at_layer(split: Split, svd: LeftSVD, active: Float[Tensor, "... a"]) -> Tensor:
    """Put values of the active units into the shape of the layer's output."""
    rows = active.reshape(-1, len(svd.active))
    full = rows.new_zeros(len(rows), split.right.shape[0])
    full[:, svd.active] = rows
    shape = split.right.value.shape
    # A layer may fold the batch dimension into another, so that nothing of it is left.
    return full.reshape(len(rows), *(shape[1:] if shape[:1] == (1,) else shape))
