"""The secant convention: operations as affine maps through their value at zero (paper, 14).

A rule takes the arguments of an operation and returns the same value, in a form whose derivative
is the slope of the affine map: what a rule holds fixed, it detaches. Automatic differentiation,
forward and backward, then gives the Jacobian of the convention. The tangent convention (15) needs
no rules: it is plain differentiation.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from specxai.affine.tracing import normalization

Operation = Callable[..., Any]


@dataclass(frozen=True)
class Rule:
    """How one operation becomes an affine map at its input.

    Attributes:
        apply: takes the operation and its arguments, returns its value with the rule's slope.
        frozen: what is held at its value at the input, in words.
        kept: whether it is the operation itself, computed in another way: then the borders of its
            linear region are its own.
    """

    apply: Callable[..., Any]
    frozen: str = ""
    kept: bool = False


SECANT: dict[str, Rule] = {}


def secant(*operations: str, frozen: str) -> Callable[[Operation], Operation]:
    """Register a rule for operations, by plain name.

    Args:
        operations: names as `specxai.affine.tracing.operations.operation_name` gives them.
        frozen: what the rule holds fixed, in words; results quote it.
    """

    def register(apply: Operation) -> Operation:
        SECANT.update(dict.fromkeys(operations, Rule(apply, frozen)))
        return apply

    return register


@secant(
    *"sigmoid tanh softplus elu celu selu gelu silu mish hardswish logsigmoid log_sigmoid".split(),
    *"softsign tanhshrink exp exp2 expm1 erf sin cos tan atan arctan sinh cosh asinh".split(),
    *"square pow float_power".split(),
    frozen="the slope (σ(z) − σ(0)) / z",
)
def elementwise(operation: Operation, z: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """σ(z) = s z + σ(0) with s = (σ(z) − σ(0)) / z, and s = σ'(0) where z is zero (14)."""

    def sigma(values: Tensor) -> Tensor:
        return operation(values.clone(), *args, **kwargs)  # type: ignore[no-any-return]

    point = z.detach()
    zero = torch.zeros((), dtype=z.dtype, device=z.device)
    value, origin = sigma(point), sigma(zero)
    small = point.abs() < torch.finfo(z.dtype).eps ** 0.5
    limit = torch.func.grad(sigma)(zero)
    slope: Tensor = torch.where(small, limit, (value - origin) / torch.where(small, 1.0, point))
    return value + slope * moved(z)


@secant("softmax", "softmin", frozen="the weights")
@secant("rsqrt", "reciprocal", frozen="the value")
def frozen_value(operation: Operation, *args: Any, **kwargs: Any) -> Tensor:
    """Softmax is a weight, 1/√z a scale: their dependence on the input does not count."""
    return operation(*args, **kwargs).detach()  # type: ignore[no-any-return]


@secant("log_softmax", frozen="the logarithm of the sum")
def log_softmax(
    operation: Operation, input: Tensor, dim: int | None = None, *args: Any, **kwargs: Any
) -> Tensor:
    """log softmax(z) = z − log Σ exp z, the sum frozen."""
    value: Tensor = operation(input.detach(), dim, *args, **kwargs)
    return value + moved(input)


def _holding(
    norm: Callable[..., Tensor | None], operation: Operation, *args: Any, **kw: Any
) -> Any:
    """Divide by a frozen deviation; centring is linear, and stays."""
    result = norm(*args, hold=Tensor.detach, **kw)
    return operation(*args, **kw) if result is None else result


for _norm, _frozen in (
    (normalization.layer_norm, "1 / standard deviation"),
    (normalization.rms_norm, "1 / root mean square"),
    (normalization.group_norm, "1 / standard deviation"),
    (normalization.instance_norm, "1 / standard deviation"),
):
    secant(_norm.__name__, frozen=_frozen)(partial(_holding, _norm))


@secant("normalize", frozen="the norm")
def normalize(
    _: Operation, input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None
) -> Tensor:
    """Divide by a frozen norm."""
    norm: Tensor = input.detach().norm(p, dim, keepdim=True)
    return input / norm.clamp_min(eps)


@secant("mul", "multiply", frozen="the factor with fewer values, of equals the first")
def product(operation: Operation, input: Tensor, other: Tensor, **kwargs: Any) -> Tensor:
    """Freeze one of two factors: a gate is usually the smaller, or the first."""
    if other.numel() < input.numel():
        return operation(input, other.detach(), **kwargs)  # type: ignore[no-any-return]
    return operation(input.detach(), other, **kwargs)  # type: ignore[no-any-return]


@secant("matmul", "bmm", "mm", "einsum", frozen="the first factor")
def matrix_product(operation: Operation, first: Any, *rest: Any, **kwargs: Any) -> Tensor:
    """Freeze the first factor: in attention, the weights that multiply the values."""
    if isinstance(first, str):  # einsum names its indices first
        return operation(first, *_first_frozen(rest), **kwargs)  # type: ignore[no-any-return]
    return operation(first.detach(), *rest, **kwargs)  # type: ignore[no-any-return]


@secant("div", "divide", "true_divide", frozen="the denominator")
def quotient(operation: Operation, input: Any, other: Tensor, **kwargs: Any) -> Tensor:
    """Freeze the denominator."""
    return operation(input, other.detach(), **kwargs)  # type: ignore[no-any-return]


@secant("glu", frozen="the gate")
def glu(_: Operation, input: Tensor, dim: int = -1) -> Tensor:
    """a · sigmoid(b), the gate sigmoid(b) frozen."""
    value, gate = input.chunk(2, dim)
    return value * gate.detach().sigmoid()


@secant(
    "scaled_dot_product_attention", "multi_head_attention_forward", frozen="the attention weights"
)
def attention(
    operation: Operation, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any
) -> Any:
    """softmax(Q Kᵀ) V with the softmax frozen: linear in V."""
    return operation(query.detach(), key.detach(), value, *args, **kwargs)


def moved(z: Tensor) -> Tensor:
    """Return z − z: zero, with a derivative; also where a mask has made z infinite."""
    point = z.detach()
    return torch.where(point.isfinite(), z - point, torch.zeros_like(point))


def _first_frozen(operands: Sequence[Any]) -> list[Any]:
    flat = list(operands[0]) if isinstance(operands[0], list | tuple) else list(operands)
    return [flat[0].detach(), *flat[1:]]


def wrapping(rule: Rule | None, apply: Callable[..., Any]) -> Rule:
    """Return the rule that computes an operation, or what another rule makes of it, differently.

    Args:
        rule: of the operation, if it has one.
        apply: takes what is to be called, then the operation's own arguments.
    """

    def wrapped(operation: Operation, *args: Any, **kwargs: Any) -> Any:
        inner = operation if rule is None else partial(rule.apply, operation)
        return apply(inner, *args, **kwargs)

    return Rule(wrapped, rule.frozen if rule else "", rule is None or rule.kept)


def severed(rule: Rule | None, in_place: bool) -> Rule:
    """Return the rule for a call under ``no_grad``: its result is a constant, in both modes.

    An in-place call under ``no_grad`` moves its argument by a constant.
    """

    def apply(operation: Operation, *args: Any, **kwargs: Any) -> Any:
        if not in_place:
            return detached(operation(*args, **kwargs))
        target = args[0]
        changed = target.detach().clone()
        operation(changed, *args[1:], **kwargs)
        return target.copy_(target + (changed - target.detach()))

    return wrapping(rule, apply)


def detached(result: Any) -> Any:
    """Return a result without any derivative, forward or backward."""
    if isinstance(result, Tensor):
        return result.detach()
    if isinstance(result, tuple | list):
        parts = [detached(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def without_hook() -> Rule:
    """Return the rule that registers no hook on a tensor, and says it has."""
    return Rule(lambda *_, **__: RemovableHandle(OrderedDict()), kept=True)
