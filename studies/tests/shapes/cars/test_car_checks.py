import numpy as np
import pytest

from specxai_studies.shapes.cars.checks.ahmed import CLEARANCE, HEIGHT, SLANT, WIDTH, ahmed_body
from specxai_studies.shapes.cars.checks.noise import roughness


@pytest.mark.parametrize("angle", [0.0, 12.5, 40.0])
def test_the_ahmed_body_is_closed_and_faces_outward(angle):
    points, faces = ahmed_body(angle)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    directed = {tuple(edge) for edge in edges.tolist()}
    assert len(directed) == len(edges)
    assert directed == {(b, a) for a, b in directed}
    assert len(points) - len(edges) // 2 + len(faces) == 2
    a, b, c = points[faces].transpose(1, 0, 2)
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0
    assert points[:, 1].min() == -points[:, 1].max() == -WIDTH / 2


def test_the_slant_takes_its_prism_from_the_volume():
    """A prism of length l cos φ, height l sin φ and the body's width."""

    def volume(angle):
        points, faces = ahmed_body(angle)
        a, b, c = points[faces].transpose(1, 0, 2)
        return np.einsum("ij,ij->", a, np.cross(b, c)) / 6

    slope = np.radians(30)
    prism = SLANT**2 * np.cos(slope) * np.sin(slope) / 2 * WIDTH
    assert volume(0.0) - volume(30.0) == pytest.approx(prism, rel=0.01)


def test_the_slant_ends_where_its_angle_says():
    points, _ = ahmed_body(30.0)
    rear = points[np.isclose(points[:, 0], points[:, 0].max())]
    assert rear[:, 2].max() == pytest.approx(CLEARANCE + HEIGHT - SLANT / 2)


def test_roughness_is_what_a_parabola_leaves():
    values = np.linspace(0, 1, 9)
    smooth = 2 + values - 0.5 * values**2
    assert roughness(values.tolist(), smooth.tolist()) == 0
    ripple = 0.01 * np.cos(np.pi * np.arange(9))
    fitted = np.polyval(np.polyfit(values, smooth + ripple, 2), values)
    expected = np.sqrt(((smooth + ripple - fitted) ** 2).mean()) / (smooth + ripple).mean()
    assert roughness(values.tolist(), (smooth + ripple).tolist()) == pytest.approx(expected)
