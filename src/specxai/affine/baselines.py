"""The baseline x₀ that a map leads from."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.blur import blurred
from specxai.affine.scale import Scale
from specxai.affine.tracing.arguments import Arguments, Inputs, as_plain
from specxai.errors import InvalidInputError

NamedBaseline = Literal["zero", "mean", "blur", "auto"]
Baseline = Inputs | NamedBaseline | None

# The blur's standard deviation, as a share of the shorter side: shapes go, colours stay.
_BLUR = 0.1


def read_baseline(
    baseline: Baseline,
    x: Float[Tensor, "1 ..."],
    arguments: Arguments,
    scale: Scale | None = None,
) -> Float[Tensor, "1 ..."] | None:
    """Return the baseline as a tensor like x.

    ``zero`` is zero everywhere; ``mean`` has each channel's mean over all positions, or the mean of
    all values where x has one dimension; where a scale knows the mean of the data, it is that.
    ``blur`` smooths all positions by a Gaussian kernel with a standard deviation of a tenth of the
    shorter side.

    Args:
        baseline: a tensor like x, in the same tuple or dict where x is given in one, or a name.
        x: the input, shape (1, *input).
        arguments: what stands beside it.
        scale: of the input, where it has one.

    Raises:
        InvalidInputError: the name is unknown, the tensor is not like x, not finite, or x; or it
            is ``mean``, and a scale tells that the values of a row have units of their own.
    """
    if baseline is None:
        return None
    if isinstance(baseline, str) and baseline == "mean" and scale is not None:
        baseline = _mean_of(scale, x)
    value = (
        named_baseline(baseline, x) if isinstance(baseline, str) else _given(baseline, x, arguments)
    )
    largest = torch.maximum(x.abs().max(), value.abs().max())
    if bool((value - x).abs().max() <= 8 * torch.finfo(x.dtype).eps * largest):
        raise InvalidInputError(
            "the baseline equals the input, to rounding: there is no way from one to the other; "
            "choose another one"
        )
    return value


def _given(
    baseline: Inputs, x: Float[Tensor, "1 ..."], arguments: Arguments
) -> Float[Tensor, "1 ..."]:
    """Return a baseline that was given as the input is, after a check that it is like x."""
    several: Mapping[Any, Any] | None = None
    if isinstance(baseline, tuple | Mapping):
        several = dict(enumerate(baseline)) if isinstance(baseline, tuple) else baseline
        _check_others(several, arguments)
    value = as_plain(baseline if several is None else several[arguments.wrt])
    if not isinstance(value, Tensor) or value.shape != x.shape:
        found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise InvalidInputError(
            f"the baseline is {found}: give a tensor of the input's shape {tuple(x.shape)}, or "
            "'zero', 'mean', 'blur' or 'auto'"
        )
    if value.is_meta or value.is_complex():
        raise InvalidInputError("the baseline has no real values: give a tensor like the input")
    value = value.detach().to(x, copy=True)
    if not bool(value.isfinite().all()):
        raise InvalidInputError("the baseline holds NaN or infinite values: clean it first")
    return value


def _check_others(given: Mapping[Any, Any], arguments: Arguments) -> None:
    """Refuse a baseline without the explained argument, or with other values of another one."""
    if arguments.wrt not in given:
        raise InvalidInputError(
            f"the baseline has {', '.join(map(repr, given)) or 'nothing'}, not {arguments.wrt!r}, "
            "which is explained: give it too, or a tensor alone"
        )
    for place, value in given.items():
        if place == arguments.wrt:
            continue
        if not _alike(arguments.fixed.get(place), value):
            raise InvalidInputError(
                f"the baseline's {place!r} is not that of the input: only {arguments.wrt!r} moves, "
                "the others are held as they are at x"
            )


def _alike(own: Any, value: Any) -> bool:
    if isinstance(own, Tensor) and isinstance(value, Tensor):
        return own.shape == value.shape and bool((own == value.to(own)).all())
    return own is value or bool(own == value)


def _mean_of(scale: Scale, x: Float[Tensor, "1 ..."]) -> Tensor | NamedBaseline:
    if scale.mean is None and x.ndim == 2:
        raise InvalidInputError(
            "baseline='mean' is not known: the values of the input have units of their own; give "
            "scale=(mean, deviations), a StandardScaler, or a baseline like the input"
        )
    return "mean" if scale.mean is None else scale.mean


def named_baseline(name: str, x: Float[Tensor, "1 ..."]) -> Float[Tensor, "1 ..."]:
    """Return zero, mean or blur of an input; see `read_baseline`.

    Raises:
        InvalidInputError: the name is another one, or there are no positions to blur over.

    >>> named_baseline("mean", torch.tensor([[[1.0, 3.0]]]))
    tensor([[[2., 2.]]])
    """
    if name == "zero":
        return torch.zeros_like(x)
    positions = tuple(range(2, x.ndim)) or tuple(range(1, x.ndim))
    if name == "mean":
        return x.mean(positions, keepdim=True).expand_as(x).clone()
    if name == "blur":
        if x.ndim < 3:
            raise InvalidInputError(
                f"an input of shape {tuple(x.shape)} has no positions to blur over: choose 'zero' "
                "or 'mean', or give a tensor"
            )
        return blurred(x, _BLUR * min(x.shape[2:]), x.ndim - 2)
    raise InvalidInputError(
        f"baseline {name!r} is unknown: choose 'zero', 'mean', 'blur' or 'auto', or give a tensor "
        "like the input"
    )
