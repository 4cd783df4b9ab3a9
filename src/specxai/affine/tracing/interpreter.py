"""Running a model operation by operation, each by its rule and with its address."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from specxai.affine.tracing.faults import tell_place
from specxai.affine.tracing.operations import (
    depends,
    in_place,
    operation_name,
    tensors_in,
    to_python,
    transformed,
)
from specxai.affine.tracing.root import Root
from specxai.affine.tracing.rules import Rule


class Address(NamedTuple):
    """Where an operation was called: module path, plain name, and call number there, from 1."""

    module: str
    operation: str
    call: int

    def __str__(self) -> str:
        number = f"#{self.call}" if self.call > 1 else ""
        return f"{self.operation}@{self.module or 'model'}{number}"


RuleTable = Mapping[Address, Rule]


@dataclass(frozen=True)
class Call:
    """One call into PyTorch, about to be made."""

    address: Address
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """All tensors that the call is given."""
        return tuple(tensors_in(self.args, self.kwargs))

    @property
    def in_place(self) -> bool:
        """Whether the call writes into its first argument."""
        return in_place(self.function, self.args, self.kwargs)

    def perform(self, rule: Rule | None) -> Any:
        """Make the call, by a rule if there is one, and return its result."""
        if to_python(self.function):
            return self.function(self.args[0].detach(), *self.args[1:], **self.kwargs)
        if rule is None:
            return self.function(*self.args, **self.kwargs)
        kwargs = {key: value for key, value in self.kwargs.items() if key != "inplace"}
        result = rule.apply(self.function, *self.args, **kwargs)
        return self.args[0].copy_(result) if self.in_place and self._apart(result) else result

    def _apart(self, result: Any) -> bool:
        """Tell whether an in-place call by a rule has its result elsewhere than in its argument."""
        return result is not None and result is not self.args[0]

    def written(self, result: Any) -> Any:
        """Return what the call changed: its result, or the tensor that an assignment filled."""
        return self.args[0] if self.address.operation == "setitem" else result

    def with_followed(self, values: Sequence[Tensor]) -> "Call":
        """Return the call on other values of the tensors that depend on the input, in order.

        Nothing that it is given is written into.
        """
        replacements = iter(values)

        def replaced(value: Any) -> Any:
            if isinstance(value, Tensor):
                value = next(replacements) if value.requires_grad else value
                return value.clone() if self.in_place else value
            if isinstance(value, dict):
                return {key: replaced(part) for key, part in value.items()}
            if isinstance(value, tuple | list) and depends(value):
                return type(value)([replaced(part) for part in value])
            return value

        args = tuple(replaced(value) for value in self.args)
        return replace(self, args=args, kwargs=replaced(self.kwargs))


class Interpreter(TorchFunctionMode):
    """Sees every call into PyTorch that a model makes, and performs it by the plan.

    Args:
        root: the model; the interpreter is entered around one run of it.
        plan: the rule for each address that needs one.
    """

    def __init__(self, root: Root, plan: RuleTable) -> None:
        super().__init__()
        self.root = root
        self.plan = plan
        self.running: list[str] = []
        self._own: list[Tensor] = []  # leaves that the model itself has made
        self._calls: Counter[tuple[str, str]] = Counter()
        self._returns: Counter[str] = Counter()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if not self.running:  # the model has not begun
            return func(*args, **(kwargs or {}))
        module, operation = self.running[-1], operation_name(func).strip("_")
        self._calls[module, operation] += 1
        address = Address(module, operation, self._calls[module, operation])
        try:
            kwargs = kwargs or {}
            if any(_foreign(tensor, self._own) for tensor in tensors_in(args, kwargs)):
                args, kwargs = _held(args, self._own), _held(kwargs, self._own)
            result = self.run(Call(address, func, args, kwargs))
            if operation == "requires_grad" and isinstance(result, Tensor):
                self._own.append(result)
            return result
        except Exception as fault:
            tell_place(fault, str(address))
            raise

    def run(self, call: Call) -> Any:
        """Make one call; what an interpreter does beside it goes here."""
        return call.perform(self.plan.get(call.address))

    def enter(self, path: str) -> None:
        """Take note that a module call begins."""

    def leave(self, path: str, call: int, module: nn.Module, output: Any) -> Any:
        """Take note that a module call is over; what is returned takes the output's place."""

    def __enter__(self) -> "Interpreter":
        with ExitStack() as hooks:
            for path, module in self.root.parts():
                before = module.register_forward_pre_hook(partial(self._before, path))
                hooks.callback(before.remove)
                after = module.register_forward_hook(partial(self._after, path))
                hooks.callback(after.remove)
            super().__enter__()  # type: ignore[no-untyped-call]
            self._hooks = hooks.pop_all()
        return self

    def __exit__(self, *fault: Any) -> None:
        self._hooks.close()
        super().__exit__(*fault)  # type: ignore[no-untyped-call]

    def _before(self, path: str, _module: nn.Module, _args: Any) -> None:
        self.running.append(path)
        self.enter(path)

    def _after(self, path: str, module: nn.Module, _args: Any, output: Any) -> Any:
        self.running.pop()
        self._returns[path] += 1
        return self.leave(path, self._returns[path], module, output)


def _held(value: Any, own: Sequence[Tensor]) -> Any:
    """Return arguments with foreign leaves apart from autograd.

    The input reaches the model as a copy, so that a leaf which requires grad is a constant of the
    user's, a parameter that is not registered or a tensor from outside, unless it is one of the
    model's own: one that it takes a gradient by.
    """
    if isinstance(value, Tensor):
        return value.detach() if _foreign(value, own) else value
    if isinstance(value, dict):
        return {key: _held(part, own) for key, part in value.items()}
    if type(value) in (tuple, list):
        return type(value)([_held(part, own) for part in value])
    return value


def _foreign(tensor: Tensor, own: Sequence[Tensor]) -> bool:
    leaf = tensor.is_leaf and tensor.requires_grad and not transformed(tensor)
    return leaf and not any(tensor is one for one in own)
