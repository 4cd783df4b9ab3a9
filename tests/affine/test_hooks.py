"""Hooks that other tools left on a model neither change a derivative nor are lost."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from awkward import assert_right, inputs

X = inputs(1, 4)


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double().eval()


def tampered(ran: list[str], factor: float = 2) -> Callable[..., Any]:
    """Return a backward hook that notes that it ran and changes what it is given."""

    def hook(_module: Any, gradients: Any, _others: Any = None) -> Any:
        ran.append("hook")
        return tuple(None if g is None else factor * g for g in gradients)

    return hook


BACKWARD: dict[str, Callable[[nn.Module, Any], Any]] = {
    "full backward": lambda module, hook: module.register_full_backward_hook(hook),
    "backward pre": lambda module, hook: module.register_full_backward_pre_hook(hook),
}


@pytest.mark.parametrize("kind", BACKWARD)
@pytest.mark.parametrize("path", ["", "0", "1", "2"])
def test_backward_hooks_do_not_run_and_stay(kind: str, path: str) -> None:
    model, ran = net(), []
    BACKWARD[kind](model.get_submodule(path), tampered(ran))
    assert_right(model, X, net(), layers=(None, "0", "1"))
    assert ran == []
    leaf = X.clone().requires_grad_()
    model(leaf).sum().backward()
    assert ran == ["hook"]


def test_a_hook_that_clamps_does_not_stop_the_explanation() -> None:
    model = net()
    model[1].register_full_backward_hook(lambda _m, gradients, _o: (gradients[0].clamp(min=0),))
    assert_right(model, X, net(), layers=(None, "1"))


def test_a_hook_that_fails_does_not_stop_the_explanation() -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("of another tool")

    model = net()
    model[0].register_full_backward_hook(fail)
    assert_right(model, X, net(), layers=(None, "0"))
    assert len(model[0]._backward_hooks) == 1


@contextmanager
def everywhere(register: Callable[..., Any], hook: Callable[..., Any]) -> Any:
    handle = register(hook)
    try:
        yield
    finally:
        handle.remove()


def test_global_backward_hooks() -> None:
    ran: list[str] = []
    register = nn.modules.module.register_module_full_backward_hook
    with everywhere(register, tampered(ran)):
        assert_right(net(), X, layers=(None, "1"))
        assert ran == []
        net()(X.clone().requires_grad_()).sum().backward()
        assert len(ran) == 4  # the model and its three parts


def test_global_backward_pre_hooks() -> None:
    ran: list[str] = []
    register = nn.modules.module.register_module_full_backward_pre_hook
    with everywhere(register, tampered(ran)):
        assert_right(net(), X, layers=(None, "1"))
    assert ran == []


def test_a_forward_hook_belongs_to_the_model() -> None:
    """It changes values, and so the function that is explained."""
    model = net()
    model[0].register_forward_hook(lambda _m, _a, output: 3 * output)
    model[1].register_forward_pre_hook(lambda _m, args: (args[0] + 0.5,))
    lin = assert_right(model, X, layers=(None, "0", "1"))
    assert not torch.allclose(lin.output, net()(X))
    assert len(model[0]._forward_hooks) == 1


def test_a_tensor_hook_in_a_forward_hook() -> None:
    """Grad-CAM's way to take gradients; this one doubles them."""
    ran: list[Tensor] = []

    def watch(_module: nn.Module, _args: Any, output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(lambda g: ran.append(g) or 2 * g)

    model = net()
    model[1].register_forward_hook(watch)
    assert_right(model, X, net(), layers=(None, "0", "1"))
    assert ran == []


def test_a_tensor_hook_in_forward() -> None:
    ran: list[Tensor] = []

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = net()

        def forward(self, x: Tensor) -> Tensor:
            z = self.body(x)
            if z.requires_grad:
                z.register_hook(lambda g: ran.append(g) or 0.1 * g)
            return 2 * z

    assert_right(Scaled().eval(), X, lambda x: 2 * net()(x), layers=(None, "body.1"))
    assert ran == []


def test_retained_gradients() -> None:
    class Retained(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = net()

        def forward(self, x: Tensor) -> Tensor:
            z = self.body(x)
            if z.requires_grad:
                z.retain_grad()
            return 2 * z

    assert_right(Retained().eval(), X, layers=(None, "body.1"))


def test_hooks_of_parameters() -> None:
    model, ran = net(), []
    model[0].weight.register_hook(lambda g: ran.append(g) or 2 * g)
    assert_right(model, X, net(), layers=(None, "0"))
    assert ran == []
    model(X).sum().backward()
    assert len(ran) == 1


def test_the_order_of_hooks_is_kept() -> None:
    model, order = net(), []
    for name in "abc":
        model[1].register_full_backward_hook(lambda *_, name=name: order.append(name))
        model[1].register_forward_hook(lambda *_, name=name: order.append(name))
    kept = [list(model[1]._backward_hooks), list(model[1]._forward_hooks)]
    assert_right(model, X, net(), layers=(None, "1"))
    assert [list(model[1]._backward_hooks), list(model[1]._forward_hooks)] == kept
    order.clear()
    model(X.clone().requires_grad_()).sum().backward()
    assert order == [*"abc", *"abc"]
