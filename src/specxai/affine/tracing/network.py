"""Running a model up to a layer, or from a layer on, without leaving anything behind."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from specxai.affine.tracing.arguments import Arguments
from specxai.affine.tracing.interpreter import Address, Interpreter
from specxai.affine.tracing.precision import widened
from specxai.affine.tracing.root import Forward, Root
from specxai.affine.tracing.rules import Rule
from specxai.affine.tracing.undisturbed import undisturbed
from specxai.errors import LayerError


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
    """A model with all it needs to run as a function of one input.

    Attributes:
        module: the user's model, in eval mode.
        plan: the rule for each operation call that needs one; without any, the model runs as is.
            It grows where a derivative of PyTorch's own is found to be wrong.
        arguments: the inputs beside the one that is explained.
        forward: calls the model and returns a tensor; None calls it directly.
        dtype: what to compute in, where the model has fewer digits; None leaves it as it is.
        moved: names of buffers and attributes that runs have changed; each run begins with them as
            they stand in the model.
    """

    module: nn.Module
    plan: dict[Address, Rule] = field(default_factory=dict)
    arguments: Arguments = field(default_factory=Arguments)
    forward: Forward | None = None
    dtype: torch.dtype | None = None
    moved: set[str] = field(default_factory=set)

    def __call__(self, x: Float[Tensor, "B ..."], fast_path: bool = False) -> Any:
        """Run the model on x, every operation by its rule; see `untouched`."""
        with Interpreter(self.root, self.plan) if self.plan else nullcontext():
            return self.untouched(x, fast_path)

    def untouched(self, x: Float[Tensor, "B ..."], fast_path: bool = False) -> Any:
        """Run the model on x as it is, with parameters that autograd does not follow.

        Args:
            x: a batch of inputs.
            fast_path: take the fused kernels of inference where the user does.
        """
        buffers = {name: value.clone() for name, value in self._buffers.items()}
        given = {**self._parameters, **buffers}
        with undisturbed(self.root, self.moved, fast_path):
            result = functional_call(self.root, given, *self.arguments.filled(x))
        self.moved.update(
            name.removeprefix("model.")
            for name, value in buffers.items()
            if given[name] is not value or value._version
        )
        return result

    @cached_property
    def root(self) -> Root:
        """The model together with what calls it."""
        return Root(self.module, self.forward)

    def constants(self) -> Iterable[Tensor]:
        """Return the parameters with which the network is computed."""
        return self._parameters.values()

    @cached_property
    def _parameters(self) -> dict[str, Tensor]:
        """The parameters apart from autograd, with the digits that the network is computed in."""
        own = self.root.named_parameters()
        return {name: widened(value.detach(), self.dtype) for name, value in own}

    @cached_property
    def _buffers(self) -> dict[str, Tensor]:
        """The same of the buffers: every run has copies of its own, which it may overwrite."""
        own = self.root.named_buffers()
        return {name: widened(value.detach(), self.dtype) for name, value in own}


class _Reached(BaseException):
    """Stops the model when nothing more is needed; no ``except Exception`` on its way stops it."""


class _Interception:
    """A forward hook that passes one call's output through an action."""

    def __init__(self, wanted: int, action: Callable[[Tensor], Tensor]) -> None:
        self.left = wanted
        self.action = action

    def __call__(self, _module: nn.Module, _args: Any, output: Tensor) -> Tensor | None:
        self.left -= 1
        if self.left:
            return None
        with torch._C.DisableTorchFunction():  # the action is no call of the model
            return self.action(output)


@contextmanager
def intercept(module: nn.Module, layer: str, action: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Pass the output of one call of one layer through an action, inside the block only.

    Args:
        module: the user's model, to be run once in the block.
        layer: address of the layer.
        action: takes what the layer gives and returns what the model goes on with.
    """
    path, wanted = parse_address(layer)
    hook = _Interception(wanted, action)
    # Before the model's own hooks, which may collect outputs of layers.
    handle = module.get_submodule(path).register_forward_hook(hook, prepend=True)
    try:
        yield
    finally:
        handle.remove()


class _Keeper:
    """Keeps what layers give, and stops the model after the last of them."""

    def __init__(self, layers: Sequence[str]) -> None:
        self.layers = layers
        self.seen: dict[str, Tensor] = {}

    def keep(self, address: str, output: Tensor) -> Tensor:
        if len(self.layers) == 1:
            self.seen[address] = output
            raise _Reached
        self.seen[address] = output.clone()  # an in-place operation may overwrite it
        if len(self.seen) == len(self.layers):
            raise _Reached
        return output


def run_until(
    network: Network, layers: Sequence[str], x: Float[Tensor, "B ..."], untouched: bool = False
) -> Tensor:
    """Run the model up to the last of some layers and return what they give.

    Args:
        network: the network, in eval mode.
        layers: addresses of layers, each called once in the run; none means the whole network.
        x: a batch of inputs.
        untouched: leave the rules to an interpreter that is at work already.

    Returns:
        The output of a single layer as it is, batch first; of several layers all values, one layer
        after the other, shape (B, n).

    Raises:
        LayerError: the model finished without calling a layer.
    """
    run = network.untouched if untouched else network
    if not layers:
        return run(x)  # type: ignore[no-any-return]
    keeper = _Keeper(layers)
    try:
        with ExitStack() as hooks:
            for address in layers:
                action = partial(keeper.keep, address)
                hooks.enter_context(intercept(network.module, address, action))
            run(x)
    except _Reached:
        outputs = [keeper.seen[address] for address in layers]
        if len(outputs) == 1:
            return outputs[0]
        return torch.cat([output.reshape(len(x), -1) for output in outputs], dim=1)
    missed = next(address for address in layers if address not in keeper.seen)
    raise LayerError(f"layer {missed!r} was not called: the model took another path this time")


class _Giver:
    """Gives values in place of what layers give, one layer after the other."""

    def __init__(self, values: Float[Tensor, "B n"], batch: int) -> None:
        self.values = values
        self.batch = batch

    def give(self, output: Tensor) -> Tensor:
        count = output.numel() // self.batch
        if count == self.values.shape[1]:  # the only layer, or the last one
            return self.values.reshape(output.shape)
        # Apart from the others: the model may go on in place.
        taken, self.values = self.values[:, :count].clone(), self.values[:, count:].clone()
        return taken.reshape(output.shape)


def run_from(
    network: Network,
    layers: Sequence[str],
    x: Float[Tensor, "B ..."],
    z: Float[Tensor, "B n"],
    untouched: bool = False,
) -> Tensor:
    """Run the model with the outputs of layers replaced, and return the model's output.

    Everything that does not pass through the layers (a residual branch around them) still comes
    from x.

    Args:
        network: the network, in eval mode.
        layers: addresses of layers, in the order of their calls; none returns z itself.
        x: a batch of inputs.
        z: what takes the place of the layers' outputs on this batch, one layer after the other.
        untouched: leave the rules to an interpreter that is at work already.

    Returns:
        The output of the model, batch first.
    """
    if not layers:
        return z
    giver = _Giver(z.clone(), len(x))
    with ExitStack() as hooks:
        for address in layers:
            hooks.enter_context(intercept(network.module, address, giver.give))
        return (network.untouched if untouched else network)(x)  # type: ignore[no-any-return]
