"""Sections of a blade: from a cambered NACA airfoil to a circle, by relative thickness."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

CAMBER = 0.035
"""Largest height of the camber line, relative to the chord."""
CAMBER_AT = 0.45
"""Where it is, from the leading edge, relative to the chord."""
BLUNT = 0.024
"""Thickness of the trailing edge of airfoils from 20 % thickness on, relative to the chord."""


def angles(count: int) -> Float[ndarray, " around"]:
    """Return the angles of a section's points, from the trailing edge over the suction side.

    Args:
        count: points around the section; even, so that one is the leading edge.
    """
    return 2 * np.pi * np.arange(count) / count


def chordwise(count: int) -> Float[ndarray, " around"]:
    """Return each point's distance behind the leading edge, x = (1 + cos θ) / 2 of the chord."""
    return 0.5 * (1 + np.cos(angles(count)))


def roundness(thickness: Float[ndarray, " s"]) -> Float[ndarray, " s"]:
    """Tell how far a section is on its way from an airfoil to a circle.

    Args:
        thickness: relative to the chord; 1 is a circle.

    Returns:
        0 up to 45 %, 1 from 90 % on, smooth between.
    """
    return smoothstep((thickness - 0.45) / 0.45)


def smoothstep(x: Float[ndarray, " s"]) -> Float[ndarray, " s"]:
    """Return 3 x² − 2 x³, held at 0 below 0 and at 1 above 1."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def section(thickness: Float[ndarray, " s"], count: int) -> Float[ndarray, "s n 2"]:
    """Return closed loops of points around sections.

    The airfoil has the thickness law of the NACA four-digit series, a blunt trailing edge, and the
    series' camber line of two parabolas (Abbott and von Doenhoff 1959, equations 6.2 and 6.4). It
    blends into a circle as `roundness` says.

    Args:
        thickness: the largest, relative to the chord.
        count: points of a loop, even; the last is not the first again.

    Returns:
        x from the leading edge along the chord and y towards the suction side, in chords. The loop
        starts at the trailing edge and goes over the suction side; points j and count − j share
        their x.

    >>> section(np.array([0.2]), 4).round(3).tolist()
    [[[1.0, 0.0], [0.5, 0.129], [0.0, 0.0], [0.5, -0.059]]]
    """
    x, tall = chordwise(count), thickness[..., None]
    side = np.where(angles(count) <= np.pi, 1.0, -1.0)
    half = naca_half_thickness(x) * tall + 0.5 * BLUNT * x * np.minimum(tall / 0.2, 1)
    airfoil = side * half + camber_line(x)
    airfoil[..., 0] = camber_line(x)[0]
    circle = 0.5 * np.sin(angles(count)) * tall
    share = roundness(thickness)[..., None]
    y = (1 - share) * airfoil + share * circle
    return np.stack([np.broadcast_to(x, y.shape), y], -1)


def naca_half_thickness(x: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Return half the thickness at x of a NACA four-digit airfoil of thickness 1."""
    polynomial = 0.2969 * np.sqrt(x) - 0.1260 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1036 * x**4
    return 5 * polynomial


def camber_line(x: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Return the height of the camber line at x, in chords."""
    front = CAMBER / CAMBER_AT**2 * (2 * CAMBER_AT * x - x**2)
    rear = CAMBER / (1 - CAMBER_AT) ** 2 * (1 - 2 * CAMBER_AT + 2 * CAMBER_AT * x - x**2)
    return np.where(x < CAMBER_AT, front, rear)
