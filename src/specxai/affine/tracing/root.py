"""A model together with what calls it, as one module."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

Forward = Callable[..., Tensor]


class Root(nn.Module):
    """Calls a model, by the user's function if there is one.

    Operations of that function (the choice of an entry of a dict, a sum of two outputs) belong to
    the network as much as those of the model: both have the empty path.

    Args:
        model: the user's model.
        forward: takes the model and its arguments and returns a tensor; None calls the model.
    """

    def __init__(self, model: nn.Module, forward: Forward | None) -> None:
        super().__init__()
        self.model = model
        self.function = forward

    @property
    def device_type(self) -> str:
        """The type of device that the model is on, such as ``cpu``."""
        return next((p.device.type for p in self.parameters()), "cpu")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model."""
        if self.function is None:
            return self.model(*args, **kwargs)
        return self.function(self.model, *args, **kwargs)

    def parts(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield every module with the path that the user knows it by."""
        for path, module in self.named_modules():
            yield path.removeprefix("model").removeprefix("."), module
