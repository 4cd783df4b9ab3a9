"""An input ready to be explained, with the other arguments of the network's call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor


@dataclass(frozen=True)
class LoadedInput:
    """One input of a network.

    Args:
        name: What to call the input in reports.
        tensor: The input to explain, with a batch dimension of 1.
        image: The picture it was made from, 8-bit RGB, if any.
        note: What was assumed in reading it, such as the range of a 16-bit picture; or empty.
        others: The further arguments by name, held fixed; token ids and masks keep their dtype.
        argument: The name of the tensor among them; empty where it is the only argument.
        order: The names of all arguments in the network's order, where it takes them by position.
    """

    name: str
    tensor: Float[Tensor, "..."]
    image: Image.Image | None = None
    note: str = ""
    others: Mapping[str, Tensor] = field(default_factory=dict)
    argument: str = ""
    order: tuple[str, ...] = ()

    @property
    def wrt(self) -> str | int | None:
        """Where the tensor is among the arguments, as `specxai.linearize` takes it."""
        if not self.others:
            return None
        return self.order.index(self.argument) if self.order else self.argument

    @property
    def arguments(self) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        """What `specxai.linearize` takes as its input: one tensor, or several with ``wrt``."""
        return self._arranged(self.tensor, self.others)

    def to(
        self, device: torch.device, dtype: torch.dtype
    ) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        """Return the arguments on a device, the floating-point ones in a dtype."""
        others = {
            name: value.to(device, dtype if value.is_floating_point() else None)
            for name, value in self.others.items()
        }
        return self._arranged(self.tensor.to(device, dtype), others)

    def _arranged(
        self, tensor: Tensor, others: Mapping[str, Tensor]
    ) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        if not others:
            return tensor
        named = {self.argument: tensor, **others}
        return tuple(named[name] for name in self.order) if self.order else named
