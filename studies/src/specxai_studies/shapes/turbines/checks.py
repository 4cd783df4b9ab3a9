"""The solver against published values, closed forms and itself.

    python -m specxai_studies.shapes.turbines.checks

prints a table in about two minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray

from specxai_studies.shapes.turbines.geometry import turbine_points
from specxai_studies.shapes.turbines.loadcase import GUST, rated
from specxai_studies.shapes.turbines.momentum import blade_loads
from specxai_studies.shapes.turbines.moved import moved_stress
from specxai_studies.shapes.turbines.parameters import sample_turbine
from specxai_studies.shapes.turbines.polars import load_polars
from specxai_studies.shapes.turbines.rings import ring_quads
from specxai_studies.shapes.turbines.shell import Material, Shell, deform
from specxai_studies.shapes.turbines.smoothing import smooth_displacement
from specxai_studies.shapes.turbines.stress import MESH, blade_elements, rotor_stress
from specxai_studies.shapes.turbines.turbine import BLADES, Turbine

PUBLISHED_POWER = 5.297
"""Aerodynamic power of the NREL 5 MW rotor at rated, in MW: 5 MW electrical at an efficiency of
94.4 % (Jonkman et al. 2009, NREL/TP-500-38060)."""
PUBLISHED_THRUST = 711.0
"""Thrust of the NREL 5 MW rotor at 11.4 m/s, in kN (NREL/turbine-models,
Offshore/NREL_Reference_5MW_126.csv, which holds aerodynamic thrust only)."""
MESHES = ((30, 28), MESH, (60, 56))


@dataclass(frozen=True)
class Check:
    """One number beside what it should be.

    Attributes:
        name: what is compared, with its unit.
        here: found by our solver.
        reference: what it should be.
        source: of the reference.
    """

    name: str
    here: float
    reference: float
    source: str

    @property
    def error(self) -> float:
        """Relative to the reference, or absolute where that is 0."""
        return (self.here - self.reference) / (abs(self.reference) or 1.0)


def rated_operation() -> list[Check]:
    """Compare power and thrust at 11.4 m/s and 12.1 rpm with the NREL 5 MW rotor's."""
    turbine = Turbine(prebend=0.0, sweep=0.0, cone=0.0)
    case = rated(turbine)
    loads = blade_loads(blade_elements(turbine, 0, MESH[0]), load_polars(), case.wind, case.speed)
    power = BLADES * loads.torque * case.speed / 1e6
    thrust = BLADES * loads.thrust / 1e3
    return [
        Check("rated power (MW)", power, PUBLISHED_POWER, "Jonkman et al. 2009"),
        Check("rated thrust (kN)", thrust, PUBLISHED_THRUST, "NREL/turbine-models"),
    ]


def cantilever_tube(rings: int = 60, around: int = 40) -> list[Check]:
    """Compare a clamped tube under a load at its tip with Timoshenko's beam."""
    length, radius, wall, load = 30.0, 1.0, 0.03, 1e5
    material = Material(young=25e9, poisson=0.28, density=1900.0)
    shell = tube(length, radius, wall, material, rings, around)
    forces = np.zeros((len(shell.nodes), 3))
    forces[-around:, 0] = load / around
    deformed = deform(shell, forces, np.arange(len(shell.nodes)) < around)
    moment_of_area = np.pi / 4 * ((radius + wall / 2) ** 4 - (radius - wall / 2) ** 4)
    rows = deformed.stress.reshape(rings - 1, around).max(1)
    middle = (np.arange(rings - 1) + 0.5) * length / (rings - 1)
    beam = load * (length - middle) * (radius + wall / 2) / moment_of_area
    bending = load * length**3 / (3 * material.young * moment_of_area)
    # A thin tube's shear coefficient (Cowper 1966, J. Applied Mechanics 33, 335).
    coefficient = 2 * (1 + material.poisson) / (4 + 3 * material.poisson)
    stiffness = material.young / (2 * (1 + material.poisson)) * 2 * np.pi * radius * wall
    shear = load * length / (coefficient * stiffness)
    tip = deformed.displacement[-around:, 0].mean()
    return [
        Check(
            f"tube, stress at {middle[row]:.1f} m (MPa)", rows[row] / 1e6, beam[row] / 1e6, "beam"
        )
        for row in (rings // 6, rings // 2, 3 * rings // 4)
    ] + [Check("tube, deflection (m)", float(tip), bending + shear, "beam")]


def tube(
    length: float, radius: float, wall: float, material: Material, rings: int, around: int
) -> Shell:
    """Return a round tube along z; its first `around` nodes are one end."""
    along, angle = np.meshgrid(
        np.linspace(0, length, rings), 2 * np.pi * np.arange(around) / around, indexing="ij"
    )
    nodes = np.stack([radius * np.cos(angle), radius * np.sin(angle), along], -1).reshape(-1, 3)
    quads = ring_quads(rings, around)
    return Shell(nodes, quads, np.full(len(quads), wall), material)


def mesh_levels() -> list[Check]:
    """Compare the label of the default turbine on three meshes; the finest is the reference."""
    labels = [rotor_stress(Turbine(), GUST, mesh).label for mesh in MESHES]
    return [
        Check(f"label on {mesh[0]} × {mesh[1]} nodes (MPa)", label, labels[-1], "the finest mesh")
        for mesh, label in zip(MESHES, labels, strict=True)
    ]


def negative_control() -> list[Check]:
    """Change what cannot matter to the rotor: the tower's diameters and the nacelle."""
    usual = rotor_stress(Turbine()).label
    changes = {"tower_base": 7.0, "tower_top": 3.2, "nacelle": 1.2}
    return [
        Check(
            f"label with {name} {value:g} (MPa)",
            rotor_stress(replace(Turbine(), **{name: value})).label,  # type: ignore[arg-type]
            usual,
            "the label without",
        )
        for name, value in changes.items()
    ]


def correlations(count: int = 20) -> list[Check]:
    """Correlate labels over drawn turbines with those of another mesh, and of moved points."""
    turbines = [sample_turbine(index) for index in range(count)]
    labels = [rotor_stress(turbine).label for turbine in turbines]
    coarse = [rotor_stress(turbine, GUST, MESHES[0]).label for turbine in turbines]
    starts = [(turbines[index - 1], turbine) for index, turbine in enumerate(turbines)]
    moved = [_moved_label(before, after, lambda field: field) for before, after in starts]
    smooth = [_moved_label(before, after, smooth_displacement) for before, after in starts]
    cases = {"coarse mesh": coarse, "points moved": moved, "points moved smoothly": smooth}
    return [
        Check(
            f"correlation over {count} turbines, {name}", _correlation(case, labels), 1.0, "label"
        )
        for name, case in cases.items()
    ]


def _moved_label(before: Turbine, after: Turbine, part: Callable[[ndarray], ndarray]) -> float:
    """Return the label of a turbine whose points moved to those of another, or a part of it."""
    start = turbine_points(before)
    return moved_stress(before, start + part(turbine_points(after) - start)).label


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def check_table(checks: list[Check]) -> str:
    """Return checks as a table in Markdown."""
    rows = [
        f"| {check.name} | {check.here:.5g} | {check.reference:.5g} | {100 * check.error:+.2f} % |"
        f" {check.source} |"
        for check in checks
    ]
    return "\n".join(["| | here | reference | error | source |", "|---|--:|--:|--:|---|", *rows])


if __name__ == "__main__":
    print(
        check_table(
            rated_operation()
            + cantilever_tube()
            + mesh_levels()
            + negative_control()
            + correlations()
        )
    )
