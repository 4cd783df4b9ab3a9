"""Softmax and the logarithms of its sum: secants without overflow.

With the logarithmic mean m = (p − p₀) / (log p − log p₀) of the weights at both ends,

    δ log Σ exp z = Σ m δz / Σ m,   δ log p = δz − δ log Σ exp z,   δp = m δ log p.

S = diag(m) − m mᵀ / Σ m is symmetric, and m is 0 where a mask has made the weight 0.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from specxai.affine.tracing.baseline.ends import AffineMap, Arguments, Ends, tiled
from specxai.affine.tracing.baseline.slopes import between
from specxai.affine.tracing.rules import moved


@between("softmax", "softmin", "log_softmax")
def softmax(ends: Ends) -> AffineMap | None:
    """δp = m δ log p with δ log p = δz − Σ m δz / Σ m."""
    dim = ends.kwargs.get("dim", ends.args[1] if len(ends.args) > 1 else None)
    return _Weights(ends, dim) if isinstance(dim, int) else None


@between("logsumexp")
def logsumexp(ends: Ends) -> AffineMap | None:
    """δ log Σ exp z = Σ m δz / Σ m."""
    dim = ends.kwargs.get("dim", ends.args[1] if len(ends.args) > 1 else None)
    keep = bool(ends.kwargs.get("keepdim", ends.args[2] if len(ends.args) > 2 else False))
    dims = (dim,) if isinstance(dim, int) else dim
    return None if dims is None else _LogSum(ends, tuple(dims), keep)


def logarithmic_mean(z: Tensor, z0: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return (p − p₀) / (log p − log p₀) for p = softmax of z over dimensions; zero if one is."""
    logs, logs0 = (v.double() - v.double().logsumexp(dims, keepdim=True) for v in (z, z0))
    gap = (logs - logs0).abs()
    larger = torch.maximum(logs, logs0).exp()
    mean = larger * torch.where(gap == 0, 1.0, -torch.expm1(-gap) / torch.where(gap == 0, 1.0, gap))
    possible = logs.isfinite() & logs0.isfinite()
    return torch.where(possible, mean, torch.zeros_like(mean)).to(z.dtype)


class _Weights(AffineMap):
    """value + m (z − z − Σ m (z − z) / Σ m), for the logarithm without the first m."""

    def __init__(self, ends: Ends, dim: int) -> None:
        super().__init__(ends)
        self.sign = -1.0 if ends.name == "softmin" else 1.0
        self.logarithm = ends.name == "log_softmax"
        self.dim = dim
        z, z0 = self.sign * ends.here[0], self.sign * ends.start[0]
        self.mean = logarithmic_mean(z, z0, (dim,)).to(self.value.dtype)

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        moving = self.sign * moved(values[0]).to(self.value.dtype)
        mean = tiled(self.mean, moving)
        change = moving - _average(mean, moving, (self.dim,), True)
        return tiled(self.value, moving) + (change if self.logarithm else mean * change)


class _LogSum(AffineMap):
    """value + Σ m (z − z) / Σ m."""

    def __init__(self, ends: Ends, dims: tuple[int, ...], keep: bool) -> None:
        super().__init__(ends)
        self.dims = dims
        self.keep = keep
        self.mean = logarithmic_mean(ends.here[0], ends.start[0], dims)

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        moving = moved(values[0])
        change = _average(tiled(self.mean, moving), moving, self.dims, self.keep)
        return tiled(self.value, change) + change


def _average(mean: Tensor, moving: Tensor, dims: tuple[int, ...], keep: bool) -> Tensor:
    total = mean.sum(dims, keepdim=keep).clamp_min(torch.finfo(mean.dtype).tiny)
    average: Tensor = (mean * moving).sum(dims, keepdim=keep) / total
    return average
