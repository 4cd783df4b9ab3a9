"""How rough the label is along one parameter: the noise that meshes put into it.

Drag along a short way through the parameters is smooth. What a parabola leaves of it is noise.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.cars.body import full_faces, full_points, half_points
from specxai_studies.shapes.cars.case import Case
from specxai_studies.shapes.cars.checks.convergence import COARSE, template
from specxai_studies.shapes.cars.drag import mean_drag, solve_points, solve_surface
from specxai_studies.shapes.cars.parameters import PARAMETERS
from specxai_studies.shapes.parameters import nominal

SWEEP = tuple(float(value) for value in np.linspace(0.25, 0.65, 9))
"""Values of the nominal car's deck height."""


@dataclass(frozen=True)
class Sweep:
    """Drag areas along a sweep.

    Attributes:
        how: in words, the meshes came about.
        drag_areas: in m², one a value.
        noise: root mean square of what a parabola leaves, over the mean.
    """

    how: str
    drag_areas: tuple[float, ...]
    noise: float


def sweeps(folder: Path, cell: float = COARSE) -> list[Sweep]:
    """Solve the sweep with one morphed mesh, and with a mesh for each car.

    Args:
        folder: to work in.
        cell: edge of the largest cells, in m.
    """
    base = template(folder, cell)
    remade = Case(cell=cell, iterations=200, keeps_fields=False)

    def morphed(half: Float[ndarray, "h 3"]) -> float:
        return solve_points(base, folder / "morphed", half).drag_area

    def meshed(half: Float[ndarray, "h 3"]) -> float:
        case = folder / "meshed"
        shutil.rmtree(case, ignore_errors=True)
        return mean_drag(solve_surface(case, full_points(half), full_faces(), remade))

    return [_sweep("one mesh, morphed", morphed), _sweep("meshed anew", meshed)]


def roughness(values: Sequence[float], results: Sequence[float]) -> float:
    """Return the root mean square of what a parabola leaves of results, over their mean.

    >>> roughness([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 5.0, 10.0])
    0.0
    """
    fitted = np.polynomial.Polynomial.fit(values, results, 2)(np.asarray(values))
    left = np.asarray(results) - fitted
    return round(float(np.sqrt((left**2).mean()) / np.mean(results)), 12)


def _sweep(how: str, drag_of: Callable[[Float[ndarray, "h 3"]], float]) -> Sweep:
    usual = nominal(PARAMETERS)
    cars = [half_points({**usual, "deck_height": value}) for value in SWEEP]
    drags = tuple(drag_of(half) for half in cars)
    return Sweep(how, drags, roughness(SWEEP, drags))
