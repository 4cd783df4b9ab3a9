"""Components over points as files for engineers' viewers: PLY, and VTP of the VTK family."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.files import write_atomically

Fields = Mapping[str, Float[np.ndarray, "points k"]]


def export_points(
    path: str | PathLike[str],
    points: Float[Tensor | np.ndarray, "points 3"],
    faces: Int[Tensor | np.ndarray, "faces 3"] | None,
    vectors: Mapping[int, Float[Tensor, "points 3"]],
    weights: Sequence[float],
    x: Float[Tensor, "1 points 3"],
) -> None:
    """Write points with, for each component, its direction φ, map Σ_xyz φ ⊙ x (23), and ψ σ map.

    Args:
        path: ends in .ply or .vtp; a file there is replaced, whole or not at all.
        points: where they are, in any unit of length.
        faces: corners of triangles; None for a cloud of points.
        vectors: φ by the number of its component.
        weights: ψ σ of all components.
        x: the input, or x − x₀ from a baseline.

    Raises:
        InvalidInputError: the ending is another, a point is not finite, or points, faces and input
            do not fit.
        SpecxaiError: the file cannot be written.
    """
    if tuple(x.shape[1:]) != tuple(points.shape):
        raise InvalidInputError(
            f"points have shape {tuple(points.shape)} and the input {tuple(x.shape)}: "
            "explain an input of shape (1, points, 3)"
        )
    fields: dict[str, Float[np.ndarray, "points k"]] = {}
    for k, vector in vectors.items():
        values = (vector * x[0]).sum(-1, keepdim=True).cpu().double().numpy()
        fields[f"alpha_{k}"], fields[f"map_{k}"] = weights[k] * values, values
        fields[f"phi_{k}"] = vector.cpu().double().numpy()
    write_fields(path, points, faces, fields)


def write_fields(
    path: str | PathLike[str],
    points: Float[Tensor | np.ndarray, "points 3"],
    faces: Int[Tensor | np.ndarray, "faces 3"] | None,
    fields: Fields,
) -> None:
    """Write points with values for each.

    Args:
        path: ends in .ply or .vtp; a file there is replaced, whole or not at all.
        points: where they are, in any unit of length.
        faces: corners of triangles; None for a cloud of points.
        fields: by name, one row a point: a number, or a vector of three.

    Raises:
        InvalidInputError: the ending is another, a point is not finite, faces name points that do
            not exist, or a field has too few rows or too many.
        SpecxaiError: the file cannot be written.
    """
    path = Path(path)
    coordinates = _array_of(points).astype(float)
    if not np.isfinite(coordinates).all():
        raise InvalidInputError("points are not all finite: give each a place")
    triangles = np.zeros((0, 3), np.int64) if faces is None else _array_of(faces)
    _check(triangles, len(coordinates))
    for name, values in fields.items():
        if len(values) != len(coordinates):
            raise InvalidInputError(
                f"field {name!r} has {len(values)} rows for {len(coordinates)} points: give as many"
            )
    writers = {".ply": _ply, ".vtp": _vtp}
    if path.suffix.lower() not in writers:
        raise InvalidInputError(f"cannot write {path}: give a name that ends in .ply or .vtp")
    content = writers[path.suffix.lower()](coordinates, triangles, fields)
    write_atomically(path, content.encode())


def _array_of(values: Tensor | np.ndarray) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else values


def _check(faces: np.ndarray, points: int) -> None:
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iu":
        raise InvalidInputError(
            f"faces have shape {faces.shape} and dtype {faces.dtype}: give the corners of "
            "triangles, integers of shape (faces, 3)"
        )
    if faces.size and not 0 <= faces.min() <= faces.max() < points:
        raise InvalidInputError(
            f"a face names point {faces.min()} or {faces.max()}: number the {points} points from 0"
        )


def _ply(
    points: Float[np.ndarray, "points 3"], faces: Int[np.ndarray, "faces 3"], fields: Fields
) -> str:
    names = [
        name if values.shape[1] == 1 else f"{name}_{axis}"
        for name, values in fields.items()
        for axis, _ in zip("xyz", values.T, strict=False)
    ]
    head = ["ply", "format ascii 1.0", f"element vertex {len(points)}"]
    head += [f"property double {name}" for name in ("x", "y", "z", *names)]
    head += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    rows = np.concatenate([points, *fields.values()], 1)
    body = [" ".join(f"{value:.9g}" for value in row) for row in rows.tolist()]
    body += [f"3 {a} {b} {c}" for a, b, c in faces.tolist()]
    return "\n".join([*head, *body]) + "\n"


def _vtp(
    points: Float[np.ndarray, "points 3"], faces: Int[np.ndarray, "faces 3"], fields: Fields
) -> str:
    data = "".join(_array(name, values) for name, values in fields.items())
    cells = "Polys"
    corners, ends = faces, 3 * np.arange(1, len(faces) + 1)
    if not len(faces):  # a cloud: every point is a cell of its own
        cells, corners = "Verts", np.arange(len(points))[:, None]
        ends = np.arange(1, len(points) + 1)
    count = f'NumberOfPoints="{len(points)}" NumberOf{cells}="{len(ends)}"'
    return (
        '<?xml version="1.0"?>\n<VTKFile type="PolyData" version="0.1" '
        f'byte_order="LittleEndian">\n<PolyData>\n<Piece {count}>\n'
        f"<PointData>\n{data}</PointData>\n<Points>\n{_array('points', points)}</Points>\n"
        f"<{cells}>\n{_array('connectivity', corners.reshape(-1, 1), 'Int64')}"
        f"{_array('offsets', ends.reshape(-1, 1), 'Int64')}</{cells}>\n"
        "</Piece>\n</PolyData>\n</VTKFile>\n"
    )


def _array(name: str, values: np.ndarray, kind: str = "Float64") -> str:
    form = ".9g" if kind == "Float64" else "d"
    lines = "\n".join(" ".join(format(value, form) for value in row) for row in values.tolist())
    opening = f"<DataArray type={quoteattr(kind)} Name={quoteattr(name)}"
    parts = f'NumberOfComponents="{values.shape[1]}" format="ascii"'
    return f"{opening} {parts}>\n{lines}\n</DataArray>\n"
