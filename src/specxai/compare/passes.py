"""Counting the samples that go through a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class Passes:
    """How many samples have gone through a network.

    Attributes:
        forward: samples whose output was computed.
        backward: samples whose output was differentiated.
        paused: whether calls of the network are not counted, because the caller does it.
    """

    forward: int = 0
    backward: int = 0
    paused: bool = False

    @contextmanager
    def watch(self, model: nn.Module) -> Iterator[None]:
        """Count all calls of a network inside the block, and what is pulled back from them."""
        hook = model.register_forward_hook(self._count)
        try:
            yield
        finally:
            hook.remove()

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """Leave the counting inside the block to the caller."""
        self.paused = True
        try:
            yield
        finally:
            self.paused = False

    def _count(self, model: nn.Module, inputs: object, output: object) -> None:
        if self.paused or not isinstance(output, Tensor):
            return
        self.forward += len(output)
        if output.requires_grad:
            output.register_hook(self._count_gradient)

    def _count_gradient(self, gradient: Tensor) -> None:
        self.backward += len(gradient)
