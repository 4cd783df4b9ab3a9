"""The OpenFOAM case of a body above ground: its files, from the templates in the folder ``case``.

Steady RANS with k-omega SST and wall functions, half of the body, in a box whose other sides let
nothing through. Lengths in the templates are in m, the density is 1.
"""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Literal

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Case:
    """What is simulated, in SI units.

    Attributes:
        cell: edge of the largest cells; those next to the body are 16 times smaller.
        iterations: of the solver.
        scale: of the box and its cells: 1 for a car of 4.6 m.
        speed: of the wind.
        ground: whether it moves with the wind.
        area: reference area of the whole body; coefficients are drag areas where it is 1 m².
        k: turbulent kinetic energy of the wind.
        omega: its specific dissipation rate.
        wake: opposite corners of the box of cells 4 times smaller.
        near: of the box of cells 8 times smaller.
        keeps_fields: whether the solver writes its fields after the last iteration.
    """

    cell: float = 2 / 3
    iterations: int = 300
    scale: float = 1.0
    speed: float = 30.0
    ground: Literal["moving", "fixed"] = "moving"
    area: float = 1.0
    k: float = 0.06
    omega: float = 20.0
    wake: tuple[Point, Point] = ((-1.2, -1.0, -1.0), (9.0, 1.6, 2.0))
    near: tuple[Point, Point] = ((-0.5, -1.0, -1.0), (6.6, 1.25, 1.75))
    keeps_fields: bool = True


# Of the box, for a car; x0 x1 y0 y1 z0 z1.
_BOX = (-10, 24, 0, 8, 0, 8)
_VISCOSITY = 1.5e-5  # of air, in m²/s


def write_case(folder: Path, case: Case) -> None:
    """Write the files of a case, without its mesh.

    Args:
        folder: of the case; files of an earlier one are replaced.
        case: what is simulated.
    """
    values = _values(case)
    for group in files(__package__).joinpath("case").iterdir():
        if group.is_dir():
            for file in group.iterdir():
                _write(file, folder / group.name / file.name, values)


class _Dictionary(Template):
    """An OpenFOAM dictionary with %names to be filled in; its own macros begin with $."""

    delimiter = "%"


def _write(file: Traversable, path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_Dictionary(file.read_text()).substitute(values))


def _values(case: Case) -> dict[str, str]:
    box = [case.scale * side for side in _BOX]
    sides = zip(box[::2], box[1::2], strict=True)
    counts = [round((high - low) / (case.cell * case.scale)) for low, high in sides]
    still = "type noSlip;"
    moving = f"type fixedValue; value uniform ({case.speed} 0 0);"
    numbers = {
        **dict(zip(("x0", "x1", "y0", "y1", "z0", "z1"), box, strict=True)),
        **dict(zip(("nx", "ny", "nz"), counts, strict=True)),
        "iterations": case.iterations,
        "written": case.iterations if case.keeps_fields else 10**9,
        "speed": case.speed,
        "half_area": case.area / 2,
        "k": case.k,
        "omega": case.omega,
        "nut": case.k / case.omega,
        "viscosity": _VISCOSITY,
    }
    points = {
        "wake_min": case.wake[0],
        "wake_max": case.wake[1],
        "near_min": case.near[0],
        "near_max": case.near[1],
        "inside": tuple(case.scale * each for each in (-5.013, 3.017, 4.019)),
    }
    return {
        **{name: f"{number:.12g}" for name, number in numbers.items()},
        **{name: " ".join(f"{each:.12g}" for each in point) for name, point in points.items()},
        "ground": moving if case.ground == "moving" else still,
    }
