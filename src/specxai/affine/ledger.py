"""The bias ledger: what every operation's offset adds to the output (paper, equation 9)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.products.jacobian import Jacobian
from specxai.affine.products.local import LocalFunction, local_function
from specxai.affine.tracing.interpreter import Address, Call, Interpreter
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.operations import depends, numbers
from specxai.presentation import Drawn, counted, in_lines

Offsets = Mapping[Address, tuple[Tensor, ...]]

# So many of the largest entries are told in its text.
_TOLD = 5
# Beyond it a value is a mask's stand-in for −∞, such as the least number of a dtype.
_HUGE = 1e30


@dataclass(frozen=True, eq=False)
class Entry:
    """The share of one operation call in the bias.

    Attributes:
        address: the call, or a module path where entries were grouped.
        contribution: β, what the offset of this call adds to the output: shape () for one output,
            else the output's shape; float64.
    """

    address: Address | str
    contribution: Tensor

    @property
    def size(self) -> float:
        """|β|, or its Euclidean norm."""
        return float(self.contribution.norm())


@dataclass(frozen=True, eq=False)
class Ledger(Drawn):
    """The bias as a sum over operation calls: b = Σ β + remainder (9).

    Attributes:
        entries: one for each call that adds an offset, in the order of the calls.
        bias: b = y − u·x, float64, shape () for one output, else the output's shape.
        remainder: b − Σ β: rounding, or what calls outside PyTorch's view have added.
    """

    entries: tuple[Entry, ...]
    bias: Tensor = field(repr=False)

    def __repr__(self) -> str:
        many = self.bias.ndim > 0
        leading, sign = self.largest(_TOLD), "" if many else "+"
        size, left = (
            f"{float(v.norm() if many else v):{sign}.5g}" for v in (self.bias, self.remainder)
        )
        b = "‖b‖" if many else "b"
        calls = counted(len(self.entries), "operation call")
        heading = f"Ledger: {b} = {size} by {calls}, remainder {left}"
        values = (each.size if many else float(each.contribution) for each in leading)
        rows = [(str(e.address), f"{v:{sign}.5g}") for e, v in zip(leading, values, strict=True)]
        if more := len(self.entries) - len(leading):
            rows.append((counted(more, "other"), ""))
        return in_lines(heading, rows)

    @property
    def remainder(self) -> Tensor:
        """b − Σ β."""
        total = sum((entry.contribution for entry in self.entries), torch.zeros_like(self.bias))
        return self.bias - total

    def largest(self, n: int) -> tuple[Entry, ...]:
        """Return the n entries of largest size, the largest first."""
        return tuple(sorted(self.entries, key=lambda entry: -entry.size)[: max(n, 0)])

    def by_module(self, depth: int | None = None) -> "Ledger":
        """Sum the entries of each module.

        Args:
            depth: how many parts of a module's path to keep; None keeps all.

        Returns:
            A ledger whose addresses are module paths, in the order of their first call.
        """
        groups: defaultdict[str, Tensor] = defaultdict(lambda: torch.zeros_like(self.bias))
        for entry in self.entries:
            path = entry.address.module if isinstance(entry.address, Address) else entry.address
            groups[".".join(path.split(".")[:depth])] += entry.contribution
        return Ledger(tuple(Entry(path, beta) for path, beta in groups.items()), self.bias)


def keep_ledger(
    network: Network,
    x: Float[Tensor, "1 ..."],
    bias: Tensor,
    cotangent: Tensor | None,
    shift: Tensor | None = None,
) -> Ledger:
    """Attribute the bias to the operation calls that make it (9).

    Each call adds offset = out − J·in to what passes it. With the offsets of all calls scaled by
    factors 1 + ε, the contribution of call l is β_l = ∂y/∂ε_l: one backward pass gives all of them
    for one output, one batched forward-mode pass for all outputs.

    Args:
        network: the network with its rules.
        x: the input.
        bias: b = y − u·x, for the output or outputs wanted, float64.
        cotangent: selects one output, shape of the model's output; None keeps all.
        shift: u·x₀ of a map from a baseline, whose y₀ = u·x₀ + Σ β + remainder.

    Returns:
        The ledger, with one entry for each call whose offset is not zero.
    """
    first = () if shift is None else (Entry("baseline", shift),)
    offsets = _offsets(network, x)
    if not offsets:
        return Ledger(first, bias)
    scaled = Jacobian(partial(_run_scaled, network, offsets, x), x.new_zeros(1, len(offsets)))
    if cotangent is None:
        each = scaled.push(torch.eye(len(offsets), dtype=x.dtype, device=x.device))
        shares = each.reshape(-1, *scaled.value.shape).double()
    else:
        shares = scaled.pull(cotangent.reshape(1, -1))[0].double()
    return Ledger((*first, *map(Entry, offsets, shares)), bias)


def _offsets(network: Network, x: Tensor) -> Offsets:
    """Find the offset of every call on the input's path, where it is not zero."""
    finder = _OffsetFinder(network)
    with torch.enable_grad(), finder:
        network.untouched(x.detach().requires_grad_())
    return finder.offsets


class _OffsetFinder(Interpreter):
    """Notes of every call's result what is not linear in its arguments."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.root, network.plan)
        self.offsets: dict[Address, tuple[Tensor, ...]] = {}

    def run(self, call: Call) -> Any:
        function = local_function(call, self.plan.get(call.address))
        if function is None:
            return super().run(call)
        # An in-place call overwrites its argument; any other may return something without values.
        linear = _linear_part(function) if call.in_place else ()
        result = super().run(call)
        values = [_tame(value.detach()) for value in numbers(call.written(result))]
        if not values or not depends(call.written(result)):
            return result
        linear = linear or _linear_part(function)
        # An infinite slope at zero, such as that of a square root, carries nothing: 0·∞ = 0.
        offsets = tuple(
            value - part.nan_to_num(nan=0.0) for value, part in zip(values, linear, strict=True)
        )
        if any(map(_beyond_rounding, offsets, values)):
            self.offsets[call.address] = offsets
        return result


def _linear_part(function: LocalFunction) -> tuple[Tensor, ...]:
    """Return J·in of one call, for all its arguments that depend on the input together."""
    return function.push(tuple(map(_tame, function.inputs)))


def _tame(values: Tensor) -> Tensor:
    """Return values with zero where they are infinite or nearly so: a mask of attention.

    What is left out of a call's offset is left out of what the next call takes: the sum over all
    calls stays the same, and 0·∞ does not arise.
    """
    return torch.where(values.abs() < _HUGE, values, torch.zeros_like(values))


def _beyond_rounding(offset: Tensor, value: Tensor) -> bool:
    if not offset.numel():
        return False
    return bool(offset.abs().max() > 8 * torch.finfo(value.dtype).eps * value.abs().max())


class _OffsetScaler(Interpreter):
    """Scales the offset of every call by 1 + its factor."""

    def __init__(self, network: Network, offsets: Offsets, factors: Float[Tensor, "B n"]) -> None:
        super().__init__(network.root, network.plan)
        self.offsets = offsets
        self.factors = dict(zip(offsets, factors.unbind(1), strict=True))

    def run(self, call: Call) -> Any:
        if call.address not in self.offsets:
            return super().run(call)
        factor = self.factors[call.address]
        added = [factor[:, None] * offset.reshape(1, -1) for offset in self.offsets[call.address]]
        if not call.in_place:
            return _added(super().run(call), iter(added))
        # On a copy first: what the operation keeps for its derivative must not be overwritten.
        target = call.args[0]
        apart = replace(call, args=(target.clone(), *call.args[1:]))
        result = apart.written(super().run(apart))
        target.copy_(result + added[0].reshape(target.shape))
        return None if call.address.operation == "setitem" else target


def _added(result: Any, increments: Iterator[Tensor]) -> Any:
    """Add an increment to every floating-point tensor of a result."""
    if isinstance(result, Tensor):
        if not (result.is_floating_point() or result.is_complex()):
            return result
        return result + next(increments).reshape(result.shape)
    if isinstance(result, tuple | list):
        return type(result)([_added(part, increments) for part in result])
    return result


def _run_scaled(network: Network, offsets: Offsets, x: Tensor, factors: Tensor) -> Tensor:
    with _OffsetScaler(network, offsets, factors):
        return network.untouched(x.expand(len(factors), *x.shape[1:]))  # type: ignore[no-any-return]
