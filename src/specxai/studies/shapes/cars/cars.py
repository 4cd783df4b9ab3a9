"""The data set of cars."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from specxai.studies.shapes.cars.body import half_points
from specxai.studies.shapes.cars.drag import load_morph, make_template, solve_points
from specxai.studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai.studies.shapes.parameters import Parameter

_TEMPLATE = "template"


class Cars:
    """Cars with coarse-RANS drag areas."""

    name: str = "cars"
    seed: int = SEED
    parameters: Sequence[Parameter] = PARAMETERS

    def prepare(self, folder: Path) -> None:
        """Solve the nominal car, whose mesh and solution all others start from."""
        make_template(folder / _TEMPLATE)
        load_morph(folder / _TEMPLATE)  # the processes that solve share it

    def solve(self, values: Mapping[str, float], folder: Path) -> dict[str, float]:
        """Return the drag area in m² and what is worth knowing of the solution."""
        return solve_points(folder.parent / _TEMPLATE, folder, half_points(values)).numbers()
