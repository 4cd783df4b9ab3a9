"""Which operation's derivative is wrong, and what is done about it.

Each call is taken by itself: its forward derivative along a random tangent against its reverse
derivative of the gradient that really arrives there, in the memory layout in which it arrives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual

from specxai.affine.products.adjointness import TOLERANCES, disagreement, random_like, rounding_norm
from specxai.affine.products.local import LocalFunction, Tensors, local_function
from specxai.affine.tracing.faults import final
from specxai.affine.tracing.interpreter import Address, Call, Interpreter
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.operations import numbers, tensors_in, transformed
from specxai.affine.tracing.rules import Rule, wrapping
from specxai.errors import UnsupportedOperationError

_CONTIGUOUS = (
    "PyTorch's reverse derivative is wrong for gradients in this memory layout; they are made "
    "contiguous"
)
_THROUGHOUT = (
    "PyTorch's reverse derivative is wrong, though of no single call; gradients are made "
    "contiguous at all"
)
_REVERSED = (
    "PyTorch's forward derivative is missing or wrong; forward products go by its reverse one"
)
_FINITE = "its slope is infinite where the input moves nothing, and counts as zero there"

Cotangents = dict[Address, dict[int, Tensor]]

# A central difference in this dtype knows a derivative to about this share.
_BY_DIFFERENCES = {torch.float64: 1e-4, torch.float32: 5e-2}


@dataclass(frozen=True)
class Repair:
    """One call whose derivative is not as PyTorch computes it.

    Attributes:
        address: the call.
        remedy: what is wrong and what is done, in words.
        rule: the rule that does it.
    """

    address: Address
    remedy: str
    rule: Rule


def audit(
    network: Network, run: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0
) -> list[Repair]:
    """Find the calls whose forward and reverse derivatives differ, and which one is right.

    Args:
        network: the network with its rules.
        run: runs the network or a part of it, and leaves the rules to an interpreter at work.
        x: what it is run on.
        seed: of the random vectors.

    Returns:
        A repair for each call that can be mended.

    Raises:
        UnsupportedOperationError: the derivative of a call is wrong or not finite, and cannot be
            mended.
    """
    catcher = _Catcher(network)
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad(), catcher:
        output = run(leaf)
    bounded = True
    if output.requires_grad:
        (gradient,) = torch.autograd.grad(output, leaf, random_like(output, seed))
        bounded = bool(gradient.isfinite().all())
    auditor = _Auditor(network, catcher.cotangents, bounded, seed)
    with torch.enable_grad(), auditor:
        run(x.detach().clone().requires_grad_())
    return auditor.repairs


def contiguous_throughout(
    network: Network, run: Callable[[Tensor], Tensor], x: Tensor
) -> list[Repair]:
    """Return a repair for every call: the gradients of all are made contiguous.

    For faults that no call shows by itself, because they come of how gradients are summed up.

    Args:
        network: the network with its rules.
        run: runs the network or a part of it, and leaves the rules to an interpreter at work.
        x: what it is run on.
    """
    catcher = _Catcher(network)
    with torch.enable_grad(), catcher:
        run(x.detach().clone().requires_grad_())
    return [
        Repair(address, _THROUGHOUT, _with_contiguous(network.plan.get(address)))
        for address in catcher.followed
    ]


class _Catcher(Interpreter):
    """Keeps the gradient that arrives at the results of every call, strides and all."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.root, network.plan)
        self.cotangents: Cotangents = {}
        self.followed: dict[Address, None] = {}

    def run(self, call: Call) -> Any:
        result = super().run(call)
        for position, value in enumerate(numbers(call.written(result))):
            if value.requires_grad and not transformed(value):
                self.followed[call.address] = None
                value.register_hook(self._keeper(call.address, position))
        return result

    def _keeper(self, address: Address, position: int) -> Callable[[Tensor], None]:
        def keep(gradient: Tensor | None) -> None:
            if gradient is not None:  # an autograd.Function may return none
                self.cotangents.setdefault(address, {})[position] = gradient.detach()

        return keep


class _Auditor(Interpreter):
    """Compares the derivatives of every call to which a gradient came.

    Args:
        network: the network with its rules.
        cotangents: the gradients.
        bounded: whether the gradient that reaches the input is finite.
        seed: of the random vectors.
    """

    def __init__(self, network: Network, cotangents: Cotangents, bounded: bool, seed: int) -> None:
        super().__init__(network.root, network.plan)
        self.cotangents = cotangents
        self.bounded = bounded
        self.seed = seed
        self.repairs: list[Repair] = []

    def run(self, call: Call) -> Any:
        rule = self.plan.get(call.address)
        function = local_function(call, rule) if call.address in self.cotangents else None
        if function is not None:  # before the call, which may overwrite its arguments
            arrived = self.cotangents[call.address]
            # A gradient that is infinite meets a closed gate on its way: see `_with_finite_slopes`.
            cotangents = [_finite(arrived.get(position)) for position in range(max(arrived) + 1)]
            self.repairs += _compare(function, cotangents, self.bounded, self.seed)
        return super().run(call)


def _finite(gradient: Tensor | None) -> Tensor | None:
    if gradient is None or gradient.isfinite().all():
        return gradient
    return gradient.nan_to_num(0.0, 0.0, 0.0)


def _compare(
    function: LocalFunction, cotangents: list[Tensor | None], bounded: bool, seed: int
) -> list[Repair]:
    """Return the repair of one call, or nothing if its derivatives agree."""
    address, rule = function.call.address, function.rule
    pulled = function.pull(cotangents)
    if not all(bool(gradient.isfinite().all()) for gradient in pulled):
        return [_finite_repair(function, cotangents, bounded)]
    trial = _Trial(function, cotangents, seed)
    if trial.pushed is not None and trial.confirms(pulled):
        return []
    again = function.pull([g if g is None else g.contiguous() for g in cotangents])
    if trial.pushed is not None and trial.confirms(again):
        return [Repair(address, _CONTIGUOUS, _with_contiguous(rule))]
    if rule is not None and not rule.kept:  # the slope of a rule is no limit of differences
        if trial.pushed is None:
            return []
    elif trial.confirms_by_differences(pulled):
        return (
            [Repair(address, _REVERSED, without_forward(rule))] if trial.pushed is not None else []
        )
    elif trial.confirms_by_differences(again):
        return [Repair(address, _CONTIGUOUS, _with_contiguous(rule))]
    raise UnsupportedOperationError(
        f"the reverse derivative of {address} is not that of its values: replace that operation, "
        "or split at a layer behind it"
    )


def _finite_repair(
    function: LocalFunction, cotangents: list[Tensor | None], bounded: bool
) -> Repair:
    """Return the repair of a call whose slope is infinite where nothing moves its argument."""
    arrived = cotangents[0]
    if not bounded or len(function.inputs) > 1 or len(cotangents) > 1 or arrived is None:
        raise UnsupportedOperationError(
            f"the derivative of {function.call.address} is not finite at this input (such as that "
            "of a root at 0): add a small number inside, or explain another input"
        )
    finite = function.pull([torch.ones_like(arrived)])[0].isfinite()
    return Repair(function.call.address, _FINITE, _with_finite_slopes(function.rule, finite))


class _Trial:
    """The forward derivative of one call along random tangents, and differences beside it."""

    def __init__(self, function: LocalFunction, cotangents: list[Tensor | None], seed: int) -> None:
        self.function = function
        self.positions = [position for position, w in enumerate(cotangents) if w is not None]
        self.w = _joined([w for w in cotangents if w is not None])
        self.tangents = tuple(
            random_like(value, seed + n) for n, value in enumerate(function.inputs, 1)
        )
        self.value = self._taken(function(*function.inputs))
        try:
            self.pushed: Tensor | None = self._taken(function.push_forward(self.tangents))
        except Exception as fault:  # there is no forward formula
            if final(fault):
                raise
            self.pushed = None

    def confirms(self, pulled: Tensors) -> bool:
        """Tell whether a reverse derivative agrees with the forward one."""
        assert self.pushed is not None, "asked only where there is one"
        floor = rounding_norm(_joined(self.function.inputs), self.value)
        return self._agree(self.pushed, pulled, floor, TOLERANCES)

    def confirms_by_differences(self, pulled: Tensors) -> bool:
        """Tell whether a reverse derivative agrees with central differences, as far as they can."""
        inputs = self.function.inputs
        eps = torch.finfo(inputs[0].dtype).eps
        step = eps ** (1 / 3) * (max(float(z.abs().mean()) for z in inputs) or 1.0)
        ahead, behind = (
            self.function(*(z + h * v for z, v in zip(inputs, self.tangents, strict=True)))
            for h in (step, -step)
        )
        slopes = (self._taken(ahead) - self._taken(behind)) / (2 * step)
        size = float(self.value.nan_to_num(0.0, 0.0, 0.0).norm())
        floor = 1e2 * eps * size / step / max(slopes.numel(), 1) ** 0.5
        return self._agree(slopes, pulled, floor if isfinite(floor) else 0.0, _BY_DIFFERENCES)

    def _agree(
        self, pushed: Tensor, pulled: Tensors, floor: float, bounds: dict[torch.dtype, float]
    ) -> bool:
        v = _joined(self.tangents)
        difference = disagreement(pushed, self.w, v, _joined(pulled), floor)
        return difference <= bounds.get(v.dtype, bounds[torch.float32])

    def _taken(self, results: Tensors) -> Tensor:
        """Return those results to which a gradient came, one after the other."""
        return _joined([results[position] for position in self.positions])


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.detach().flatten() for part in parts])


def _with_contiguous(rule: Rule | None) -> Rule:
    """Return the rule that gives the reverse derivative of a call contiguous gradients."""

    def apply(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = operation(*args, **kwargs)
        for value in numbers(result):
            if value.requires_grad and value.grad_fn is not None:
                value.register_hook(lambda gradient: gradient.contiguous())
        return result

    return wrapping(rule, apply)


def _with_finite_slopes(rule: Rule | None, finite: Tensor) -> Rule:
    """Return the rule of an elementwise call that is constant where its slope is not finite."""

    def apply(operation: Callable[..., Any], z: Tensor, *args: Any, **kwargs: Any) -> Any:
        constant = operation(z.detach().clone(), *args, **kwargs)
        moving = operation(torch.where(finite, z, torch.ones_like(z)), *args, **kwargs)
        return torch.where(finite, moving, constant)

    return wrapping(rule, apply)


def without_forward(rule: Rule | None) -> Rule:
    """Return the rule of a call whose forward derivative is not to be used."""

    def apply(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if any(unpack_dual(tensor).tangent is not None for tensor in tensors_in(args, kwargs)):
            raise NotImplementedError("its forward-mode derivative is wrong")
        with torch._C.DisableTorchFunction():  # nor is it to be recorded on a tape
            return operation(*args, **kwargs)

    return wrapping(rule, apply)
