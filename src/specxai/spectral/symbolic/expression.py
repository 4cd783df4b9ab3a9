"""The symbolic form of an output: few terms, linear in the input (paper, equations 24–26)."""

import warnings
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from specxai.affine import Certificate, Region, Target
from specxai.affine.products.numerics import full_precision
from specxai.errors import InvalidInputError, OutsideRegionError, OutsideRegionWarning
from specxai.spectral.records.contraction import contract
from specxai.spectral.records.features import Features
from specxai.spectral.records.parts import About, Terms


@dataclass(frozen=True, eq=False)
class AffineExpression:
    """One output as y = Σ_k w_k σ_k φ_k·x + remainder + bypass + b (20, 25), n terms shown.

    The full form has w_k = ψ_k, so that term k is α_k at the input. The reduced form has
    w_k = ψ_k α̂_k / α_k with 0 < α̂_k / α_k ≤ 1, so that term k is α̂_k (21) and all have one sign.
    Nothing is ever divided by φ_k·x. All tensors but the input are float64.

    Attributes:
        about: what the explanation is of, and how it was computed.
        terms: the output and what stands beside Σα (20).
        x: the input, shape (1, *input), of the model's dtype.
        baseline: x₀, from which the map leads to x: then x − x₀ takes the place of x in every
            product, and b is y₀; None for the map at x alone.
        indices: the components k that are shown, leading one first, shape (n,), int64.
        contributions: what each adds to y: α_k, or α̂_k in the reduced form, shape (n,).
        coefficients: c_k = σ_k φ_k·x (18), shape (n,).
        singular_values: σ_k, shape (n,).
        weights: w_k, in units of y over those of c, shape (n,).
        vectors: φ_k, shape (n, *input).
        unique: whether σ_k differs from all others; where not, only the sum over the components of
            equal σ is defined, shape (n,).
        reduced: whether contributions of opposite sign have cancelled (21).
        dropped: how many terms are not shown.
        remainder: what they add to y at x, shape ().
        gradient: u_j, the linear map of all terms together (8), shape (1, *input); None where
            the network is not at hand.
        dim: the dimension of x that `positions` sums over; None for none.
        features: the inputs with names.
        region: where the expression holds; None where the network is not at hand.
    """

    about: About
    terms: Terms = field(repr=False)
    x: Float[Tensor, "1 ..."] = field(repr=False)
    baseline: Float[Tensor, "1 ..."] | None = field(repr=False)
    indices: Int[Tensor, " n"]
    contributions: Float[Tensor, " n"]
    coefficients: Float[Tensor, " n"] = field(repr=False)
    singular_values: Float[Tensor, " n"] = field(repr=False)
    weights: Float[Tensor, " n"] = field(repr=False)
    vectors: Float[Tensor, "n ..."] = field(repr=False)
    unique: Bool[Tensor, " n"] = field(repr=False)
    reduced: bool
    dropped: int
    remainder: Float[Tensor, ""]
    gradient: Float[Tensor, "1 ..."] | None = field(repr=False)
    dim: int | None
    features: Features = field(repr=False)
    region: Region | None = field(repr=False)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.about.model

    @property
    def layer(self) -> str | tuple[str, ...] | None:
        """Address of the layer of the split, or of several; None means the whole network."""
        return self.about.layer

    @property
    def target(self) -> Target:
        """Position of the output."""
        return self.about.target

    @property
    def exactness(self) -> str:
        """``canonical``, or the conventions that the affine map needed."""
        return self.about.exactness

    @property
    def precision(self) -> str:
        """What the network was computed in."""
        return self.about.precision

    @property
    def output(self) -> Float[Tensor, ""]:
        """y, shape ()."""
        return self.terms.output

    @property
    def unresolved(self) -> Float[Tensor, ""]:
        """What directions add that were not resolved into components."""
        return self.terms.unresolved

    @property
    def bypass(self) -> Float[Tensor, ""]:
        """What reaches the output around the layer (16)."""
        return self.terms.bypass

    @property
    def bias(self) -> Float[Tensor, ""]:
        """The bias b (9)."""
        return self.terms.bias

    @property
    def linear(self) -> Float[Tensor, ""] | None:
        """u_j·x, all that is linear in the input; None without the network."""
        return None if self.gradient is None else (self.gradient * self.displacement).sum()

    @property
    def displacement(self) -> Float[Tensor, "1 ..."]:
        """x − x₀, or x without a baseline; float64."""
        x = self.x.double()
        return x if self.baseline is None else x - self.baseline.double()

    @property
    def rest(self) -> Float[Tensor, ""]:
        """What is not shown of u·x: remainder + unresolved + bypass."""
        return self.remainder + self.unresolved + self.bypass

    @cached_property
    def shown_map(self) -> Float[Tensor, "..."]:
        """Σ_k w_k σ_k φ_k, what the shown terms multiply each input value by, shape (*input)."""
        total: Tensor = torch.tensordot(self.weights * self.singular_values, self.vectors, 1)
        return total

    @cached_property
    def rest_map(self) -> Float[Tensor, "..."] | None:
        """u_j − Σ_k w_k σ_k φ_k, the linear map of the `rest`; None without the network."""
        return None if self.gradient is None else self.gradient[0] - self.shown_map

    @property
    def residual(self) -> Float[Tensor, ""]:
        """y − Σ_p y_p: rounding."""
        return self.output - self.positions().sum()

    @cached_property
    def certificate(self) -> Certificate | None:
        """Ties at x, and distances to the border of its region along ±x, ±u and at random."""
        return None if self.region is None else self.region.certificate(self.gradient)

    def positions(self, spread: bool = True) -> Float[Tensor, "..."]:
        """Return what each position of the input adds to y: y_p of (25).

        Args:
            spread: share the rest and b out, 1/P to each of the P positions (26), so that
                Σ_p y_p = y. False keeps them apart, so that the sum is that of the shown terms.

        Returns:
            Σ_k w_k σ_k map_k, of the input's shape without `dim`, in units of y.
        """
        terms = contract(self.shown_map[None], self.displacement, "product", self.dim)[0]
        return terms + (self.rest + self.bias) / terms.numel() if spread else terms

    @full_precision()
    def evaluate(self, x: Float[Tensor, "1 ..."], strict: bool = False) -> Float[Tensor, ""]:
        """Evaluate the expression at another input.

        The rest counts with its linear map, so that the value is the network's own as long as the
        input stays in the region of x. Without the network the rest is held at its value at x.

        Args:
            x: an input of the same shape.
            strict: refuse, in place of a warning, where the expression is not known to hold.

        Returns:
            Its value, shape (), float64.

        Raises:
            InvalidInputError: the input has another shape.
            OutsideRegionError: it does not hold there, or that cannot be checked, and ``strict``.

        Warns:
            OutsideRegionWarning: the same without ``strict``.
        """
        if x.shape != self.x.shape:
            raise InvalidInputError(
                f"the input has shape {tuple(x.shape)}: the expression takes {tuple(self.x.shape)}"
            )
        point = x.detach().to(self.x.device, torch.float64)
        doubt = self._doubt(point)
        if doubt and strict:
            raise OutsideRegionError(f"{doubt}: explain that input, or evaluate without strict")
        if doubt:
            warnings.warn(f"{doubt}: the value may differ", OutsideRegionWarning, stacklevel=3)
        step = point[0] if self.baseline is None else point[0] - self.baseline[0].double()
        rest = self.rest if self.rest_map is None else (self.rest_map * step).sum()
        return (self.shown_map * step).sum() + rest + self.bias

    @property
    def constants(self) -> dict[str, float]:
        """The terms beside the shown ones, at x, by name."""
        named = {f"remainder of {self.dropped:,} terms": float(self.remainder)}
        if self.unresolved != 0:
            named["not resolved"] = float(self.unresolved)
        return named | {"bypass": float(self.bypass), self.bias_name: float(self.bias)}

    @property
    def bias_name(self) -> str:
        """``b``, or ``y₀`` from a baseline."""
        return "b" if self.baseline is None else "y₀"

    def _doubt(self, point: Float[Tensor, "1 ..."]) -> str:
        """Say why the expression may not hold at an input; nothing if it does."""
        if point.equal(self.x.double()):
            return ""
        if self.baseline is not None:
            at_start = point.equal(self.baseline.double())
            return "" if at_start else "the map from a baseline holds there and at its input only"
        if self.region is None:
            return "without the network nobody can tell whether the input is in the linear region"
        if self.about.exactness != "canonical":
            return f"the affine map ({self.about.exactness}) holds at its own input only"
        if not self.region.contains(point):
            return "the input is outside the linear region of the expression"
        return ""
