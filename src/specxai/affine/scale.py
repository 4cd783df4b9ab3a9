"""The scale that directions of the input are measured in: one deviation for each of its values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import InvalidInputError

_REMEDY = (
    "give a fitted StandardScaler, MinMaxScaler, RobustScaler or MaxAbsScaler, deviations like the "
    "input, or a pair (mean, deviations)"
)


@dataclass(frozen=True, eq=False)
class Scale:
    """How much each value of an input varies.

    Attributes:
        deviation: s, above 0, in the input's own units, shape (1, *input).
        mean: what the values vary around, where it is known, shape (1, *input).
    """

    deviation: Float[Tensor, "1 ..."]
    mean: Float[Tensor, "1 ..."] | None = None


def read_scale(scale: object, x: Float[Tensor, "1 ..."]) -> Scale | None:
    """Return a scale for an input.

    Of a fitted scaler of scikit-learn, or of what looks like one, are taken

    - ``1 / scale_`` where there is ``min_``, as a MinMaxScaler multiplies by ``scale_``;
    - ``scale_`` elsewhere, as of a StandardScaler, RobustScaler or MaxAbsScaler;
    - ``mean_``, where it is there: a StandardScaler's. A median is no mean.

    Args:
        scale: a scaler; deviations, a number, array, list or tensor; a tuple (mean, deviations) of
            these; or None. Arrays have the shape of x, with its batch dimension or without, or one
            that broadcasts to it: (F,) for a table, (C, 1, 1) for the channels of a picture. A
            single row of as many values as x has is in the order of its flattened values.
        x: the input, shape (1, *input).

    Returns:
        The scale, of the input's dtype and device; None where there is none.

    Raises:
        InvalidInputError: it is none of these, not fitted, of another shape, or not above 0.

    >>> read_scale([2.0, 5.0], torch.ones(1, 2)).deviation
    tensor([[2., 5.]])
    """
    if scale is None:
        return None
    mean, deviation = _parts(scale)
    spread = _like(deviation, x, "scale")
    wrong = (spread <= 0).flatten().nonzero()
    if len(wrong):
        position = int(wrong[0])
        raise InvalidInputError(
            f"scale has {float(spread.flatten()[position]):g} for value {position} of the input: "
            "deviations are above 0; give 1 for a value that does not vary"
        )
    return Scale(spread, None if mean is None else _like(mean, x, "mean of the scale"))


def _parts(scale: Any) -> tuple[Any, Any]:
    """Return the mean, or None, and the deviations."""
    if isinstance(scale, tuple):
        if len(scale) != 2:
            raise InvalidInputError(f"scale is a tuple of {len(scale)}: {_REMEDY}")
        return scale
    if isinstance(scale, list | int | float) or hasattr(scale, "__array__"):
        return None, scale
    factors = getattr(scale, "scale_", None)
    if factors is None:
        fault = "is not fitted, or without deviations" if hasattr(scale, "fit") else "is no scale"
        raise InvalidInputError(f"scale={type(scale).__name__} {fault}: {_REMEDY}")
    if hasattr(scale, "min_"):
        return None, 1 / np.asarray(factors, dtype=np.float64)
    return getattr(scale, "mean_", None), factors


def _like(values: Any, x: Float[Tensor, "1 ..."], name: str) -> Float[Tensor, "1 ..."]:
    """Return values as a tensor of the input's shape, dtype and device."""
    try:
        found = (
            values.detach()
            if isinstance(values, Tensor)
            else torch.as_tensor(np.asarray(values, dtype=np.float64))
        )
        if found.ndim == 1 and len(found) == x.numel():
            found = found.reshape(x.shape)
        found = found.to(x).broadcast_to(x.shape).clone()
    except (TypeError, ValueError, RuntimeError):
        shape = tuple(np.shape(values)) if hasattr(values, "shape") else type(values).__name__
        raise InvalidInputError(
            f"the {name} is {shape}, the input {tuple(x.shape)}: give a number for each value of "
            "the input, or what broadcasts to its shape"
        ) from None
    if not bool(found.isfinite().all()):
        raise InvalidInputError(
            f"the {name} holds values that are not finite in {x.dtype}: give finite numbers"
        )
    return found
