"""Points or a mesh, coloured by what each point contributes, from three sides."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float, Int
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.plots.facts import subtitle
from specxai.plots.heatmap import symmetric_limit, to_array
from specxai.plots.page import footer_height, header_height, stack_parts
from specxai.plots.style import FAINT, HEADING, INK, SIGNED, SMALL, TEXT, TITLE, short
from specxai.plots.writing import wrapped, write_footer, write_header
from specxai.spectral import Decomposition
from specxai.spectral.records.network_decomposition import NetworkDecomposition

# Inches.
_WIDTH, _BAR, _LABEL, _GAP, _NAMES = 8.8, 0.5, 1.5, 0.15, 0.25
# Name, elevation and azimuth of the eye, and the axes that run to the right and up.
_SIDES = (
    ("from the front", 0.0, -90.0, "x", "z"),
    ("from the right", 0.0, 0.0, "y", "z"),
    ("from above", 90.0, -90.0, "x", "y"),
)
# Percentile of |values| that has the darkest colours.
_PERCENTILE = 99.0
# Square points of paper that all points together cover at most, and a single one at least and most.
_COVERED, _LEAST, _MOST = 6000.0, 2.0, 30.0
# How much darker a face is that is seen edge-on.
_SHADE = 0.3
# Share of a view's square that the longest side of the body fills, at most.
_FILLED = 0.95


@dataclass(frozen=True)
class _Row:
    """One row of the figure: a name, a number, and a value for each point."""

    name: str
    number: str
    values: Float[np.ndarray, " points"]


def is_cloud(x: Float[Tensor, "1 ..."]) -> bool:
    """Tell whether an input is points in space: shape (1, points, 3), more than three of them."""
    return x.ndim == 3 and x.shape[2] == 3 < x.shape[1]


def points_figure(
    explanation: Decomposition,
    faces: Int[Tensor | np.ndarray, "faces 3"] | None = None,
    top: int = 3,
    title: str | None = None,
) -> Figure:
    """Draw points or a mesh, coloured by what each point adds to the output.

    A row for all components together, where the network is at hand, and one for each of the
    leading components; each from the front, from the right and from above, without perspective.

    Args:
        explanation: of an input of shape (1, points, 3), coordinates x, y, z.
        faces: corners of triangles; None for a cloud of points.
        top: how many components, those of largest |α|.
        title: above the figure; None takes the model's name.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        InvalidInputError: the input is no points, a face names a point that is not there, or top
            is below 1.
    """
    if top < 1:
        raise InvalidInputError(f"top={top}: draw at least 1 component")
    x = explanation.x
    if not is_cloud(x):
        raise InvalidInputError(
            f"the input has shape {tuple(x.shape)}: points are drawn of one of (1, points, 3)"
        )
    corners = None if faces is None else _checked(faces, x.shape[1])
    rows = list(_rows(explanation, top))
    limit = symmetric_limit(np.concatenate([row.values for row in rows]), _PERCENTILE)
    heading = wrapped([title or explanation.model], _WIDTH, HEADING)
    under = wrapped([subtitle(explanation)], _WIDTH, TEXT)
    footer = wrapped(_notes(explanation, limit, corners is not None), _WIDTH, SMALL)
    heights = [
        header_height(len(heading), len(under)),
        _NAMES + _row_height(to_array(x)[0]) * len(rows),
        _BAR,
        footer_height(len(footer)),
    ]
    figure, (header, body, bar, notes) = stack_parts(_WIDTH, heights)
    write_header(header, heading, under)
    colors = ScalarMappable(Normalize(-limit or -1.0, limit or 1.0), SIGNED)
    _draw_rows(body, to_array(x)[0], corners, rows, colors)
    _draw_bar(bar, colors, limit)
    write_footer(notes, footer)
    return figure


def _checked(faces: Tensor | np.ndarray, count: int) -> Int[np.ndarray, "faces 3"]:
    corners = faces.detach().cpu().numpy() if isinstance(faces, Tensor) else faces
    if corners.size and not 0 <= corners.min() <= corners.max() < count:
        raise InvalidInputError(
            f"a face names point {corners.min()} or {corners.max()}: number the {count} points "
            "from 0"
        )
    return corners


def _rows(explanation: Decomposition, top: int) -> Iterator[_Row]:
    """Yield all of u·x, where it is known, and the leading components."""
    one = explanation.target is not None
    linear = float(explanation.linear) if one else 0.0
    if one and isinstance(explanation, NetworkDecomposition):
        values = to_array(explanation.total_map(dim=2))
        yield _Row("all together", short(linear, signed=True), values)
    chosen = explanation.top(top).tolist()
    maps = to_array(explanation.contribution_maps(chosen, dim=2))
    for k, values in zip(chosen, maps, strict=True):
        alpha = float(explanation.contributions[k])
        share = f" ({100 * alpha / linear:.0f} %)".replace("-", "−") if linear else ""
        yield _Row(f"component {k}", f"{short(alpha, signed=True)}{share}", values)


def _notes(explanation: Decomposition, limit: float, mesh: bool) -> list[str]:
    """Say what the colours are, and where the eye stands."""
    start = explanation.baseline_name
    of = "x" if start is None else f"(x − x₀), x₀ the baseline ({start})"
    faces = "a face has the mean of its corners and is darker seen edge-on; " if mesh else ""
    return [
        f"What each point adds to y, ψ σ φ ⊙ {of}, summed over x, y and z: red adds, blue takes "
        "away; the values of a row sum to its number.",
        f"Colours end at ± {short(limit, 2)}, percentile {_PERCENTILE:g} of |values| of all rows; "
        f"{faces}without perspective, nearer points cover those behind.",
    ]


def _row_height(points: Float[np.ndarray, "points 3"]) -> float:
    """Return the height in inches of a row of views: that of the body at one scale for all."""
    extents = np.ptp(points, 0)
    tallest = float(extents[1:].max() / (extents.max() or 1.0))
    return (_WIDTH - _LABEL) / len(_SIDES) * max(tallest, 0.25) + _GAP


def _draw_rows(
    part: SubFigure,
    points: Float[np.ndarray, "points 3"],
    faces: Int[np.ndarray, "faces 3"] | None,
    rows: list[_Row],
    colors: ScalarMappable,
) -> None:
    """Draw a name and three views for each row; the views' names above the first."""
    side, height = (_WIDTH - _LABEL) / len(_SIDES), _row_height(points)
    whole = _NAMES + height * len(rows)
    for number, row in enumerate(rows):
        middle = 1 - (_NAMES + (number + 0.5) * height) / whole
        part.text(0.012, middle + 0.03 / whole, row.name, fontsize=TITLE, weight="bold", color=INK)
        part.text(0.012, middle - 0.03 / whole, row.number, fontsize=TEXT, color=INK, va="top")
        for place, (name, elevation, azimuth, right, up) in enumerate(_SIDES):
            left = (_LABEL + place * side) / _WIDTH
            # A square, which may reach into the rows beside: it is clear where no body is.
            box = (left, middle - side / whole / 2, side / _WIDTH, side / whole)
            axes = cast("Axes3D", part.add_axes(box, projection="3d"))
            _look(axes, points, elevation, azimuth)
            _draw(axes, points, faces, row.values, colors)
            if number == 0:
                said = f"{name} ({right} →, {up} ↑)"
                middle_of_view = left + side / _WIDTH / 2
                part.text(
                    middle_of_view, 1, said, fontsize=SMALL, color=FAINT, ha="center", va="top"
                )


def _look(
    axes: Axes3D, points: Float[np.ndarray, "points 3"], elevation: float, azimuth: float
) -> None:
    """Let the eye look from one side, at one scale along all axes and from all sides."""
    axes.set_axis_off()
    axes.patch.set_visible(False)
    axes.set_proj_type("ortho")
    axes.view_init(elevation, azimuth)
    low, high = points.min(0), points.max(0)
    room = 0.02 * float((high - low).max()) or 1.0
    low, high = low - room, high + room
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    extents = high - low
    # Matplotlib scales a box to the length of its diagonal.
    zoom = _FILLED * float(np.linalg.norm(extents) / extents.max())
    axes.set_box_aspect(extents, zoom=zoom)


def _draw(
    axes: Axes3D,
    points: Float[np.ndarray, "points 3"],
    faces: Int[np.ndarray, "faces 3"] | None,
    values: Float[np.ndarray, " points"],
    colors: ScalarMappable,
) -> None:
    if faces is None:
        size = float(np.clip(_COVERED / len(points), _LEAST, _MOST))
        axes.scatter(
            *points.T,
            c=colors.to_rgba(values),
            s=size,
            depthshade=False,
            edgecolors=FAINT,
            linewidths=0.2,
        )
        return
    shown = colors.to_rgba(values[faces].mean(1))
    shown[:, :3] *= _lightness(axes, points[faces])[:, None]
    axes.add_collection3d(
        Poly3DCollection(points[faces], facecolors=shown, linewidths=0, antialiaseds=False)
    )


def _lightness(
    axes: Axes3D, triangles: Float[np.ndarray, "faces 3 3"]
) -> Float[np.ndarray, " faces"]:
    """Return how light faces are: 1 where one is seen from straight ahead."""
    elevation, azimuth = np.deg2rad([axes.elev, axes.azim])
    flat = np.cos(elevation)
    eye = np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)])
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    facing = np.abs(normals @ eye) / np.where(lengths > 0, lengths, 1.0)
    lightness: Float[np.ndarray, " faces"] = 1 - _SHADE * (1 - facing)
    return lightness


def _draw_bar(part: SubFigure, colors: ScalarMappable, limit: float) -> None:
    """Draw the colours of all rows, with their ends."""
    bar = part.colorbar(
        colors,
        cax=part.add_axes((0.3, 0.6, 0.4, 0.2)),
        orientation="horizontal",
        ticks=[-limit, 0, limit] if limit else [0],
    )
    bar.ax.set_xticklabels([short(-limit, 2), "0", short(limit, 2)] if limit else ["0 everywhere"])
    bar.ax.tick_params(labelsize=SMALL, length=2, pad=1.5, color=FAINT, labelcolor=INK)
    bar.outline.set(color=FAINT, linewidth=0.5)
