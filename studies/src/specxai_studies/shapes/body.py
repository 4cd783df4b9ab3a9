"""Bodies in three dimensions, their surface coloured by a signed number at each point."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]
from mpl_toolkits.mplot3d.axes3d import Axes3D  # type: ignore[import-untyped]
from torch import Tensor

from specxai.plots.heatmap import to_array
from specxai.plots.style import SIGNED

# Where the light comes from, and how dark a face that it does not reach is.
_LIGHT = np.array([-0.4, -0.6, 0.7])
_SHADE = 0.62


@dataclass(frozen=True)
class View:
    """Where a body is seen from.

    Attributes:
        name: such as "front left".
        elevation: in degrees above the ground.
        azimuth: in degrees from the x axis towards the y axis.
    """

    name: str
    elevation: float
    azimuth: float


def draw_body(
    axes: Axes3D,
    points: Float[Tensor, "points 3"],
    faces: Int[Tensor, "faces 3"],
    values: Float[Tensor, " points"],
    limit: float,
    view: View,
) -> None:
    """Draw a shaded surface, blue where the values are negative, white at 0, red where positive.

    Args:
        axes: made with ``projection="3d"``.
        points: in m.
        faces: corners of triangles, counter-clockwise from outside.
        values: one for each point; a triangle has the mean of its corners'.
        limit: value of the darkest colours.
        view: where it is seen from.
    """
    coordinates = to_array(points)
    corners = faces.numpy()
    triangles = coordinates[corners]
    mean = to_array(values)[corners].mean(1)
    colors = SIGNED(0.5 + 0.5 * np.clip(mean / (limit or 1.0), -1, 1))
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
    light = np.abs(normals @ (_LIGHT / np.linalg.norm(_LIGHT)))
    colors[:, :3] *= (_SHADE + (1 - _SHADE) * light)[:, None]
    axes.add_collection3d(
        Poly3DCollection(triangles, facecolors=colors, linewidths=0, antialiased=False)
    )
    low, high = coordinates.min(0), coordinates.max(0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axes.set_box_aspect(tuple((high - low).tolist()), zoom=1.05)
    axes.view_init(view.elevation, view.azimuth)
    axes.set_axis_off()
