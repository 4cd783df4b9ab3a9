"""The surface of one blade, in its own frame and in the turbine's.

The blade's frame has x downwind along the rotor axis, z from the axis along the blade as it would
be without cone, and y in the direction in which the blade moves. The turbine's frame stands on
the ground under the tower: x downwind, z up. The first blade points up; the others follow at 120°
and 240° in the sense of the rotation.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.turbines.airfoil import section
from specxai_studies.shapes.turbines.planform import Planform, planform
from specxai_studies.shapes.turbines.turbine import BLADES, OVERHANG, Turbine


def blade_surface(turbine: Turbine, blade: int, count: int, around: int) -> Float[ndarray, "s n 3"]:
    """Return the points of a blade's surface in the blade's frame.

    Args:
        turbine: the whole machine.
        blade: 0, 1 or 2.
        count: sections from root to tip.
        around: points of a section, from the trailing edge over the suction side; even.

    Returns:
        Coordinates in m.
    """
    form = planform(turbine, blade, count)
    return lean(_upright(form, around), np.radians(turbine.cone))


def _upright(form: Planform, around: int) -> Float[ndarray, "s n 3"]:
    """Set sections on the pitch axis: a quarter of the chord, the centre for circles."""
    loops = section(form.thickness, around)
    axis = 0.25 + 0.25 * np.clip((form.thickness - 0.45) / 0.45, 0, 1)
    behind = (loops[..., 0] - axis[:, None]) * form.chord[:, None]
    above = loops[..., 1] * form.chord[:, None]
    cos, sin = np.cos(form.twist)[:, None], np.sin(form.twist)[:, None]
    x = behind * sin + above * cos + form.downwind[:, None]
    y = above * sin - behind * cos - form.backward[:, None]
    return np.stack([x, y, np.broadcast_to(form.radius[:, None], x.shape)], -1)


def lean(points: Float[ndarray, "*any 3"], angle: float) -> Float[ndarray, "*any 3"]:
    """Turn points upwind about the y axis by an angle in radians, as cone does."""
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def azimuth(blade: int) -> Float[ndarray, "3 3"]:
    """Return the rotation from the frame of a blade to axes parallel to the turbine's.

    Args:
        blade: 0, 1 or 2.

    Returns:
        Q, so that Q v has the turbine's components of a vector v given in the blade's.
    """
    angle = 2 * np.pi * blade / BLADES
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0, 0], [0, cos, sin], [0, -sin, cos]])


def hub(turbine: Turbine) -> Float[ndarray, "3"]:
    """Return the centre of the rotor in the turbine's frame, in m."""
    return np.array([-OVERHANG, 0.0, turbine.hub_height])


def to_turbine(
    points: Float[ndarray, "*any 3"], blade: int, centre: Float[ndarray, "3"]
) -> Float[ndarray, "*any 3"]:
    """Bring points of a blade from its frame to the turbine's, where the rotor has this centre."""
    return points @ azimuth(blade).T + centre


def to_blade(
    points: Float[ndarray, "*any 3"], blade: int, centre: Float[ndarray, "3"]
) -> Float[ndarray, "*any 3"]:
    """Bring points from the turbine's frame to that of a blade; the inverse of `to_turbine`."""
    return (points - centre) @ azimuth(blade)
