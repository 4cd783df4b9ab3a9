import math

import numpy as np
import pytest

from specxai.errors import InvalidInputError
from specxai_studies.shapes.turbines.blade import azimuth, blade_surface
from specxai_studies.shapes.turbines.checks import cantilever_tube, tube
from specxai_studies.shapes.turbines.loadcase import LoadCase, node_forces
from specxai_studies.shapes.turbines.momentum import Loads
from specxai_studies.shapes.turbines.shell import Material, Shell, deform, equivalent_stress
from specxai_studies.shapes.turbines.structure import GLASS, blade_shell, skin, skin_thickness
from specxai_studies.shapes.turbines.turbine import Turbine

pytest.importorskip("pyfe3d", reason="finite elements need the extra 'shapes'")

STEEL = Material(young=210e9, poisson=0.3, density=7850.0)


def test_cantilever_tube_against_beam_theory():
    for check in cantilever_tube():
        assert check.here == pytest.approx(check.reference, rel=0.01), check.name


def test_a_pulled_tube_has_the_stress_of_force_over_area():
    """Without lateral strain the state is uniform but for the end where the forces are."""
    cork = Material(young=1e9, poisson=0.0, density=1.0)
    shell = tube(5.0, 0.5, 0.02, cork, 17, 12)
    forces = np.zeros_like(shell.nodes)
    forces[-12:, 2] = 10e3 / 12
    deformed = deform(shell, forces, np.arange(len(shell.nodes)) < 12)
    area = 12 * 2 * 0.5 * math.sin(math.pi / 12) * 0.02  # of a polygon's wall
    assert deformed.stress[: 8 * 12] == pytest.approx(10e3 / area, rel=1e-4)
    middle = deformed.displacement[8 * 12 : 9 * 12, 2]
    assert middle == pytest.approx(10e3 / area / 1e9 * 2.5, rel=1e-4)


def test_a_turning_tube_pulls_itself():
    """Axial stress of a bar turning about its end: ρ Ω² (L² − z²) / 2."""
    rings, around, length, speed = 40, 24, 20.0, 10.0
    shell = tube(length, 0.5, 0.02, STEEL, rings, around)
    still = Loads(np.linspace(0, length, rings), np.zeros(rings), np.zeros(rings))
    case = LoadCase(speed=speed, gravity=0.0)
    forces = node_forces(shell, around, still, case, 0)
    forces[:, 1] = 0  # the tube's own width would bend its wall
    deformed = deform(shell, forces, np.arange(len(shell.nodes)) < around)
    middle = (np.arange(rings - 1) + 0.5) * length / (rings - 1)
    found = deformed.stress.reshape(rings - 1, around).mean(1)
    expected = STEEL.density * speed**2 * (length**2 - middle**2) / 2
    assert found[4:-3] == pytest.approx(expected[4:-3], rel=0.02)


def test_twice_the_force_gives_twice_the_stress():
    shell = tube(5.0, 0.5, 0.02, STEEL, 12, 12)
    forces = np.random.default_rng(0).normal(size=shell.nodes.shape)
    clamped = np.arange(len(shell.nodes)) < 12
    once, twice = deform(shell, forces, clamped), deform(shell, 2 * forces, clamped)
    assert twice.stress == pytest.approx(2 * once.stress, rel=1e-6)
    assert twice.displacement == pytest.approx(2 * once.displacement, rel=1e-6)


def test_a_body_that_is_not_held_is_refused():
    shell = tube(5.0, 0.5, 0.02, STEEL, 6, 8)
    flat = Shell(shell.nodes * [1.0, 1.0, 0.0], shell.quads, shell.thickness, STEEL)
    clamped = np.arange(len(shell.nodes)) < 8
    with pytest.raises(InvalidInputError, match="equilibrium"):
        deform(flat, np.ones_like(shell.nodes), clamped)


def test_equivalent_stress_is_the_general_definition():
    """Against von Mises' formula of the full tensor: √(3/2 s:s), s the deviator."""
    for xx, yy, xy in np.random.default_rng(1).normal(size=(5, 3)):
        tensor = np.array([[xx, xy, 0], [xy, yy, 0], [0, 0, 0]])
        deviator = tensor - np.trace(tensor) / 3 * np.eye(3)
        expected = math.sqrt(1.5 * (deviator**2).sum())
        assert equivalent_stress(np.array([[xx, yy, xy]]))[0] == pytest.approx(expected)


def test_a_tube_weighs_what_it_should():
    shell = tube(20.0, 0.5, 0.02, STEEL, 11, 200)
    expected = STEEL.density * 2 * math.pi * 0.5 * 0.02 * 20.0
    assert shell.node_masses().sum() == pytest.approx(expected, rel=1e-3)


def test_forces_on_a_blade_add_up():
    """Weight, centrifugal force and the wind's loads, each as a sum over the nodes."""
    surface = blade_surface(Turbine(), 1, 20, 16)
    shell = blade_shell(surface)
    radius = np.linspace(1.5, 63.0, 20)
    loads = Loads(radius, 1000.0 + 10 * radius, 50.0 + radius)
    none = Loads(radius, np.zeros(20), np.zeros(20))
    mass = float(shell.node_masses().sum())

    weight = node_forces(shell, 16, none, LoadCase(speed=0.0), 1).sum(0)
    assert azimuth(1) @ weight == pytest.approx([0, 0, -9.81 * mass], abs=1e-6)

    wind = node_forces(shell, 16, loads, LoadCase(speed=0.0, gravity=0.0), 1).sum(0)
    assert wind == pytest.approx([loads.thrust, np.trapezoid(loads.driving, radius), 0], abs=1e-6)

    turning = node_forces(shell, 16, none, LoadCase(speed=2.0, gravity=0.0), 1).sum(0)
    centre = (shell.node_masses()[:, None] * shell.nodes).sum(0) / mass
    assert turning == pytest.approx(mass * 4.0 * centre * [0, 1, 1], abs=1e-6)


def test_walls_follow_the_schedule():
    shell = blade_shell(blade_surface(Turbine(), 0, 20, 16))
    assert len(shell.quads) == 19 * 16 + 19
    assert shell.material == GLASS
    root = shell.thickness[skin(20, 16)].reshape(19, 16)[0]
    assert root == pytest.approx(root[0], rel=0.3)  # the round root has no caps to speak of
    assert skin_thickness(np.zeros(1), np.array([0.33]))[0] == 0.085
    assert skin_thickness(np.ones(1), np.ones(1))[0] == pytest.approx(0.010)
    middle = skin_thickness(np.array([0.5]), np.linspace(0, 1, 101))
    assert np.linspace(0, 1, 101)[middle.argmax()] == pytest.approx(0.33)
