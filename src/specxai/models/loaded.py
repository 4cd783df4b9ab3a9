"""A network ready to be explained, with what is known about its input and its classes."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from specxai.affine import Target
from specxai.models.class_names import find_class

Preprocess = Callable[[Image.Image], Float[Tensor, "1 C H W"]]


@dataclass(frozen=True)
class LoadedModel:
    """A network and its metadata.

    Args:
        name: What to call the network in reports.
        module: The network, on the CPU; in evaluation mode unless it is the user's own Python.
        classes: The name of each output, if known.
        input_shape: Shape of one input without the batch dimension, if known.
        preprocess: Turns an RGB picture into the network's input, if the network sees pictures.
        arguments: The names of the positional arguments of a network from a file, which its
            forward no longer knows; None where forward tells its own.
    """

    name: str
    module: nn.Module
    classes: tuple[str, ...] | None = None
    input_shape: tuple[int, ...] | None = None
    preprocess: Preprocess | None = None
    arguments: tuple[str, ...] | None = None

    def class_index(self, text: str) -> int:
        """Resolve a target, by class name (case ignored) or by index.

        Args:
            text: A class name, an unambiguous start or part of one, or an integer.

        Returns:
            The index of the output.

        Raises:
            TargetError: The name is unknown or ambiguous, or the index is out of range.
        """
        return find_class(self.classes, text)

    def class_name(self, target: Target) -> str | None:
        """Return the name of an output, or None where it has none."""
        if self.classes is None or not isinstance(target, int):
            return None
        return self.classes[target]
