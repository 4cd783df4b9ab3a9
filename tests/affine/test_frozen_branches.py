"""What a model computes without derivatives is a constant, in both directions, and is named."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from awkward import Calls, assert_right, assert_right_or_refused, conventions, inputs

X = inputs(1, 4)


class Branch(nn.Module):
    """A branch that a function makes without derivatives, beside one that has them."""

    def __init__(self, freeze: Callable[[nn.Module, Tensor], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.side = nn.Linear(4, 8), nn.Linear(4, 8)
        self.join, self.head = nn.Linear(8, 8), nn.Linear(8, 2)
        self.freeze = freeze
        self.held: Any = None  # in the reference, what the branch gave at x
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        frozen = self.freeze(self.body, x) if self.held is None else self.held
        return self.head(self.join(frozen * self.side(x)).tanh() + frozen)


def truth(model: Branch) -> Callable[[Tensor], Tensor]:
    """Return the network with its branch held at X."""
    with torch.no_grad():
        value = model.freeze(model.body, X.clone())

    def held(x: Tensor) -> Tensor:
        model.held = value
        try:
            return model(x.clone())
        finally:
            model.held = None

    return held


def without_grad(body: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return body(x).relu()


def without_grad_in_place(body: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        z = body(x)
        z.relu_().mul_(2)
        z += 0.1
        z[:, 0] = z[:, 1]
        return z


def filled_without_grad(body: nn.Module, x: Tensor) -> Tensor:
    z = torch.zeros(1, 8, dtype=x.dtype)
    with torch.no_grad():
        z[:, 2:] = body(x)[:, 2:]
        z.masked_fill_(z > 1, 1)
    return z


def switched_off(body: nn.Module, x: Tensor) -> Tensor:
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    z = body(x).sigmoid()
    torch.set_grad_enabled(before)
    return z


@torch.no_grad()
def decorated(body: nn.Module, x: Tensor) -> Tensor:
    return body(x).abs()


def enabled_inside(body: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        z = body(x)
        with torch.enable_grad():
            return z * 2


FREEZE: dict[str, Callable[..., Any]] = {
    "no_grad": without_grad,
    "no_grad in place": without_grad_in_place,
    "an assignment under no_grad": filled_without_grad,
    "set_grad_enabled": switched_off,
    "a decorator": decorated,
    "enable_grad inside no_grad": enabled_inside,
    "detach": lambda body, x: body(x).detach(),
    "detach of the input": lambda body, x: body(x.detach()).relu(),
    "detach_": lambda body, x: body(x).detach_(),
    "detach_ after more": lambda body, x: (body(x).relu() + 1).detach_().exp(),
    "data": lambda body, x: body(x.data).relu(),
    "data of a result": lambda body, x: body(x).data,
    "item": lambda body, x: float(body(x).max()),
    "numpy": lambda body, x: torch.from_numpy(body(x).detach().numpy()),
    "a list": lambda body, x: torch.tensor(body(x).tolist(), dtype=x.dtype),
}  # fmt: skip


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("freeze", FREEZE)
def test_the_branch_is_a_constant(freeze: str, rule: str) -> None:
    model = Branch(FREEZE[freeze])
    lin = assert_right(model, X, truth(model), rule, layers=(None, "side", "join"))
    assert "frozen" in conventions(lin).values()
    assert "frozen" in lin.exactness


def test_inference_mode_inside() -> None:
    def infer(body: nn.Module, x: Tensor) -> Tensor:
        with torch.inference_mode():
            z = body(x).relu()
        return z.clone()

    model = Branch(infer)
    assert_right_or_refused(model, X, truth=truth(model))


def test_a_frozen_branch_between_two_others() -> None:
    """What a frozen branch adds to is followed, and what it is made of is not."""

    def forward(z: Tensor) -> Tensor:
        with torch.no_grad():
            scale = z.norm(dim=1, keepdim=True)
        return z / scale

    model = Calls(forward)
    with torch.no_grad():
        scale = model.first(X).norm(dim=1, keepdim=True)
    lin = assert_right(
        model, X, lambda x: model.last(model.first(x) / scale), layers=(None, "first")
    )
    assert conventions(lin)["norm"] == "frozen"


def test_a_frozen_layer_is_not_on_the_path() -> None:
    model = Branch(without_grad)
    lin = assert_right(model, X, truth(model))
    on_path = {layer.address: layer.on_path for layer in lin.layers}
    assert on_path == {"body": False, "side": True, "join": True, "head": True}


def test_a_running_state_without_grad() -> None:
    """The form of an update of running statistics: it reads the input and gives nothing back."""

    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 2)
            self.register_buffer("seen", torch.zeros(1, 2))

        def forward(self, x: Tensor) -> Tensor:
            z = self.linear(x)
            with torch.no_grad():
                self.seen.copy_(z)
            return z.relu()

    model = Watched().double().eval()
    assert_right(model, X, lambda x: model.linear(x).relu())
    assert not model.seen.any()


def test_all_under_no_grad_is_refused() -> None:
    class Feature(nn.Sequential):
        @torch.no_grad()
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x)

    message = assert_right_or_refused(Feature(nn.Linear(4, 3), nn.ReLU()).double().eval(), X)
    assert "frozen" in message
