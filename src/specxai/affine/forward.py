"""Running a model up to a layer, or from a layer on, without leaving anything behind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from specxai.affine.interpreter import Interpreter, Plan
from specxai.errors import LayerError

Forward = Callable[[Tensor], Tensor]


def parse_address(address: str) -> tuple[str, int]:
    """Split a layer address into module path and call number.

    Args:
        address: ``features.3``, or ``block.relu#2`` for the second call of a module used twice.

    Returns:
        The module path and the call number, counted from 1.

    >>> parse_address("block.relu#2")
    ('block.relu', 2)
    """
    path, mark, call = address.partition("#")
    if not mark:
        return path, 1
    if not call.isdigit() or int(call) < 1:
        raise LayerError(f"layer {address!r}: after '#' comes a call number, 1 or more")
    return path, int(call)


@dataclass(frozen=True, eq=False)
class Network:
    """A model with the rules it is run by; called like the model itself.

    Attributes:
        module: the user's model, in eval mode.
        plan: the rule for each operation call that needs one; without any, the model runs as is.
    """

    module: nn.Module
    plan: Plan = field(default_factory=dict)

    def __call__(self, x: Float[Tensor, "B ..."]) -> Any:
        """Run the model on x, every operation by its rule."""
        with Interpreter(self.module, self.plan) if self.plan else nullcontext():
            return self.plain(x)

    def plain(self, x: Float[Tensor, "B ..."]) -> Any:
        """Run the model on a copy of x, with parameters that autograd does not follow.

        The copy is there because an in-place operation may overwrite what a model is given.
        """
        constants = {name: value.detach() for name, value in self.module.named_parameters()}
        return functional_call(self.module, constants, (x.clone(),))


class _Reached(BaseException):
    """Carries a layer's output out of the model; no ``except Exception`` on its way stops it."""

    def __init__(self, output: Tensor) -> None:
        self.output = output


@contextmanager
def _intercept(network: Network, layer: str, action: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Pass the output of one call of one layer through an action, inside the block only."""
    path, wanted = parse_address(layer)
    calls = 0

    def hook(_module: nn.Module, _args: Any, output: Tensor) -> Tensor | None:
        nonlocal calls
        calls += 1
        return action(output) if calls == wanted else None

    handle = network.module.get_submodule(path).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def run_until(network: Network, layer: str | None, x: Float[Tensor, "B ..."]) -> Tensor:
    """Run the model up to a layer and return that layer's output.

    Args:
        network: the network, in eval mode.
        layer: the address of the layer; None means the whole network.
        x: a batch of inputs.

    Returns:
        The layer's output z, batch first.

    Raises:
        LayerError: the model finished without calling the layer.
    """
    if layer is None:
        return network(x)  # type: ignore[no-any-return]

    def stop(output: Tensor) -> Tensor:
        raise _Reached(output)

    try:
        with _intercept(network, layer, stop):
            network(x)
    except _Reached as reached:
        return reached.output
    raise LayerError(f"layer {layer!r} was not called: the model took another path this time")


def run_through(
    network: Network, layers: Sequence[str], x: Float[Tensor, "B ..."]
) -> Float[Tensor, "B n"]:
    """Run the model and return the outputs of many layers, flattened and one after the other.

    Args:
        network: the network, in eval mode.
        layers: addresses of layers, each called once in the run.
        x: a batch of inputs.

    Returns:
        All values of the first layer, then all of the second, and so on, for each input.
    """
    seen: dict[str, Tensor] = {}

    def keep(address: str, output: Tensor) -> Tensor:
        seen[address] = output.clone()  # an in-place operation may overwrite it
        return output

    with ExitStack() as hooks:
        for address in layers:
            hooks.enter_context(_intercept(network, address, partial(keep, address)))
        network(x)
    return torch.cat([seen[address].reshape(len(x), -1) for address in layers], dim=1)


def run_from(
    network: Network, layer: str | None, x: Float[Tensor, "B ..."], z: Float[Tensor, "..."]
) -> Tensor:
    """Run the model with a layer's output replaced, and return the model's output.

    Everything that does not pass through the layer (a residual branch around it) still comes
    from x.

    Args:
        network: the network, in eval mode.
        layer: the address of the layer; None returns z itself.
        x: a batch of inputs.
        z: what takes the place of the layer's output on this batch.

    Returns:
        The output of the model, batch first.
    """
    if layer is None:
        return z
    with _intercept(network, layer, lambda _: z.clone()):
        return network(x)  # type: ignore[no-any-return]
