"""How the drag area of cars depends on the size of the cells."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from specxai_studies.shapes.cars.body import half_points
from specxai_studies.shapes.cars.case import Case
from specxai_studies.shapes.cars.data import load_cars
from specxai_studies.shapes.cars.drag import make_template, mean_drag, solve_points
from specxai_studies.shapes.cars.openfoam import count_cells, read_drag
from specxai_studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai_studies.shapes.parameters import draw

SIZES = (1.0, 0.8, 2 / 3, 0.5)
"""Edges of the largest cells, in m; the labels are of 2/3."""
COARSE = 1.0
"""The coarsest, for comparisons that need many solutions."""


@dataclass(frozen=True)
class Mesh:
    """The nominal car on one mesh.

    Attributes:
        cell: edge of the largest cells, in m; at the body they are 16 times smaller.
        cells: how many.
        drag_area: in m².
    """

    cell: float
    cells: int
    drag_area: float


@dataclass(frozen=True)
class Agreement:
    """Labels of the same cars on two meshes.

    Attributes:
        count: of the cars.
        pearson: correlation.
        spearman: correlation of ranks.
        ratio: mean drag area on the coarse mesh over that of the labels.
    """

    count: int
    pearson: float
    spearman: float
    ratio: float


def template(folder: Path, cell: float) -> Path:
    """Mesh and solve the nominal car with cells of a size, unless that is done.

    Args:
        folder: for all templates.
        cell: edge of the largest cells, in m.

    Returns:
        The template's folder.
    """
    base = folder / f"template-{cell:.3f}"
    base.parent.mkdir(parents=True, exist_ok=True)
    make_template(base, Case(cell=cell))
    return base


def mesh_levels(folder: Path, sizes: tuple[float, ...] = SIZES) -> list[Mesh]:
    """Solve the nominal car on meshes made anew.

    Args:
        folder: to work in; what is solved there already is read.
        sizes: edges of the largest cells, in m.
    """
    folders = [template(folder, cell) for cell in sizes]
    return [
        Mesh(cell, count_cells(base), mean_drag(read_drag(base)))
        for cell, base in zip(sizes, folders, strict=True)
    ]


def agreement(folder: Path, count: int = 40, cell: float = COARSE) -> Agreement:
    """Compare the first labels with those of another mesh, morphed in the same way.

    Args:
        folder: to work in.
        count: how many cars.
        cell: edge of the other mesh's largest cells, in m.
    """
    cars = load_cars(count)
    labels = cars.labels.numpy()
    base = template(folder, cell)
    cases = (half_points(draw(PARAMETERS, SEED, index)) for index in cars.indices.tolist())
    areas = np.array([solve_points(base, folder / "car", half).drag_area for half in cases])
    return Agreement(
        count,
        float(np.corrcoef(areas, labels)[0, 1]),
        float(spearmanr(areas, labels).statistic),
        float(areas.mean() / labels.mean()),
    )
