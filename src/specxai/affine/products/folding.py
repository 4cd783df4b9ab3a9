"""Batch norms in eval mode as one product and one sum.

Both derivatives of PyTorch's own batch norm cost several times that product: the backward one sums
up gradients of statistics that are constants here.
"""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from specxai.affine.tracing.rules import moved


def folded_scale(  # noqa: D417
    input: Float[Tensor, "_ C ..."],
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor | None:
    """Return weight / √(var + ε) of a batch norm, ready to be multiplied with its input.

    Args:
        input: and all that follows: the arguments of ``torch.nn.functional.batch_norm``.

    Returns:
        Shape (C, 1, …), rounded once to the input's dtype, because errors of all layers add up;
        None where the statistics are those of the input, which is not affine.
    """
    if training or running_var is None:
        return None
    scale = (running_var.double() + eps).rsqrt()
    scale = scale if weight is None else scale * weight.double()
    return scale.to(input.dtype).reshape(-1, *[1] * (input.ndim - 2))


class FoldedNorms(TorchFunctionMode):
    """Differentiates every batch norm in eval mode as a product with its folded scale.

    The value stays that of the batch norm, to the last digit: a gate behind it must not flip.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is functional.batch_norm:
            return _folded(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _folded(input: Tensor, *args: Any, **options: Any) -> Tensor:
    scale = folded_scale(input, *args, **options)
    if scale is None:
        return functional.batch_norm(input, *args, **options)
    value = functional.batch_norm(input.detach(), *args, **options)
    return value + moved(input * scale)
