"""Bodies in three dimensions with smooth shading, by PyVista where it is installed (extra 3d)."""

from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from specxai.errors import MissingExtraError
from specxai.plots.heatmap import to_array
from specxai.plots.style import SIGNED
from specxai_studies.shapes.body import View

_MARGIN = 6  # pixels


def can_shade() -> bool:
    """Tell whether PyVista is installed."""
    return find_spec("pyvista") is not None


def render_body(
    points: Float[Tensor, "points 3"],
    faces: Int[Tensor, "faces 3"],
    values: Float[Tensor, " points"],
    limit: float,
    view: View,
    size: tuple[int, int] = (900, 900),
) -> UInt8[np.ndarray, "H W 3"]:
    """Return a picture of a shaded surface, off-screen; colours as in `draw_body`.

    Args:
        points: in m.
        faces: corners of triangles, counter-clockwise from outside.
        values: one for each point.
        limit: value of the darkest colours.
        view: where it is seen from.
        size: width and height in pixels, before the empty border is cut off.

    Raises:
        MissingExtraError: PyVista is not installed.
    """
    try:
        import pyvista
    except ImportError as error:
        raise MissingExtraError("shaded surfaces", "3d", "specxai-studies") from error
    # Triton and VTK's renderer each bring an LLVM. Torch imports Triton when it first needs it:
    # after a rendering, that is a segmentation fault; before, it is none.
    with suppress(ImportError):
        import_module("triton")
    pyvista.vtk_verbosity("off")  # it complains of the missing screen that it does not need
    mesh = pyvista.PolyData.from_regular_faces(to_array(points), faces.numpy())
    shades = SIGNED(0.5 + 0.5 * np.clip(to_array(values) / (limit or 1.0), -1, 1))
    mesh.point_data["color"] = np.round(255 * shades[:, :3]).astype(np.uint8)
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=list(size))
    plotter.set_background("white")
    plotter.add_mesh(
        mesh, scalars="color", rgb=True, smooth_shading=True, ambient=0.3, diffuse=0.75
    )
    up, around = np.deg2rad([view.elevation, view.azimuth])
    towards = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])
    center = np.array(mesh.center)
    plotter.camera_position = [tuple(center + 10 * towards), tuple(center), (0, 0, 1)]
    plotter.enable_parallel_projection()
    plotter.enable_anti_aliasing("ssaa")
    plotter.reset_camera()
    picture = np.asarray(plotter.screenshot(return_img=True))[..., :3]
    plotter.close()
    return _cropped(picture)


def _cropped(picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Cut off the white border, but for a few pixels."""
    drawn = picture.min(axis=-1) < 255
    rows, columns = np.flatnonzero(drawn.max(axis=1)), np.flatnonzero(drawn.max(axis=0))
    if not len(rows):
        return picture
    top, left = (max(0, int(each[0]) - _MARGIN) for each in (rows, columns))
    bottom, right = (int(each[-1]) + _MARGIN + 1 for each in (rows, columns))
    return picture[top:bottom, left:right]
