"""A model and an input, as options of every command that explains one, and what is made of them."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cyclopts import Parameter

from specxai.cli.options import Background, Weights
from specxai.cli.reading import read_rules, read_target
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai.affine import Linearization, Precision, Target
    from specxai.models import LoadedInput, LoadedModel


@dataclass(frozen=True)
class Opened:
    """What was loaded, and the affine map that it is.

    Attributes:
        model: the network.
        given: the input.
        target: position of the output to explain, as it was asked for.
        lin: the network as an affine map at the input.
    """

    model: "LoadedModel"
    given: "LoadedInput"
    target: "Target"
    lin: "Linearization"


@Parameter(name="*")
@dataclass(frozen=True)
class NetworkOptions:
    """How a model and an input are taken.

    Attributes:
        rule: how operations that are not piecewise linear become affine: tangent, secant, or by
            operation and module, such as 'secant,gelu=tangent,head.*=tangent'.
        precision: native computes in the model's dtype, double in float64.
        wrt: which of several tensors in a .safetensors file to explain, by name; the only
            floating-point one if not given. The others are held fixed.
        device: where to compute: cpu, cuda, mps, …
    """

    rule: str = "tangent"
    precision: Literal["native", "double"] = "native"
    background: Background = None
    wrt: str | None = None
    weights: Weights = "default"
    device: str = "cpu"

    def open(self, model: str, input: str | None, target: str | None = None) -> Opened:
        """Load a model and an input, and find the affine map.

        Args:
            model: what stands on the command line for it.
            input: likewise; None takes seeded noise.
            target: likewise.
        """
        from specxai.models import example_input, load_model

        loaded = load_model(model, self.weights)
        position = read_target(loaded, target)
        if input is None:
            given = example_input(loaded)
        else:
            given = read_input(input, loaded, self.background, self.wrt)
        lin = linearized(loaded, given, self.device, self.rule, self.precision)
        return Opened(loaded, given, position, lin)


def linearized(
    model: "LoadedModel",
    given: "LoadedInput",
    device: str,
    rule: str,
    precision: "Precision" = "native",
) -> "Linearization":
    """Bring model and input to one device and dtype, and find the affine map."""
    import torch

    from specxai.affine import linearize

    try:
        home = torch.device(device)
        module = model.module.to(home)
        given.tensor.to(home)
    except (RuntimeError, AssertionError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise InvalidInputError(f"--device {device} is not to be had here: {reason}") from fault
    weight = next((p for p in module.parameters() if p.is_floating_point()), given.tensor)
    x = given.to(home, weight.dtype)
    try:
        return linearize(module, x, read_rules(rule), wrt=given.wrt, precision=precision)
    except InvalidInputError as fault:
        if model.input_shape in (None, tuple(given.tensor.shape[1:])):
            raise
        expected = (1, *model.input_shape)
        raise InvalidInputError(f"{fault}; {model.name} takes {expected}") from fault


def read_input(
    text: str, model: "LoadedModel", background: str | None = None, wrt: str | None = None
) -> "LoadedInput":
    """Load an input, and say on standard error what was assumed, if anything was."""
    from specxai.models import load_input

    given = load_input(text, model, background=background, wrt=wrt)
    if given.note:
        print(f"{given.name}: {given.note}", file=sys.stderr)
    return given
