import numpy as np
import pytest

from specxai_studies.shapes.cars.body import half_points
from specxai_studies.shapes.cars.morph import APART, REACH, build_morph
from specxai_studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai_studies.shapes.parameters import draw, nominal

# For displacements along x, y, z: the signs of images in the middle plane and in the ground.
SIGNS = ((1, 1), (-1, 1), (1, -1))


@pytest.fixture(scope="module")
def surface():
    """Every fifth point of the nominal car, with all of the middle plane among them."""
    half = half_points(nominal(PARAMETERS))
    return np.concatenate([half[::5], half[np.abs(half[:, 1]) < 1e-9]])


@pytest.fixture(scope="module")
def volume():
    points = np.random.default_rng(0).uniform([-4, 0, 0], [9, 4, 4], (300, 3))
    points[:40, 1] = 0
    points[20:80, 2] = 0
    return np.concatenate([points, [[-9.0, 1, 1], [23.0, 2, 2], [2.0, 7.9, 1], [2.0, 1, 7.9]]])


@pytest.fixture(scope="module")
def shift(surface):
    generator = np.random.default_rng(1)
    waves, phases = generator.normal(size=(3, 3)), generator.uniform(0, 6, 3)
    found = 0.1 * np.sin(surface @ waves + phases)
    found[np.abs(surface[:, 1]) < 1e-9, 1] = 0
    return found


def wendland(distance):
    share = min(distance / REACH, 1.0)
    return (1 - share) ** 4 * (4 * share + 1)


def kernel(point, centre, signs):
    """The kernel at a centre and its three images, one after the other."""
    total = 0.0
    for in_y in (False, True):
        for in_z in (False, True):
            image = centre * [1, -1 if in_y else 1, -1 if in_z else 1]
            sign = (signs[0] if in_y else 1) * (signs[1] if in_z else 1)
            total += sign * wendland(np.linalg.norm(point - image))
    return total


def test_the_mesh_follows_as_a_dense_interpolation_in_float64(surface, volume, shift):
    chosen = np.random.default_rng(2).choice(len(surface), 40, replace=False)
    few, way = surface[chosen], shift[chosen]
    morph = build_morph(few, volume)
    assert len(morph.centres) == 40
    expected = np.zeros_like(volume)
    for axis, signs in enumerate(SIGNS):
        own = np.array([[kernel(a, b, signs) for b in few] for a in few])
        across = np.array([[kernel(a, b, signs) for b in few] for a in volume])
        expected[:, axis] = across @ np.linalg.pinv(own, rcond=1e-10) @ way[:, axis]
    assert np.abs(morph.move(few + way) - volume - expected).max() < 1e-5


def test_points_of_the_mesh_on_the_surface_go_with_it(surface, shift):
    """The conditions of interpolation, at the centres."""
    morph = build_morph(surface, surface)
    moved = morph.move(surface + shift)
    assert np.abs(moved - surface - shift)[morph.centres].max() < 2e-5
    assert np.abs(moved - surface - shift).max() < 0.01  # between them


def test_a_real_car_gets_its_own_surface():
    start, end = half_points(nominal(PARAMETERS)), half_points(draw(PARAMETERS, SEED, 0))
    moved = build_morph(start, start).move(end)
    # Points closer than 2 cm to a centre go with it, but not exactly.
    assert np.abs(moved - end).max() < 5e-3
    assert np.sqrt(((moved - end) ** 2).mean()) < 2e-4


def test_middle_plane_and_ground_stay_and_what_is_far_rests(surface, volume, shift):
    moved = build_morph(surface, volume).move(surface + shift)
    for axis in (1, 2):
        plane = volume[:, axis] == 0
        assert plane.sum() >= 40
        assert (moved[plane, axis] == 0).all()
    assert np.array_equal(moved[-4:], volume[-4:])
    assert np.abs(moved - volume)[:-4].max() > 0.05


def test_a_surface_at_rest_moves_nothing(surface, volume):
    assert np.array_equal(build_morph(surface, volume).move(surface), volume)


def test_centres_keep_apart_and_cover_the_surface(surface, volume):
    morph = build_morph(surface, volume)
    centres = surface[morph.centres]
    gaps = np.linalg.norm(centres[:, None] - centres, axis=-1) + np.eye(len(centres))
    assert gaps.min() > APART
    assert np.linalg.norm(surface[:, None] - centres, axis=-1).min(1).max() <= APART
