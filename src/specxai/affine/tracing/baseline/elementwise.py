"""Functions of one value each: the slope of the line through both of its points."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from specxai.affine.tracing.baseline.ends import AffineMap, Arguments, Ends, tiled
from specxai.affine.tracing.baseline.slopes import between
from specxai.affine.tracing.rules import moved

# Beyond this slope, value − slope · z would lose digits.
_STEEP = 1e2


@between(
    *"relu relu6 leaky_relu prelu rrelu hardtanh threshold hardshrink softshrink".split(),
    *"hardsigmoid abs absolute clamp clip clamp_min clamp_max sign sgn round floor ceil".split(),
    *"sigmoid tanh softplus elu celu selu gelu silu mish hardswish logsigmoid log_sigmoid".split(),
    *"softsign tanhshrink exp exp2 expm1 erf erfc sin cos tan atan arctan asin acos".split(),
    *"sinh cosh asinh acosh atanh sinc square pow float_power sqrt rsqrt reciprocal".split(),
    *"log log2 log10 log1p logit erfinv lgamma digamma i0 nan_to_num remainder fmod".split(),
    *"trunc fix frac special_expit special_log1p special_entr xlogy".split(),
)
def elementwise(ends: Ends) -> AffineMap | None:
    """S = (f(z) − f(z₀)) / (z − z₀); where the two are too close for that, f' at their midpoint.

    For scalar functions this is the multiplier of DeepLIFT's Rescale rule (Shrikumar et al. 2017).
    """
    if len(ends.here) != 1 or not isinstance(ends.value, Tensor):
        return None
    (z,), (z0,), f, f0 = ends.here, ends.start, ends.value, ends.start_value
    if f.shape != z.shape or f.dtype != z.dtype:
        return None
    return _Line(ends, slope_between(ends, z, z0, f, f0), z)


class _Line(AffineMap):
    """offset + slope · z, or value + slope · (z − z)."""

    def __init__(self, ends: Ends, slope: Tensor, z: Tensor) -> None:
        super().__init__(ends)
        self.slope = slope
        self.whole = bool(z.isfinite().all()) and bool((slope.abs() <= _STEEP).all())
        if self.whole:
            self.value = self.value - slope * z

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        (z,) = values
        moving = z if self.whole else moved(z)
        return torch.addcmul(tiled(self.value, z), tiled(self.slope, z), moving)


def slope_between(ends: Ends, z: Tensor, z0: Tensor, f: Tensor, f0: Tensor) -> Tensor:
    """Return the slope between two points of an elementwise function, safe where they are close.

    Args:
        ends: the call; its one followed tensor is z.
        z: at x.
        z0: at x₀.
        f: the function at z.
        f0: the function at z₀.
    """
    step, rise = z - z0, f - f0
    middle = (z0 + step / 2).requires_grad_()
    with torch.enable_grad():
        value = ends.on([middle.clone()])
        derivative = _gradient(value, middle)
    # Masked values are infinite at both ends: nothing moves there.
    derivative, step, rise = (part.nan_to_num(0.0, 0.0, 0.0) for part in (derivative, step, rise))
    rounding = 4 * torch.finfo(z.dtype).eps * (f.abs() + f0.abs()).nan_to_num(0.0, 0.0)
    close = (derivative * step - rise).abs() <= rounding
    return torch.where(close, derivative, rise / torch.where(step == 0, 1.0, step))


def _gradient(value: Tensor, point: Tensor) -> Any:
    if not value.requires_grad:
        return torch.zeros_like(point)
    ones = torch.ones_like(value)
    (found,) = torch.autograd.grad(value, point, ones)
    # For complex values autograd gives the conjugate of a holomorphic derivative.
    return found.conj() if found.is_complex() else found
