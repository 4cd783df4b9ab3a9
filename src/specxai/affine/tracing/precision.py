"""In how many digits a network is computed: casts that a model makes to fewer are left out."""

from collections.abc import Callable, Collection
from typing import Any, Literal

import torch
from torch import Tensor, nn

from specxai.affine.tracing.interpreter import Call
from specxai.affine.tracing.operations import to_python
from specxai.affine.tracing.rules import Rule, wrapping
from specxai.errors import InvalidInputError

Precision = Literal["native", "double"]

_HALF = (torch.float16, torch.bfloat16)
_CASTS = frozenset("to type type_as float half bfloat16 _to_copy".split())


def working_dtype(dtype: torch.dtype, precision: Precision = "native") -> torch.dtype:
    """Return the dtype to compute in: half precision is computed in float32.

    Args:
        dtype: the dtype of a model and its input.
        precision: ``native``, or ``double`` for float64 whatever the model is.

    Raises:
        InvalidInputError: the precision is unknown.

    >>> working_dtype(torch.bfloat16)
    torch.float32
    """
    if precision not in ("native", "double"):
        raise InvalidInputError(f"precision={precision!r} is unknown: choose 'native' or 'double'")
    if precision == "double":
        return torch.float64
    return torch.float32 if dtype in _HALF else dtype


def widened(value: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Return a constant of a network with no fewer digits than the network is computed in."""
    narrow = dtype is not None and is_floating(value) and _eps(value.dtype) > _eps(dtype)
    return value.to(dtype) if narrow else value


def narrowed(call: Call, dtype: torch.dtype) -> torch.dtype | None:
    """Return what a call casts to, if that has fewer digits than the network is computed in.

    Args:
        call: one call into PyTorch.
        dtype: what the network is computed in.

    Returns:
        The dtype asked for; None when the call is no such cast.
    """
    source: Any = call.args[0] if call.address.operation in _CASTS and call.args else None
    if to_python(call.function) or not is_floating(source):
        return None
    result = call.function(source.detach().new_empty(0), *call.args[1:], **call.kwargs)
    if not is_floating(result):
        return None
    loses = _eps(result.dtype) > max(_eps(dtype), _eps(source.dtype))
    return result.dtype if loses else None


def keep_digits(dtype: torch.dtype) -> Rule:
    """Return the rule that copies a tensor in the network's dtype instead of casting it."""
    return Rule(lambda _, tensor, *args, **kwargs: tensor.to(dtype, copy=True), kept=True)


def without_autocast(device: str, rule: Rule | None) -> Rule:
    """Return the rule that makes a call, or applies another rule, without autocast."""

    def apply(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device, enabled=False):
            return operation(*args, **kwargs)

    return wrapping(rule, apply)


def mixed(call: Call, dtype: torch.dtype) -> set[torch.dtype]:
    """Return the dtypes of constants in a call that have fewer digits than the network.

    Such are tensors that are no parameters or buffers of the model, and those made on the way;
    none are returned where the call has no tensor of the network's own digits.
    """
    kinds = {tensor.dtype for tensor in call.tensors if tensor.is_floating_point()}
    fewer = {kind for kind in kinds if _eps(kind) > _eps(dtype)}
    return fewer if dtype in kinds else set()


def lacks_digits(call: Call, result: Any, dtype: torch.dtype, followed: bool) -> bool:
    """Tell whether a call has made a tensor of too few digits.

    It has made it from nothing, as ``torch.zeros`` does, or from what depends on the input, as
    ``softmax(z, dtype=torch.float32)`` does.
    """
    made = followed or not call.tensors
    narrow = made and is_floating(result) and _eps(result.dtype) > _eps(dtype)
    return bool(narrow) and not to_python(call.function)


def with_digits(dtype: torch.dtype, rule: Rule | None) -> Rule:
    """Return the rule that makes a call, or applies another rule, with constants of more digits."""

    def more(value: Any) -> Any:
        if isinstance(value, Tensor):
            return widened(value, dtype)
        if isinstance(value, torch.dtype):
            return dtype if value.is_floating_point and _eps(value) > _eps(dtype) else value
        if isinstance(value, dict):
            return {key: more(part) for key, part in value.items()}
        return type(value)(map(more, value)) if type(value) in (tuple, list) else value

    def apply(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return more(operation(*more(args), **more(kwargs)))

    return wrapping(rule, apply)


def computes_otherwise(model: nn.Module, dtype: torch.dtype) -> bool:
    """Tell whether a dtype has more digits than the parameters of a model."""
    return any(
        value.is_floating_point() and _eps(value.dtype) > _eps(dtype)
        for value in model.parameters()
    )


def describe_precision(
    model: nn.Module, dtype: torch.dtype, left_out: Collection[torch.dtype]
) -> str:
    """Say what a network is computed in, and in place of what.

    Args:
        model: the user's model.
        dtype: what it is computed in.
        left_out: what casts inside the model would have gone to.
    """
    own = {value.dtype for value in model.parameters() if value.is_floating_point()}
    own = {name for name in own if _eps(name) > _eps(dtype)}
    lower = sorted(str(name).removeprefix("torch.") for name in own.union(left_out))
    name = str(dtype).removeprefix("torch.")
    return f"{name} in place of {', '.join(lower)}" if lower else name


def _eps(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).eps


def is_floating(value: Any) -> bool:
    """Tell whether a value is a tensor of floating-point numbers."""
    return isinstance(value, Tensor) and value.is_floating_point()
