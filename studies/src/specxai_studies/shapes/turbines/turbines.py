"""The data set of turbines and its solver."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.parameters import Parameter
from specxai_studies.shapes.turbines.moved import moved_stress
from specxai_studies.shapes.turbines.parameters import PARAMETERS, SEED, turbine_of
from specxai_studies.shapes.turbines.shell import load_pyfe3d
from specxai_studies.shapes.turbines.stress import RotorStress, rotor_stress


class Turbines:
    """Three-blade turbines and the stress of their rotors in a gust, by shell finite elements."""

    name: str = "turbines"
    seed: int = SEED
    parameters: Sequence[Parameter] = PARAMETERS

    def prepare(self, folder: Path) -> None:
        """Make sure that the solver is there; turbines have no work in common.

        Args:
            folder: not used: nothing is written.

        Raises:
            MissingExtraError: pyfe3d is not installed.
        """
        load_pyfe3d()

    def solve(self, values: Mapping[str, float], folder: Path | None = None) -> dict[str, float]:
        """Compute the stress of a turbine's rotor, in about a second.

        Args:
            values: its parameters.
            folder: not used: nothing is written.

        Returns:
            First ``stress``, the largest over the blades of the 99 % quantile of von Mises stress,
            in MPa; then by blade that quantile in MPa, deflection in m and mass in kg; and the
            rotor's thrust in kN.

        Raises:
            InvalidInputError: a blade has no equilibrium.
        """
        return _numbers(rotor_stress(turbine_of(values)))

    def solve_points(
        self, values: Mapping[str, float], points: Float[ndarray, "points 3"]
    ) -> dict[str, float]:
        """Compute the stress after a turbine's points were moved, as `moved_stress` says.

        A rough displacement must be made smooth first, with `smooth_displacement`; compare with
        what the network predicts for the smooth one.

        Args:
            values: the turbine's parameters before.
            points: its points after, in m, float64.

        Returns:
            What `solve` returns.
        """
        return _numbers(moved_stress(turbine_of(values), points))


def _numbers(stress: RotorStress) -> dict[str, float]:
    numbers = {"stress": stress.label}
    for name, unit in (("quantile", "stress"), ("deflection", "deflection"), ("mass", "mass")):
        for k, blade in enumerate(stress.blades, 1):
            numbers[f"blade_{k}_{unit}"] = getattr(blade, name)
    return numbers | {"thrust": sum(blade.thrust for blade in stress.blades) / 1e3}
