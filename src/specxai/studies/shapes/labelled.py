"""Shapes with labels, ready for learning."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor


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
    indices: Int[Tensor, "shapes"]
    points: Float[Tensor, "shapes points 3"]
    faces: Int[Tensor, "faces 3"]
    parts: Mapping[str, slice]
    labels: Float[Tensor, "shapes"]
    label: str
    parameters: Float[Tensor, "shapes parameters"]
    names: tuple[str, ...]
    numbers: Mapping[str, Float[Tensor, "shapes"]]
