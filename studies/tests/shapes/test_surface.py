"""Areas, normals and smoothing on a sphere and on a box, against closed forms and loops."""

import math

import numpy as np
import pytest

from specxai_studies.shapes.surface import Surface


def sphere(rings: int = 24, around: int = 40) -> Surface:
    """A sphere of radius 2, its triangles counter-clockwise from outside."""
    polar = np.pi * np.arange(1, rings) / rings
    turn = 2 * np.pi * np.arange(around) / around
    p, t = np.meshgrid(polar, turn, indexing="ij")
    grid = np.stack([np.sin(p) * np.cos(t), np.sin(p) * np.sin(t), np.cos(p)], -1).reshape(-1, 3)
    points = 2 * np.concatenate([grid, [[0, 0, 1], [0, 0, -1]]])
    top, bottom, faces = len(grid), len(grid) + 1, []
    for j in range(around):
        following = (j + 1) % around
        faces.append([top, j, following])
        last = (rings - 2) * around
        faces.append([bottom, last + following, last + j])
        for i in range(rings - 2):
            a, b = i * around + j, i * around + following
            faces += [[a, a + around, b + around], [a, b + around, b]]
    return Surface(points, np.array(faces))


def test_areas_and_normals_of_a_sphere():
    surface = sphere()
    assert surface.areas.sum() == pytest.approx(16 * math.pi, rel=0.02)
    assert (surface.normals * surface.points / 2).sum(1).min() > 0.999


def test_areas_by_a_loop_over_triangles():
    surface = sphere(5, 6)
    expected = np.zeros(len(surface.points))
    for face in surface.faces:
        a, b, c = surface.points[face]
        sides = [np.linalg.norm(a - b), np.linalg.norm(b - c), np.linalg.norm(c - a)]
        half = sum(sides) / 2  # Heron
        area = math.sqrt(half * math.prod(half - side for side in sides))
        expected[face] += area / 3
    assert np.allclose(surface.areas, expected)
    assert surface.edge == pytest.approx(
        np.median(
            [
                np.linalg.norm(surface.points[f[i]] - surface.points[f[i - 1]])
                for f in surface.faces
                for i in range(3)
            ]
        )
    )


def test_smoothing_shrinks_a_harmonic_as_the_sphere_says():
    """−Δ z = 2 z / r² on a sphere of radius r: z becomes z / (1 + 2 ℓ² / r²)."""
    surface = sphere(48, 80)
    z = surface.points[:, 2]
    smoothed = surface.smooth(z, 1.5)
    assert np.allclose(smoothed, z / (1 + 2 * 1.5**2 / 4), atol=0.01)


def test_smoothing_keeps_the_integral_and_is_its_own_adjoint():
    surface = sphere(8, 10)
    s, w = np.random.default_rng(0).standard_normal((2, len(surface.points)))
    smooth_s, smooth_w = surface.smooth(s, 0.7), surface.smooth(w, 0.7)
    assert surface.areas @ smooth_s == pytest.approx(surface.areas @ s)
    assert surface.areas @ (smooth_s * w) == pytest.approx(surface.areas @ (s * smooth_w))
    assert smooth_s.std() < s.std()


def test_triangles_without_area_change_nothing():
    surface = sphere(8, 10)
    flat = Surface(surface.points, np.concatenate([surface.faces, [[0, 0, 1], [2, 2, 2]]]))
    s = surface.points[:, 0]
    assert np.allclose(flat.areas, surface.areas)
    assert np.allclose(flat.normals, surface.normals)
    assert np.allclose(flat.smooth(s, 0.5), surface.smooth(s, 0.5))
