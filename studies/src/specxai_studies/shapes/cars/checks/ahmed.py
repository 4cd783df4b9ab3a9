"""The Ahmed body: drag against the angle of its slanted back, beside the wind tunnel's.

Dimensions and drag: S. R. Ahmed, G. Ramm and G. Faltin, Some salient features of the time-averaged
ground vehicle wake, SAE 840300 (1984). The flow over the slant separates and attaches again between
about 12.5° and 30°, with strong vortices from its sides; beyond 30° it stays separated. RANS on
coarse meshes is known to miss that.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from specxai_studies.shapes.cars.case import Case
from specxai_studies.shapes.cars.drag import mean_drag, solve_surface
from specxai_studies.shapes.cars.openfoam import count_cells

# All in m; the slant's length is along the slant.
LENGTH, WIDTH, HEIGHT, CLEARANCE, ROUNDING, SLANT = 1.044, 0.389, 0.288, 0.05, 0.1, 0.222

PUBLISHED = {12.5: 0.230, 25.0: 0.285, 30.0: 0.378, 35.0: 0.260}
"""Drag coefficients of the wind tunnel by angle in degrees; at 30° that of the high-drag state."""
ANGLES = (5.0, 12.5, 20.0, 25.0, 30.0, 35.0)

# Of a car 4.6 m long to this body.
_SCALE = 0.24
# Points along a side of a section, and sections in the rounded nose, the middle and the slant.
_SIDE, _NOSE, _MIDDLE, _BACK = 9, 17, 25, 7


@dataclass(frozen=True)
class Slant:
    """Drag at one angle.

    Attributes:
        angle: of the slant, in degrees.
        drag: coefficient, over the frontal area.
        cells: of the mesh.
    """

    angle: float
    drag: float
    cells: int


def slant_series(
    folder: Path,
    angles: Sequence[float] = ANGLES,
    cell: float = 2 / 3,
    iterations: int = 400,
) -> list[Slant]:
    """Solve the body at several angles, on a fixed ground at 60 m/s as in the wind tunnel.

    Args:
        folder: to work in; a case that is there already is replaced.
        angles: in degrees.
        cell: as of `Case`, for a body of a car's length.
        iterations: of the solver.
    """
    case = Case(
        cell=cell,
        iterations=iterations,
        scale=_SCALE,
        speed=60.0,
        ground="fixed",
        area=WIDTH * HEIGHT,
        k=0.02,
        omega=20 / _SCALE,
        wake=((-0.3, -1.0, -1.0), (2.4, 0.42, 0.55)),
        near=((-0.12, -1.0, -1.0), (1.7, 0.30, 0.44)),
        keeps_fields=False,
    )
    slants = []
    for angle in angles:
        solved_in = folder / f"ahmed-{angle:g}"
        shutil.rmtree(solved_in, ignore_errors=True)
        drag = mean_drag(solve_surface(solved_in, *ahmed_body(angle), case))
        slants.append(Slant(angle, drag, count_cells(solved_in)))
    return slants


def ahmed_body(angle: float) -> tuple[Float[ndarray, "p 3"], Int[ndarray, "f 3"]]:
    """Return the body's surface without its stilts: points in m, and triangles.

    Args:
        angle: of the slant, in degrees.
    """
    slope = np.radians(angle)
    start = LENGTH - SLANT * np.cos(slope)
    nose = ROUNDING * (1 - np.cos(np.linspace(0, np.pi / 2, _NOSE)))
    middle = np.linspace(ROUNDING, start, _MIDDLE)[1:]
    x = np.concatenate([nose, middle, np.linspace(start, LENGTH, _BACK)[1:]])
    inwards = ROUNDING - np.sqrt(ROUNDING**2 - np.maximum(ROUNDING - x, 0) ** 2)
    drop = np.maximum(x - start, 0) * np.tan(slope)
    rings = [
        _ring(at, WIDTH / 2 - inset, CLEARANCE + inset, CLEARANCE + HEIGHT - inset - down)
        for at, inset, down in zip(x, inwards, drop, strict=True)
    ]
    points = np.concatenate([*rings, rings[0].mean(0, keepdims=True), rings[-1].mean(0)[None]])
    return points, _faces(len(rings), len(rings[0]))


def _ring(x: float, half: float, floor: float, top: float) -> Float[ndarray, "around 3"]:
    """Return the points of a rectangle: along floor, right side, top and left side."""
    share = np.linspace(-1, 1, _SIDE)[:-1]
    height = floor + (share + 1) / 2 * (top - floor)
    sides = [
        (share * half, np.full_like(share, floor)),
        (np.full_like(share, half), height),
        (-share * half, np.full_like(share, top)),
        (np.full_like(share, -half), top + floor - height),
    ]
    y, z = np.concatenate(sides, axis=1)
    return np.stack([np.full_like(y, x), y, z], axis=1)


def _faces(rings: int, around: int) -> Int[ndarray, "f 3"]:
    """Return triangles between rings, and from the end rings to the middles of the ends."""
    numbers = np.arange(rings * around).reshape(rings, around)
    front, rear = rings * around, rings * around + 1
    faces = []
    for here, there in pairwise(numbers):
        after, beyond = np.roll(here, -1), np.roll(there, -1)
        faces += [np.stack([here, after, beyond], 1), np.stack([here, beyond, there], 1)]
    for ring, tip in ((numbers[0][::-1], front), (numbers[-1], rear)):
        faces.append(np.stack([ring, np.roll(ring, -1), np.full(around, tip)], 1))
    return np.concatenate(faces)
