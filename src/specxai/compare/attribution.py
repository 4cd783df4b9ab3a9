"""What an attribution method says of one output of a network at one input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

# What the values of an attribution should add up to: the output, the linear part u·x, the change of
# the output from a baseline, or nothing in particular.
Total = Literal["output", "linear", "change", "none"]


@dataclass(frozen=True)
class Instance:
    """What is to be explained.

    Attributes:
        model: the network, in eval mode.
        x: the input, shape (1, C, H, W).
        target: number of the output.
        layer: address of the last convolution, for the methods that look at one.
        seed: of the methods that sample.
    """

    model: nn.Module
    x: Float[Tensor, "1 C H W"]
    target: int
    layer: str
    seed: int = 0


@dataclass(frozen=True)
class Method:
    """A way to attribute an output to the input.

    Attributes:
        name: as it stands in tables and figures, such as "integrated gradients".
        values: attributes an instance: a number for each input value, shape (1, C, H, W), or for
            each pixel, shape (1, 1, H, W).
        total: what these numbers should add up to.
        about: in one sentence what is computed, with its settings.
    """

    name: str
    values: Callable[[Instance], Float[Tensor, "1 _ H W"]]
    total: Total
    about: str


@dataclass(frozen=True)
class Attribution:
    """The outcome of one method.

    Attributes:
        method: its name.
        map: contribution of each pixel, summed over the channels (23), shape (H, W), float64; None
            where the method cannot take the model.
        refusal: why there is no map; empty if there is one.
        seconds: of wall-clock time.
        passes: samples that went through the network, forward and backward counted apart.
    """

    method: str
    map: Float[Tensor, "H W"] | None
    refusal: str
    seconds: float
    passes: int
