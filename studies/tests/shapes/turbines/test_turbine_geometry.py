import numpy as np
import pytest

from specxai_studies.shapes.turbines.blade import blade_surface, hub, to_blade, to_turbine
from specxai_studies.shapes.turbines.geometry import (
    BLADE_GRID,
    NACELLE_GRID,
    TOWER_GRID,
    turbine_faces,
    turbine_parts,
    turbine_points,
)
from specxai_studies.shapes.turbines.parameters import sample_turbine
from specxai_studies.shapes.turbines.planform import NREL_5MW, planform
from specxai_studies.shapes.turbines.turbine import Blade, Turbine

GRIDS = dict(zip(turbine_parts(), (BLADE_GRID,) * 3 + (TOWER_GRID, NACELLE_GRID), strict=True))


def test_points_are_numbered_alike_on_all_turbines():
    """Neighbours stay neighbours: no edge is much longer than on the default turbine."""
    faces = turbine_faces()
    usual = turbine_points(Turbine())
    lengths = np.linalg.norm(usual[faces] - usual[np.roll(faces, 1, 1)], axis=-1)
    for index in range(20):
        points = turbine_points(sample_turbine(index))
        assert points.shape == usual.shape == (2928, 3)
        found = np.linalg.norm(points[faces] - points[np.roll(faces, 1, 1)], axis=-1)
        assert (found < 1.8 * lengths + 0.3).all()


def test_the_same_index_gives_the_same_turbine():
    assert np.array_equal(turbine_points(sample_turbine(5)), turbine_points(sample_turbine(5)))
    assert not np.allclose(turbine_points(sample_turbine(5)), turbine_points(sample_turbine(6)))


def test_every_point_belongs_to_one_part():
    numbers = np.concatenate([np.arange(2928)[part] for part in turbine_parts().values()])
    assert np.array_equal(numbers, np.arange(2928))
    for part, grid in GRIDS.items():
        assert turbine_parts()[part].stop - turbine_parts()[part].start == grid[0] * grid[1]


@pytest.mark.parametrize("part", GRIDS)
def test_faces_look_outward(part):
    """Their normals point away from the middle of the rings they join."""
    where, faces, points = turbine_parts()[part], turbine_faces(), turbine_points(sample_turbine(3))
    own = faces[(faces[:, 0] >= where.start) & (faces[:, 0] < where.stop)]
    a, b, c = points[own].transpose(1, 0, 2)
    normals = np.cross(b - a, c - a)
    middles = points[where].reshape(*GRIDS[part], 3).mean(1)
    ring = (own.min(1) - where.start) // GRIDS[part][1]
    inside = 0.5 * (middles[ring] + middles[ring + 1])
    outward = ((points[own].mean(1) - inside) * normals).sum(1)
    flat = np.linalg.norm(normals, axis=1) < 1e-9  # where the nacelle closes in a point
    assert (outward[~flat] > 0).all()
    assert flat.sum() == (32 if part == "nacelle" else 0)


def test_faces_stay_within_their_part_and_close_around():
    faces = turbine_faces()
    for part, (rings, around) in GRIDS.items():
        where = turbine_parts()[part]
        own = faces[(faces[:, 0] >= where.start) & (faces[:, 0] < where.stop)]
        assert own.max() < where.stop
        assert len(own) == 2 * (rings - 1) * around
        edges = np.sort(np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]]), 1)
        counts = np.unique(edges, axis=0, return_counts=True)[1]
        assert (counts == 1).sum() == 2 * around  # the two open ends
        assert counts.max() == 2


def test_the_default_is_the_published_planform():
    """NREL 5 MW: radius, chord and twist of the table at its own stations."""
    form = planform(Turbine(), 0, 2001)
    radius, twist, chord, _ = NREL_5MW.T
    assert np.interp(radius, form.radius, form.chord) == pytest.approx(chord, abs=0.01)
    assert np.degrees(np.interp(radius, form.radius, form.twist)) == pytest.approx(twist, abs=0.01)


def test_blades_stand_as_their_parameters_say():
    straight = Turbine(prebend=0.0, sweep=0.0, cone=0.0)
    tips = turbine_points(straight)[: 3 * 840].reshape(3, 30, 28, 3)[:, -1].mean(1) - hub(straight)
    assert np.hypot(tips[:, 1], tips[:, 2]) == pytest.approx(63.0, abs=0.1)
    turns = np.degrees(np.arctan2(tips[:, 1], tips[:, 2]))
    assert turns == pytest.approx([0, 120, -120], abs=0.3)
    coned = turbine_points(Turbine(prebend=2.0, cone=3.0))[29 * 28 : 840].mean(0)
    upwind = hub(Turbine())[0] - coned[0]
    assert upwind == pytest.approx(63 * np.sin(np.radians(3)) + 2, abs=0.1)


def test_the_leading_edge_turns_upwind_with_pitch():
    """Positive pitch lowers the angle of attack: the leading edge goes towards the wind."""
    blades = (Blade(), Blade(pitch=2.0), Blade())
    before = blade_surface(Turbine(), 1, *BLADE_GRID)
    after = blade_surface(Turbine(blades=blades), 1, *BLADE_GRID)
    leading = BLADE_GRID[1] // 2
    assert (after[:, leading, 0] < before[:, leading, 0]).all()
    assert np.array_equal(
        turbine_points(Turbine())[:840], turbine_points(Turbine(blades=blades))[:840]
    )


def test_frames_of_blades_invert():
    points = np.random.default_rng(0).normal(size=(5, 3))
    centre = hub(Turbine())
    for blade in range(3):
        there = to_turbine(points, blade, centre)
        assert np.allclose(to_blade(there, blade, centre), points)
        lengths = np.linalg.norm(there - centre, axis=1)
        assert lengths == pytest.approx(np.linalg.norm(points, axis=1))


def test_tower_and_nacelle_stand_on_the_ground_and_at_the_hub():
    turbine = sample_turbine(9)
    points, parts = turbine_points(turbine), turbine_parts()
    assert points[parts["tower"], 2].min() == 0
    assert points[parts["tower"], 2].max() == turbine.tower_height
    base = points[parts["tower"]][:20, :2]
    assert np.linalg.norm(base, axis=1) == pytest.approx(turbine.tower_base / 2)
    assert points[parts["nacelle"], 2].mean() == pytest.approx(turbine.hub_height)
    assert points[:2520, 2].min() > 10  # no blade near the ground
