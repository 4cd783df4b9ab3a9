"""The structure of a blade: its surface and a shear web as shells of scheduled thickness.

The schedule is ours and the same for all blades, whatever their shape: a round root, a skin that
thins towards the tip, spar caps about a third of the chord, one web between them. It is a function
of where a point is numbered, not of its coordinates, so that a moved surface keeps its walls.
"""

from functools import cache

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from specxai_studies.shapes.turbines.airfoil import chordwise
from specxai_studies.shapes.turbines.planform import stations
from specxai_studies.shapes.turbines.rings import ring_quads
from specxai_studies.shapes.turbines.shell import Material, Shell

GLASS = Material(young=25e9, poisson=0.28, density=1900.0)
"""A glass-fibre laminate as if it were isotropic; our choice within usual bounds."""
CAPS_AT = 0.33
"""Where the spar caps and the web are, from the leading edge, in chords."""
_CAPS_SPAN = (0.0, 0.1, 0.3, 0.6, 1.0)
_CAPS_THICKNESS = (0.060, 0.055, 0.050, 0.030, 0.008)
_ROOT_THICKNESS, _ROOT_ENDS = 0.085, 0.12


def blade_shell(surface: Float[ndarray, "s n 3"]) -> Shell:
    """Return the structure of a blade with this surface.

    Args:
        surface: points by section and around it, as `blade_surface` orders them, in m.
    """
    count, around = surface.shape[:2]
    nodes = np.ascontiguousarray(surface.reshape(-1, 3))
    return Shell(nodes, _quads(count, around), _walls(count, around), GLASS)


def skin(count: int, around: int) -> slice:
    """Tell which elements of a blade's shell are its skin; the rest are the web."""
    return slice(0, (count - 1) * around)


@cache
def _quads(count: int, around: int) -> Int[ndarray, "quads 4"]:
    """Return the elements of the skin, section by section, and of the web."""
    numbers = np.arange(count * around).reshape(count, around)
    upper = int(np.abs(chordwise(around)[: around // 2] - CAPS_AT).argmin())
    here, there = numbers[:-1], numbers[1:]
    lower = around - upper
    web = np.stack([here[:, upper], here[:, lower], there[:, lower], there[:, upper]], -1)
    return np.concatenate([ring_quads(count, around), web])


@cache
def _walls(count: int, around: int) -> Float[ndarray, " quads"]:
    """Return the thickness of the elements, in m: the mean of the skin's corners; the web's own."""
    span = stations(count)
    corners = skin_thickness(span[:, None], chordwise(around)).ravel()
    surface = corners[_quads(count, around)[skin(count, around)]].mean(1)
    web = 0.02 + 0.06 * _rootness(0.5 * (span[1:] + span[:-1]))
    return np.concatenate([surface, web])


def skin_thickness(
    span: Float[ndarray, "*#at"], chordwise: Float[ndarray, "*#at"]
) -> Float[ndarray, " *at"]:
    """Return the thickness of the skin with its caps, in m.

    Args:
        span: from root (0) to tip (1).
        chordwise: from leading (0) to trailing edge (1).
    """
    caps = np.interp(span, _CAPS_SPAN, _CAPS_THICKNESS)
    caps = caps * np.exp(-(((chordwise - CAPS_AT) / 0.13) ** 4))
    root = _rootness(span)
    return (0.010 + 0.004 * (1 - span) + caps) * (1 - root) + _ROOT_THICKNESS * root


def _rootness(span: Float[ndarray, " *at"]) -> Float[ndarray, " *at"]:
    return np.clip((_ROOT_ENDS - span) / _ROOT_ENDS, 0, 1)
