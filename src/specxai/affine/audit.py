"""Which operation's derivative is wrong, and what is done about it.

Each call is taken by itself: its forward derivative along a random tangent against its reverse
derivative of the gradient that really arrives there, in the memory layout in which it arrives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual

from specxai.affine.adjointness import TOLERANCES, disagreement, random_like
from specxai.affine.forward import Network
from specxai.affine.interpreter import Address, Call, Interpreter
from specxai.affine.local import LocalFunction, Tensors, local_function
from specxai.affine.operations import numbers, tensors_in
from specxai.affine.rules import Rule, wrapping
from specxai.errors import UnsupportedOperationError

Cotangents = dict[Address, dict[int, Tensor]]

# A central difference in this dtype knows a derivative to about this share.
_BY_DIFFERENCES = {torch.float64: 1e-4, torch.float32: 5e-2}


@dataclass(frozen=True)
class Repair:
    """One call whose derivative by PyTorch is wrong, and how it is computed instead.

    Attributes:
        address: the call.
        remedy: what is done, in words.
        rule: the rule that does it.
    """

    address: Address
    remedy: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.address}: PyTorch's derivative is wrong or not finite, {self.remedy}"


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


class _Catcher(Interpreter):
    """Keeps the gradient that arrives at the results of every call, strides and all."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.root, network.plan)
        self.cotangents: Cotangents = {}

    def run(self, call: Call) -> Any:
        result = super().run(call)
        for place, value in enumerate(numbers(call.written(result))):
            if value.requires_grad:
                value.register_hook(self._keeper(call.address, place))
        return result

    def _keeper(self, address: Address, place: int) -> Callable[[Tensor], None]:
        def keep(gradient: Tensor) -> None:
            self.cotangents.setdefault(address, {})[place] = gradient.detach()

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
            found = self.cotangents[call.address]
            # A gradient that is infinite meets a closed gate on its way: see `_with_finite_slopes`.
            cotangents = [_finite(found.get(place)) for place in range(max(found) + 1)]
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
    tangents = tuple(random_like(value, seed + n) for n, value in enumerate(function.inputs, 1))
    pulled = function.pull(cotangents)
    if not all(bool(gradient.isfinite().all()) for gradient in pulled):
        arrived = cotangents[0]
        if bounded and len(pulled) == len(cotangents) == 1 and arrived is not None:
            finite = function.pull([torch.ones_like(arrived)])[0].isfinite()
            remedy = "its infinite slope, behind which the input moves nothing, counts as zero"
            return [Repair(address, remedy, _with_finite_slopes(rule, finite))]
        raise UnsupportedOperationError(
            f"the derivative of {function.call.address} is not finite at this input (such as that "
            "of a root at 0): add a small number inside, or explain another input"
        )
    try:
        pushed = function.push_forward(tangents)
    except Exception:  # there is no forward formula to compare with
        pushed = None
    if pushed is not None and _agree(pushed, cotangents, tangents, pulled, TOLERANCES):
        return []
    contiguous = [g if g is None else g.contiguous() for g in cotangents]
    again = function.pull(contiguous)
    if pushed is not None and _agree(pushed, cotangents, tangents, again, TOLERANCES):
        return [Repair(address, "contiguous gradients mend it", _with_contiguous(rule))]
    # The slope of a rule is no limit of differences.
    slopes = _differences(function, tangents) if rule is None or rule.kept else None
    if slopes is not None and _agree(slopes, cotangents, tangents, again, _BY_DIFFERENCES):
        if _agree(slopes, cotangents, tangents, pulled, _BY_DIFFERENCES):
            remedy = "forward products go by its reverse one"
            return [Repair(address, remedy, without_forward(rule))] if pushed is not None else []
        return [Repair(address, "contiguous gradients mend it", _with_contiguous(rule))]
    if pushed is None and slopes is None:
        return []
    raise UnsupportedOperationError(
        f"the reverse derivative of {address} is not that of its values: replace that operation, "
        "or split at a layer behind it"
    )


def _agree(
    pushed: Tensors,
    cotangents: list[Tensor | None],
    tangents: Tensors,
    pulled: Tensors,
    tolerances: dict[torch.dtype, float],
) -> bool:
    pairs = [(p, w) for p, w in zip(pushed, cotangents, strict=False) if w is not None]
    forward = torch.cat([p.flatten() for p, _ in pairs])
    found = disagreement(
        forward,
        torch.cat([w.flatten() for _, w in pairs]),
        torch.cat([v.flatten() for v in tangents]),
        torch.cat([g.flatten() for g in pulled]),
    )
    return found <= tolerances.get(forward.dtype, TOLERANCES[torch.float32])


def _differences(function: LocalFunction, tangents: Tensors) -> Tensors:
    """Return central differences of a call along tangents."""
    dtype = function.inputs[0].dtype
    size = max(float(value.abs().mean()) for value in function.inputs)
    step = torch.finfo(dtype).eps ** (1 / 3) * (size or 1.0)
    ends = [
        function(*(z + sign * step * v for z, v in zip(function.inputs, tangents, strict=True)))
        for sign in (1, -1)
    ]
    return tuple((a - b) / (2 * step) for a, b in zip(*ends, strict=True))


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
        return operation(*args, **kwargs)

    return wrapping(rule, apply)
