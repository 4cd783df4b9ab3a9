import math

import numpy as np
import pytest

from specxai_studies.shapes.turbines.airfoil import (
    CAMBER,
    CAMBER_AT,
    camber_line,
    chordwise,
    naca_half_thickness,
    roundness,
    section,
)


def test_an_airfoil_has_its_thickness_and_camber():
    """The loop's sides enclose the camber line, and are as far apart as the thickness says."""
    loop = section(np.array([0.12]), 400)[0]
    upper, lower = loop[1:200, 1], loop[:200:-1, 1]
    assert np.allclose(loop[1:200, 0], loop[:200:-1, 0])
    assert 0.12 < (upper - lower).max() < 0.125  # the blunt trailing edge adds a little
    assert ((upper + lower) / 2).max() == pytest.approx(CAMBER, abs=1e-5)
    assert loop[100 + int(np.abs(loop[100:200, 0] - CAMBER_AT).argmin()), 0] < 0.5


def test_naca_thickness_is_half_at_thirty_percent():
    """Abbott and von Doenhoff: the series is thickest at 30 % of the chord, by its last digits."""
    assert float(naca_half_thickness(np.array([0.3]))[0]) == pytest.approx(0.5, abs=1e-3)
    x = np.linspace(0, 1, 1001)
    assert x[naca_half_thickness(x).argmax()] == pytest.approx(0.3, abs=0.005)


def test_the_camber_line_joins_smoothly():
    step = 1e-6
    left, here, right = camber_line(np.array([CAMBER_AT - step, CAMBER_AT, CAMBER_AT + step]))
    assert here == pytest.approx(CAMBER)
    assert (here - left) / step == pytest.approx((right - here) / step, abs=1e-4)


def test_the_root_is_a_circle():
    loop = section(np.array([1.0]), 36)[0]
    assert np.allclose(np.hypot(loop[:, 0] - 0.5, loop[:, 1]), 0.5)


def test_loops_go_from_trailing_edge_over_the_suction_side():
    loop = section(np.array([0.21]), 28)[0]
    assert loop[0, 0] == 1
    assert loop[14, 0] == 0
    assert (loop[1:14, 1] > 0).all()
    x, y = loop.T
    area = 0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    assert 0 < area < 0.21
    assert roundness(np.array([0.3, 0.675, 1.0])).tolist() == pytest.approx([0, 0.5, 1])
    assert chordwise(4).tolist() == pytest.approx([1, 0.5, 0, 0.5])
    assert math.isclose(
        float(section(np.array([0.2, 0.2]), 8)[1, 3, 1]), section(np.array([0.2]), 8)[0][3, 1]
    )
