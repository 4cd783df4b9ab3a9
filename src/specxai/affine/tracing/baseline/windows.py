"""Which positions stand in each window of a pooling operation."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

_OPTIONS = "kernel_size stride padding dilation ceil_mode".split()


def pooling_windows(
    size: Sequence[int], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Int[Tensor, "windows entries"]:
    """Return the positions in each window, flattened; the number of positions where there is none.

    Args:
        size: lengths of the pooled dimensions.
        args: the arguments of ``max_pool`` behind the input.
        kwargs: those by keyword.
    """
    given = {**dict(zip(_OPTIONS, args, strict=False)), **kwargs}
    stride = given.get("stride")
    kernel = _each(given["kernel_size"], size)
    steps = kernel if stride is None or stride == [] else _each(stride, size)
    pads, gaps = _each(given.get("padding", 0), size), _each(given.get("dilation", 1), size)
    lines = [
        _line(*options, bool(given.get("ceil_mode", False)))
        for options in zip(size, kernel, steps, pads, gaps, strict=True)
    ]
    return _crossed(lines, size)


def adaptive_windows(
    size: Sequence[int], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Int[Tensor, "windows entries"]:
    """Return the same of ``adaptive_max_pool``, whose windows may differ in size."""
    wanted = kwargs.get("output_size", args[0] if args else None)
    counts = [
        length if count is None else count
        for count, length in zip(_each(wanted, size), size, strict=True)
    ]
    lines = []
    for length, count in zip(size, counts, strict=True):
        ends = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
        most = max(end - start for start, end in ends)
        rows = [[s + k if s + k < e else -1 for k in range(most)] for s, e in ends]
        lines.append(torch.tensor(rows))
    return _crossed(lines, size)


def _each(value: Any, size: Sequence[int]) -> list[Any]:
    """Return an option for each dimension."""
    values = list(value) if isinstance(value, Sequence) else [value]
    return values * len(size) if len(values) == 1 else values


def _line(
    length: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool
) -> Int[Tensor, "windows kernel"]:
    """Return the positions in each window along one dimension; −1 outside."""
    span = length + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (count - 1) * stride >= length + padding:
        count -= 1  # a window must begin inside the input or its left padding
    starts = torch.arange(count)[:, None] * stride - padding
    places = starts + torch.arange(kernel) * dilation
    return torch.where((places >= 0) & (places < length), places, -1)


def _crossed(lines: Sequence[Tensor], size: Sequence[int]) -> Int[Tensor, "windows entries"]:
    """Combine windows of each dimension; what is outside in one has the number after the last."""
    result, outside = torch.zeros(1, 1, dtype=torch.int64), torch.zeros(1, 1, dtype=torch.bool)
    for line, length in zip(lines, size, strict=True):
        out = (line < 0)[None, :, None, :] | outside[:, None, :, None]
        result = result[:, None, :, None] * length + line.clamp_min(0)[None, :, None, :]
        result, outside = (t.flatten(2, 3).flatten(0, 1) for t in (result, out))
    return torch.where(outside, torch.Size(size).numel(), result)
