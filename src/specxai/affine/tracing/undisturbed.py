"""Running a user's model as the function it is, and leaving it bit for bit as it was.

Tools leave hooks on a model, models keep state from call to call, and some runs are arranged for
speed or memory: none of that is part of the function that is explained.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.utils.checkpoint as checkpointing
from torch import Tensor, nn
from torch.nn.modules import module as all_modules

_HOOKS = ("_backward_hooks", "_backward_pre_hooks")
_GLOBAL_HOOKS = ("_global_backward_hooks", "_global_backward_pre_hooks")
_OF_EVERY_MODULE = frozenset(vars(nn.Module()))
_FORWARD_HOOKS = tuple(name for name in vars(nn.Module()) if name.startswith("_forward"))


@contextmanager
def undisturbed(root: nn.Module, moved: set[str], fast_path: bool = False) -> Iterator[None]:
    """Run a model in the block as a function of its arguments.

    Backward hooks are set aside, because they may change gradients; attributes that the model
    changes are put back; activation checkpoints, the fused kernels of ``nn.TransformerEncoder`` and
    compiled parts, which hide operations, run as they are written.

    Args:
        root: the model.
        moved: takes the names of attributes that were put back.
        fast_path: leave the fused kernels as the user has them.
    """
    with ExitStack() as stack:
        stack.enter_context(_without_backward_hooks(root))
        stack.enter_context(_attributes_put_back(root, moved))
        stack.enter_context(_without_checkpoints())
        if not fast_path:
            stack.enter_context(without_fast_path())
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Let ``nn.TransformerEncoder`` run as it is written, not by a fused kernel of inference."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


@contextmanager
def replaced(namespace: Any, **values: Any) -> Iterator[None]:
    """Give attributes other values in the block, those that the namespace has."""
    before = {name: getattr(namespace, name) for name in values if hasattr(namespace, name)}
    try:
        for name in before:
            setattr(namespace, name, values[name])
        yield
    finally:
        for name, value in before.items():
            setattr(namespace, name, value)


@contextmanager
def _without_backward_hooks(root: nn.Module) -> Iterator[None]:
    with ExitStack() as stack:
        for part in root.modules():
            if any(getattr(part, name) for name in _HOOKS):
                stack.enter_context(replaced(part, **{name: OrderedDict() for name in _HOOKS}))
        if any(getattr(all_modules, name) for name in _GLOBAL_HOOKS):
            none = {name: OrderedDict[int, Any]() for name in _GLOBAL_HOOKS}
            stack.enter_context(replaced(all_modules, **none))
        yield


class _Inline:
    """Stands for the checkpoint that runs its function in a backward pass again."""

    @staticmethod
    def apply(function: Callable[..., Any], _preserve: bool, *args: Any) -> Any:
        return function(*args)


def _no_checkpoint(*_: Any, **__: Any) -> Iterator[None]:
    yield


@contextmanager
def _without_checkpoints() -> Iterator[None]:
    """Let checkpointed parts run once, in view: recomputation would run them without their rules.

    The names are those of PyTorch 2.6 to 2.14; where one is missing, nothing is replaced.
    """
    with replaced(
        checkpointing,
        CheckpointFunction=_Inline,
        _checkpoint_without_reentrant_generator=_no_checkpoint,
        _checkpoint_without_reentrant_generator_impl=_no_checkpoint,
    ):
        yield


@contextmanager
def _attributes_put_back(root: nn.Module, moved: set[str]) -> Iterator[None]:
    """Put back what a run changes in the attributes of modules that are no buffers.

    Hooks that the model gives its own modules in its first run go with the flag that says so.
    """
    before = [(path, _Attributes(part)) for path, part in root.named_modules()]
    try:
        yield
    finally:
        for path, attributes in before:
            path = path.removeprefix("model").removeprefix(".")
            moved.update(f"{path}.{name}".removeprefix(".") for name in attributes.put_back())


class _Attributes:
    """The attributes of one module with what they hold."""

    def __init__(self, module: nn.Module) -> None:
        self._own = vars(module)
        self._values = {k: v for k, v in self._own.items() if k not in _OF_EVERY_MODULE}
        self._contents = {
            name: (_copied(value), getattr(value, "_version", 0))
            for name, value in self._values.items()
            if isinstance(value, Tensor | list | dict | set)
        }
        self._hooks = {name: self._own[name].copy() for name in _FORWARD_HOOKS if self._own[name]}

    def put_back(self) -> list[str]:
        """Restore all, and return the names of what had changed."""
        for name in [k for k in self._own if k not in _OF_EVERY_MODULE and k not in self._values]:
            del self._own[name]
        changed = [n for n, value in self._values.items() if self._own.get(n) is not value]
        for name in changed:
            self._own[name] = self._values[name]
        for name, (content, version) in self._contents.items():
            if _refilled(self._values[name], content, version):
                changed.append(name)
        for name in _FORWARD_HOOKS:
            _refilled(self._own[name], self._hooks.get(name, {}), 0)
        return changed


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value.copy()


def _refilled(value: Any, content: Any, version: int) -> bool:
    """Put contents back into a tensor or container, and tell whether they had changed."""
    if isinstance(value, Tensor):
        if value._version == version:
            return False
        with torch.no_grad():
            value.detach().copy_(content)
        return True
    if len(value) == len(content) and all(map(_same, _parts(value), _parts(content))):
        return False
    value.clear()
    value.extend(content) if isinstance(value, list) else value.update(content)
    return True


def _parts(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) == 2:
        return a[0] is b[0] and a[1] is b[1]
    return a is b
