"""The smooth part of a displacement: what a blade can follow without wrinkles.

A vector that a network names moves every point on its own. A wrinkle of millimetres already
changes the stress of a thin shell, and one of centimetres folds its elements; so what is to be
solved, and to be predicted for comparison, is the vector's smooth part: polynomials along the
span times harmonics around the sections, least squares.
"""

from functools import cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.turbines.airfoil import angles
from specxai_studies.shapes.turbines.geometry import BLADE_GRID, PARTS, turbine_parts
from specxai_studies.shapes.turbines.planform import stations
from specxai_studies.shapes.turbines.turbine import BLADES

ALONG = 6
"""Polynomials along the span."""
AROUND = 2
"""Harmonics around a section, besides the mean: the first moves, turns and scales it, the second
changes its thickness and camber."""


def smooth_displacement(
    displacement: Float[ndarray, "points 3"],
) -> Float[ndarray, "points 3"]:
    """Return the smooth part of a displacement of a turbine's points.

    Of the way from one drawn turbine to another it leaves out a hundredth or so.

    Args:
        displacement: of the points in the order of `turbine_points`, in m.

    Returns:
        The smooth part on the blades; on tower and nacelle, which bear no label, the displacement.
    """
    smoothed = displacement.copy()
    along, around = _projections()
    for part in PARTS[:BLADES]:
        where = turbine_parts()[part]
        field = displacement[where].reshape(*BLADE_GRID, 3)
        smoothed[where] = np.einsum("st,tnk,mn->smk", along, field, around).reshape(-1, 3)
    return smoothed


@cache
def _projections() -> tuple[Float[ndarray, "s s"], Float[ndarray, "n n"]]:
    """Return the projections along the span and around the sections."""
    polynomials = np.polynomial.legendre.legvander(2 * stations(BLADE_GRID[0]) - 1, ALONG - 1)
    angle = angles(BLADE_GRID[1])
    waves = [wave(k * angle) for k in range(1, AROUND + 1) for wave in (np.cos, np.sin)]
    harmonics = np.stack([np.ones_like(angle), *waves], -1)
    return polynomials @ np.linalg.pinv(polynomials), harmonics @ np.linalg.pinv(harmonics)
