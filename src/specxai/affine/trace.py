"""One recorded forward pass: every operation on the input's path, and every layer call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine.conventions import Conventions
from specxai.affine.forward import Network
from specxai.affine.graph import Edge, count_paths, custom_functions, edge_of
from specxai.affine.interpreter import Address, Call, Interpreter, Plan
from specxai.affine.operations import Kind, classify, depends, severs, tensors_in, to_python
from specxai.affine.precision import keep_digits, narrowed, without_autocast
from specxai.affine.root import Root
from specxai.affine.rules import SECANT, Rule


@dataclass(frozen=True)
class Site:
    """One call of one operation on a tensor that depends on the input.

    Attributes:
        address: module path, plain name and call number; prints as ``relu@features.1``.
        kind: affine, piecewise linear, nonlinear with a rule, or known to autograd only.
        shape: shape of its (first) output.
        convention: ``tangent`` or ``secant`` where the operation is not piecewise linear (14, 15),
            ``frozen`` where it hides the input from its result, as ``detach`` does; else None.
        frozen: what a secant rule holds fixed, in words.
    """

    address: Address
    kind: Kind
    shape: tuple[int, ...]
    convention: str | None = None
    frozen: str | None = None

    @property
    def module(self) -> str:
        """Path of the module that made the call; the root is the empty string."""
        return self.address.module

    @property
    def operation(self) -> str:
        """Plain name of the operation."""
        return self.address.operation


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
        depends: whether the output depends on the input.
        sites: every operation call on the input's path, in order.
        layers: every module call, in the order in which the calls returned.
        plan: the rule for each call that needs one.
        left_out: what casts on the input's path would have gone to, if the plan had not left them
            out.
    """

    output: Any
    depends: bool
    sites: tuple[Site, ...]
    layers: tuple[Layer, ...]
    plan: Plan
    left_out: frozenset[torch.dtype]


def trace(
    network: Network, conventions: Conventions, x: Float[Tensor, "1 ..."], widen: bool = True
) -> Trace:
    """Run the model once and record what it does to its input.

    Args:
        network: the network, in eval mode.
        conventions: which rule to plan for operations that are not piecewise linear.
        x: one input.
        widen: whether to plan that casts to fewer digits than x has are left out.

    Returns:
        The output, the operation calls, the layer calls, and the rules to use from now on.
    """
    recorder = _Recorder(network.root, conventions, x.dtype if widen else None)
    with torch.enable_grad(), recorder:
        output = network.plain(x.detach().requires_grad_())
    layers = recorder.layers(output) if isinstance(output, Tensor) else ()
    return Trace(
        output.detach() if isinstance(output, Tensor) else output,
        depends(output),
        tuple(recorder.hidden_sites(output) + recorder.sites),
        tuple(layers),
        recorder.plan,
        frozenset(recorder.left_out),
    )


def all_paths_cross(network: Network, layers: Sequence[str], x: Float[Tensor, "1 ..."]) -> bool:
    """Tell whether every path from the input to the output crosses one of some layers."""
    tracker = _LayerTracker(network.root, network.plan)
    with torch.enable_grad(), tracker:
        output = network.plain(x.detach().requires_grad_())
    edges = {address: edge for address, *_, edge in tracker.returned}
    return count_paths(output, {edge for layer in layers if (edge := edges[layer])}).total == 0


class _LayerTracker(Interpreter):
    """Notes of every module call where its output stands in the graph."""

    def __init__(self, root: Root, plan: Plan) -> None:
        super().__init__(root, plan)
        self.returned: list[tuple[str, str, tuple[int, ...] | None, Edge | None]] = []

    def leave(self, path: str, call: int, module: nn.Module, output: Any) -> None:
        """Note that a module call is over."""
        if not path:
            return
        tensor = isinstance(output, Tensor)
        self.returned.append(
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
            for address, kind, shape, edge in self.returned
        ]


class _Recorder(_LayerTracker):
    """Makes the plan while it runs: here x requires grad, so that dependence on it shows."""

    def __init__(self, root: Root, conventions: Conventions, dtype: torch.dtype | None) -> None:
        self.rules: dict[Address, Rule] = {}
        super().__init__(root, self.rules)
        self.conventions = conventions
        self.dtype = dtype
        self.sites: list[Site] = []
        self.left_out: set[torch.dtype] = set()

    def run(self, call: Call) -> Any:
        """Classify a call, choose its rule, make it, and note it if it lies on the path."""
        # Before the call: an in-place operation changes what its arguments depend on.
        kind = classify(call.function, call.args, call.kwargs)
        convention: str | None = None
        rule = None
        lost = narrowed(call, self.dtype) if self.dtype else None
        if self.dtype and lost:
            self.rules[call.address] = rule = keep_digits(self.dtype)
            self.left_out.update([lost] if depends(call.args) else [])
        elif kind in (Kind.RULE, Kind.AUTOGRAD) and depends(call.args, call.kwargs):
            chosen = self.conventions.of(call.address.module, call.address.operation)
            rule = SECANT.get(call.address.operation) if chosen == "secant" else None
            convention = "secant" if rule else "tangent"
        device = self.root.device_type
        if self.dtype and torch.is_autocast_enabled(device) and depends(call.args, call.kwargs):
            self.left_out.add(torch.get_autocast_dtype(device))
            self.rules[call.address] = rule = without_autocast(device, rule)
        severed = to_python(call.function) and depends(call.args)
        result = call.perform(rule)
        written = call.written(result)
        if severed or severs(call.function, (call.args, call.kwargs), result):
            kind, convention = (kind if rule else Kind.AUTOGRAD), convention if rule else "frozen"
        elif not depends(written):
            return result
        if rule is not None:
            self.rules[call.address] = rule
        shape = next((tuple(tensor.shape) for tensor in tensors_in(written)), ())
        frozen = rule.frozen if rule is not None and convention else None
        self.sites.append(Site(call.address, kind, shape, convention, frozen))
        return result

    def hidden_sites(self, output: Any) -> list[Site]:
        """Return a site for each custom autograd function: these bypass ``__torch_function__``."""
        homes = {edge.node: address for address, *_, edge in reversed(self.returned) if edge}
        nodes = custom_functions(output) if isinstance(output, Tensor) else []
        return [
            Site(
                Address(homes.get(node, ""), type(node).__name__.removesuffix("Backward"), number),
                Kind.AUTOGRAD,
                (),
                "tangent",
            )
            for number, node in enumerate(nodes, start=1)
        ]
