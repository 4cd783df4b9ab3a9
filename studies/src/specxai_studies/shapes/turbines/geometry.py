"""A whole turbine as points in correspondence: the same number, the same order, for all shapes."""

from functools import cache

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from specxai_studies.shapes.turbines.blade import blade_surface, hub, to_turbine
from specxai_studies.shapes.turbines.rings import ring_quads
from specxai_studies.shapes.turbines.turbine import BLADES, Turbine

BLADE_GRID = (30, 28)
"""Sections of a blade from root to tip, and points around each."""
TOWER_GRID = (14, 20)
"""Rings of the tower from the ground up, and points around each."""
NACELLE_GRID = (8, 16)
"""Rings of the nacelle from the rotor downwind, and points around each."""
PARTS = ("blade 1", "blade 2", "blade 3", "tower", "nacelle")
_GRIDS = (BLADE_GRID,) * BLADES + (TOWER_GRID, NACELLE_GRID)


def turbine_points(turbine: Turbine) -> Float[ndarray, "points 3"]:
    """Return the points of a turbine's surface.

    Args:
        turbine: the machine.

    Returns:
        2,928 points in m: blades, tower, nacelle, as `turbine_parts` numbers them; x is downwind,
        z up from the ground.
    """
    blades = (
        to_turbine(blade_surface(turbine, k, *BLADE_GRID), k, hub(turbine)) for k in range(BLADES)
    )
    return np.concatenate(
        [part.reshape(-1, 3) for part in (*blades, _tower(turbine), _nacelle(turbine))]
    )


@cache
def turbine_parts() -> dict[str, slice]:
    """Tell which points belong to which part.

    >>> turbine_parts()["blade 2"]
    slice(840, 1680, None)
    """
    ends = np.cumsum([0] + [rings * around for rings, around in _GRIDS]).tolist()
    return {part: slice(*ends[k : k + 2]) for k, part in enumerate(PARTS)}


@cache
def turbine_faces() -> Int[ndarray, "faces 3"]:
    """Return the triangles of the surface, for drawing.

    The corners go counter-clockwise as seen from outside. Blades and tower are open at their ends.
    """
    grids = zip(turbine_parts().values(), _GRIDS, strict=True)
    return np.concatenate([_band(part.start, grid) for part, grid in grids])


def _band(first: int, grid: tuple[int, int]) -> Int[ndarray, "faces 3"]:
    """Return the triangles between closed rings of points."""
    quads = first + ring_quads(*grid)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _tower(turbine: Turbine) -> Float[ndarray, "r a 3"]:
    """Return the conical tower."""
    up, angle = _grid(TOWER_GRID)
    radius = 0.5 * (turbine.tower_base * (1 - up) + turbine.tower_top * up)
    x, y, z = radius * np.cos(angle), radius * np.sin(angle), up * turbine.tower_height
    return np.stack([x, y, z], -1)


def _nacelle(turbine: Turbine) -> Float[ndarray, "r a 3"]:
    """Return the nacelle, a superellipse turned about the rotor axis and scaled."""
    along, angle = _grid(NACELLE_GRID)
    radius = 2.1 * turbine.nacelle * (1 - np.abs(2 * along - 1) ** 4) ** 0.25
    x = -7.0 + 14.0 * turbine.nacelle * along
    y, z = radius * np.cos(angle), turbine.hub_height + radius * np.sin(angle)
    return np.stack([x, y, z], -1)


def _grid(grid: tuple[int, int]) -> tuple[Float[ndarray, "r a"], Float[ndarray, "r a"]]:
    """Return fractions from 0 to 1 along the rings, and angles around them."""
    along, angle = np.meshgrid(
        np.linspace(0, 1, grid[0]), 2 * np.pi * np.arange(grid[1]) / grid[1], indexing="ij"
    )
    return along, angle
