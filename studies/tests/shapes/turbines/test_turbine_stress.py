from dataclasses import replace

import numpy as np
import pytest

from specxai.errors import InvalidInputError
from specxai_studies.shapes.turbines.blade import azimuth, blade_surface
from specxai_studies.shapes.turbines.geometry import turbine_parts, turbine_points
from specxai_studies.shapes.turbines.loadcase import GUST, LoadCase
from specxai_studies.shapes.turbines.moved import measure, moved_stress, spread
from specxai_studies.shapes.turbines.parameters import sample_turbine
from specxai_studies.shapes.turbines.planform import planform
from specxai_studies.shapes.turbines.smoothing import smooth_displacement
from specxai_studies.shapes.turbines.stress import rotor_stress
from specxai_studies.shapes.turbines.turbine import Blade, Turbine

pytest.importorskip("pyfe3d", reason="finite elements need the extra 'shapes'")
MESH = (24, 20)  # coarse, to be quick


def stress(turbine, case=GUST):
    return rotor_stress(turbine, case, MESH)


def test_three_meshes_agree():
    labels = [rotor_stress(Turbine(), GUST, mesh).label for mesh in ((30, 28), (45, 40), (60, 56))]
    assert labels == pytest.approx([labels[-1]] * 3, rel=0.02)
    assert abs(labels[1] - labels[2]) < abs(labels[0] - labels[2]) < 0.02 * labels[2]


def test_tower_and_nacelle_do_not_matter():
    """The negative control of the data: points move, the label does not."""
    usual = stress(Turbine())
    other = replace(Turbine(), tower_base=7.0, tower_top=3.2, nacelle=1.2)
    assert stress(other).label == usual.label
    points = turbine_points(Turbine())
    points[turbine_parts()["nacelle"]] *= 1.3
    points[turbine_parts()["tower"]] += 1.0
    assert moved_stress(Turbine(), points, GUST, MESH).label == pytest.approx(usual.label, rel=1e-9)


def test_stress_answers_to_what_loads_the_blade():
    usual = stress(Turbine()).label
    assert stress(replace(Turbine(), thickness=0.9)).label > usual
    assert stress(replace(Turbine(), radius=66.0)).label > usual
    assert stress(replace(Turbine(), tower_height=98.0)).label > usual  # stronger wind up there
    assert stress(Turbine(), replace(GUST, wind=10.0)).label < usual


def test_without_wind_gravity_or_rotation_there_is_no_stress_but_the_winds():
    calm = LoadCase(wind=1e-3, gravity=0.0, speed=1e-4)
    assert stress(Turbine(), calm).label < 1e-4


def test_the_label_is_the_worst_blade():
    blades = (Blade(), Blade(thickness=-0.05, chord=-0.04), Blade())
    found = stress(replace(Turbine(), blades=blades))
    assert found.label == max(blade.quantile for blade in found.blades)
    assert all(blade.quantile < blade.largest for blade in found.blades)
    same = stress(replace(Turbine(), blades=blades))
    assert same.label == found.label


def test_points_that_stay_keep_their_stress():
    turbine = sample_turbine(4)
    moved = moved_stress(turbine, turbine_points(turbine), GUST, MESH)
    for a, b in zip(moved.blades, stress(turbine).blades, strict=True):
        assert a.quantile == pytest.approx(b.quantile, rel=1e-9)
        assert a.thrust == pytest.approx(b.thrust, rel=1e-9)


@pytest.mark.parametrize("index", range(3))
def test_points_moved_to_another_turbine_have_its_stress(index):
    """From one drawn turbine to the next, in all parameters at once."""
    before, after = sample_turbine(index), sample_turbine(index + 1)
    moved = moved_stress(before, turbine_points(after), GUST, MESH).label
    assert moved == pytest.approx(stress(after).label, rel=0.01)


def test_a_blade_moved_alone_changes_alone():
    turbine = Turbine()
    points = turbine_points(turbine)
    thicker = replace(turbine, blades=(Blade(), Blade(thickness=0.05), Blade()))
    where = turbine_parts()["blade 2"]
    points[where] = turbine_points(thicker)[where]
    found = [blade.quantile for blade in moved_stress(turbine, points, GUST, MESH).blades]
    usual = [blade.quantile for blade in stress(turbine).blades]
    assert found[0] == pytest.approx(usual[0])
    assert found[2] == pytest.approx(usual[2])
    assert found[1] == pytest.approx(stress(thicker).blades[1].quantile, rel=2e-3)
    assert found[1] < 0.99 * usual[1]


def test_measured_sections_are_the_planforms():
    turbine = sample_turbine(2)
    form, found = planform(turbine, 1, 30), measure(blade_surface(turbine, 1, 30, 40), turbine.cone)
    assert found.radius == pytest.approx(form.radius)
    assert found.chord == pytest.approx(form.chord)
    assert found.twist == pytest.approx(form.twist)
    assert found.thickness == pytest.approx(form.thickness, abs=0.02)  # and the blunt edge


def test_camber_raises_lift_as_thin_airfoil_theory_says():
    """A parabolic camber line of height h has its zero lift at −2 h radians."""
    angle = 2 * np.pi * np.arange(200) / 200
    x = (1 + np.cos(angle)) / 2
    height = 4 * 0.03 * x * (1 - x) + 0.05 * np.sin(angle)
    # In the blade's frame a chord without twist lies along −y, the suction side towards +x.
    surface = np.stack([height, -x, np.full(200, 10.0)], -1)[None]
    assert measure(surface, 0.0).zero_lift[0] == pytest.approx(2 * 0.03, rel=1e-2)


def test_displacements_spread_smoothly():
    """A smooth field on the points comes out the same on the nodes."""
    from specxai_studies.shapes.turbines.airfoil import angles
    from specxai_studies.shapes.turbines.planform import stations

    def field(mesh):
        span, angle = np.meshgrid(stations(mesh[0]), angles(mesh[1]), indexing="ij")
        return np.stack([span**2, span * np.cos(angle), np.sin(2 * angle)], -1)

    assert spread(field((30, 28)), (45, 40)) == pytest.approx(field((45, 40)), abs=1e-3)


def test_the_smooth_part_keeps_shapes_and_drops_wrinkles():
    before, after = sample_turbine(0), sample_turbine(1)
    field = turbine_points(after) - turbine_points(before)
    smooth = smooth_displacement(field)
    assert np.linalg.norm(field - smooth) < 0.03 * np.linalg.norm(field)
    assert np.allclose(smooth_displacement(smooth), smooth)
    noise = np.random.default_rng(0).normal(size=field.shape)
    noise[2520:] = 0
    assert np.linalg.norm(smooth_displacement(noise)) < 0.25 * np.linalg.norm(noise)
    moved = moved_stress(before, turbine_points(before) + smooth, GUST, MESH).label
    assert moved == pytest.approx(stress(after).label, rel=0.02)


def test_lifting_the_rotor_as_a_whole_is_a_taller_tower():
    points = turbine_points(Turbine())
    points[:2520, 2] += 10.0
    found = moved_stress(Turbine(), points, GUST, MESH).label
    assert found == pytest.approx(stress(replace(Turbine(), tower_height=98.0)).label, rel=1e-9)
    assert np.allclose(azimuth(0), np.eye(3))


def test_a_blade_pushed_into_the_hub_still_has_its_loads():
    points = turbine_points(Turbine())
    points[:840, 2] -= 0.5
    found = moved_stress(Turbine(), points, GUST, MESH)
    usual = stress(Turbine())
    assert found.blades[0].thrust == pytest.approx(usual.blades[0].thrust, rel=0.02)
    assert found.label == pytest.approx(usual.label, rel=0.03)


def test_points_that_are_no_turbine_are_refused():
    points = turbine_points(Turbine())
    with pytest.raises(InvalidInputError, match="2928"):
        moved_stress(Turbine(), points[:-1], GUST, MESH)
    crushed = points.copy()
    crushed[:840] = crushed[:840].mean(0)
    with pytest.raises(InvalidInputError, match="smaller"):
        moved_stress(Turbine(), crushed, GUST, MESH)
