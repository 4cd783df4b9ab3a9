"""Maxima: each entry weighs the share of the way from z₀ to z on which it is the largest.

On z₀ + t (z − z₀) every entry is a line in t and their maximum the upper envelope. Its derivative
is that of the winner, so that the integral over t ∈ [0, 1] gives f(z) − f(z₀) = Σ w_i (z_i − z₀_i)
exactly, with weights w ≥ 0 that sum to 1. The envelope is marched along, from winner to winner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from specxai.affine.tracing.baseline.ends import (
    AffineMap,
    Arguments,
    Ends,
    broadcast_shape,
    laid_out,
    tiled,
)
from specxai.affine.tracing.baseline.quadrature import filled
from specxai.affine.tracing.baseline.slopes import between
from specxai.affine.tracing.baseline.windows import adaptive_windows, pooling_windows
from specxai.affine.tracing.operations import numbers, tensors_in
from specxai.affine.tracing.rules import moved

# So many roundings apart are values of one window that are equal, as at a baseline of one colour.
_TIES = 16


@dataclass(frozen=True, eq=False)
class Winner:
    """For each maximum one of its winners.

    Attributes:
        index: its position among the entries, int64.
        weight: the share of the way on which it wins.
    """

    index: Tensor
    weight: Tensor


def envelope(start: Tensor, end: Tensor) -> list[Winner]:
    """March along the upper envelope of lines.

    Args:
        start: the lines at t = 0, shape (..., K); an entry that takes no part is −∞.
        end: the lines at t = 1.

    Returns:
        The winners in the order in which they win, for all maxima at once, each of shape (...).
    """
    heights = start.double()
    finite = heights.isfinite() & end.isfinite()
    slopes = torch.where(finite, end.double() - heights, 0.0)
    # What rounding cannot tell apart is equal: else the winner, and with it the map, would be
    # another one in a batch, or on another machine.
    sizes = torch.where(finite, torch.maximum(heights.abs(), end.double().abs()), 0.0)
    equal = _TIES * torch.finfo(start.dtype).eps * sizes.amax(-1, keepdim=True)
    # Of equal heights the steepest is ahead at once.
    current = _steepest(slopes, heights >= heights.amax(-1, keepdim=True) - equal, equal)
    now = torch.zeros_like(current, dtype=torch.float64)
    winners = []
    while True:
        ahead = slopes - slopes.gather(-1, current)
        gap = heights.gather(-1, current) - heights
        times = torch.where((ahead > equal) & gap.isfinite(), gap / ahead, torch.inf)
        times = torch.maximum(times, now)
        until = times.amin(-1, keepdim=True).clamp(max=1.0)
        winners.append(Winner(current[..., 0], (until - now)[..., 0]))
        if bool((until >= 1.0).all()):
            return winners
        following = _steepest(slopes, times == times.amin(-1, keepdim=True), equal)
        current = torch.where(until < 1.0, following, current)
        now = until


def _steepest(slopes: Tensor, among: Tensor, equal: Tensor) -> Tensor:
    """Return the first position of the largest slope among some; argmax may take any of several."""
    chosen = torch.where(among, slopes, -torch.inf)
    largest = chosen >= chosen.amax(-1, keepdim=True) - equal
    positions = torch.arange(slopes.shape[-1], device=slopes.device)
    return torch.where(largest, positions, slopes.shape[-1] - 1).amin(-1, keepdim=True)


@between("max", "min", "amax", "amin", "maximum", "minimum", "fmax", "fmin")
def extremum(ends: Ends) -> AffineMap | None:
    """The largest or smallest along dimensions, of all values, or of two tensors."""
    sign = -1.0 if "min" in ends.name else 1.0
    if len(ends.here) == 2:
        return _Pair(ends, _first_share(sign, ends.start, ends.here))
    tensors = zip(tensors_in(ends.args, ends.kwargs), ends.followed, strict=True)
    for constant in (tensor for tensor, depends in tensors if not depends):
        pairs = ((end, constant.to(end)) for end in (ends.start[0], ends.here[0]))
        return _Scaled(ends, _first_share(sign, *pairs))
    z, z0 = ends.here[0], ends.start[0]
    dims = _dims(ends, z.ndim)
    keep = bool(ends.kwargs.get("keepdim", ends.args[2] if len(ends.args) > 2 else False))
    winners = envelope(sign * _last(z0, dims), sign * _last(z, dims))
    return _Along(ends, winners, dims, keep)


def _dims(ends: Ends, ndim: int) -> tuple[int, ...]:
    dim = ends.kwargs.get("dim", ends.args[1] if len(ends.args) > 1 else None)
    if dim is None or dim == ():
        return tuple(range(ndim))
    return tuple(d % ndim for d in ((dim,) if isinstance(dim, int) else dim))


def _last(z: Tensor, dims: Sequence[int]) -> Tensor:
    """Return a tensor with some dimensions as one, the last."""
    rest = [d for d in range(z.ndim) if d not in dims]
    return z.permute(*rest, *dims).flatten(len(rest)) if dims else z[..., None]


class _Along(AffineMap):
    """value + Σ w (z − z)[winner] along dimensions."""

    def __init__(self, ends: Ends, winners: list[Winner], dims: Sequence[int], keep: bool) -> None:
        super().__init__(ends)
        self.winners = winners
        self.dims = dims
        self.keep = keep

    def on(self, values: Sequence[Tensor], given: Arguments) -> Any:
        change = _weighted(_last(moved(values[0]), self.dims), self.winners)
        for dim in sorted(self.dims) if self.keep else ():
            change = change.unsqueeze(dim)
        value = numbers(self.value)[0]
        return filled(self.value, [tiled(value, change) + change])


def _weighted(moving: Tensor, winners: list[Winner]) -> Tensor:
    """Return Σ w z[winner] over the last dimension."""
    total: Tensor = moving.new_zeros(moving.shape[:-1])
    for winner in winners:
        like = moving[..., 0]
        index = tiled(winner.index, like).expand(like.shape)
        weight = tiled(winner.weight.to(moving), like)
        total = total + weight * moving.gather(-1, index[..., None])[..., 0]
    return total


def _first_share(sign: float, start: Sequence[Tensor], end: Sequence[Tensor]) -> Tensor:
    """Return the share of the way on which the first of two tensors is ahead."""
    lines = [sign * torch.stack(torch.broadcast_tensors(*pair), -1) for pair in (start, end)]
    shares = [winner.weight * (winner.index == 0) for winner in envelope(*lines)]
    return torch.stack(shares).sum(0).to(end[0].dtype)


class _Pair(AffineMap):
    """value + w (a − a) + (1 − w) (b − b)."""

    def __init__(self, ends: Ends, share: Tensor) -> None:
        super().__init__(ends)
        self.share = share

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        a, b = torch.broadcast_tensors(*map(moved, values))
        share = tiled(self.share, a)
        total: Tensor = tiled(self.value, a) + share * a + (1 - share) * b
        return total


class _Scaled(AffineMap):
    """value + w (z − z)."""

    def __init__(self, ends: Ends, slope: Tensor) -> None:
        super().__init__(ends)
        self.slope = slope

    def on(self, values: Sequence[Tensor], given: Arguments) -> Tensor:
        moving = moved(values[0])
        like = moving.expand(broadcast_shape(given))
        change = moving * tiled(self.slope, like)
        return tiled(self.value, change) + change


@between(
    *"max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices".split(),
    *"max_pool3d_with_indices adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d".split(),
    *"adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices".split(),
    "adaptive_max_pool3d_with_indices",
)
def max_pool(ends: Ends) -> AffineMap:
    """The largest of each window, overlapping or not, in one to three dimensions."""
    z, z0 = ends.here[0], ends.start[0]
    count = int(ends.name.split("pool")[1][0])
    windows = (adaptive_windows if "adaptive" in ends.name else pooling_windows)(
        z.shape[-count:], ends.args[1:], ends.kwargs
    ).to(z.device)
    lines = []
    for each in (z0, z):
        padded = torch.cat(
            [each.flatten(-count), each.new_full((*each.shape[:-count], 1), -torch.inf)], -1
        )
        lines.append(padded[..., windows])
    winners = [
        Winner(windows.expand(*w.index.shape, -1).gather(-1, w.index[..., None])[..., 0], w.weight)
        for w in envelope(*lines)
    ]
    return _Pooled(ends, winners, count)


class _Pooled(AffineMap):
    """value + Σ w (z − z)[winner] over windows of the last dimensions."""

    def __init__(self, ends: Ends, winners: list[Winner], count: int) -> None:
        super().__init__(ends)
        self.winners = winners
        self.count = count

    def on(self, values: Sequence[Tensor], given: Arguments) -> Any:
        moving = moved(values[0]).flatten(-self.count)
        windows = self.winners[0].index.shape[-1]
        like = moving[..., :1].expand(*moving.shape[:-1], windows)
        change = moving.new_zeros(())
        for winner in self.winners:
            taken = moving.gather(-1, tiled(winner.index, like).expand(like.shape))
            change = change + tiled(winner.weight.to(moving), like) * taken
        value = numbers(self.value)[0]
        change = change.unflatten(-1, value.shape[-self.count :])
        if len(change) > len(value):
            change = laid_out(change, values[0])
        return filled(self.value, [tiled(value, change) + change])
