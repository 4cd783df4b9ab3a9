"""The network split at a layer: u = L R, and what passes the layer by (paper, equation 16)."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import (
    Jacobian,
    Layers,
    Linearization,
    Target,
    choose_target,
    select_target,
)
from specxai.affine.products.scaled import ScaledJacobian

# How far two ways to one sum may be apart, as a share of its terms.
_ROUNDING = {torch.float32: 1e-2, torch.float64: 1e-8}


@dataclass(frozen=True, eq=False)
class Split:
    """One output as y_j = L_j R x + bypass + b (8, 16), or all outputs when the target is None.

    Attributes:
        layer: address of the layer, or of several in the order of their calls, whose outputs
            together are z; None means the whole network, R = u.
        target: the chosen output j; None means all of them, L = identity.
        right: R = ∂z/∂x, an operator of shape (m, M); R diag(s) where the input has a scale s,
            so that x / s, or (x − x₀) / s, takes the place of x in its products.
        left: L_j = ∂y_j/∂z, shape (m,), float64; None stands for the identity.
        output: y_j, shape () or the output's shape, float64, like all below.
        linear: u_j·x; from a baseline x₀ this stands for u_j·(x − x₀), and R x for R (x − x₀).
        bypass: u_j·x − L_j R x, what does not pass through the layer; zero at a cut.
        bias: b_j = y_j − u_j·x; from a baseline y₀.
        cut: whether every path from input to output crosses the layer, or one of the layers.
    """

    layer: str | tuple[str, ...] | None
    target: Target
    right: Jacobian = field(repr=False)
    left: Float[Tensor, " m"] | None = field(repr=False)
    output: Tensor
    linear: Tensor
    bypass: Tensor
    bias: Tensor
    cut: bool


def split(lin: Linearization, layer: Layers, target: Target = None) -> Split:
    """Split a linearized network at a layer (16).

    Args:
        lin: the network as an affine map.
        layer: address of the layer, or of several that are taken together; None for the whole
            network.
        target: output to explain; None takes the largest of a (1, C) output, or all outputs when
            the layer is None.

    Returns:
        The two factors and the terms beside them.

    Raises:
        LayerError: the layer cannot be split at.
        TargetError: the target does not exist, or must be given.
    """
    right = lin.right(layer)
    if lin.scale is not None:
        right = ScaledJacobian(right, lin.scale)
    if layer is None and target is None:
        output, linear = lin.output.double(), lin.jvp(lin.displacement).double()
        bypass, bias = torch.zeros_like(output), _bias(lin, output - linear)
        return Split(None, None, right, None, output, linear, bypass, bias, True)
    target = choose_target(lin.output, target)
    picked = select_target(lin.output, target)
    output = lin.output[0][target].double()
    linear = (lin.vjp(picked).double() * lin.displacement.double()).sum()
    left = lin.left(layer, right.value).pull(picked.reshape(1, -1))[0].double()
    through = left @ right.image
    # The graph tells what is cut; a hook that goes around the layer does not show there.
    closes = abs(linear - through) <= _ROUNDING[lin.x.dtype] * (left.abs() @ right.image.abs())
    cut = lin.is_cut(layer) and bool(closes)
    bypass = torch.zeros_like(linear) if cut else linear - through
    addresses = lin.addresses(layer)
    named = addresses if len(addresses) > 1 else next(iter(addresses), None)
    bias = _bias(lin, output - linear, target)
    return Split(named, target, right, left, output, linear, bypass, bias, cut)


def _bias(
    lin: Linearization, left_over: Tensor, target: int | tuple[int, ...] | None = None
) -> Tensor:
    """Return b = y − u·x, or from a baseline y₀ as the network itself gives it."""
    if lin.baseline_output is None:
        return left_over
    outputs = lin.baseline_output.double()
    return outputs if target is None else outputs[0][target]
