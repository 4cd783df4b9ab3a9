"""Numbers at points of a chart, placed so that they cover nothing."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes

from specxai.plots.style import FAINT, INK, SMALL

Boxes = Float[np.ndarray, "_ 4"]

# The first shifts put a text right at its point.
_TOUCHING = 4
# How far a text may reach over each side of the axes, in points.
_BEYOND = np.array([-2.0, 0.0, 2.0, 0.0])
# Width of a digit and height of a line, in units of the font size; a marker in points.
_DIGIT, _LINE, _MARKER = 0.68, 1.2, 6.0


def label_points(
    axes: Axes,
    points: Float[np.ndarray, "n 2"],
    texts: Sequence[str],
    obstacles: Boxes,
) -> None:
    """Write a text near each point, at the nearest free place; none where there is no room.

    Places are judged with the present size and limits of the axes: set the limits first.

    Args:
        axes: the chart.
        points: in data units, shape (n, 2); the first points choose first.
        texts: one for each point.
        obstacles: what is drawn there, as corners (x0, y0, x1, y1) in data units, shape (m, 4).
    """
    if not len(points):
        return
    scale = 72 / axes.figure.dpi
    positions = axes.transData.transform(points) * scale
    frame = axes.get_window_extent().get_points().reshape(4) * scale + _BEYOND
    corners = axes.transData.transform(obstacles.reshape(-1, 2)).reshape(-1, 4) * scale
    ends = np.stack([corners[:, :2], corners[:, 2:]])
    drawn = np.hstack([ends.min(0) - 0.5, ends.max(0) + 0.5])
    taken = np.vstack([drawn, _boxes(positions, _MARKER, _MARKER)])
    labels = np.empty((0, 4))
    for point, position, text in zip(points, positions, texts, strict=True):
        width, height = _DIGIT * SMALL * len(text) + 4, _LINE * SMALL
        shifts = _shifts(width, height)
        boxes = _boxes(position + shifts, width, height)
        inside = (boxes[:, :2] >= frame[:2]).all(1) & (boxes[:, 2:] <= frame[2:]).all(1)
        free = inside & ~_overlap(boxes, np.vstack([taken, labels]))
        free = np.flatnonzero(free & ~_crossed(position, shifts, labels))
        if len(free):
            labels = np.vstack([labels, boxes[free[:1]]])
            _write(axes, tuple(point), tuple(shifts[free[0]]), text, bool(free[0] >= _TOUCHING))


def _write(
    axes: Axes, point: tuple[float, ...], shift: tuple[float, ...], text: str, far: bool
) -> None:
    """Write one text at a shift from its point, with a line to it where it is far."""
    line = {"arrowstyle": "-", "color": FAINT, "lw": 0.5, "shrinkA": 0, "shrinkB": 2}
    axes.annotate(
        text,
        (point[0], point[1]),
        xytext=(shift[0], shift[1]),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=SMALL,
        color=INK,
        arrowprops=line if far else None,
    )


def _shifts(width: float, height: float) -> Float[np.ndarray, "p 2"]:
    """Return shifts of a text's centre from its point, in points, the nearest first.

    They are above, below and beside the point, then on rings around it.
    """
    up, beside = (height + _MARKER) / 2 + 0.5, (width + _MARKER) / 2 + 0.5
    near = [(0.0, up), (0.0, -up), (beside, 0.0), (-beside, 0.0)]
    angles = np.deg2rad([90, 45, 135, 0, 180, 315, 225, 270])
    rings = [
        (beside * reach * np.cos(angle), up * reach * np.sin(angle))
        for reach in (1.4, 2.0, 2.7, 3.5, 4.5)
        for angle in angles
    ]
    return np.array(near + rings)


def _boxes(centres: Float[np.ndarray, "n 2"], width: float, height: float) -> Boxes:
    half = np.array([width / 2, height / 2])
    return np.hstack([centres - half, centres + half])


def _overlap(boxes: Float[np.ndarray, "b 4"], taken: Boxes) -> Bool[np.ndarray, " b"]:
    """Tell of each box whether it overlaps any of the taken ones."""
    low = np.maximum(boxes[:, None, :2], taken[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], taken[None, :, 2:])
    return np.asarray((low < high).all(2).any(1))


def _crossed(
    position: Float[np.ndarray, "2"], shifts: Float[np.ndarray, "p 2"], labels: Boxes
) -> Bool[np.ndarray, " p"]:
    """Tell of each shift whether the way there from the point leads through a label."""
    steps = np.linspace(0, 1, 9)[1:, None, None]
    ways = _boxes((position + steps * shifts).reshape(-1, 2), 1.0, 1.0)
    return np.asarray(_overlap(ways, labels).reshape(len(steps), -1).any(0))
