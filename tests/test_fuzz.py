"""Three hundred random networks: exact where they are to be, whatever they are made of.

The reference of the tangent convention are finite differences of the untouched network, and its
dense Jacobian with batch norms written out. That of the secant convention is what must hold of any
affine map: its two directions are adjoint, y = u x + b, and the ledger closes.
"""

import random
import traceback
from collections.abc import Callable
from copy import deepcopy
from functools import cached_property

import numpy as np
import pytest
import torch
from torch import Tensor

import fuzz
from reference import BatchNormsByHand, dense_jacobian, differences
from specxai import SpecxaiError, linearize
from specxai.affine import Linearization
from specxai.errors import LayerError
from specxai.spectral.decompose import explain_at

GROUPS, EACH = 12, 25
REFUSED = 1  # of each group
CLOSE = 1e-8
BY_DIFFERENCES = 1e-5


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_random_networks(group: int) -> None:
    refusals, faults = [], []
    for seed in range(group * EACH, (group + 1) * EACH):
        program = fuzz.draw(seed)
        try:
            found = Check(program).faults()
            faults += ["\n".join([*found, str(program)])] if found else []
        except SpecxaiError as refusal:
            refusals.append(f"{refusal}\n{program}")
            faults += [refusals[-1]] if "\n" in str(refusal) else []
        except Exception:
            faults.append(f"{traceback.format_exc()}\n{program}")
    print(f"{len(refusals)} refused", *refusals, sep="\n\n")
    assert not faults, "\n\n".join(["", *faults])
    assert len(refusals) <= REFUSED, "\n\n".join(["refused", *refusals])


class Truth:
    """A network's derivatives without the package, its frozen branches replayed."""

    def __init__(self, program: fuzz.Program) -> None:
        self.x = program.x
        self.model = deepcopy(program.model)
        self.model.kept = []
        with torch.no_grad():
            self.y = self.model(self.x.clone())
        self.kept, self.model.kept = self.model.kept, None

    def run(self, x: Tensor) -> Tensor:
        self.model.replay = iter(self.kept)
        return self.model(x.clone())

    def until(self, layer: str) -> Callable[[Tensor], Tensor]:
        """Return the network up to one call of one module."""

        return lambda x: self.outputs(layer, x)[0]

    def outputs(self, layer: str, x: Tensor) -> tuple[Tensor, Tensor]:
        path, _, call = layer.partition("#")
        kept: list[Tensor] = []

        def keep(_module: object, _args: object, output: Tensor) -> Tensor:
            kept.append(output.clone())
            return kept[-1].clone()

        handle = self.model.get_submodule(path).register_forward_hook(keep)
        y = self.run(x)
        handle.remove()
        return kept[int(call or 1) - 1], y

    @cached_property
    def jacobian(self) -> np.ndarray:
        leaf = self.x.clone().requires_grad_()
        with BatchNormsByHand():
            return dense_jacobian(self.run(leaf), leaf).reshape(self.y.numel(), -1)

    def moves(self, layer: str) -> float:
        """Tell how far the layer's units go when the input does."""
        run = self.until(layer)
        with torch.no_grad():
            return float((run(self.x + 1e-5 * torch.randn_like(self.x)) - run(self.x)).abs().max())

    def through(self, layer: str, target: int) -> float | None:
        """Return L_j R x: what reaches an output through a layer."""
        pushed = differences(self.until(layer), self.x, self.x)
        leaf = self.x.clone().requires_grad_()
        with BatchNormsByHand():
            z, y = self.outputs(layer, leaf)
            left = torch.autograd.grad(y[0, target], z)[0].numpy().ravel()
        return None if pushed is None else float(left @ pushed)


class Check:
    """One network against its reference."""

    def __init__(self, program: fuzz.Program) -> None:
        self.program = program
        self.random = random.Random(program.seed)
        self.rule = "secant" if program.seed % 3 == 2 else "tangent"
        self.target = self.random.randrange(fuzz.OUTPUTS)
        self.found: list[str] = []

    def faults(self) -> list[str]:
        """Return what is wrong, a line each."""
        program = self.program
        self.truth = Truth(program)
        before = deepcopy(program.model.state_dict())
        lin = linearize(program.model, program.x, self.rule)
        self.scale = max(1.0, float(lin.output.abs().max()), float(lin.bias().abs().max()))
        self.close("output", lin.output, self.truth.y)
        self.exactness(lin)
        self.adjoint(lin)
        if self.rule == "tangent":
            self.derivatives(lin)
        self.ledgers(lin)
        self.explanation(lin)
        after = program.model.state_dict()
        if any(not torch.equal(before[name], after[name]) for name in before):
            self.found.append("the model's state has moved")
        return self.found

    def close(self, name: str, given: object, right: object, within: float = CLOSE) -> None:
        given, right = (np.asarray(value, dtype=float).ravel() for value in (given, right))
        scale = max(self.scale, float(np.abs(right).max()))
        if not np.abs(given - right).max() <= within * scale:  # NaN fails too
            self.found.append(f"{name} ({self.rule}): {given[:6]}, right is {right[:6]}")

    def exactness(self, lin: Linearization) -> None:
        """Canonical is only what is piecewise linear throughout, every operation of it seen."""
        if lin.exactness == "canonical" and self.program.traits:
            self.found.append(f"called canonical, and is {', '.join(sorted(self.program.traits))}")

    def adjoint(self, lin: Linearization) -> None:
        """The two directions, the rows and the bias belong to one map."""
        torch.manual_seed(self.program.seed)
        v, w = torch.randn_like(lin.x), torch.randn_like(lin.output)
        rows = lin.rows(range(fuzz.OUTPUTS)).flatten(1)
        self.close("jvp beside rows", lin.jvp(v), rows @ v.flatten())
        self.close("vjp beside rows", lin.vjp(w), w[0] @ rows)
        self.close("u x + b", rows @ lin.x.flatten() + lin.bias()[0], lin.output)

    def derivatives(self, lin: Linearization) -> None:
        """The map is the tangent one."""
        directions = [self.program.x, *torch.randn(3, *self.program.x.shape).double()]
        rows = lin.rows(range(fuzz.OUTPUTS)).flatten(1)
        for v in directions:
            right = differences(self.truth.run, self.program.x, v)
            if right is not None:
                self.close("jvp", lin.jvp(v), right, BY_DIFFERENCES)
                self.close("rows", rows @ v.flatten(), right, BY_DIFFERENCES)
                by_autograd = self.truth.jacobian @ v.numpy().ravel()
                self.close("autograd itself", by_autograd, right, BY_DIFFERENCES)
        self.close("rows beside autograd", rows, self.truth.jacobian)
        linear = self.truth.jacobian @ self.program.x.numpy().ravel()
        self.close("bias", lin.bias(), self.truth.y.numpy().ravel() - linear)

    def ledgers(self, lin: Linearization) -> None:
        everything, one = lin.ledger(), lin.ledger(self.target)
        self.close("ledger's bias", everything.bias, lin.bias())
        self.close("bias of one output", one.bias, lin.bias()[0, self.target])
        if "hidden" not in self.program.traits:
            self.close("remainder of all", everything.remainder, torch.zeros_like(lin.output))
            self.close("remainder of one", one.remainder, 0)

    def explanation(self, lin: Linearization) -> None:
        layers = [layer.address for layer in lin.layers if layer.on_path and layer.shape]
        layer = self.random.choice([*layers, None])
        try:
            ex = explain_at(lin, layer, self.target)
        except LayerError:
            self.close(f"a unit of {layer} that is active", self.truth.moves(layer), 0)
            return
        place = f"at {layer}"
        self.close(f"residual {place}", ex.residual, 0)
        total = ex.contributions.sum() + ex.bypass + ex.bias
        self.close(f"sum {place}", total, lin.output[0, self.target])
        self.close(f"bias {place}", ex.bias, lin.bias()[0, self.target])
        if layer and self.rule == "tangent":
            right = self.truth.through(layer, self.target)
            if right is not None:
                self.close(f"sum of α {place}", ex.contributions.sum(), right, BY_DIFFERENCES)
