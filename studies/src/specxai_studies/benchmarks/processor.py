"""Time that the processor works for this process, on one thread: other work does not count."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch compute on one thread inside the block, where none waits for another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that some work takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun
