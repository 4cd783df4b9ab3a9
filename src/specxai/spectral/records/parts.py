"""The parts of a result: what it is of, the terms of the output, and the spectrum."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Site, Target


@dataclass(frozen=True, kw_only=True)
class About:
    """What a result is of, and how it was computed.

    Attributes:
        model: name of the model, its class unless it was given another.
        target: position of the explained output; None means all outputs.
        target_name: name of the explained output, such as that of a class, where it has one.
        probability: of that class, by the softmax of a row of outputs, unless the network has taken
            it itself; None where there is none.
        layer: address of the layer of the split, or of several; None means the whole network.
        cut: whether every path from input to output crosses the layer, or one of the layers.
        unit_count: the number m of values in the layer's output.
        active_count: how many of them have a row of R that is not zero.
        baseline_name: what the baseline of the map is called; None for the map at x alone.
        exactness: ``canonical`` when the affine map is exact and unique, else the conventions it
            needed.
        conventional: the operation calls that are not piecewise linear and needed one (14, 15).
        precision: what the network was computed in, and in place of what.
        method: how the decomposition was computed.
        note: what a reader should know of the computation; empty if there is nothing.
    """

    model: str
    target: Target
    target_name: str | None = None
    probability: float | None = None
    layer: str | tuple[str, ...] | None
    cut: bool
    unit_count: int
    active_count: int
    baseline_name: str | None = None
    exactness: str
    conventional: tuple[Site, ...]
    precision: str
    method: str
    note: str

    @property
    def layer_name(self) -> str:
        """The layer of the split in words: ``layer a``, ``a + b`` or ``the whole network``."""
        if self.layer is None:
            return "the whole network"
        return f"layer {self.layer}" if isinstance(self.layer, str) else " + ".join(self.layer)


@dataclass(frozen=True, eq=False, kw_only=True)
class Terms:
    """An output and its terms, y = Σα + unresolved + bypass + b + residual, float64 (20).

    Attributes:
        output: y_j, shape (), or the whole output.
        linear: u_j·x, the part of the output that is linear in the input (8); from a baseline x₀
            u_j·(x − x₀), here and below.
        bias: b_j = y_j − u_j·x (9); from a baseline y₀, what the network gives there.
        bypass: u_j·x − L_j R x: what reaches the output around the layer; zero at a cut (16).
        unresolved: what directions add that were not resolved into components; zero if all were.
        residual: what is left of the output: y_j − Σα − unresolved − bypass − b: rounding.
    """

    output: Float[Tensor, "..."]
    linear: Float[Tensor, "..."]
    bias: Float[Tensor, "..."]
    bypass: Float[Tensor, "..."]
    unresolved: Float[Tensor, "..."]
    residual: Float[Tensor, "..."]


@dataclass(frozen=True, eq=False, kw_only=True)
class Spectrum:
    """The numbers of r components.

    Attributes:
        singular_values: σ in descending order, shape (r,), float64 (17).
        psi: ψ = L_j U, the weight of each component in the output, shape (r,), float64 (20).
        coefficients: c = σ φ·x ≥ 0, how strongly the input excites each component, shape (r,),
            float64 (18).
        residual_norms: ‖R φ_k − σ_k U_k‖ / σ_k of each component, shape (r,), float64; zero
            where the method is exact.
        clusters: a label for each component, shape (r,), int64; components that share one have
            equal σ up to rounding, and only the sum of their contributions is defined.
    """

    singular_values: Float[Tensor, " r"]
    psi: Float[Tensor, " r"]
    coefficients: Float[Tensor, " r"]
    residual_norms: Float[Tensor, " r"]
    clusters: Int[Tensor, " r"]
