"""The turbines with their labels, as they come with the package."""

from collections.abc import Iterable
from importlib.resources import files

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from specxai_studies.shapes.labelled import LabelledShapes, label_shapes
from specxai_studies.shapes.labels import read_table
from specxai_studies.shapes.turbines.geometry import turbine_faces, turbine_parts, turbine_points
from specxai_studies.shapes.turbines.parameters import PARAMETERS, sample_turbine, turbine_of
from specxai_studies.shapes.turbines.turbine import Turbine

LABEL = "99 % quantile of the von Mises stress of the most stressed blade (MPa)"


def load_turbines(count: int | None = None) -> LabelledShapes:
    """Return the labelled turbines; no solver is needed.

    Args:
        count: the first so many; all if not given.

    >>> turbines = load_turbines(2)
    >>> turbines.points.shape, turbines.label.endswith("(MPa)")
    (torch.Size([2, 2928, 3]), True)
    """
    rows = read_table(files(__package__).joinpath("labels.csv").read_text())[:count]
    points, parts = _points(turbine_of(row) for row in rows), dict(turbine_parts())
    return label_shapes(
        "turbines", rows, PARAMETERS, "stress", LABEL, points, turbine_faces(), parts
    )


def unlabelled_turbines(first: int, count: int) -> Float[Tensor, "shapes points 3"]:
    """Return the points of drawn turbines without labels, such as for an auto-encoder.

    Args:
        first: number of the first; from `load_turbines`'s last on they are new.
        count: how many.

    Returns:
        Points in m, float32.
    """
    return _points(sample_turbine(index) for index in range(first, first + count))


def _points(turbines: Iterable[Turbine]) -> Float[Tensor, "shapes points 3"]:
    points = [turbine_points(turbine).astype(np.float32) for turbine in turbines]
    return torch.from_numpy(np.stack(points))
