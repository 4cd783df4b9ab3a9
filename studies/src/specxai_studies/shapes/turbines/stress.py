"""The stress of a rotor: wind loads on each blade, and the shell that carries them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.turbines.blade import blade_surface
from specxai_studies.shapes.turbines.loadcase import GUST, LoadCase, node_forces
from specxai_studies.shapes.turbines.momentum import Elements, Loads, blade_loads
from specxai_studies.shapes.turbines.planform import planform
from specxai_studies.shapes.turbines.polars import load_polars
from specxai_studies.shapes.turbines.shell import deform
from specxai_studies.shapes.turbines.structure import blade_shell, skin
from specxai_studies.shapes.turbines.turbine import BLADES, Turbine

MESH = (45, 40)
"""Sections of a blade's shell, and nodes around each."""
QUANTILE = 0.99
CLAMP_ROWS = 2
"""Rows of elements at the root that are not counted: the clamp disturbs them."""


@dataclass(frozen=True)
class BladeStress:
    """What one blade bears.

    Attributes:
        quantile: the 99 % quantile over the elements of the skin of the von Mises stress, in MPa.
        largest: the largest of them, in MPa; it grows with the mesh and is no label.
        deflection: the largest displacement along the wind, in m.
        mass: in kg.
        thrust: of the wind on this blade, in N.
        field: von Mises stress of the skin by section and around it, in MPa, all rows.
    """

    quantile: float
    largest: float
    deflection: float
    mass: float
    thrust: float
    field: Float[ndarray, "rows around"]


@dataclass(frozen=True)
class RotorStress:
    """What a rotor bears.

    Attributes:
        blades: one by one.
    """

    blades: tuple[BladeStress, ...]

    @property
    def label(self) -> float:
        """The largest over the blades of the stress's 99 % quantile, in MPa."""
        return max(blade.quantile for blade in self.blades)


def rotor_stress(
    turbine: Turbine, case: LoadCase = GUST, mesh: tuple[int, int] = MESH
) -> RotorStress:
    """Compute the stress of a turbine's rotor.

    Args:
        turbine: the machine.
        case: wind, rotation and gravity.
        mesh: sections of a blade's shell, and nodes around each; the latter even.

    Raises:
        MissingExtraError: pyfe3d is not installed.
        InvalidInputError: the blade has no aerodynamic or elastic equilibrium.
    """
    blades = []
    for blade in range(BLADES):
        wind = case.wind_at(blade, turbine.hub_height, turbine.radius)
        elements = blade_elements(turbine, blade, mesh[0])
        loads = blade_loads(elements, load_polars(), wind, case.speed)
        blades.append(blade_stress(blade_surface(turbine, blade, *mesh), loads, case, blade))
    return RotorStress(tuple(blades))


def blade_elements(turbine: Turbine, blade: int, count: int) -> Elements:
    """Return the sections of a blade as aerodynamics sees them, straight and without cone."""
    form = planform(turbine, blade, count)
    return Elements(form.radius, form.chord, form.twist, form.thickness, np.zeros(count))


def blade_stress(
    surface: Float[ndarray, "s n 3"], loads: Loads, case: LoadCase, blade: int
) -> BladeStress:
    """Compute the stress of one blade, clamped at its root.

    Args:
        surface: points by section and around it, in the blade's frame, in m.
        loads: of the wind, one for each section.
        case: rotation and gravity.
        blade: 0, 1 or 2, which says how gravity acts.
    """
    count, around = surface.shape[:2]
    shell = blade_shell(surface)
    forces = node_forces(shell, around, loads, case, blade)
    clamped = np.arange(len(shell.nodes)) < around
    deformed = deform(shell, forces, clamped)
    field = deformed.stress[skin(count, around)].reshape(count - 1, around) / 1e6
    counted = field[CLAMP_ROWS:]
    return BladeStress(
        quantile=float(np.quantile(counted, QUANTILE)),
        largest=float(counted.max()),
        deflection=float(np.abs(deformed.displacement[:, 0]).max()),
        mass=float(shell.node_masses().sum()),
        thrust=loads.thrust,
        field=field,
    )
