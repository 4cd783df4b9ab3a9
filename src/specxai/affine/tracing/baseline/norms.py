"""Norms as the operations they are made of: centre, square, mean, inverse root, product."""

from functools import partial
from typing import Any

from torch import Tensor

from specxai.affine.tracing import normalization
from specxai.affine.tracing.baseline.composed import composed

for _norm in (
    normalization.layer_norm,
    normalization.rms_norm,
    normalization.group_norm,
    normalization.instance_norm,
):
    composed(_norm.__name__)(partial(_norm, hold=lambda x: x))


@composed("std")
def std(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """√variance."""
    return input.var(*args, **kwargs).sqrt()


@composed("norm", "vector_norm", "linalg_norm", "linalg_vector_norm")
def norm(
    input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, *args: Any, **kwargs: Any
) -> Tensor | None:
    """√Σ x², or Σ |x|."""
    p = kwargs.pop("ord", p)
    if any(option is not None for option in (*args, *kwargs.values())):
        return None
    if input.is_complex() or p not in (None, "fro", 1, 2):
        return None
    dims = tuple(range(input.ndim)) if dim is None else dim
    if p == 1:
        return input.abs().sum(dims, keepdim=keepdim)
    return input.square().sum(dims, keepdim=keepdim).sqrt()


@composed("normalize")
def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None
) -> Tensor | None:
    """X / max(‖x‖, ε)."""
    length = norm(input, p, dim, True)
    return None if length is None else input / length.clamp_min(eps).expand_as(input)


@composed("cosine_similarity")
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁·x₂ / (‖x₁‖ ‖x₂‖)."""
    lengths = [x.square().sum(dim).sqrt().clamp_min(eps) for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


@composed("glu")
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """A · sigmoid(b)."""
    value, gate = input.chunk(2, dim)
    return value * gate.sigmoid()


def _standardized(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    centred = x - x.mean(dims, keepdim=True)
    return centred * (centred.square().mean(dims, keepdim=True) + eps).rsqrt()
