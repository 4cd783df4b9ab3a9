"""The data set of cars."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.cars.body import half_points, symmetric_half
from specxai_studies.shapes.cars.case import Case
from specxai_studies.shapes.cars.drag import load_morph, make_template, solve_points
from specxai_studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai_studies.shapes.parameters import Parameter

_TEMPLATE = "template"


class Cars:
    """Cars with coarse-RANS drag areas.

    Attributes:
        case: the size of the cells above all; the default is that of the shipped labels.
    """

    name: str = "cars"
    seed: int = SEED
    parameters: Sequence[Parameter] = PARAMETERS

    def __init__(self, case: Case = Case()) -> None:  # noqa: B008, it is frozen
        self.case = case

    def prepare(self, folder: Path) -> None:
        """Solve the nominal car, whose mesh and solution all others start from."""
        make_template(folder / _TEMPLATE, self.case)
        load_morph(folder / _TEMPLATE)  # the processes that solve share it

    def solve(self, values: Mapping[str, float], folder: Path) -> dict[str, float]:
        """Return the coarse-RANS drag area in m², and what is worth knowing of the solution."""
        return solve_points(folder.parent / _TEMPLATE, folder, half_points(values)).numbers()

    def solve_points(self, points: Float[ndarray, "points 3"], folder: Path) -> dict[str, float]:
        """Solve a car whose points were moved, such as along a vector of an explanation.

        The half model solves the symmetric part. A rough displacement must be made smooth first,
        with `smooth_displacement`; compare with what the network predicts for the smooth one.

        Args:
            points: of the whole car, in the order of `load_cars`, in m, float64.
            folder: to work in, next to the folder of `prepare`, which must have run.

        Returns:
            What `solve` returns.
        """
        return solve_points(folder.parent / _TEMPLATE, folder, symmetric_half(points)).numbers()
