"""What must hold of any network that is explained, however it is written."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reference import differences
from specxai import SpecxaiError, explain, linearize
from specxai.affine import Inputs, Linearization

Function = Callable[[Tensor], Tensor]


class Calls(nn.Module):
    """Two linear layers and a function of the module and the value between them."""

    def __init__(self, function: Callable[..., Tensor], sizes: tuple[int, ...] = (4, 8, 8, 2)):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(*sizes[:2]), nn.Linear(*sizes[2:])
        self.function = function
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(self.first(x)))


def inputs(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


def assert_right(
    model: nn.Module,
    x: Inputs,
    truth: Function | None = None,
    rule: str = "tangent",
    layers: tuple[str | None, ...] = (None,),
    closes: bool = True,
    derivative: bool = True,
    within: float = 1e-8,
    **options: Any,
) -> Linearization:
    """Check the products, rows, bias, ledgers and explanations of a network in float64.

    Args:
        model: the network.
        x: its input.
        truth: what to differentiate in its place, such as one whose frozen branches are constants.
        rule: with ``secant`` no derivative is compared, only what must hold of any affine map.
        layers: where to split it.
        closes: whether the ledger must close; not where an operation is hidden.
        derivative: whether the map is to be the derivative; not where a backward is its author's.
        within: share of the largest value that may be lost.
        options: of `linearize`.
    """
    torch.manual_seed(0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lin = linearize(model, x, rule, **options)
    bias = lin.bias()
    scale = max(1.0, float(lin.output.abs().max()), float(bias.abs().max()))
    rows = lin.rows(range(lin.output.numel())).flatten(1)
    flat = bias.flatten()

    def close(what: str, given: Any, right: Any, tolerance: float = within) -> None:
        given, right = (np.asarray(value, dtype=float).ravel() for value in (given, right))
        bound = tolerance * max(scale, float(np.abs(right).max()))
        assert np.abs(given - right).max() <= bound, f"{what}: {given[:6]} is to be {right[:6]}"

    v, w = torch.randn_like(lin.x), torch.randn_like(lin.output)
    close("jvp beside rows", lin.jvp(v), rows @ v.flatten())
    close("vjp beside rows", lin.vjp(w), w.flatten() @ rows)
    close("u x + b", rows @ lin.x.flatten() + flat, lin.output)
    if rule == "tangent" and derivative:
        for direction in (v, lin.x):
            right = differences(truth or (lambda z: model(z.clone())), lin.x, direction)
            assert right is not None
            close("jvp", lin.jvp(direction), right, 1e-5)
    first = (0,) * (lin.output.ndim - 1)
    everything, one = lin.ledger(), lin.ledger(first)
    close("bias of one output", one.bias, flat[0])
    if closes:
        close("remainder of all", everything.remainder, torch.zeros_like(flat))
        close("remainder of one", one.remainder, 0)
    for layer in layers:
        ex = explain(model, x, layer, first, rule=rule, **options)
        close(f"residual at {layer}", ex.residual, 0)
        close(f"bias at {layer}", ex.bias, flat[0])
    after = model.state_dict()
    assert all(same(value, after[name]) for name, value in before.items())
    return lin


def same(a: Tensor, b: Tensor) -> bool:
    """Tell whether two tensors are equal bit for bit, NaN included."""
    if a.layout != torch.strided:
        a, b = a.to_dense(), b.to_dense()
    return bool(torch.equal(a.nan_to_num(nan=1.5), b.nan_to_num(nan=1.5)))


def refusal(call: Callable[[], Any]) -> str:
    """Return the one line in which a call is refused; empty if it is not."""
    try:
        call()
    except SpecxaiError as refused:
        message = str(refused)
    else:
        return ""
    assert message
    assert "\n" not in message
    return message


def assert_right_or_refused(model: nn.Module, x: Inputs, **options: Any) -> str:
    """Check a network that may be refused, in one line, but not explained wrongly."""
    return refusal(lambda: assert_right(model, x, **options))


def conventions(lin: Linearization) -> dict[str, str | None]:
    """Return the convention of each operation that needed one."""
    return {site.operation: site.convention for site in lin.conventional}
