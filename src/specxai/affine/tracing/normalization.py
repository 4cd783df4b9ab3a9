"""Normalizations as the operations they are made of, for every convention that takes them apart.

``hold`` is what a convention does to the numbers whose dependence on the input it may leave out:
detaches them where the inverse deviation is frozen, or leaves them as they are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Hold = Callable[[Tensor], Tensor]


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
    hold: Hold,
) -> Tensor:
    """(x − mean) / √(variance + ε), over the last dimensions."""
    dims = tuple(range(-len(normalized_shape), 0))
    return _scaled(_standardized(input, dims, eps, hold), weight, bias)


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
    *,
    hold: Hold,
) -> Tensor:
    """X / √(mean of squares + ε), over the last dimensions."""
    dims = tuple(range(-len(normalized_shape), 0))
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    return _scaled(input * _inverse_root_mean_square(hold(input), dims, eps), weight, None)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
    hold: Hold,
) -> Tensor:
    """The same as `layer_norm`, of each group of channels."""
    groups = input.reshape(len(input), num_groups, -1)
    normal = _standardized(groups, (-1,), eps, hold).reshape(input.shape)
    return _scaled(normal, *(_over_channels(t, input) for t in (weight, bias)))


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
    hold: Hold,
) -> Tensor | None:
    """The same of each channel; None by running statistics, which is no normalization of x."""
    if not use_input_stats:
        return None
    normal = _standardized(input, tuple(range(2, input.ndim)), eps, hold)
    return _scaled(normal, *(_over_channels(t, input) for t in (weight, bias)))


def _standardized(x: Tensor, dims: tuple[int, ...], eps: float, hold: Hold) -> Tensor:
    centred = x - x.mean(dims, keepdim=True)
    return centred * _inverse_root_mean_square(hold(centred), dims, eps)


def _inverse_root_mean_square(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    return (x.square().mean(dims, keepdim=True) + eps).rsqrt()


def _over_channels(parameter: Tensor | None, x: Tensor) -> Tensor | None:
    return None if parameter is None else parameter.reshape(-1, *[1] * (x.ndim - 2))


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    scaled = x if weight is None else x * weight
    return scaled if bias is None else scaled + bias
