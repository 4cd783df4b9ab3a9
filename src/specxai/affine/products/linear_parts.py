"""The linear part of one operation call: how it moves what depends on the input, for any tangent.

An affine operation is its own linear part once what it adds is zero, a function of one value each
is a product with its slope. What has no such form takes PyTorch's own forward-mode derivative.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional

from specxai.affine.tracing.baseline.elementwise import elementwise
from specxai.affine.tracing.baseline.ends import (
    Arguments,
    copied,
    laid_out,
    rebuilt,
    taken,
    with_followed,
)
from specxai.affine.tracing.baseline.slopes import SECANTS
from specxai.affine.tracing.operations import (
    CONVOLUTIONS,
    Kind,
    additive,
    classify,
    in_place,
    numbers,
    operation_name,
    tensors_in,
)

# Takes tangents of the tensors that depend on the input, in order; returns those of the result.
LinearPart = Callable[[Sequence[Tensor]], Any]

_SUMS = frozenset(["add", "sub", "subtract", "rsub"])
_FILLS = frozenset(["setitem", "fill", "masked_fill", "index_fill"])
_PRODUCTS = frozenset(["mul", "multiply"])
_ADDING_FIRST = frozenset("addmm addmv addbmm baddbmm addr addcmul".split())
_POOLS = {"max_pool1d": 1, "max_pool2d": 2, "max_pool3d": 3}
_WITH_BIAS = (*CONVOLUTIONS, functional.linear)


def linear_part(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> LinearPart:
    """Return the linear part of a call that is about to be made.

    It writes into the first tangent where the call writes into its first argument.

    Args:
        function: as ``__torch_function__`` received it.
        args: its positional arguments; tensors that depend on the input require grad.
        kwargs: its keyword arguments.

    Raises:
        NotImplementedError: the call writes into an argument in a way that has no linear part here.
    """
    name, given = operation_name(function), (args, kwargs)
    followed = [tensor.requires_grad for tensor in tensors_in(args, kwargs)]
    alone = followed[:1] == [True] and not any(followed[1:])
    writes = in_place(function, args, kwargs)
    found: LinearPart | None = None
    if function in _WITH_BIAS and alone:
        found = _without_bias(function, *args, **kwargs)
    elif function is functional.batch_norm and alone:
        found = _normed(*args, **kwargs)
    elif name == "copy" and writes:
        found = _copied_into(followed, args[0].shape)
    elif _is_line(name, args, followed) and not writes:
        found = _scaled(args[1] * kwargs.get("value", 1))
    elif name == "where" or classify(function, args, kwargs) is Kind.AFFINE:
        found = _homogeneous(function, name, given, followed, writes)
    elif name in _PRODUCTS and followed == [True, True] and not writes:
        found = _product_rule(*(tensor.detach().clone() for tensor in tensors_in(args, kwargs)))
    elif name in _POOLS and alone:
        found = _at_winners(function, name, given)
    elif SECANTS.get(name) is elementwise and sum(followed) == 1:
        found = _sloped(function, given, followed, writes)
    if found is None and writes:
        raise NotImplementedError(f"{name} writes into its argument")
    return found or _own_derivative(function, given, followed)


def _without_bias(
    function: Callable[..., Any],
    _input: Tensor,
    weight: Tensor,
    _bias: Tensor | None = None,
    *args: Any,
    **options: Any,
) -> LinearPart:
    options.pop("bias", None)
    return lambda tangents: function(tangents[0], weight, None, *args, **options)


def _normed(
    _input: Tensor,
    mean: Tensor | None,
    var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> LinearPart | None:
    """Take what a batch norm in eval mode multiplies by, rounded as it is."""
    if training or mean is None or var is None:
        return None
    none = torch.zeros_like(mean)
    return lambda tangents: functional.batch_norm(tangents[0], none, var, weight, eps=eps)


def _is_line(name: str, args: tuple[Any, ...], followed: Sequence[bool]) -> bool:
    """Tell whether a call is offset + slope · z, value for value."""
    line = name == "addcmul" and list(followed) == [False, False, True]
    return line and args[0].shape == args[1].shape == args[2].shape


def _copied_into(followed: Sequence[bool], shape: torch.Size) -> LinearPart:
    def copied_into(tangents: Sequence[Tensor]) -> Tensor:
        if all(followed):
            return tangents[0].copy_(tangents[1])
        # Constants over a tangent leave zero; a tangent over constants is all there is.
        return tangents[0].zero_() if followed[0] else tangents[0].expand(shape).clone()

    return copied_into


def _homogeneous(
    function: Callable[..., Any],
    name: str,
    given: Arguments,
    followed: Sequence[bool],
    writes: bool,
) -> LinearPart | None:
    """Make an affine call with zero for what it adds; None where it does not vanish at zero."""
    if additive(name) or name == "where":
        given = _without_constants(given, name in _SUMS)
        if name in _FILLS:
            (*others, last), kwargs = given
            filled = {key: _no_number(value) for key, value in kwargs.items() if key == "value"}
            given = (*others, _no_number(last)), {**kwargs, **filled}
    elif name in _ADDING_FIRST and not followed[0]:
        (first, *others), kwargs = given
        given = (_zero_like(first), *others), kwargs
    nothing = [torch.zeros_like(tensor) for tensor in taken(given, followed)]
    fresh = writes and not followed[0]
    if fresh:  # as it is before the call
        (first, *others), kwargs = given
        given = (first.detach().clone(), *others), kwargs
    part = partial(_with_tangents, function, given, tuple(followed), fresh)
    left = numbers(part(nothing))
    return None if any(bool(tensor.any()) for tensor in left) else part


def _without_constants(given: Arguments, scalars: bool) -> Arguments:
    """Put zero in the place of tensors that do not depend on the input, and of added numbers."""
    args, kwargs = given
    named = {
        key: value if key == "alpha" else _without_constant(value, scalars)
        for key, value in kwargs.items()
    }
    return tuple(_without_constant(value, scalars) for value in args), named


def _without_constant(value: Any, scalars: bool) -> Any:
    if isinstance(value, Tensor):
        constant = not value.requires_grad and (value.is_floating_point() or value.is_complex())
        return _zero_like(value) if constant else value
    if isinstance(value, tuple | list):
        return rebuilt(value, [_without_constant(part, scalars) for part in value])
    return _no_number(value) if scalars else value


def _no_number(value: Any) -> Any:
    return 0 if isinstance(value, int | float | complex) else value


def _zero_like(tensor: Tensor) -> Tensor:
    """Return zero in a tensor's shape, which takes no memory."""
    return tensor.new_zeros(()).expand(tensor.shape)


def _with_tangents(
    function: Callable[..., Any],
    given: Arguments,
    followed: Sequence[bool],
    fresh: bool,
    tangents: Sequence[Tensor],
) -> Any:
    args, kwargs = with_followed(given, followed, tangents)
    if fresh:  # it writes into a constant, whose place the tangents take
        args = (args[0].clone(), *args[1:])
    result = function(*args, **kwargs)
    return args[0] if result is None else result  # an assignment to items returns nothing


def _product_rule(first: Tensor, second: Tensor) -> LinearPart:
    return lambda tangents: tangents[0] * second + first * tangents[1]


def _at_winners(function: Callable[..., Any], name: str, given: Arguments) -> LinearPart | None:
    """Take tangents where the largest value of each window stands."""
    dims, (args, kwargs) = _POOLS[name], given
    if kwargs.get("return_indices", False) or len(args) > 6:
        return None
    with torch.no_grad():
        _, winners = getattr(functional, f"{name}_with_indices")(*args, **kwargs)
    flat = winners.flatten(-dims)

    def at_winners(tangents: Sequence[Tensor]) -> Tensor:
        values = tangents[0].flatten(-dims).gather(-1, flat).reshape(winners.shape)
        return laid_out(values, tangents[0])

    return at_winners


def _scaled(factor: Tensor, writes: bool = False) -> LinearPart:
    single = _of_one_sample(factor)
    if writes:
        return lambda tangents: tangents[0].mul_(single)
    return lambda tangents: tangents[0] * single


def _sloped(
    function: Callable[..., Any], given: Arguments, followed: Sequence[bool], writes: bool
) -> LinearPart | None:
    (z,) = (tensor.detach().clone().requires_grad_() for tensor in taken(given, followed))
    with torch.enable_grad(), saved_tensors_hooks(_kept, _kept):
        args, kwargs = with_followed(given, followed, [z.clone()])
        value = function(*args, **kwargs)
    if not isinstance(value, Tensor) or value.shape != z.shape or value.dtype != z.dtype:
        return None
    if value.is_complex():
        return None
    (slope,) = torch.autograd.grad(value, z, torch.ones_like(value))
    return _scaled(slope, writes)


def _kept(value: Tensor) -> Tensor:
    return value


def _own_derivative(
    function: Callable[..., Any], given: Arguments, followed: Sequence[bool]
) -> LinearPart:
    kept = copied(given)
    primals, call = taken(kept, followed), partial(_with_tangents, function, kept, followed, False)

    def pushed(tangents: Sequence[Tensor]) -> Any:
        return torch.func.jvp(lambda *z: call(z), tuple(primals), tuple(tangents))[1]

    return pushed


def _of_one_sample(factor: Tensor) -> Tensor:
    """Keep one sample of a factor in the shape of a batch, where it is the same for all."""
    factor = factor.detach()
    same = factor.ndim > 1 and bool((factor == factor[:1]).all())
    return factor[:1].clone() if same else factor.clone()
