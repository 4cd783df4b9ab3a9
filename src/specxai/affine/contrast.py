"""One output against others: y_t − y_s in place of y_t, so that contrasts add up too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine.target import Target, choose_target
from specxai.affine.tracing.root import Forward
from specxai.errors import TargetError

Against = int | Sequence[int] | Literal["runner-up", "mean"]


@dataclass(frozen=True)
class Contrast:
    """Calls a model and returns one of its outputs less the mean of some others, shape (B, 1).

    It is a ``forward`` for `specxai.linearize`.

    Attributes:
        target: the output.
        others: what it is set against.
        of: how many outputs the model has.
        forward: calls the model; None calls it directly.
    """

    target: int
    others: tuple[int, ...]
    of: int
    forward: Forward | None = None

    def __call__(self, model: nn.Module, *args: Any, **kwargs: Any) -> Float[Tensor, "B 1"]:
        """Return y_t less the mean of the others."""
        call = model if self.forward is None else self.forward
        given = args if self.forward is None else (model, *args)
        return self.of_outputs(call(*given, **kwargs))

    def of_outputs(self, outputs: Float[Tensor, "B C"]) -> Float[Tensor, "B 1"]:
        """Return y_t less the mean of the others, of outputs that are known.

        Args:
            outputs: of the model.
        """
        chosen = outputs[:, self.target : self.target + 1]
        return chosen - outputs[:, list(self.others)].mean(1, keepdim=True)

    def __str__(self) -> str:
        several = len(self.others) > 1
        other = f"the mean of {len(self.others):,} others" if several else f"{self.others[0]}"
        return f"output {self.target} against {other}"


def _listed(against: object) -> list[int]:
    whole = isinstance(against, Sequence) and all(type(each) is int for each in against)
    if not whole:
        raise TargetError(
            f"against={against!r} names no outputs: give their numbers, 'runner-up' or 'mean'"
        )
    return list(against)  # type: ignore[call-overload, no-any-return]


def contrast(
    outputs: Float[Tensor, "1 C"], target: Target, against: Against, forward: Forward | None = None
) -> Contrast:
    """Choose what to set an output against.

    Args:
        outputs: of the model at x.
        target: the output; None takes the largest.
        against: another output, or several, whose mean is taken; ``runner-up``, the largest of the
            others; ``mean``, that of all others. Negative numbers count from the end.
        forward: calls the model; None calls it directly.

    Raises:
        TargetError: the outputs are no row of two or more, or a choice is not possible.

    >>> import torch
    >>> contrast(torch.tensor([[1.0, 3.0, 2.0]]), None, "runner-up")
    Contrast(target=1, others=(2,), of=3, forward=None)
    """
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise TargetError(
            f"an output of shape {tuple(outputs.shape)} has no others to be set against: leave out "
            "against=, or give a model with a row of outputs"
        )
    chosen = choose_target(outputs, target)
    chosen = chosen[0] if isinstance(chosen, tuple) else chosen
    count = outputs.shape[1]
    rest = [k for k in range(count) if k != chosen]
    if against == "mean":
        others = rest
    elif against == "runner-up":
        others = [rest[int(outputs[0, rest].argmax())]]
    elif isinstance(against, str | bool):
        raise TargetError(
            f"against={against!r} is unknown: give outputs by number, 'runner-up' or 'mean'"
        )
    else:
        listed = [against] if isinstance(against, int) else _listed(against)
        others = [k + count if -count <= k < 0 else k for k in listed]
    for other in others:
        if other not in rest:
            raise TargetError(
                f"output {chosen} cannot be set against {other}: choose others from 0 to "
                f"{count - 1}"
            )
    if not others:
        raise TargetError("against= names no output: give one or more")
    return Contrast(chosen, tuple(others), count, forward)
