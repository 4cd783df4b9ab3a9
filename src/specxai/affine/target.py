"""Which output is explained."""

from operator import index

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import TargetError

Target = int | tuple[int, ...] | None


def select_target(output: Float[Tensor, "1 ..."], target: int | tuple[int, ...]) -> Tensor:
    """Return the cotangent that selects one output: one there, zero elsewhere."""
    selected = torch.zeros_like(output)
    selected[0][target] = 1  # a scalar output has an empty index
    return selected


def choose_target(output: Float[Tensor, "1 ..."], target: Target) -> int | tuple[int, ...]:
    """Check a target, or choose the largest output.

    Args:
        output: the model's output, shape (1, *shape).
        target: a position in ``output[0]``: an int for one dimension, a tuple for more; or None.
            Negative numbers count from the end.

    Returns:
        The position, without negative numbers.

    Raises:
        TargetError: it is out of range, or None where the output is not of shape (1, C).
    """
    shape = tuple(output.shape[1:])
    if target is None:
        if output.numel() == 1:
            return 0 if len(shape) == 1 else (0,) * len(shape)
        if len(shape) != 1:
            raise TargetError(
                f"the output has shape {tuple(output.shape)}: give a target of {len(shape)} "
                "indices, or layer=None without a target for all outputs"
            )
        return int(output[0].argmax())
    given = target if isinstance(target, tuple) else (target,)
    try:
        position = tuple(map(index, given))  # numpy and torch integers too
    except TypeError:
        raise TargetError(
            f"target {target!r} is no position: give an int, or one for each dimension"
        ) from None
    if len(position) != len(shape):
        raise TargetError(
            f"target {target} has {len(position)} indices and an output of shape "
            f"{tuple(output.shape)} needs {len(shape)}"
        )
    for k, size in zip(position, shape, strict=True):
        if not -size <= k < size:
            raise TargetError(f"target {target} is out of range: choose from 0 to {size - 1}")
    position = tuple(k % size for k, size in zip(position, shape, strict=True))
    return position if isinstance(target, tuple) else position[0]
