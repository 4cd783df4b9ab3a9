"""A model and an input, as options of every command that explains one, and what is made of them."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from cyclopts import Parameter

from specxai.cli.options import Background, Classes, Weights
from specxai.cli.reading import Names, read_against, read_names, read_rules, read_target
from specxai.cli.table_options import TableOptions
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from torch import nn

    from specxai.affine import Contrast, Forward, Inputs, Linearization, Target
    from specxai.models import LoadedInput, LoadedModel
    from specxai.spectral import Explanation
    from specxai.spectral.records.features import Features

# So many classes are named that another is set against.
_NAMED = 3


@dataclass(frozen=True)
class Opened:
    """What was loaded, and the affine map that it is.

    Attributes:
        model: the network.
        given: the input.
        target: position of the output to explain, as it was asked for.
        lin: the network as an affine map at the input.
        names: what the input's values are called, where a file says it.
    """

    model: "LoadedModel"
    given: "LoadedInput"
    target: "Target"
    lin: "Linearization"
    names: "Names | None" = None

    def named(self, explanation: "Explanation") -> "Explanation":
        """Return an explanation with what model, class and values of the input are called.

        Args:
            explanation: of this model at this input.

        Raises:
            InvalidInputError: there is not one name for each value of the input, or for each
                position along one of its dimensions.
        """
        model = self.model
        target_name = model.class_name(explanation.target)
        named = explanation.named(model.name, target_name, model.exclusive)
        return replace(named, features=self.features)

    @property
    def features(self) -> "Features":
        """What the input's values, or its positions, are called.

        Raises:
            InvalidInputError: there is not one name for each of them.
        """
        from specxai.spectral.records.features import NAMELESS, name_features

        model, shape = self.model, tuple(self.lin.x.shape)
        names = self.names or Names(
            model.features or self.given.names, model.units or None, model.groups or None
        )
        if not names.features:
            return NAMELESS
        along = None
        if len(shape) > 2 and len(names.features) in shape[1:]:  # such as the tokens of a text
            along = shape.index(len(names.features), 1)
        return name_features(shape[1:], names.features, names.units, names.groups, along)


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
        baseline: where the map leads from: none (the map at the input alone), zero (advised where
            the biases hold most of the output), blur (where they do not), mean, black, white, or
            an input like INPUT.
        average: how many noisy copies of the input a map from a baseline is averaged over; takes
            as many times longer.
        against: other outputs, taken away from the explained one: by number or class name, with
            commas for the mean of several, runner-up, or mean (of all others).
    """

    rule: str = "tangent"
    precision: Literal["native", "double"] = "native"
    background: Background = None
    wrt: str | None = None
    weights: Weights = "default"
    classes: Classes = None
    device: str = "cpu"
    baseline: str = "none"
    average: int = 1
    against: str | None = None
    table: TableOptions = TableOptions()  # noqa: RUF009, it is frozen

    def open(self, model: str, input: str | None, target: str | None = None) -> Opened:
        """Load a model and an input, and find the affine map.

        Args:
            model: what stands on the command line for it.
            input: likewise; None takes seeded noise.
            target: likewise.
        """
        return self.open_input(self.load(model), input, target)

    def load(self, model: str) -> "LoadedModel":
        """Load a model, for one input or many.

        Args:
            model: what stands on the command line for it.
        """
        from specxai.models import load_model

        return load_model(model, self.weights, self.classes)

    def open_input(
        self, loaded: "LoadedModel", input: str | None, target: str | None = None
    ) -> Opened:
        """Load an input, and find the affine map of a model there.

        Args:
            loaded: the model.
            input: what stands on the command line for it; None takes seeded noise.
            target: likewise.

        Raises:
            TargetError: the class names are not one for each output.
        """
        from specxai.affine import contrasting, linearize
        from specxai.models import example_input
        from specxai.models.seen import load_baseline

        position = read_target(loaded, target)
        loaded.check_target(position)
        if input is None:
            given = example_input(loaded)
        else:
            given = read_input(input, loaded, self.background, self.wrt, self.table.row)
        _check_columns(loaded, given)
        given, scale = self.table.read_scale(given)
        start = load_baseline(self.baseline, loaded, self.background, given.names)
        start, told = self.table.baseline(self.baseline, start, given, scale)
        module, x = self._moved(loaded, given)
        options: _Taken = {"wrt": given.wrt, "precision": self.precision}
        try:
            if self.against is not None:
                against = read_against(loaded, self.against)
                contrast = contrasting(module, x, position, against, **options)
                loaded.check_class_count(contrast.of)
                loaded, position = replace(loaded, classes=(_told(contrast, loaded),)), 0
                options["forward"] = contrast
            lin = linearize(
                module,
                x,
                read_rules(self.rule),
                baseline=start,
                average=self.average,
                scale=scale,
                **options,
            )
        except InvalidInputError as fault:
            if loaded.input_shape in (None, tuple(given.tensor.shape[1:])):
                raise
            expected = (1, *loaded.input_shape)
            raise InvalidInputError(f"{fault}; {loaded.name} takes {expected}") from fault
        if lin.output.ndim == 2:
            loaded.check_class_count(lin.output.shape[1])
        named = lin if told is None else replace(lin, baseline_name=told)
        return Opened(loaded, given, position, named)

    def _moved(self, model: "LoadedModel", given: "LoadedInput") -> "tuple[nn.Module, Inputs]":
        """Bring model and input to one device and dtype."""
        import torch

        try:
            home = torch.device(self.device)
            module = model.module.to(home)
            given.tensor.to(home)
        except (RuntimeError, AssertionError) as fault:
            reason = str(fault).strip().splitlines()[0]
            told = f"--device {self.device} is not to be had here: {reason}"
            raise InvalidInputError(told) from fault
        weight = next((p for p in module.parameters() if p.is_floating_point()), given.tensor)
        return module, given.to(home, weight.dtype)


@Parameter(name="*")
@dataclass(frozen=True)
class AnswerOptions(NetworkOptions):
    """How a model and an input are taken for an answer: from a baseline.

    Attributes:
        baseline: where the map leads from: auto (the mean of a table's rows; else zero, or blur
            for a picture of which the map at the input alone holds half of the output), none (that
            map), zero, blur, mean, black, white, or an input like INPUT.
        names: a .csv file with a name for each input value, its unit and its group behind commas;
            or for each position, such as the tokens of a text. In place of those that the model's
            file or a table has.
    """

    baseline: str = "auto"
    names: Path | None = None

    def open_input(
        self, loaded: "LoadedModel", input: str | None, target: str | None = None
    ) -> Opened:
        """Load an input and its names, and find the affine map of a model there."""
        names = None if self.names is None else read_names(self.names)
        opened = replace(super().open_input(loaded, input, target), names=names)
        _ = opened.features  # names that do not fit are refused before the work
        return opened


def _check_columns(model: "LoadedModel", given: "LoadedInput") -> None:
    """Refuse a table whose columns are not those that the model's file names, in their order."""
    if not model.features or not given.names or model.features == given.names:
        return
    found, wanted = set(given.names), set(model.features)
    told = [
        *(f"{name!r} is no input of {model.name}" for name in sorted(found - wanted)),
        *(f"{name!r} is missing" for name in sorted(wanted - found)),
    ]
    fault = "; ".join(told[:3]) or "its columns stand in another order"
    raise InvalidInputError(
        f"{given.name}: {fault}; FEATURES of {model.name} are {', '.join(model.features)}"
    )


class _Taken(TypedDict, total=False):
    """What `specxai.linearize` and the choice of a contrast both take."""

    wrt: int | str | None
    precision: Literal["native", "double"]
    forward: "Forward"


def _told(contrast: "Contrast", model: "LoadedModel") -> str:
    """Say what is set against what, by class names where there are some."""
    if model.classes is None:
        return str(contrast)
    others = [model.classes[k] for k in contrast.others]
    told = " and ".join(others) if len(others) <= _NAMED else "other classes"
    return f"{model.classes[contrast.target]} against {told}"


def read_input(
    text: str,
    model: "LoadedModel",
    background: str | None = None,
    wrt: str | None = None,
    row: int | None = None,
) -> "LoadedInput":
    """Load an input, and say on standard error what was assumed, if anything was."""
    from specxai.models import load_input

    given = load_input(text, model, background=background, wrt=wrt, row=row)
    if given.note:
        print(f"{given.name}: {given.note}", file=sys.stderr)
    return given
