"""One recorded forward pass: every operation on the input's path, and every layer call."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from specxai.affine.forward import run
from specxai.affine.graph import Edge, count_paths, custom_functions, edge_of
from specxai.affine.operations import (
    Kind,
    classify,
    depends,
    operation_name,
    severs,
    tensors_in,
    to_python,
)


@dataclass(frozen=True)
class Site:
    """One call of one operation on a tensor that depends on the input.

    Attributes:
        module: path of the module that made the call; the root is the empty string.
        operation: plain name of the operation, such as ``relu``.
        call: number of this call among the same operation's calls in the same module, from 1.
        kind: affine, piecewise linear, or other.
        shape: shape of its (first) output.
    """

    module: str
    operation: str
    call: int
    kind: Kind
    shape: tuple[int, ...]

    @property
    def address(self) -> str:
        """The operation at its module, such as ``relu@features.1`` or ``add@block#2``."""
        number = f"#{self.call}" if self.call > 1 else ""
        return f"{self.operation}@{self.module or 'model'}{number}"


@dataclass(frozen=True)
class Layer:
    """One call of one module: a place where the network can be split.

    Attributes:
        address: module path, with ``#n`` for the n-th call when n > 1.
        type: class name of the module.
        shape: shape of its output with the batch dimension; None when the output is no tensor.
        on_path: whether the output depends on the input and the model's output on it.
        cut: whether every path from the input to the model's output crosses this layer (16).
    """

    address: str
    type: str
    shape: tuple[int, ...] | None
    on_path: bool
    cut: bool

    @property
    def units(self) -> int:
        """The number m of values in the output."""
        return torch.Size(self.shape).numel() if self.shape is not None else 0


@dataclass(frozen=True)
class Trace:
    """What one forward pass did.

    Attributes:
        output: the model's output, detached.
        sites: every operation call on the input's path, in order.
        layers: every module call, in the order in which the calls returned.
    """

    output: Any
    sites: tuple[Site, ...]
    layers: tuple[Layer, ...]


def trace(model: nn.Module, x: Float[Tensor, "1 ..."]) -> Trace:
    """Run the model once and record what it does to its input.

    Args:
        model: the network, in eval mode.
        x: one input.

    Returns:
        The output, the operation calls and the layer calls.
    """
    recorder = _Recorder()
    with torch.enable_grad(), _module_calls(model, recorder), recorder:
        output = run(model, x.detach().requires_grad_())
    layers = recorder.layers(output) if isinstance(output, Tensor) else ()
    return Trace(
        output.detach() if isinstance(output, Tensor) else output,
        tuple(recorder.hidden_sites(output) + recorder.sites),
        tuple(layers),
    )


class _Recorder(TorchFunctionMode):
    """Sees every call into PyTorch, and knows which module is running."""

    def __init__(self) -> None:
        super().__init__()
        self.sites: list[Site] = []
        self.running: list[str] = []
        self._returned: list[tuple[str, str, tuple[int, ...] | None, Edge | None]] = []
        self._calls: Counter[tuple[str, str]] = Counter()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if not self.running:  # the model has not begun
            return func(*args, **kwargs)
        if to_python(func) and depends(args):
            self._record(func, Kind.OTHER, args)
            return func(args[0].detach(), *args[1:], **kwargs)
        # Before the call: an in-place operation changes what its arguments depend on.
        kind = classify(func, args, kwargs)
        result = func(*args, **kwargs)
        written = args[0] if operation_name(func) == "setitem" else result
        if severs(func, (args, kwargs), result):
            self._record(func, Kind.OTHER, written)
        elif depends(written):
            self._record(func, kind, written)
        return result

    def _record(self, func: Callable[..., Any], kind: Kind, result: Any) -> None:
        module, operation = self.running[-1], operation_name(func).strip("_")
        self._calls[module, operation] += 1
        shape = next((tuple(tensor.shape) for tensor in tensors_in(result)), ())
        self.sites.append(Site(module, operation, self._calls[module, operation], kind, shape))

    def returned(self, path: str, call: int, module: nn.Module, output: Any) -> None:
        """Note that a module call is over and where its output stands in the graph."""
        tensor = isinstance(output, Tensor)
        self._returned.append(
            (
                f"{path}#{call}" if call > 1 else path,
                type(module).__name__,
                tuple(output.shape) if tensor else None,
                edge_of(output) if tensor else None,
            )
        )

    def layers(self, output: Tensor) -> list[Layer]:
        """Say of every module call whether it lies on the path, and whether it is a cut."""
        paths = count_paths(output)
        return [
            Layer(address, kind, shape, edge in paths.above, paths.is_cut(edge))
            for address, kind, shape, edge in self._returned
        ]

    def hidden_sites(self, output: Any) -> list[Site]:
        """Return a site for each custom autograd function: these bypass ``__torch_function__``."""
        homes = {edge.node: address for address, *_, edge in reversed(self._returned) if edge}
        nodes = custom_functions(output) if isinstance(output, Tensor) else []
        names = [
            (homes.get(node, ""), type(node).__name__.removesuffix("Backward")) for node in nodes
        ]
        return [Site(module, name, 1, Kind.OTHER, ()) for module, name in names]


@contextmanager
def _module_calls(model: nn.Module, recorder: _Recorder) -> Iterator[None]:
    """Tell the recorder when each module is entered and left, inside the block only."""
    with ExitStack() as hooks:
        for path, module in model.named_modules():
            hooks.enter_context(_watched(path, module, recorder))
        yield


@contextmanager
def _watched(path: str, module: nn.Module, recorder: _Recorder) -> Iterator[None]:
    calls = 0

    def enter(_module: nn.Module, _args: Any) -> None:
        recorder.running.append(path)

    def leave(_module: nn.Module, _args: Any, output: Any) -> None:
        nonlocal calls
        calls += 1
        recorder.running.pop()
        if path:
            recorder.returned(path, calls, module, output)

    handles = module.register_forward_pre_hook(enter), module.register_forward_hook(leave)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
