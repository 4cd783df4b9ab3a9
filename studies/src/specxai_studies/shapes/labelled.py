"""Shapes with labels, ready for learning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from specxai_studies.shapes.parameters import Parameter


@dataclass(frozen=True)
class LabelledShapes:
    """Shapes of one family, their points in correspondence, and what a solver found for them.

    Attributes:
        name: of the family, such as ``turbines``.
        indices: the numbers of the shapes, from which their parameters follow.
        points: float32, in m; x downwind, z up.
        faces: corners of triangles, for drawing, counter-clockwise from outside.
        parts: which points belong to which part.
        labels: float64, what is to be predicted.
        label: what it is, in words, with its unit.
        parameters: float64, of each shape, in the order of `names`.
        names: of the parameters.
        numbers: what else the solver found, by name.
    """

    name: str
    indices: Int[Tensor, " shapes"]
    points: Float[Tensor, "shapes points 3"]
    faces: Int[Tensor, "faces 3"]
    parts: Mapping[str, slice]
    labels: Float[Tensor, " shapes"]
    label: str
    parameters: Float[Tensor, "shapes parameters"]
    names: tuple[str, ...]
    numbers: Mapping[str, Float[Tensor, " shapes"]]


def label_shapes(
    name: str,
    rows: Sequence[Mapping[str, float]],
    parameters: Sequence[Parameter],
    target: str,
    label: str,
    points: Float[Tensor, "shapes points 3"],
    faces: Int[ndarray, "faces 3"],
    parts: Mapping[str, slice],
) -> LabelledShapes:
    """Put the rows of a table of labels beside the points that are made of them.

    Args:
        name: of the family.
        rows: of the table, as `read_table` gives them; at least one.
        parameters: of the family.
        target: the column that is to be predicted.
        label: what it is, in words, with its unit.
        points: of each row's shape.
        faces: corners of triangles.
        parts: which points belong to which part.
    """
    names = tuple(each.name for each in parameters)
    columns = {column: torch.tensor([row[column] for row in rows]).double() for column in rows[0]}
    return LabelledShapes(
        name=name,
        indices=columns.pop("index").long(),
        points=points,
        faces=torch.tensor(faces),
        parts=parts,
        labels=columns.pop(target),
        label=label,
        parameters=torch.stack([columns.pop(each) for each in names], 1),
        names=names,
        numbers=columns,
    )
