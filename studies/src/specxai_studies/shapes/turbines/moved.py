"""The stress of a turbine whose points were moved, such as along a vector of an explanation.

The shell's mesh and the sections' aerodynamics are those of the turbine that was moved, changed by
what the displacement of its points says:

- The nodes move by the displacement of the surface, interpolated by cubic splines along the span
  and around the sections. Walls keep their thickness. The clamp at the root moves along.
- Chord, twist, thickness, radius and camber change as measured on the moved sections. Camber
  shifts the angle of attack by the zero-lift angle of thin-airfoil theory; what else of a
  section's form changes leaves its polars as they are.
- The mean displacement of the blades' roots moves the rotor as a whole: it changes the height at
  which the wind is read, and nothing else. Tower and nacelle do not matter.

With no displacement the stress is that of `rotor_stress`, to rounding. Shells answer to wrinkles:
displacements that are rough from point to point go through `smooth_displacement` first.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai.errors import InvalidInputError
from specxai_studies.shapes.turbines.airfoil import angles
from specxai_studies.shapes.turbines.blade import blade_surface, lean, to_blade
from specxai_studies.shapes.turbines.geometry import (
    BLADE_GRID,
    PARTS,
    turbine_parts,
    turbine_points,
)
from specxai_studies.shapes.turbines.loadcase import GUST, LoadCase
from specxai_studies.shapes.turbines.momentum import Elements, blade_loads
from specxai_studies.shapes.turbines.planform import stations
from specxai_studies.shapes.turbines.polars import load_polars
from specxai_studies.shapes.turbines.stress import (
    MESH,
    RotorStress,
    blade_elements,
    blade_stress,
)
from specxai_studies.shapes.turbines.turbine import BLADES, Turbine


def moved_stress(
    turbine: Turbine,
    points: Float[ndarray, "points 3"],
    case: LoadCase = GUST,
    mesh: tuple[int, int] = MESH,
) -> RotorStress:
    """Compute the stress of a turbine's rotor after its points were moved.

    Args:
        turbine: the machine before.
        points: its points after, in the order of `turbine_points`, in m.
        case: wind, rotation and gravity.
        mesh: sections of a blade's shell, and nodes around each; the latter even.

    Raises:
        MissingExtraError: pyfe3d is not installed.
        InvalidInputError: the points are not a turbine's, or the moved blade has no equilibrium.
    """
    before = turbine_points(turbine)
    if points.shape != before.shape or not np.isfinite(points).all():
        raise InvalidInputError(
            f"expected {len(before)} finite points of a turbine, got shape {points.shape}"
        )
    displacement = np.stack(
        [
            (points - before)[turbine_parts()[part]].reshape(*BLADE_GRID, 3)
            for part in PARTS[:BLADES]
        ]
    )
    shift = displacement[:, 0].mean((0, 1))
    hub_height = turbine.hub_height + float(shift[2])
    blades = []
    for blade in range(BLADES):
        own = to_blade(displacement[blade] - shift, blade, np.zeros(3))
        surface = blade_surface(turbine, blade, *mesh)
        moved = surface + spread(own, mesh)
        elements = _changed(
            blade_elements(turbine, blade, mesh[0]),
            measure(surface, turbine.cone),
            measure(moved, turbine.cone),
        )
        wind = case.wind_at(blade, hub_height, float(elements.radius[-1]))
        loads = blade_loads(elements, load_polars(), wind, case.speed)
        blades.append(blade_stress(moved, loads, case, blade))
    return RotorStress(tuple(blades))


def spread(
    displacement: Float[ndarray, "s n 3"], mesh: tuple[int, int]
) -> Float[ndarray, "stations around 3"]:
    """Interpolate a displacement from the points of a blade to the nodes of its shell.

    Args:
        displacement: of the points of `BLADE_GRID`, in m.
        mesh: sections of the shell, and nodes around each.
    """
    from scipy.interpolate import CubicSpline

    count, around = displacement.shape[:2]
    closed = np.concatenate([displacement, displacement[:, :1]], axis=1)
    ring = np.append(angles(around), 2 * np.pi)
    turned = CubicSpline(ring, closed, axis=1, bc_type="periodic")(angles(mesh[1]))
    surface: Float[ndarray, "stations around 3"]
    surface = CubicSpline(stations(count), turned, axis=0)(stations(mesh[0]))
    return surface


@dataclass(frozen=True)
class Measured:
    """Sections as measured on the points of a blade's surface.

    Attributes:
        radius: mean distance of a section's points from the rotor axis along the blade, in m.
        chord: from leading to trailing edge, in m.
        twist: of the chord from the rotor's plane, in radians.
        thickness: the largest, across the chord, relative to it.
        zero_lift: the angle by which camber raises lift, in radians (thin-airfoil theory).
    """

    radius: Float[ndarray, " s"]
    chord: Float[ndarray, " s"]
    twist: Float[ndarray, " s"]
    thickness: Float[ndarray, " s"]
    zero_lift: Float[ndarray, " s"]


def measure(surface: Float[ndarray, "s n 3"], cone: float) -> Measured:
    """Measure the sections of a blade.

    With θ the angle that numbers the points from the trailing edge and z the height of the camber
    line over the chord, in chords, thin-airfoil theory's zero-lift angle (Anderson, Fundamentals
    of Aerodynamics, equation 4.61), integrated by parts, is −(1/π) ∫ z / sin²(θ/2) dθ from 0 to π.

    Args:
        surface: points by section and around it, in the blade's frame, in m.
        cone: of the rotor, in degrees.
    """
    upright = lean(surface, -np.radians(cone))
    around = surface.shape[1]
    trailing, leading = upright[:, 0], upright[:, around // 2]
    x, y = (leading - trailing)[:, :2].T
    chord, twist = np.hypot(x, y), np.arctan2(-x, y)
    across = np.stack([np.cos(twist), np.sin(twist)], -1)
    from_edge = (upright - trailing[:, None])[..., :2]
    height = np.einsum("snk,sk->sn", from_edge, across) / chord[:, None]
    upper, lower = height[:, 1 : around // 2], height[:, : around // 2 : -1]
    angle = angles(around)[1 : around // 2]
    slope = 0.5 * (upper + lower) / np.sin(angle / 2) ** 2
    # Towards the trailing edge the integrand tends to a finite slope: its first value goes on.
    whole = slope.sum(1) + 0.5 * slope[:, 0]
    return Measured(
        radius=upright[..., 2].mean(1),
        chord=chord,
        twist=twist,
        thickness=(upper - lower).max(1),
        zero_lift=whole * (angle[1] - angle[0]) / np.pi,
    )


def _changed(elements: Elements, before: Measured, after: Measured) -> Elements:
    """Change sections as the measured ones changed: by the ratio, or by the difference."""
    radius = elements.radius + after.radius - before.radius
    if not (
        (after.chord > 0).all() and (after.thickness > 0).all() and (np.diff(radius) > 0).all()
    ):
        raise InvalidInputError(
            "the moved blade's sections have no chord or thickness, or are out of order along it:"
            " make the displacement smaller"
        )
    return Elements(
        radius=radius,
        chord=elements.chord * after.chord / before.chord,
        twist=elements.twist + after.twist - before.twist,
        thickness=elements.thickness * after.thickness / before.thickness,
        zero_lift=elements.zero_lift + after.zero_lift - before.zero_lift,
    )
