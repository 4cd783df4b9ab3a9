"""What an attribution method says of one output of a network at one input."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine import Contrast, linearize
from specxai.files import digest

# What the values of an attribution should add up to: the output y, the linear part u·x, the change
# of the output from the baseline, the same of Δ, what it is above another output, or nothing.
Total = Literal["y", "u·x", "y − y₀", "Δ − Δ₀", ""]


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


@dataclass(frozen=True)
class Instance:
    """What is to be explained.

    Attributes:
        model: the network, in eval mode, whose weights stay what they are.
        x: the input, shape (1, C, H, W).
        target: number of the output.
        baseline: an input in which there is nothing to see, such as a black picture, shape of x.
        layer: address of the last convolution's output, for the methods that look at one; empty if
            there is none.
        seed: of the methods that sample.
        passes: counts the samples that go through the network.
        contrast: what the output is set against by the methods that ask why this one and not
            another; None if there is no other. It stays what it is where the input or the network
            is changed.
    """

    model: nn.Module
    x: Float[Tensor, "1 C H W"]
    target: int
    baseline: Float[Tensor, "1 C H W"]
    layer: str
    seed: int = 0
    passes: Passes = field(default_factory=Passes)
    contrast: Contrast | None = None

    @cached_property
    def totals(self) -> Mapping[str, float]:
        """The numbers that attributions may add up to, by `Total`."""
        lin = linearize(self.model, self.x)
        picked = torch.zeros_like(lin.output)
        picked[0, self.target] = 1
        linear = float((lin.vjp(picked).double() * self.x.double()).sum())
        with torch.no_grad():
            # A copy, because a network may write into its input.
            nothing = self.model(self.baseline.clone())
        y, start = (float(each[0, self.target]) for each in (lin.output, nothing))
        above, above_start = self._above(lin.output), self._above(nothing)
        return {"y": y, "u·x": linear, "y − y₀": y - start, "Δ − Δ₀": above - above_start}

    def _above(self, outputs: Float[Tensor, "1 C"]) -> float:
        """Return Δ, what the output is above what it is set against; NaN if that is nothing."""
        if self.contrast is None:
            return float("nan")
        return float(self.contrast.of_outputs(outputs))

    @cached_property
    def digest(self) -> str:
        """A name for all that an attribution depends on, apart from the method."""
        tensors = {"x": self.x, "baseline": self.baseline, **self.model.state_dict()}
        kind = f"{type(self.model).__qualname__} {self.model}"
        return digest(tensors, f"{kind} {self.target} {self.layer} {self.seed} {self.contrast}")


@dataclass(frozen=True)
class Method:
    """A way to attribute an output to the input.

    Attributes:
        name: as it stands in tables and figures, such as "integrated gradients".
        values: attributes an instance: a number for each input value, shape (1, C, H, W), or for
            each pixel, shape (1, 1, H, W).
        total: what these numbers should add up to.
        about: what is computed, with its settings.
        layer: address of the layer that it decomposes; empty if it takes that of the instance.
        at: gives the same method at another layer; None if it takes that of the instance.
    """

    name: str
    values: Callable[[Instance], Float[Tensor, "1 _ H W"]]
    total: Total
    about: str
    layer: str = ""
    at: "Callable[[str], Method] | None" = None


@dataclass(frozen=True)
class Attribution:
    """The outcome of one method.

    Attributes:
        method: its name.
        map: contribution of each pixel, summed over the channels (23), shape (H, W), float64; None
            where the method cannot take the model.
        refusal: why there is no map; empty if there is one.
        total: what the map should add up to.
        expected: that number; NaN where the method promises none.
        forward: samples that went forward through the network, or a part of it.
        backward: samples that went backward.
        seconds: of wall-clock time.
    """

    method: str
    map: Float[Tensor, "H W"] | None
    refusal: str
    total: Total
    expected: float
    forward: int
    backward: int
    seconds: float

    @property
    def sum(self) -> float:
        """Σ over all pixels of the map; NaN where there is none."""
        return float("nan") if self.map is None else float(self.map.sum())
