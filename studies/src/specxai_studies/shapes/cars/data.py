"""The cars with their labels, as they come with the package."""

from collections.abc import Iterable
from importlib.resources import files

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from specxai_studies.shapes.cars.body import Values, full_faces, full_points, half_points
from specxai_studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai_studies.shapes.labelled import LabelledShapes, label_shapes
from specxai_studies.shapes.labels import read_table
from specxai_studies.shapes.parameters import draw

LABEL = "coarse-RANS drag area (m²)"


def load_cars(count: int | None = None) -> LabelledShapes:
    """Return the labelled cars; no solver is needed.

    Points are made anew from the parameters of the table, which has six digits: they are within
    hundredths of a millimetre of those that were solved.

    Args:
        count: the first so many; all if not given.

    >>> cars = load_cars(2)
    >>> cars.points.shape, cars.label
    (torch.Size([2, 2952, 3]), 'coarse-RANS drag area (m²)')
    """
    rows = read_table(files(__package__).joinpath("labels.csv").read_text())[:count]
    points = _points(rows)
    parts = {"body": slice(0, points.shape[1])}
    return label_shapes("cars", rows, PARAMETERS, "drag_area", LABEL, points, full_faces(), parts)


def unlabelled_cars(first: int, count: int) -> Float[Tensor, "shapes points 3"]:
    """Return the points of drawn cars without labels, such as for an auto-encoder.

    Args:
        first: number of the first; those beyond `load_cars`'s last index are new.
        count: how many.

    Returns:
        Points in m, float32.
    """
    return _points(draw(PARAMETERS, SEED, index) for index in range(first, first + count))


def _points(cars: Iterable[Values]) -> Float[Tensor, "shapes points 3"]:
    points = [full_points(half_points(values)).astype(np.float32) for values in cars]
    return torch.from_numpy(np.stack(points))
