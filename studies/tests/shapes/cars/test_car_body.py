import numpy as np
import pytest

from specxai_studies.shapes.cars.body import (
    frontal_area,
    full_faces,
    full_points,
    half_faces,
    half_points,
    mirror_images,
    symmetric_half,
)
from specxai_studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai_studies.shapes.cars.smoothing import smooth_displacement
from specxai_studies.shapes.parameters import draw, nominal

FLIP = np.array([1, -1, 1])


def car(index: int):
    return full_points(half_points(draw(PARAMETERS, SEED, index)))


@pytest.fixture(scope="module")
def usual():
    return full_points(half_points(nominal(PARAMETERS)))


def test_parameters_are_named_with_unit_range_and_source():
    assert len(PARAMETERS) == len({each.name for each in PARAMETERS}) == 16
    for each in PARAMETERS:
        assert each.low <= each.nominal < each.high
        assert each.unit in {"m", "deg", "1"}
        assert each.meaning
        assert each.source


def test_points_are_numbered_alike_on_all_cars(usual):
    """Neighbours stay neighbours: no edge is much longer than on the nominal car."""
    faces = full_faces()
    lengths = np.linalg.norm(usual[faces] - usual[np.roll(faces, 1, 1)], axis=-1)
    for index in range(30):
        points = car(index)
        assert points.shape == usual.shape == (2952, 3)
        found = np.linalg.norm(points[faces] - points[np.roll(faces, 1, 1)], axis=-1)
        assert (found < 2 * lengths + 0.05).all()
        assert found.min() > 2e-3


def test_the_same_index_gives_the_same_car():
    assert np.array_equal(car(5), car(5))
    assert not np.allclose(car(5), car(6))


def test_the_surface_is_closed_like_a_ball():
    """Every edge joins two triangles that run it in opposite ways; Euler's V - E + F is 2."""
    faces = full_faces()
    assert np.array_equal(np.unique(faces), np.arange(2952))
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    directed = {tuple(edge) for edge in edges.tolist()}
    assert len(directed) == len(edges)
    assert directed == {(b, a) for a, b in directed}
    assert 2952 - len(edges) // 2 + len(faces) == 2


@pytest.mark.parametrize("index", range(4))
def test_faces_look_outward(index):
    """The divergence theorem gives a positive volume, a fraction of the car's box."""
    points = car(index)
    a, b, c = points[full_faces()].transpose(1, 0, 2)
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6
    box = np.ptp(points, axis=0).prod()
    assert 0.5 * box < volume < 0.9 * box
    normals = np.cross(b - a, c - a)
    middles = (a + b + c) / 3
    roof = middles[:, 2] > 0.97 * points[:, 2].max()
    assert (normals[roof, 2] > 0).all()
    assert (normals[middles[:, 0] < points[:, 0].min() + 0.04, 0] < 0).all()


def test_no_triangle_is_degenerate():
    for index in range(10):
        a, b, c = car(index)[full_faces()].transpose(1, 0, 2)
        assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-5


def test_every_car_is_exactly_symmetric():
    images = mirror_images()
    assert np.array_equal(images[images], np.arange(2952))
    for index in range(10):
        points = car(index)
        assert np.array_equal(points[images] * FLIP, points)
        assert (points[images == np.arange(2952), 1] == 0).all()
    assert np.array_equal(np.sort(images[half_faces()]), np.sort(full_faces()[len(half_faces()) :]))


def test_cars_have_the_sizes_of_their_parameters():
    for index in range(20):
        values = draw(PARAMETERS, SEED, index)
        points = full_points(half_points(values))
        low, high = points.min(0), points.max(0)
        assert low[0] == pytest.approx(-0.06)  # the nose's bulge
        assert high[0] == pytest.approx(values["length"])
        assert high[1] - low[1] == pytest.approx(values["width"], rel=0.02)
        assert high[2] == pytest.approx(values["height"], rel=0.02)
        assert low[2] == pytest.approx(values["clearance"], abs=0.02)


@pytest.mark.parametrize("each", PARAMETERS, ids=lambda each: each.name)
def test_every_parameter_moves_points_over_its_whole_range(each, usual):
    low, high = (
        full_points(half_points({**nominal(PARAMETERS), each.name: value}))
        for value in (each.low, each.high)
    )
    moved = np.linalg.norm(high - low, axis=1).max()
    assert 0.03 < moved < 1.0


def test_the_frontal_area_of_a_box_is_its_own():
    """A car's grid in the shape of a box 2 × 0.75 m by 1.2 m, seen from the front."""
    half = half_points(nominal(PARAMETERS))
    stations = half[: 53 * 26].reshape(53, 26, 3)
    stations[..., 1] = 0.75
    stations[..., 2] = np.linspace(0.2, 1.4, 26)
    assert frontal_area(half) == pytest.approx(1.5 * 1.2, rel=0.01)


def test_the_symmetric_part_is_the_mean_with_the_mirror_image(usual):
    points = car(3) + np.random.default_rng(0).normal(0, 0.01, usual.shape)
    images = mirror_images()
    expected = np.stack(
        [(point + points[image] * FLIP) / 2 for point, image in zip(points, images, strict=True)]
    )
    assert np.allclose(full_points(symmetric_half(points)), expected, atol=1e-15)
    assert np.array_equal(full_points(symmetric_half(car(3))), car(3))


def test_smoothing_keeps_the_way_between_cars_and_drops_noise():
    way = car(4) - car(3)
    kept = smooth_displacement(way)
    assert ((way - kept) ** 2).sum() < 2e-3 * (way**2).sum()
    noise = np.random.default_rng(0).normal(size=way.shape)
    kept = smooth_displacement(noise)
    assert (kept**2).sum() < 0.06 * (noise**2).sum()
    assert np.array_equal(kept[mirror_images()] * FLIP, kept)


def test_smoothing_keeps_what_is_linear(usual):
    stretched = usual * np.array([0.02, 0.05, -0.01]) + np.array([0.1, 0, 0.2])
    assert np.allclose(smooth_displacement(stretched), stretched, atol=1e-9)
