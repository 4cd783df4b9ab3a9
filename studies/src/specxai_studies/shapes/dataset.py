"""What a data set of shapes provides for its generation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from specxai_studies.shapes.parameters import Parameter


@runtime_checkable
class DataSet(Protocol):
    """A family of shapes with a solver.

    Attributes:
        name: such as ``cars``.
        seed: of the parameters.
        parameters: of a shape, in a fixed order.
    """

    name: str
    seed: int
    parameters: Sequence[Parameter]

    def prepare(self, folder: Path) -> None:
        """Do what all shapes have in common, once, in the process that the solvers are forked from.

        Args:
            folder: an existing folder for what is kept from one call to the next.
        """

    def solve(self, values: Mapping[str, float], folder: Path) -> dict[str, float]:
        """Solve one shape, in a process of its own.

        Args:
            values: its parameters.
            folder: to work in, next to the folder of `prepare`; it need not exist.

        Returns:
            Numbers by name, the label first.

        Raises:
            SpecxaiError: the solver failed.
        """
