"""The drag area of a body, by OpenFOAM: "coarse-RANS drag"."""

import re
import shutil
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from specxai.errors import SpecxaiError
from specxai_studies.shapes.cars.body import frontal_area, full_faces, full_points, half_points
from specxai_studies.shapes.cars.case import Case, write_case
from specxai_studies.shapes.cars.morph import Morph, build_morph
from specxai_studies.shapes.cars.openfoam import (
    read_drag,
    read_points,
    run,
    write_points,
    write_stl,
)
from specxai_studies.shapes.cars.parameters import PARAMETERS
from specxai_studies.shapes.parameters import nominal

# Iterations of the template, of a body, and of one whose drag still drifts.
TEMPLATE, USUAL, LONG = 300, 120, 300
# The drag area is the mean over so many last iterations, its scatter that over twice as many.
_AVERAGED = 20
# It drifts if after two thirds of the iterations it was off by more than this share.
_DRIFT = 0.01

_MESH = "blockMesh && surfaceFeatureExtract && snappyHexMesh -overwrite"


@dataclass(frozen=True)
class Drag:
    """What the solver found for one body.

    Attributes:
        drag_area: c_d A of the whole body, in m².
        scatter: standard deviation over the last iterations, in m².
        drift: change over the last third of the iterations, over drag_area.
        frontal_area: of the whole body, in m².
        iterations: of the solver.
        orthogonality: largest non-orthogonality of a cell, in degrees.
        skewness: largest of a cell.
    """

    drag_area: float
    scatter: float
    drift: float
    frontal_area: float
    iterations: float
    orthogonality: float
    skewness: float

    def numbers(self) -> dict[str, float]:
        """Return all by name."""
        return asdict(self)


def make_template(folder: Path, case: Case = Case()) -> None:  # noqa: B008, it is frozen
    """Mesh and solve the nominal car, unless that is done already.

    Args:
        folder: for the case; it is replaced.
        case: the size of its cells above all.

    Raises:
        SpecxaiError: OpenFOAM is not installed, or fails.
    """
    done = folder / "done"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    points = full_points(half_points(nominal(PARAMETERS)))
    solve_surface(folder, points, full_faces(), replace(case, iterations=TEMPLATE))
    done.touch()


def solve_surface(
    folder: Path, points: Float[ndarray, "p 3"], faces: Int[ndarray, "f 3"], case: Case
) -> Float[ndarray, " iterations"]:
    """Mesh the air around any closed surface anew, and solve from potential flow.

    Args:
        folder: for the case; it must not hold another.
        points: of the whole body, symmetric about y = 0, in m.
        faces: its triangles.
        case: what is simulated.

    Returns:
        The drag coefficient after each iteration.
    """
    write_case(folder, case)
    surface = folder / "constant" / "triSurface"
    surface.mkdir(parents=True)
    write_stl(surface / "body.stl", points, faces)
    run(_MESH, folder, "log.mesh")
    run("potentialFoam -writephi && simpleFoam", folder, "log.run")
    return read_drag(folder)


def solve_points(template: Path, folder: Path, half: Float[ndarray, "h 3"]) -> Drag:
    """Return the drag of any body with the cars' points, such as a car that was moved somewhere.

    The template's mesh is morphed, and the solver starts from its solution. A body whose drag still
    drifts is solved again with more iterations.

    Args:
        template: folder of `make_template`.
        folder: to work in; it is removed in the end, and stays if the solver fails.
        half: points of the right half, y ≥ 0, in m.

    Raises:
        SpecxaiError: the morphed mesh is broken, or OpenFOAM fails.
    """
    drag = _solve(template, folder, half, USUAL)
    if abs(drag.drift) > _DRIFT:
        drag = _solve(template, folder, half, LONG)
    return drag


def mean_drag(drag: Float[ndarray, " iterations"]) -> float:
    """Return the mean over the last iterations, which is the label."""
    return float(drag[-_AVERAGED:].mean())


def _solve(template: Path, folder: Path, half: Float[ndarray, "h 3"], iterations: int) -> Drag:
    shutil.rmtree(folder, ignore_errors=True)
    write_case(folder, Case(iterations=iterations, keeps_fields=False))
    _start_from(template, folder)
    mesh = folder / "constant" / "polyMesh"
    mesh.mkdir()
    for file in (template / "constant" / "polyMesh").iterdir():
        if file.is_file() and file.name != "points":
            (mesh / file.name).symlink_to(file.resolve())
    write_points(mesh / "points", load_morph(template).move(half))
    checked = run("checkMesh", folder, "log.check")
    if "Mesh OK" not in checked:
        raise SpecxaiError(f"the morphed mesh is broken: {_complaint(checked)}")
    run("simpleFoam", folder, "log.run")
    drag = read_drag(folder)
    shutil.rmtree(folder)
    area = mean_drag(drag)
    return Drag(
        area,
        float(drag[-2 * _AVERAGED :].std()),
        float(area - drag[len(drag) * 2 // 3]) / area,
        frontal_area(half),
        float(iterations),
        _number(r"non-orthogonality Max: ([\d.]+)", checked),
        _number(r"Max skewness = ([\d.]+)", checked),
    )


def _start_from(template: Path, folder: Path) -> None:
    """Take the fields of the template's last iteration in place of those of still air."""
    last = max((each for each in template.iterdir() if each.name.isdigit()), key=_iteration)
    for field in (folder / "0").iterdir():
        shutil.copy(last / field.name, field)


def _iteration(folder: Path) -> int:
    return int(folder.name)


@cache
def load_morph(template: Path) -> Morph:
    """Return the morph of a template's mesh, built once a process, in about a minute."""
    volume = read_points(template / "constant" / "polyMesh" / "points")
    return build_morph(half_points(nominal(PARAMETERS)), volume)


def _complaint(checked: str) -> str:
    lines = [line.strip() for line in checked.splitlines() if "***" in line]
    return "; ".join(lines) or "checkMesh does not say why"


def _number(pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    return float(match[1]) if match else float(np.nan)
