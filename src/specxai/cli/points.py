"""Points and meshes of ``specxai explain``: a figure and a file for viewers of 3-D data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from specxai.errors import LoadError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Int

    from specxai.spectral import Explanation

    Triangles = Int[np.ndarray, "faces 3"]

Faces = Annotated[
    Path | None,
    Parameter(
        help="a .npy file of triangles, integers (faces, 3) that number the points of an input of "
        "shape (1, points, 3) from 0."
    ),
]


def read_faces(path: Path | None) -> "Triangles | None":
    """Read the triangles of a mesh.

    Args:
        path: a .npy file; None where there is no mesh.

    Raises:
        LoadError: it is no .npy file of integers of shape (faces, 3).
    """
    from specxai.models.user_files import existing_file, read_tensors

    if path is None:
        return None
    file = existing_file(path, "faces")
    if file.suffix.lower() != ".npy":
        raise LoadError(f"faces '{file}': save the triangles with numpy.save, as .npy")
    faces = read_tensors(file)[""].numpy()
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iu":
        raise LoadError(
            f"faces '{file}' has shape {faces.shape} and dtype {faces.dtype}: save the corners of "
            "triangles, integers of shape (faces, 3)"
        )
    return faces


def write_points(
    result: "Explanation",
    faces: "Triangles | None",
    top: int,
    title: str,
    figure: Path,
    cloud: Path,
) -> bool:
    """Draw an explanation of points, and write its components for viewers; tell whether it is one.

    Args:
        result: the explanation.
        faces: corners of triangles; None for a cloud of points.
        top: how many components, those of largest |α|.
        title: of the figure.
        figure: where it goes.
        cloud: where the components go, a .vtp file.

    Raises:
        LoadError: there are faces, and the input is no points.
    """
    from specxai.plots import points_figure, save_figure
    from specxai.plots.points import is_cloud

    if not is_cloud(result.x):
        if faces is not None:
            raise LoadError(
                f"--faces goes with an input of shape (1, points, 3), not {tuple(result.x.shape)}"
            )
        return False
    save_figure(points_figure(result, faces, top, title), figure)
    result.export_points(cloud, result.x[0], faces, result.top(top))
    return True
