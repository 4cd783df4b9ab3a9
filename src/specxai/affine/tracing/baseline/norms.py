"""Norms as the operations they are made of: centre, square, mean, inverse root, product."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from specxai.affine.tracing.baseline.composed import composed
from specxai.affine.tracing.rules import over_channels, scaled


@composed("layer_norm")
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    """(x − mean) / √(variance + ε), over the last dimensions."""
    dims = tuple(range(-len(normalized_shape), 0))
    return scaled(_standardized(input, dims, eps), weight, bias)


@composed("rms_norm")
def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """X / √(mean of squares + ε), over the last dimensions."""
    dims = tuple(range(-len(normalized_shape), 0))
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    return scaled(input * (input.square().mean(dims, keepdim=True) + eps).rsqrt(), weight, None)


@composed("group_norm")
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    """The same in groups of channels."""
    groups = input.reshape(len(input), num_groups, -1)
    normal = _standardized(groups, (-1,), eps).reshape(input.shape)
    return scaled(normal, *(over_channels(t, input) for t in (weight, bias)))


@composed("instance_norm")
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    """The same in each channel."""
    normal = _standardized(input, tuple(range(2, input.ndim)), eps)
    return scaled(normal, *(over_channels(t, input) for t in (weight, bias)))


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
