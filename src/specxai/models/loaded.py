"""A network and an input ready to be explained, with what is known about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from specxai.affine import Target
from specxai.errors import TargetError
from specxai.models.class_names import find_class
from specxai.models.declared import Groups

Preprocess = Callable[[Image.Image], Float[Tensor, "1 C H W"]]


@dataclass(frozen=True)
class LoadedModel:
    """A network and its metadata.

    Args:
        name: What to call the network in reports.
        module: The network, on the CPU; in evaluation mode unless it is the user's own Python.
        classes: The name of each output, if known.
        exclusive: Whether one of them is true, so that a softmax of the outputs is a probability:
            not so where they are ``OUTPUTS`` of its Python file.
        input_shape: Shape of one input without the batch dimension, if known.
        preprocess: Turns an RGB picture into the network's input, if the network sees pictures.
        arguments: The names of the positional arguments of a network from a file, which its
            forward no longer knows; None where forward tells its own.
        features: The names of the input's values, if its Python file has ``FEATURES``.
        units: Their units, if it has ``UNITS``; "" where a value has none.
        groups: Names of input values by group, if it has ``GROUPS``.
    """

    name: str
    module: nn.Module
    classes: tuple[str, ...] | None = None
    input_shape: tuple[int, ...] | None = None
    preprocess: Preprocess | None = None
    arguments: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    groups: Groups = field(default_factory=dict)
    exclusive: bool = True

    def class_index(self, text: str) -> int:
        """Resolve a target, by class name (case ignored) or by index.

        Args:
            text: A class name, an unambiguous start or part of one, or an integer; negative ones
                count from the end.

        Returns:
            The index of the output; a negative one as it is where there are no class names.

        Raises:
            TargetError: The name is unknown or ambiguous, or the index is out of range.
        """
        return find_class(self.classes, text)

    def class_name(self, target: Target) -> str | None:
        """Return the name of an output, or None where the network has no class names.

        Raises:
            TargetError: The class names are too few.
        """
        if self.classes is None or not isinstance(target, int):
            return None
        if target >= len(self.classes):
            raise TargetError(
                f"output {target} has no name: {self.name} has {len(self.classes)} class names; "
                "name each output"
            )
        return self.classes[target]

    def check_target(self, target: Target) -> None:
        """Refuse to choose among outputs that are no classes: the largest means nothing.

        Args:
            target: The output to explain; None to choose the largest.

        Raises:
            TargetError: It is to be chosen.
        """
        if target is None and not self.exclusive and len(self.classes or ()) > 1:
            named = ", ".join(self.classes or ())
            raise TargetError(
                f"{self.name} has several outputs, {named}: say which one to explain, --target, in "
                "Python target="
            )

    def check_class_count(self, outputs: int) -> None:
        """Refuse class names that are not one for each output.

        Args:
            outputs: How many there are, known once the network was run.

        Raises:
            TargetError: The network has class names, and fewer or more of them.
        """
        if self.classes is not None and len(self.classes) != outputs:
            raise TargetError(
                f"{len(self.classes)} class names for the {outputs} outputs of {self.name}: name "
                "each of them, in their order"
            )


@dataclass(frozen=True)
class LoadedInput:
    """One input of a network.

    Args:
        name: What to call the input in reports.
        tensor: The input to explain, with a batch dimension of 1.
        image: The picture it was made from, 8-bit RGB, if any.
        note: What was assumed in reading it, such as the range of a 16-bit picture; or empty.
        others: The further arguments by name, held fixed; token ids and masks keep their dtype.
        argument: The name of the tensor among them; empty where it is the only argument.
        order: The names of all arguments in the network's order, where it takes them by position.
        names: Of its values, such as the columns of a table; empty where they have none.
        rows: All inputs of the file that it was chosen from, shape (n, *input), where that can
            hold several.
    """

    name: str
    tensor: Float[Tensor, "..."]
    image: Image.Image | None = None
    note: str = ""
    others: Mapping[str, Tensor] = field(default_factory=dict)
    argument: str = ""
    order: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rows: Float[Tensor, "n ..."] | None = None

    @property
    def wrt(self) -> str | int | None:
        """Where the tensor is among the arguments, as `specxai.linearize` takes it."""
        if not self.others:
            return None
        return self.order.index(self.argument) if self.order else self.argument

    @property
    def arguments(self) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        """What `specxai.linearize` takes as its input: one tensor, or several with ``wrt``."""
        return self._arranged(self.tensor, self.others)

    def to(
        self, device: torch.device, dtype: torch.dtype
    ) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        """Return the arguments on a device, the floating-point ones in a dtype."""
        others = {
            name: value.to(device, dtype if value.is_floating_point() else None)
            for name, value in self.others.items()
        }
        return self._arranged(self.tensor.to(device, dtype), others)

    def _arranged(
        self, tensor: Tensor, others: Mapping[str, Tensor]
    ) -> Tensor | tuple[Tensor, ...] | dict[str, Tensor]:
        if not others:
            return tensor
        named = {self.argument: tensor, **others}
        return tuple(named[name] for name in self.order) if self.order else named
