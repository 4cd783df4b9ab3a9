"""Where piecewise-linear operations change their piece.

An operation changes its piece where one of its switching values crosses zero: z for a ReLU, z and
z − 6 for a ReLU6, the lead of a pooling window's winner over each other entry. On a linear region
every switching value is an affine function of the input.

A function here takes the operation's arguments, and what was chosen at the input (the winners of
pools, the order of sorts; None to choose now). It returns the switching values and the choice.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

Choice = Tensor | None
Number = float | int
Switches = tuple[list[Tensor], Choice]

BORDERS: dict[str, Callable[..., Switches]] = {}


def borders(*operations: str) -> Callable[[Callable[..., Switches]], Callable[..., Switches]]:
    """Register the switching values of operations, by plain name."""

    def register(function: Callable[..., Switches]) -> Callable[..., Switches]:
        BORDERS.update(dict.fromkeys(operations, function))
        return function

    return register


@borders("relu", "leaky_relu", "prelu", "rrelu", "abs", "absolute", "sign", "sgn")
def at_zero(_: Choice, z: Tensor, *__: Any, **___: Any) -> Switches:
    """One border, at zero."""
    return [z], None


@borders("relu6")
def relu6(_: Choice, z: Tensor, *__: Any, **___: Any) -> Switches:
    """Borders at 0 and 6."""
    return [z, z - 6], None


@borders("hardsigmoid")
def hardsigmoid(_: Choice, z: Tensor, *__: Any, **___: Any) -> Switches:
    """Borders at −3 and 3."""
    return [z + 3, z - 3], None


@borders("hardtanh")
def hardtanh(
    _: Choice, z: Tensor, min_val: Number = -1.0, max_val: Number = 1.0, *__: Any, **___: Any
) -> Switches:
    """Borders at both ends of the linear part."""
    return [z - min_val, z - max_val], None


@borders("threshold")
def threshold(_: Choice, z: Tensor, threshold: Number, *__: Any, **___: Any) -> Switches:
    """One border, at the threshold."""
    return [z - threshold], None


@borders("hardshrink", "softshrink")
def shrink(_: Choice, z: Tensor, lambd: Number = 0.5, **__: Any) -> Switches:
    """Borders at ±λ."""
    return [z - lambd, z + lambd], None


@borders("clamp", "clip")
def clamp(_: Choice, z: Tensor, min: Any = None, max: Any = None, **__: Any) -> Switches:
    """Borders at the bounds that are given."""
    return [z - bound for bound in (min, max) if bound is not None], None


@borders(
    *"clamp_min clamp_max maximum minimum fmax fmin".split(),
    *"gt greater ge greater_equal lt less le less_equal".split(),
)
def pair(_: Choice, a: Any, b: Any, *__: Any, **___: Any) -> Switches:
    """Two values compete, or a mask compares them: the border is where they are equal."""
    return [a - b], None


@borders("max", "amax")
def largest(
    winners: Choice, z: Tensor, dim: Any = None, *_: Any, other: Any = None, **__: Any
) -> Switches:
    """The lead of the largest entry over every other; or two tensors that compete."""
    rival = dim if isinstance(dim, Tensor) else other
    if rival is not None:
        return [z - rival], None
    return _leads(winners, z.reshape(len(z), -1) if dim is None else _last(z, dim))


@borders("min", "amin")
def smallest(winners: Choice, z: Tensor, *args: Any, **kwargs: Any) -> Switches:
    """The smallest of z is the largest of −z."""
    negated = [-a if isinstance(a, Tensor) else a for a in args]
    if isinstance(kwargs.get("other"), Tensor):
        kwargs = {**kwargs, "other": -kwargs["other"]}
    return largest(winners, -z, *negated, **kwargs)


@borders("sort", "msort", "topk", "kthvalue", "median", "cummax", "cummin")
def ordered(order: Choice, z: Tensor, *args: Any, **kwargs: Any) -> Switches:
    """Entries that follow each other in size change places where they are equal."""
    whole = [a for a in args if isinstance(a, int) and not isinstance(a, bool)]
    given = whole[1:] if kwargs.get("k") is None and len(whole) > 1 else whole[:1]
    rows = _last(z, kwargs.get("dim", given[0] if given and len(whole) > 1 else -1))
    order = rows.argsort(-1) if order is None else order
    return [rows.gather(-1, order.expand(rows.shape)).diff(dim=-1)], order


@borders(*(f"max_pool{d}d{suffix}" for d in (1, 2, 3) for suffix in ("", "_with_indices")))
def max_pool(
    winners: Choice,
    z: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    *_: Any,
    **__: Any,
) -> Switches:
    """The lead of the winner of each window over every other entry."""
    rank = z.ndim - 2
    kernel, step = _each(kernel_size, rank), _each(stride or kernel_size, rank)
    windows = z
    for axis, (k, s, p, d) in enumerate(
        zip(kernel, step, _each(padding, rank), _each(dilation, rank), strict=True), start=2
    ):
        reach = d * (k - 1) + 1
        size = z.shape[axis] + 2 * p
        more = -(size - reach) % s if ceil_mode else 0
        sides = [0, 0] * (windows.ndim - 1 - axis) + [p, p + more]
        padded = F.pad(windows, sides, value=float("-inf"))
        windows = padded.unfold(axis, reach, s)[..., ::d]
    return _leads(winners, windows.flatten(2 + rank))


@borders(*(f"adaptive_max_pool{d}d{suffix}" for d in (1, 2, 3) for suffix in ("", "_with_indices")))
def adaptive_max_pool(winners: Choice, z: Tensor, output_size: Any, *_: Any, **__: Any) -> Switches:
    """The same, for windows that cover the input in a given number."""
    rank = z.ndim - 2
    sizes = [n or z.shape[i + 2] for i, n in enumerate(_each(output_size, rank))]
    windows = z
    for axis, count in enumerate(sizes, start=2):
        n = z.shape[axis]
        spans = [(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]
        widest = max(end - start for start, end in spans)
        # A narrower window takes its last entry again: that changes no winner.
        index = z.new_tensor(
            [[min(start + j, end - 1) for j in range(widest)] for start, end in spans]
        ).long()
        parts = windows.index_select(axis, index.flatten()).unflatten(axis, (count, widest))
        windows = parts.movedim(axis + 1, -1)
    return _leads(winners, windows.flatten(2 + rank))


def _leads(winners: Choice, rows: Tensor) -> Switches:
    """Return the lead of each row's winner over all its entries, itself included: zero there."""
    winners = rows.argmax(-1, keepdim=True) if winners is None else winners
    best = rows.gather(-1, winners.expand(*rows.shape[:-1], 1))
    return [best - rows], winners


def _last(z: Tensor, dim: int | Sequence[int]) -> Tensor:
    """Bring the compared dimensions to the end and flatten them: shape (..., n)."""
    dims = [dim] if isinstance(dim, int) else list(dim)
    return z.movedim(dims, list(range(-len(dims), 0))).flatten(-len(dims))


def _each(value: Any, rank: int) -> list[Any]:
    values = list(value) if isinstance(value, Sequence) else [value]
    return values * rank if len(values) == 1 else values
