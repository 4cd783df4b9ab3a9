"""What goes wrong inside a model or PyTorch, told in one line: where, what, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from specxai.errors import (
    InvalidModelError,
    NotEnoughMemoryError,
    SpecxaiError,
    UnsupportedOperationError,
)

_PLACE = "_specxai_place"
_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory", "bad_alloc")


def tell_place(fault: BaseException, place: str) -> None:
    """Note the operation call in which an exception was raised: the innermost that is told."""
    if not hasattr(fault, _PLACE):
        setattr(fault, _PLACE, place)


def first_line(fault: BaseException) -> str:
    """Return the first line of an exception's message, or its class where it has none."""
    lines = str(fault).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(fault).__name__


def out_of_memory(fault: BaseException) -> bool:
    """Tell whether an exception means that memory ran out: nothing slower would help then."""
    exhausted = isinstance(fault, MemoryError | torch.OutOfMemoryError)
    return exhausted or any(text in str(fault) for text in _OUT_OF_MEMORY)


def final(fault: Exception) -> bool:
    """Tell whether a failure ends the work, and is not to be answered by another way to do it."""
    return isinstance(fault, SpecxaiError) or out_of_memory(fault)


@contextmanager
def in_our_words(task: str, kinds: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """Raise whatever fails in the block as an error of ours, with its cause.

    Args:
        task: what is done there, such as ``the derivative``.
        kinds: of exceptions. Where a user's own function is called in the block, such as one that
            shows progress, its exceptions are the user's.

    Raises:
        NotEnoughMemoryError: memory ran out.
        InvalidModelError: the model overwrites what its derivative needs.
        UnsupportedOperationError: anything else.
    """
    try:
        yield
    except SpecxaiError:
        raise
    except kinds as fault:
        place = getattr(fault, _PLACE, "")
        where = f"{task} failed at {place}" if place else f"{task} failed"
        if out_of_memory(fault):
            raise NotEnoughMemoryError(
                f"{where}, memory ran out: allow less by memory=, split at a layer with fewer "
                "units, or take a smaller input"
            ) from fault
        if "modified by an inplace operation" in str(fault):
            raise InvalidModelError(
                "an in-place operation of the model overwrites a value that its derivative needs "
                "(such as  z = relu(x); z += 1): write it out of place (z = z + 1)"
            ) from fault
        raise UnsupportedOperationError(
            f"{where} ({first_line(fault)}): split at a layer behind that operation, or write it "
            "with operations that PyTorch differentiates"
        ) from fault
