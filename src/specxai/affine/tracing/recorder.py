"""One recorded forward pass: every operation on the input's path, and every layer call."""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from specxai.affine.tracing.baseline.reference import Reference
from specxai.affine.tracing.conventions import Conventions
from specxai.affine.tracing.graph import (
    Edge,
    count_paths,
    edge_of,
    made_at,
    next_number,
    nodes_below,
)
from specxai.affine.tracing.interpreter import Address, Call, Interpreter, RuleTable
from specxai.affine.tracing.operations import (
    Kind,
    carries,
    classify,
    depends,
    depends_inside,
    numbers,
    tensors_in,
    to_python,
    transformed,
)
from specxai.affine.tracing.precision import (
    keep_digits,
    lacks_digits,
    mixed,
    narrowed,
    with_digits,
    without_autocast,
)
from specxai.affine.tracing.root import Root
from specxai.affine.tracing.rules import SECANT, Rule, severed, without_hook


@dataclass(frozen=True)
class Site:
    """One call of one operation on a tensor that depends on the input.

    Attributes:
        address: module path, plain name and call number; prints as ``relu@features.1``.
        kind: affine, piecewise linear, nonlinear with a rule, or known to autograd only.
        shape: shape of its (first) output.
        convention: ``tangent`` or ``secant`` where the operation is not piecewise linear (14, 15),
            ``baseline`` where it is not affine and taken through its values at x₀ and at x,
            ``frozen`` where it hides the input from its result, as ``detach`` does; else None.
        frozen: what a secant rule holds fixed, in words.
        hidden: whether what it computes was not seen: a function of ``torch.jit``, an
            ``autograd.Function``, or what stands inside ``torch.func.vmap``.
        completed: for an operation without a rule of its own from a baseline, the share of its
            change that the least change to its mean Jacobian makes; else None.
    """

    address: Address
    kind: Kind
    shape: tuple[int, ...]
    convention: str | None = None
    frozen: str | None = None
    hidden: bool = False
    completed: float | None = None

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
    def unit_count(self) -> int:
        """The number m of values in the output."""
        return torch.Size(self.shape).numel() if self.shape is not None else 0


class LayerTracker(Interpreter):
    """Notes of every module call where its output stands in the graph."""

    def __init__(self, root: Root, plan: RuleTable) -> None:
        super().__init__(root, plan)
        self.returned: list[tuple[str, str, tuple[int, ...] | None, Edge | None]] = []
        self._begun: list[int] = []  # the next node when each running module call began

    def enter(self, path: str) -> None:
        """Note at which node a module call begins."""
        self._begun.append(next_number())

    def leave(self, path: str, call: int, module: nn.Module, output: Any) -> Any:
        """Note that a module call is over.

        A module that returns what it is given, such as an identity in a branch, gets a place of
        its own in the graph: what else goes on from there does not cross it.
        """
        begun = self._begun.pop()
        if not path:
            return None
        edge = edge_of(output) if isinstance(output, Tensor) else None
        passed = edge is not None and made_at(edge.node) < begun and torch.is_grad_enabled()
        if passed:
            with torch._C.DisableTorchFunction():
                output = output.clone()
            edge = edge_of(output)
        shape = tuple(output.shape) if isinstance(output, Tensor) else None
        address = f"{path}#{call}" if call > 1 else path
        self.returned.append((address, type(module).__name__, shape, edge))
        return output if passed else None

    def layers(self, output: Tensor) -> list[Layer]:
        """Say of every module call whether it lies on the path, and whether it is a cut."""
        paths = count_paths(output)
        return [
            Layer(address, kind, shape, edge in paths.above, paths.is_cut(edge))
            for address, kind, shape, edge in self.returned
        ]


class Recorder(LayerTracker):
    """Makes the plan while it runs: here x requires grad, so that dependence on it shows.

    Args:
        root: the model.
        conventions: which rule to plan for operations that are not piecewise linear.
        dtype: plan that all is computed in it, where the model would take fewer digits; None lets
            casts be.
        reference: plan affine maps through x₀ and x; None for maps at x alone.
    """

    def __init__(
        self,
        root: Root,
        conventions: Conventions,
        dtype: torch.dtype | None,
        reference: Reference | None = None,
    ) -> None:
        self.rules: dict[Address, Rule] = {}
        super().__init__(root, self.rules)
        self.conventions = conventions
        self.dtype = dtype
        self.reference = reference
        self.device = root.device_type
        self.sites: list[Site] = []
        self.left_out: set[torch.dtype] = set()
        self._following = True  # whether the model itself lets derivatives be recorded
        self._made: list[tuple[int, int]] = []  # the nodes of each call: the first, the next
        self._entered: list[tuple[int, str]] = []  # the module at work from a node on

    def enter(self, path: str) -> None:
        """Note at which node a module call begins."""
        super().enter(path)
        self._entered.append((next_number(), path))

    def leave(self, path: str, call: int, module: nn.Module, output: Any) -> Any:
        """Note that a module call is over, and at which node its caller goes on."""
        begun = next_number()
        replacement = super().leave(path, call, module, output)
        self._made.append((begun, next_number()))
        self._entered.append((next_number(), self.running[-1] if self.running else ""))
        return replacement

    def run(self, call: Call) -> Any:
        """Classify a call, choose its rule, make it, and note it if it lies on the path."""
        if call.address.operation == "set_grad_enabled":
            self._following = bool(call.args[0])
        begun = next_number()
        try:
            return self._record(call)
        finally:
            self._made.append((begun, next_number()))

    def _record(self, call: Call) -> Any:
        # Before the call: an in-place operation changes what its arguments depend on.
        inside = transformed(call.tensors)
        followed = depends(call.tensors) and not inside
        carried = followed and carries(call.function, call.args, call.kwargs)
        if self.reference and carried:
            self.reference.follow(call)
        kind, convention, rule = self._choose(call, followed, carried)
        unfollowed = followed and not torch.is_grad_enabled() and not self._in_function()
        if unfollowed or (followed and to_python(call.function)):
            rule = severed(rule, call.in_place)
        result = call.perform(rule)
        if self.dtype and not call.in_place and lacks_digits(call, result, self.dtype, followed):
            self.left_out.add(result.dtype)
            rule = with_digits(self.dtype, rule)
            result = call.perform(rule)
        if rule is not None:
            self.rules[call.address] = rule
        if inside:
            self._note_inside(call, result)
        elif followed and not self._in_function():
            lost = carried and self._is_lost(call, result)
            if unfollowed or (lost and convention not in ("secant", "baseline")):
                kind, convention = Kind.AUTOGRAD, "frozen"
            if unfollowed or lost or depends(call.written(result)):
                frozen = rule.frozen if rule is not None and convention else None
                shape = _shape(call.written(result))
                self.sites.append(Site(call.address, kind, shape, convention, frozen))
        return result

    def _is_lost(self, call: Call, result: Any) -> bool:
        """Tell whether a call's numbers depend on the input no longer."""
        values = numbers(result)
        return to_python(call.function) or (bool(values) and not depends(values))

    def _in_function(self) -> bool:
        """Tell whether a call is made by an ``autograd.Function``, whose node stands for all."""
        quiet = not torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        return quiet and self._following

    def _choose(
        self, call: Call, followed: bool, carried: bool
    ) -> tuple[Kind, str | None, Rule | None]:
        """Return the kind of a call, the convention that it needs, and how to make it."""
        if call.address.operation == "register_hook":  # it might change a gradient
            return Kind.AFFINE, None, without_hook()
        kind = classify(call.function, call.args, call.kwargs) if followed else Kind.AFFINE
        convention, rule = None, None
        lost = narrowed(call, self.dtype) if self.dtype else None
        if self.dtype and lost:
            rule = keep_digits(self.dtype)
            self.left_out.add(lost)
        elif self.reference and carried and kind is not Kind.AFFINE:
            convention, rule = "baseline", self.reference.rule(call)
        elif kind in (Kind.RULE, Kind.AUTOGRAD) and followed:
            chosen = self.conventions.of(call.address.module, call.address.operation)
            rule = SECANT.get(call.address.operation) if chosen == "secant" else None
            convention = "secant" if rule else "tangent"
        if self.dtype and followed and torch.is_autocast_enabled(self.device):
            self.left_out.add(torch.get_autocast_dtype(self.device))
            rule = without_autocast(self.device, rule)
        if self.dtype and (fewer := mixed(call, self.dtype)):
            self.left_out.update(fewer)
            rule = with_digits(self.dtype, rule)
        return kind, convention, rule

    def _note_inside(self, call: Call, result: Any) -> None:
        """Add the site of a call that a transformation of ``torch.func`` makes in the model."""
        if numbers(result) and depends_inside(call.args, call.kwargs):
            shape = _shape(result)
            self.sites.append(Site(call.address, Kind.AUTOGRAD, shape, "tangent", hidden=True))

    def hidden_sites(self, output: Any) -> list[Site]:
        """Return a site for each node of the graph that no call has made.

        Custom autograd functions and what ``torch.jit`` has compiled are called past Python.
        """
        if not self._entered or not isinstance(output, Tensor):
            return []
        starts = [number for number, _ in self._entered]
        made = sorted((begun, ended) for begun, ended in self._made if begun < ended)
        begins = [begun for begun, _ in made]
        counts: Counter[tuple[str, str]] = Counter()
        sites = []
        for node in sorted(nodes_below(output), key=made_at):
            call = bisect_right(begins, made_at(node)) - 1
            seen = call >= 0 and made_at(node) < made[call][1]
            if seen or made_at(node) < starts[0]:
                continue
            home = self._entered[bisect_right(starts, made_at(node)) - 1][1]
            name = _plain_name(node)
            counts[home, name] += 1
            address = Address(home, name, counts[home, name])
            sites.append(Site(address, Kind.AUTOGRAD, (), "tangent", hidden=True))
        return sites


def _shape(result: Any) -> tuple[int, ...]:
    return next((tuple(tensor.shape) for tensor in tensors_in(result)), ())


def _plain_name(node: Node) -> str:
    """Return what a node differentiates: ``Swish`` for ``SwishBackward``."""
    if "jit" in node.name():
        return "ScriptFunction"
    return re.sub(r"Backward\d*$", "", node.name().rpartition("::")[2])
