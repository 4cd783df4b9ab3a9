"""Which operations are affine and which piecewise linear (paper, section 4.3).

Operations are told apart by name, because one operation reaches PyTorch under many spellings:
``F.relu``, ``torch.relu_``, ``Tensor.relu`` and ``torch.ops.aten.relu.default`` are all ``relu``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from specxai.affine.tracing.rules import SECANT


class Kind(StrEnum):
    """How an operation acts on the tensors that depend on the input."""

    AFFINE = "affine"
    PIECEWISE_LINEAR = "piecewise-linear"
    RULE = "rule"
    AUTOGRAD = "autograd-only"


# Affine in all their tensor arguments together.
_AFFINE = frozenset(
    """
    add sub subtract rsub neg negative pos sum mean cumsum diff nansum
    cat concat concatenate stack hstack vstack dstack column_stack row_stack block_diag
    reshape reshape_as view view_as view_as_real view_as_complex flatten unflatten ravel squeeze
    unsqueeze atleast_1d atleast_2d atleast_3d permute transpose swapaxes swapdims movedim moveaxis
    t T mT H mH adjoint real imag contiguous clone alias positive expand expand_as broadcast_to
    broadcast_tensors repeat tile repeat_interleave roll flip fliplr flipud rot90 narrow
    select slice index index_select gather take take_along_dim masked_select masked_fill
    masked_scatter scatter scatter_add index_add index_fill index_put index_copy slice_scatter
    select_scatter diagonal_scatter getitem setitem copy lift_fresh
    split split_with_sizes chunk unsafe_chunk unsafe_split unbind tensor_split hsplit vsplit dsplit
    unfold fold im2col col2im as_strided pad constant_pad_nd pixel_shuffle pixel_unshuffle
    channel_shuffle tril triu diag diagonal diag_embed diagflat trace
    complex stft istft fft_fft fft_ifft fft_rfft fft_irfft fft_hfft fft_ihfft fft_fft2 fft_ifft2
    fft_rfft2 fft_irfft2 fft_fftn fft_ifftn fft_rfftn fft_irfftn fft_fftshift fft_ifftshift
    to _to_copy type type_as float double half bfloat16 cpu cuda requires_grad_ fill zero
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    interpolate upsample upsample_nearest upsample_bilinear upsample_nearest1d upsample_nearest2d
    upsample_nearest3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d
    reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d
    replication_pad3d unsafe_view view_copy permute_copy expand_copy slice_copy select_copy
    identity
    """.split()
)

# Affine in the first argument; the window scales it.
_WINDOWED = frozenset(["stft", "istft"])

# Linear in each of several factors: affine when at most one of those positions depends on x.
_FACTORS = {
    **dict.fromkeys(
        "mul multiply matmul mm bmm mv dot vdot inner outer ger kron linear bilinear conv1d conv2d "
        "conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution conv_tbc "
        "sparse_mm smm spmm "
        "einsum tensordot chain_matmul multi_dot".split(),
        slice(None),
    ),
    **dict.fromkeys("addmm addmv addbmm baddbmm addr addcmul".split(), slice(1, 3)),
}

# Affine in the first argument, when nothing else depends on x.
_FIRST_ONLY = frozenset(
    """
    div divide true_divide addcdiv lerp batch_norm grid_sample
    dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout feature_alpha_dropout
    native_dropout
    """.split()
)

# Operations with a train mode, in which they are random or mix samples, and its default.
_TRAIN_MODE = {"batch_norm": False, "rrelu": False} | dict.fromkeys(
    (name for name in _FIRST_ONLY if "dropout" in name), True
)

_PIECEWISE_LINEAR = frozenset(
    """
    relu relu6 leaky_relu prelu rrelu hardtanh threshold hardshrink softshrink hardsigmoid
    abs absolute clamp clip clamp_min clamp_max maximum minimum max min amax amin fmax fmin
    max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices
    max_pool3d_with_indices adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d
    adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices
    adaptive_max_pool3d_with_indices max_unpool1d max_unpool2d max_unpool3d
    where sort topk kthvalue median nanmedian cummax cummin msort
    sign sgn round floor ceil trunc fix
    """.split()
)

# Reading an input's shape or making a constant like it carries no values along.
_VALUE_FREE = ("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like")
_VALUE_FREE_PREFIXES = ("new_", "is_", "has_")

# The second tensor lends its shape, dtype or device only.
_SHAPED_LIKE = frozenset(["to", "type_as", "expand_as", "view_as", "reshape_as"])

_WITHOUT_TENSORS = frozenset([type(None), bool, int, float, complex, str, bytes, torch.Size])

# Values leave PyTorch as Python numbers.
_TO_PYTHON = frozenset(["item", "tolist", "numpy", "__float__", "__int__"])

_DUNDERS = {"__rtruediv__": "reciprocal", "__rdiv__": "reciprocal", "__rpow__": "exp"} | {
    f"__{prefix}{operator}__": name
    for prefix in ("", "i", "r")
    for operator, name in {
        "add": "add", "sub": "sub", "mul": "mul", "matmul": "matmul", "pow": "pow",
        "getitem": "getitem", "setitem": "setitem", "neg": "neg", "pos": "pos", "abs": "abs",
    }.items()
} | {"__truediv__": "div", "__itruediv__": "div", "__div__": "div", "__idiv__": "div"}  # fmt: skip


@lru_cache(maxsize=4096)
def operation_name(function: Callable[..., Any]) -> str:
    """Return the plain name of an operation, whichever spelling called it.

    Args:
        function: what ``__torch_function__`` received: a function, a method, an operator overload
            or the getter of a tensor attribute.

    Returns:
        The name without overload, double underscores or in-place mark.

    >>> import torch
    >>> operation_name(torch.relu_), operation_name(torch.Tensor.__iadd__)
    ('relu', 'add')
    """
    name = str(getattr(function, "__name__", function))
    if name == "__get__":
        return str(getattr(getattr(function, "__self__", None), "__name__", name))
    if name in _DUNDERS:
        return _DUNDERS[name]
    name = name.split(".")[0]
    if name in _AFFINE or name.startswith("__"):
        return name
    return name.removesuffix("_").removeprefix("_") or name


def in_place(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Tell whether a call writes its result into its first argument."""
    name = str(getattr(function, "__name__", "")).split(".")[0]
    marked = name.endswith("_") and not name.endswith("__")
    assigned = name.startswith("__i") or name == "__setitem__"
    return marked or assigned or bool(kwargs.get("inplace", False))


def tensors_in(*values: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested sequences and mappings, in order."""
    for value in values:
        kind = type(value)
        if kind in _WITHOUT_TENSORS:  # most arguments: asked first
            continue
        if kind is Tensor or isinstance(value, Tensor):
            yield value
        elif kind is tuple or kind is list:
            yield from tensors_in(*value)
        elif isinstance(value, Mapping):
            yield from tensors_in(*value.values())
        elif isinstance(value, Sequence):
            yield from tensors_in(*value)


def numbers(result: Any) -> list[Tensor]:
    """Return the tensors of real or complex numbers in a result."""
    return [t for t in tensors_in(result) if t.is_floating_point() or t.is_complex()]


def depends(*values: Any) -> bool:
    """Tell whether any tensor in the values depends on the input being followed."""
    return any(tensor.requires_grad for tensor in tensors_in(*values))


def transformed(*values: Any) -> bool:
    """Tell whether a tensor in the values is at work inside a transformation of ``torch.func``.

    What ``vmap`` or ``grad`` in a model compute is seen, but not as functions of the input.
    """
    return any(map(_wrapped, tensors_in(*values)))


def depends_inside(*values: Any) -> bool:
    """Tell the same as `depends` of tensors inside a transformation of ``torch.func``."""
    for tensor in tensors_in(*values):
        inner = tensor
        while _wrapped(inner) and not inner.requires_grad:
            inner = torch._C._functorch.get_unwrapped(inner)
        if inner.requires_grad:
            return True
    return False


def _wrapped(tensor: Tensor) -> bool:
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def to_python(function: Callable[..., Any]) -> bool:
    """Tell whether an operation turns a tensor into Python numbers or an array."""
    return operation_name(function) in _TO_PYTHON


def carries(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Tell whether the values of a call's result come from tensors that depend on the input.

    If the result does not depend on the input then, the call has hidden it, as ``detach`` does.
    """
    name = operation_name(function)
    if name in _VALUE_FREE or name.startswith(_VALUE_FREE_PREFIXES):
        return False
    return depends(args[:1] if name in _SHAPED_LIKE else (args, kwargs))


def classify(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Kind:
    """Say how one call acts on the arguments that depend on the input.

    Args:
        function: the operation, as ``__torch_function__`` received it.
        args: its positional arguments; tensors that depend on the input require grad.
        kwargs: its keyword arguments.

    Returns:
        The kind of this call: ``x * 2`` is affine, ``x * x`` is not.
    """
    name = operation_name(function)
    if name in _BY_OPTION:
        name = _BY_OPTION[name](args, kwargs)
    if name in _TRAIN_MODE and _trains(args, kwargs, _TRAIN_MODE[name]):
        return Kind.AUTOGRAD
    if name in _AFFINE:
        return Kind.AFFINE
    others = [value for key, value in kwargs.items() if key not in ("input", "self", "bias")]
    if name in _PIECEWISE_LINEAR:
        curved = name == "prelu" and depends(args[1:], others)
        curved |= any(tensor.is_complex() for tensor in tensors_in(args))
        return Kind.AUTOGRAD if curved else Kind.PIECEWISE_LINEAR
    if name in _FACTORS:
        factors = sum(map(depends, tensors_in(*args[_FACTORS[name]], *others)))
        factors += depends(kwargs.get("input"))
        return Kind.AFFINE if factors <= 1 else _nonlinear(name)
    if name in _FIRST_ONLY and not depends(args[1:], others, kwargs.get("bias")):
        return Kind.AFFINE
    return _nonlinear(name)


def additive(name: str) -> bool:
    """Tell whether an operation adds up its tensors, so that none of them scales another."""
    return name in _AFFINE and name not in _WINDOWED


def _option(args: Sequence[Any], kwargs: Mapping[str, Any], name: str, place: int) -> Any:
    return kwargs.get(name, args[place] if len(args) > place else None)


def _instance_norm(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """By running statistics it is a batch norm in eval mode; by those of the input it is not."""
    own = _option(args, kwargs, "use_input_stats", 5)
    return "batch_norm" if own is False else "instance_norm"


def _lerp(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Between two tensors it is a sum, unless the weight depends on the input."""
    return "lerp" if depends(_option(args, kwargs, "weight", 2)) else "add"


def _scatter_reduce(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    kind = _option(args, kwargs, "reduce", 4 if len(args) > 4 else 3)
    return "scatter_add" if kind in ("sum", "mean") else "scatter_reduce"


# What an operation is depends on its options: it is classified as another one.
_BY_OPTION: dict[str, Callable[[Sequence[Any], Mapping[str, Any]], str]] = {
    "instance_norm": _instance_norm,
    "lerp": _lerp,
    "scatter_reduce": _scatter_reduce,
    "index_reduce": _scatter_reduce,
}


def _nonlinear(name: str) -> Kind:
    return Kind.RULE if name in SECANT else Kind.AUTOGRAD


def _trains(args: Sequence[Any], kwargs: Mapping[str, Any], default: bool) -> bool:
    """Tell whether an operation runs in train mode: its first flag, or the one of that name."""
    flags = [value for value in args if isinstance(value, bool)]
    return bool(kwargs.get("training", kwargs.get("train", [*flags, default][0])))


CONVOLUTIONS = (
    torch.conv1d, torch.conv2d, torch.conv3d,
    torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d,
)  # fmt: skip
