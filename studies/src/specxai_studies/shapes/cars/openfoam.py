"""Running OpenFOAM's programs, and reading and writing its files."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from specxai.errors import SpecxaiError

# Where Debian's package openfoam keeps it.
_HOME = Path("/usr/share/openfoam")

_HEADER = """FoamFile {{ version 2.0; format ascii; class vectorField; object points; }}
{count}
(
"""


def is_installed() -> bool:
    """Tell whether OpenFOAM is installed, as Debian's package ``openfoam`` does it."""
    return (_HOME / "etc" / "bashrc").exists()


def run(programs: str, folder: Path, log: str) -> str:
    """Run programs of OpenFOAM in a case.

    Args:
        programs: a line of the shell, such as ``blockMesh && simpleFoam``.
        folder: of the case.
        log: name of the file, within the folder, for what they print.

    Returns:
        What they printed.

    Raises:
        SpecxaiError: OpenFOAM is not installed, or a program failed.
    """
    if not is_installed():
        raise SpecxaiError("OpenFOAM is not installed: install Debian's package openfoam (v1912)")
    environment = {**os.environ, "WM_PROJECT_DIR": str(_HOME), "OMP_NUM_THREADS": "1"}
    line = f"source {_HOME}/etc/bashrc > /dev/null 2>&1; {programs}"
    with (folder / log).open("w") as file:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
    printed = (folder / log).read_text(errors="replace")
    if done.returncode:
        last = " ".join(printed.split()[-30:])
        raise SpecxaiError(f"{programs!r} failed in {folder}, see {log} there: … {last}")
    return printed


def read_points(path: Path) -> Float[ndarray, "n 3"]:
    """Read the points of a mesh written in ASCII."""
    text = path.read_text()
    match = re.search(r"\n(\d+)\s*\n\(", text)
    if match is None:
        raise SpecxaiError(f"{path} holds no list of points in ASCII")
    body = text[match.end() : text.rindex(")")].replace("(", " ").replace(")", " ")
    points = np.array(body.split(), dtype=np.float64).reshape(-1, 3)
    if len(points) != int(match[1]):
        raise SpecxaiError(f"{path} says {match[1]} points and holds {len(points)}")
    return points


def count_cells(folder: Path) -> int:
    """Return how many cells the mesh of a case has, as its own header says.

    Raises:
        SpecxaiError: the header does not say it.
    """
    with (folder / "constant" / "polyMesh" / "owner").open(errors="replace") as file:
        header = file.read(2000)
    match = re.search(r"nCells:\s*(\d+)", header)
    if match is None:
        raise SpecxaiError(f"the mesh in {folder} does not say how many cells it has")
    return int(match[1])


def write_points(path: Path, points: Float[ndarray, "n 3"]) -> None:
    """Write the points of a mesh in ASCII."""
    with path.open("w") as file:
        file.write(_HEADER.format(count=len(points)))
        np.savetxt(file, points, fmt="(%.9g %.9g %.9g)")
        file.write(")\n")


def write_stl(
    path: Path, points: Float[ndarray, "n 3"], faces: Int[ndarray, "f 3"], name: str = "body"
) -> None:
    """Write a surface of triangles as ASCII STL."""
    corners = points[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    with path.open("w") as file:
        file.write(f"solid {name}\n")
        for normal, triangle in zip(normals, corners, strict=True):
            file.write("facet normal {:.9g} {:.9g} {:.9g}\nouter loop\n".format(*normal))
            for corner in triangle:
                file.write("vertex {:.9g} {:.9g} {:.9g}\n".format(*corner))
            file.write("endloop\nendfacet\n")
        file.write(f"endsolid {name}\n")


def read_drag(folder: Path) -> Float[ndarray, " iterations"]:
    """Read the drag coefficient after each iteration.

    Raises:
        SpecxaiError: the solver left none.
    """
    files = sorted(folder.glob("postProcessing/coefficients/*/coefficient*.dat"))
    if not files:
        raise SpecxaiError(f"the solver left no coefficients in {folder}")
    lines = files[-1].read_text().splitlines()
    names = next(each for each in reversed(lines) if each.startswith("#")).strip("# ").split()
    rows = np.array([each.split() for each in lines if not each.startswith("#")], dtype=np.float64)
    return rows[:, names.index("Cd")]
