"""The surface of a car, without wheels: points in correspondence, closed and symmetric.

Half a body is a grid of stations along x by points around half a section, from the floor's middle
line to the roof's, with a cap at each end. The other half is its mirror image in y = 0.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from specxai_studies.shapes.cars.parameters import PARAMETERS
from specxai_studies.shapes.parameters import nominal

# Stations from nose to cowl, roof, deck and tail, landmark by landmark; one more is at the tail.
_SEGMENTS = (9, 6, 8, 9, 9, 11)
_AROUND = 26
_RINGS = 4
# Sections are superellipses of this exponent.
_SECTION = 4.5
_SMOOTHING = 0.07  # m

Values = Mapping[str, float]


def half_points(values: Values) -> Float[ndarray, "h 3"]:
    """Return the points of the right half, y ≥ 0, in metres; those of the middle plane have y = 0.

    Args:
        values: of all `PARAMETERS`, by name.
    """
    x = _stations(values)
    floor, top, width = _profiles(values, x)
    grid = np.stack(
        [_section(values, *station) for station in zip(x, floor, top, width, strict=True)]
    )
    grid[:, [0, -1], 1] = 0
    front, rear = _cap(grid[0], bulge=0.06), _cap(grid[-1], bulge=0.0)
    return np.concatenate([grid.reshape(-1, 3), front, rear])


def full_points(half: Float[ndarray, "h 3"]) -> Float[ndarray, "p 3"]:
    """Return the points of the whole body: those of a half, then the mirror images.

    Points of the middle plane have none of their own.
    """
    return np.concatenate([half, half[_mirrored()] * np.array([1, -1, 1])])


def symmetric_half(points: Float[ndarray, "p 3"]) -> Float[ndarray, "h 3"]:
    """Return the right half of a body's symmetric part: the mean of the body and its mirror image.

    Args:
        points: of the whole body, in the order of `full_points`.
    """
    mirrored = points[mirror_images()] * np.array([1, -1, 1])
    return ((points + mirrored) / 2)[: len(points) - len(_mirrored())]


def mirror_images() -> Int[ndarray, " p"]:
    """Return for each point of the whole body the number of its mirror image in y = 0."""
    count, sides = len(half_points(nominal(PARAMETERS))), _mirrored()
    own = np.arange(count + len(sides))
    own[sides], own[count:] = count + np.arange(len(sides)), sides
    return own


def full_faces() -> Int[ndarray, "f 3"]:
    """Return the triangles of the whole body; seen from outside they run anticlockwise."""
    half = half_faces()
    images = mirror_images()
    return np.concatenate([half, images[half][:, ::-1]])


@cache
def _mirrored() -> Int[ndarray, " s"]:
    """Return the points of the half that are not in the middle plane, the same for every car."""
    return np.flatnonzero(np.abs(half_points(nominal(PARAMETERS))[:, 1]) > 1e-9)


def half_faces() -> Int[ndarray, "f 3"]:
    """Return the triangles of the right half; seen from outside they run anticlockwise."""
    stations = sum(_SEGMENTS) + 1
    grid = np.arange(stations * _AROUND).reshape(stations, _AROUND)
    faces = [_strip(a, b) for a, b in pairwise(grid)]
    start = grid.size
    for ring, front in ((grid[0], True), (grid[-1], False)):
        cap, start = _cap_faces(ring, start)
        faces.append(cap[:, ::-1] if front else cap)
    return np.concatenate(faces)


def frontal_area(half: Float[ndarray, "h 3"], step: float = 0.004) -> float:
    """Return the area of the whole car's silhouette from the front, in m².

    Args:
        half: points of the right half.
        step: height of the strips that are added up, in m.
    """
    heights = (np.arange(int(1.8 / step)) + 0.5) * step
    widest = np.zeros_like(heights)
    for station in half[: (sum(_SEGMENTS) + 1) * _AROUND].reshape(-1, _AROUND, 3):
        order = np.argsort(station[:, 2], kind="stable")
        y = np.interp(heights, station[order, 2], station[order, 1], left=0, right=0)
        widest = np.maximum(widest, y)
    return float(2 * widest.sum() * step)


def _stations(values: Values) -> Float[ndarray, " s"]:
    """Return the stations' x: evenly between landmarks, denser towards the nose."""
    cowl = values["cowl_position"]
    roof = cowl + values["windscreen"]
    marks = (0, 0.10, cowl, roof, values["roof_end"], values["deck_start"], 1)
    parts = []
    for k, count in enumerate(_SEGMENTS):
        share = np.arange(count) / count
        share = share**1.7 if k == 0 else share
        parts.append(marks[k] + share * (marks[k + 1] - marks[k]))
    return values["length"] * np.concatenate([*parts, [1.0]])


def _profiles(
    values: Values, x: Float[ndarray, " s"]
) -> tuple[Float[ndarray, " s"], Float[ndarray, " s"], Float[ndarray, " s"]]:
    """Return the heights of floor and top and the half width at each station."""
    length = values["length"]
    top = np.interp(x, *_top_line(values))
    ramp = np.maximum(x - 0.78 * length, 0) * np.tan(np.radians(values["diffuser"]))
    floor = values["clearance"] + ramp
    middle = (floor + top) / 2
    height = 0.45 + 0.55 * _rounding(x / 0.35, 2.4)
    floor, top = middle + (floor - middle) * height, middle + (top - middle) * height
    width = values["width"] / 2 * (0.62 + 0.38 * _rounding(x / values["nose_rounding"], 2.2))
    tail = np.clip((x / length - 0.70) / 0.30, 0, 1)
    return floor, top, width * (1 - values["boat_tail"] * tail**2 * (1.5 - 0.5 * tail))


def _top_line(values: Values) -> tuple[Float[ndarray, " n"], Float[ndarray, " n"]]:
    """Return the middle line from bonnet over roof to tail: smooth, through its landmarks."""
    height, belt, nose = values["height"], values["cowl_height"], values["nose_height"]
    camber, length = values["roof_camber"], values["length"]
    low = 0.97 * belt
    deck = low + values["deck_height"] * (0.93 * height - low)
    cowl, end = values["cowl_position"], values["roof_end"]
    roof = cowl + values["windscreen"]
    marks = {
        0.0: nose - 0.06,
        0.03: nose,
        0.10: nose + 0.35 * (belt - nose),
        cowl: belt,
        roof: height - camber,
        (roof + end) / 2: height,
        end: height - 0.8 * camber,
        values["deck_start"]: deck,
        1.0: deck - 0.03,
    }
    fine = np.linspace(0, length, 2001)
    line = PchipInterpolator(length * np.array(list(marks)), list(marks.values()))(fine)
    return fine, gaussian_filter1d(line, len(fine) * _SMOOTHING / length, mode="nearest")


def _rounding(share: Float[ndarray, " s"], exponent: float) -> Float[ndarray, " s"]:
    """Return a superellipse's rise from 0 at the nose to 1 where its rounding ends."""
    rounded: Float[ndarray, " s"] = (1 - (1 - np.minimum(share, 1)) ** exponent) ** (1 / exponent)
    return rounded


def _section(
    values: Values, x: float, floor: float, top: float, width: float
) -> Float[ndarray, "around 3"]:
    """Return points at equal distances along half a section, from floor to roof."""
    across, rise = _superellipse()
    y = width * across
    z = (top + floor) / 2 + (top - floor) / 2 * rise
    belt = 0.82 * values["cowl_height"]
    above = np.clip((z - belt) / (1.42 - belt), 0, 2)
    y = y * (1 - values["tumblehome"] * above**1.3)
    along = np.concatenate([[0], np.hypot(np.diff(y), np.diff(z)).cumsum()])
    distances = np.linspace(0, along[-1], _AROUND)
    sides = [np.interp(distances, along, line) for line in (y, z)]
    return np.stack([np.full(_AROUND, x), *sides], axis=1)


@cache
def _superellipse() -> tuple[Float[ndarray, " fine"], Float[ndarray, " fine"]]:
    """Return y and z of half a superellipse of width and height 2, from its foot to its top."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 801)
    y = np.abs(np.cos(angle)) ** (2 / _SECTION)
    return y, np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / _SECTION)


def _cap(ring: Float[ndarray, "around 3"], bulge: float) -> Float[ndarray, "c 3"]:
    """Return rings that shrink to the middle of an end section, forwards by up to ``bulge`` m."""
    centre = np.array([ring[0, 0], 0, (ring[0, 2] + ring[-1, 2]) / 2])
    shares = np.linspace(1, 0, _RINGS + 1)[1:, None, None]
    rings = centre + (ring - centre) * shares
    rings[..., 0] -= bulge * (1 - shares[..., 0] ** 2)
    return np.concatenate([rings[:-1].reshape(-1, 3), rings[-1, :1]])


def _cap_faces(ring: Int[ndarray, " around"], start: int) -> tuple[Int[ndarray, "f 3"], int]:
    """Return a cap's triangles, its own points numbered from ``start``, and the next number."""
    faces = []
    for inner in start + np.arange((_RINGS - 1) * _AROUND).reshape(-1, _AROUND):
        faces.append(_strip(ring, inner))
        ring = inner
    centre = start + (_RINGS - 1) * _AROUND
    tips = np.full(_AROUND - 1, centre)
    return np.concatenate([*faces, np.stack([ring[:-1], ring[1:], tips], axis=1)]), centre + 1


def _strip(a: Int[ndarray, " around"], b: Int[ndarray, " around"]) -> Int[ndarray, "f 3"]:
    """Return two triangles between each two neighbours of two rows of points."""
    first = np.stack([a[:-1], a[1:], b[1:]], axis=1)
    second = np.stack([a[:-1], b[1:], b[:-1]], axis=1)
    return np.stack([first, second], axis=1).reshape(-1, 3)
