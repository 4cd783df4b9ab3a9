"""A network to explain: its weights, its inputs, and how it is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """A network, its inputs, and how it is called.

    Attributes:
        model: the network.
        inputs: one tensor, a tuple of positional or a dict of keyword arguments, a batch of one.
        wrt: position or name of the input to explain, where there are several.
        forward: takes the model and its inputs and returns the tensor to explain.
    """

    model: nn.Module
    inputs: Any
    wrt: int | str | None = None
    forward: Callable[..., Tensor] | None = None

    def to(self, dtype: torch.dtype) -> "Case":
        """Return the same in another dtype."""

        def cast(value: Any) -> Any:
            return value.to(dtype) if _is_floating(value) else value

        return replace(self, model=self.model.to(dtype), inputs=_mapped(cast, self.inputs))

    def call(self, inputs: Any) -> Tensor:
        """Run the untouched network on inputs such as its own."""
        forward = self.forward or (lambda model, *args, **kwargs: model(*args, **kwargs))
        if isinstance(inputs, Mapping):
            return forward(self.model, **inputs)
        return forward(self.model, *(inputs if isinstance(inputs, tuple) else (inputs,)))

    @property
    def point(self) -> Tensor:
        """The input that is explained."""
        if isinstance(self.inputs, Tensor):
            return self.inputs
        given: dict[Any, Any] = dict(_pairs(self.inputs))
        if self.wrt is not None:
            return given[self.wrt]
        return next(value for value in given.values() if _is_floating(value))

    def at(self, point: Tensor) -> "Case":
        """Return the same network at another input."""
        own = self.point
        return replace(self, inputs=_mapped(lambda old: point if old is own else old, self.inputs))


@torch.no_grad()
def lifelike(case: Case) -> Case:
    """Return a network in float64 without the zeros and ones of an untrained one.

    They would hide faults. Batch norms take their statistics from a batch, so that signals pass
    through deep networks.
    """
    case = case.to(torch.float64)
    case.model.eval()
    for parameter in case.model.parameters():
        if not parameter.is_floating_point() or not parameter.numel():
            continue
        constant = bool(parameter.max() == parameter.min())
        if constant and (parameter.numel() > 1 or not parameter.any()):
            parameter += torch.empty_like(parameter).normal_(0, 0.1)
    norms = [m for m in case.model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.train().momentum = 1.0
    if norms:
        case.call(_mapped(_batch_of_six, case.inputs))
    case.model.eval()
    return case


def _batch_of_six(value: Any) -> Any:
    if not isinstance(value, Tensor) or value.ndim == 0 or len(value) != 1:
        return value
    if not _is_floating(value):
        return value.expand(6, *value.shape[1:])
    return torch.cat([value, torch.randn(5, *value.shape[1:], dtype=value.dtype)])


def _is_floating(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _pairs(inputs: Any) -> Any:
    return inputs.items() if isinstance(inputs, Mapping) else enumerate(inputs)


def _mapped(function: Callable[[Any], Any], inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return {name: function(value) for name, value in inputs.items()}
    if isinstance(inputs, tuple):
        return tuple(map(function, inputs))
    return function(inputs)
