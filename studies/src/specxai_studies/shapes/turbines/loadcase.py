"""The load case of the labels, and the forces it puts on a blade's nodes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.turbines.airfoil import chordwise
from specxai_studies.shapes.turbines.blade import azimuth
from specxai_studies.shapes.turbines.momentum import Loads
from specxai_studies.shapes.turbines.shell import Shell
from specxai_studies.shapes.turbines.turbine import BLADES, Turbine


@dataclass(frozen=True)
class LoadCase:
    """A steady gust on a turning rotor, the blades frozen with the first one up.

    Attributes:
        wind: speed at the reference height, in m/s: rated (Jonkman et al. 2009), and 35 % of gust.
        height: the reference height, in m.
        shear: exponent of the wind's profile (IEC 61400-1, normal wind profile).
        speed: of the rotation, in rad/s: rated, 12.1 revolutions a minute.
        gravity: in m/s².
    """

    wind: float = 11.4 * 1.35
    height: float = 90.0
    shear: float = 0.2
    speed: float = 12.1 * 2 * np.pi / 60
    gravity: float = 9.81

    def wind_at(self, blade: int, hub_height: float, radius: float) -> float:
        """Return the wind at 70 % of a blade, which stands for the whole of it, in m/s.

        Args:
            blade: 0, 1 or 2.
            hub_height: in m.
            radius: of the rotor, in m.
        """
        height = hub_height + 0.7 * radius * np.cos(2 * np.pi * blade / BLADES)
        return float(self.wind * (height / self.height) ** self.shear)


GUST = LoadCase()


def node_forces(
    shell: Shell, around: int, loads: Loads, case: LoadCase, blade: int
) -> Float[ndarray, "nodes 3"]:
    """Return the forces on a blade's nodes in the blade's frame.

    The wind's load on a section spreads over its nodes, mostly about the quarter chord; weight and
    centrifugal force m Ω² (0, y, z) act where the mass is.

    Args:
        shell: of the blade, in its frame; its nodes are sections of `around` each.
        around: nodes of a section.
        loads: of the wind, one for each section.
        case: rotation and gravity.
        blade: 0, 1 or 2.

    Returns:
        In N.
    """
    masses = shell.node_masses()[:, None]
    down = np.array([0.0, 0.0, -case.gravity]) @ azimuth(blade)
    outward = shell.nodes * np.array([0.0, 1.0, 1.0])
    forces = masses * (down + case.speed**2 * outward)
    lengths = np.zeros(len(loads.radius))
    lengths[1:] += 0.5 * np.diff(loads.radius)
    lengths[:-1] += 0.5 * np.diff(loads.radius)
    weight = np.exp(-(((chordwise(around) - 0.25) / 0.25) ** 2))
    weight /= weight.sum()
    sections = forces.reshape(-1, around, 3)
    sections[..., 0] += (loads.downwind * lengths)[:, None] * weight
    sections[..., 1] += (loads.driving * lengths)[:, None] * weight
    return forces


def rated(turbine: Turbine) -> LoadCase:
    """Return rated operation without gust or shear, at a turbine's own hub height."""
    return LoadCase(wind=11.4, height=turbine.hub_height, shear=0.0)
