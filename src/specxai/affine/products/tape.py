"""The derivative of a function at a point as a program of its own, played for any tangents.

One run records the linear part of every call, as ``jax.linearize`` does; playing it neither runs
the model again nor computes its values at the point.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from specxai.affine.products.linear_parts import LinearPart, linear_part
from specxai.affine.tracing.operations import (
    depends,
    in_place,
    numbers,
    operation_name,
    tensors_in,
)


class NotRecordedError(Exception):
    """A call cannot be recorded, or was not seen: another way has to be taken."""


@dataclass(frozen=True)
class _Step:
    """One call: from tangents in some slots to tangents in others.

    Attributes:
        part: its linear part.
        taken: slots of its arguments.
        places: for each slot that it fills, which of its results goes there.
        done: slots that nothing needs from here on.
    """

    part: LinearPart
    taken: tuple[int, ...]
    places: dict[int, int]
    done: tuple[int, ...] = ()


class Tape:
    """J v for the rows v of a block: the linear parts of a function at x, one after the other.

    Args:
        function: maps a batch of inputs to a batch of outputs, and never mixes them.
        x: the point, shape (1, *input), or a point for each copy.
        copies: how many tangents are played at a time.
        layout: of a batch in memory.

    Raises:
        NotRecordedError: something on the input's path was not seen, or has no linear part here.

    >>> weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tape = Tape(lambda x: torch.relu(x @ weight.T - 2), torch.ones(1, 2), copies=2)
    >>> tape(torch.eye(2))
    tensor([[1., 3.],
            [2., 4.]])
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        x: Float[Tensor, "_ ..."],
        copies: int,
        layout: torch.memory_format = torch.contiguous_format,
    ) -> None:
        self._shape = (copies, *x.shape[1:])
        self._layout = layout
        leaf = x.detach().expand(self._shape).clone(memory_format=layout).requires_grad_()
        recording = _Recording(leaf)
        # Autograd only tells what depends on the input: it need not keep values.
        with torch.enable_grad(), saved_tensors_hooks(_nothing, _nothing), recording:
            output = function(leaf)
        self._steps, self._output = recording.finished(output)

    def __call__(self, tangents: Float[Tensor, "k M"]) -> Float[Tensor, "k m"]:
        """Return the products of any number of tangents."""
        return torch.cat([self._play(part) for part in tangents.split(self._shape[0])])

    def _play(self, tangents: Float[Tensor, "k M"]) -> Float[Tensor, "k m"]:
        used = len(tangents)
        batch = tangents.new_zeros(self._shape).contiguous(memory_format=self._layout)
        batch[:used] = tangents.reshape(used, *self._shape[1:])
        held = {0: batch}
        for step in self._steps:
            found = numbers(step.part([held[slot] for slot in step.taken]))
            held |= {slot: found[place] for slot, place in step.places.items()}
            for slot in step.done:
                del held[slot]
        return held[self._output].reshape(self._shape[0], -1)[:used]


def _nothing(value: Tensor) -> Tensor:
    """Take the place of a value that a derivative would need, when none is asked for."""
    return value.new_empty(0)


def _reshaped(shape: torch.Size, tangents: Sequence[Tensor]) -> Tensor:
    return tangents[0].view(shape)


class _Recording(TorchFunctionMode):
    """Notes the linear part of every call on the input's path.

    It stands outside the interpreter, so that it sees what the rules make of a call.

    Args:
        leaf: the input, which requires grad.
    """

    def __init__(self, leaf: Tensor) -> None:
        super().__init__()
        self._count = 1
        self._slots = WeakIdKeyDictionary({leaf: 0})
        self._steps: list[_Step] = []
        self._unseen = ""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        moving = [tensor for tensor in tensors_in(args, kwargs) if tensor.requires_grad]
        if self._unseen or not moving:
            return func(*args, **kwargs)
        if not all(map(self._knows, moving)):
            self._unseen = f"an argument of {operation_name(func)}"
            return func(*args, **kwargs)
        taken = tuple(self._slots[tensor] for tensor in moving)
        if not in_place(func, args, kwargs):
            result = func(*args, **kwargs)
            if depends(numbers(result)):
                self._note(linear_part(func, args, kwargs), taken, result)
            return result
        try:  # before the call, which changes its argument
            part = linear_part(func, args, kwargs)
        except NotImplementedError as fault:
            self._unseen = str(fault)
            return func(*args, **kwargs)
        result = func(*args, **kwargs)
        self._note(part, taken, args[0] if result is None else result)
        return result

    def _knows(self, tensor: Tensor) -> bool:
        """Tell whether a tensor has a slot, or is a known one whose shape was changed unseen."""
        if tensor in self._slots:
            return True
        base = tensor._base
        if base is None or base not in self._slots or base.numel() != tensor.numel():
            return False
        if not (base.is_contiguous() and tensor.is_contiguous()):
            return False
        self._note(partial(_reshaped, tensor.shape), (self._slots[base],), tensor)
        return True

    def _note(self, part: LinearPart, taken: tuple[int, ...], result: Any) -> None:
        """Append a step, with a new slot for each of its results that depends on the input."""
        filled = enumerate(numbers(result))
        places = {self._slot_of(tensor): k for k, tensor in filled if tensor.requires_grad}
        self._steps.append(_Step(part, taken, places))

    def _slot_of(self, tensor: Tensor) -> int:
        """Return a new slot for a tensor, in place of an old one that it may have."""
        self._slots[tensor] = self._count
        self._count += 1
        return self._count - 1

    def finished(self, output: Tensor) -> tuple[tuple[_Step, ...], int]:
        """Return the steps that lead to an output, and its slot."""
        if self._unseen or not self._knows(output):
            raise NotRecordedError(self._unseen or "the output")
        last = self._slots[output]
        return tuple(_until(self._steps, last)), last


def _until(steps: Sequence[_Step], output: int) -> list[_Step]:
    """Tell each step what nothing needs behind it."""
    needed, told = {output}, []
    for step in reversed(steps):
        fresh = {*step.taken, *step.places} - needed
        needed |= fresh
        told.append(_Step(step.part, step.taken, step.places, tuple(fresh)))
    return told[::-1]
