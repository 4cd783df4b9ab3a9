"""Mosaics of several pictures: evidence for a class belongs in the cell of its own picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from specxai.compare.metrics.measure import Measure
from specxai.errors import InvalidInputError

GRID_POINTING = Measure(
    "Is it where it can only be?",
    "GridPG",
    "higher",
    "share of the positive attribution to a class in the cell of its own picture, in a mosaic of "
    "n × n pictures of different classes (grid pointing game, Böhle et al. 2021); chance is 1/n²",
    "a network may find a class in other pictures too: then the map is right and counted as wrong",
    over="mosaics",
)


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Pictures of different classes, put together to a square.

    Attributes:
        x: the mosaic, shape (1, C, H, W).
        targets: the class of each cell, row by row.
    """

    x: Float[Tensor, "1 C H W"]
    targets: tuple[int, ...]

    @property
    def side(self) -> int:
        """N, the number of cells along a side."""
        return isqrt(len(self.targets))

    def cell(self, number: int) -> Bool[Tensor, "H W"]:
        """Return where a cell is, counted row by row from 0."""
        rows, columns = cell_slices(self.x, self.side, number)
        inside = torch.zeros(self.x.shape[2:], dtype=torch.bool)
        inside[rows, columns] = True
        return inside


def mosaic(
    pictures: Sequence[Float[Tensor, "1 C H W"]], targets: Sequence[int], shrink: bool = True
) -> Mosaic:
    """Put n² pictures of one size into a mosaic.

    Args:
        pictures: row by row.
        targets: their classes.
        shrink: give the mosaic the size of one picture, for networks that take no other.

    Raises:
        InvalidInputError: the pictures make no square, differ in size, or share a class.

    >>> mosaic([torch.full((1, 1, 4, 4), float(k)) for k in range(4)], [5, 6, 7, 8]).x[0, 0]
    tensor([[0., 0., 1., 1.],
            [0., 0., 1., 1.],
            [2., 2., 3., 3.],
            [2., 2., 3., 3.]])
    """
    side = isqrt(len(pictures))
    if side * side != len(pictures) or not len(pictures) == len(set(targets)) == len(targets):
        raise InvalidInputError(
            f"{len(pictures)} pictures of the classes {list(targets)}: a mosaic takes n² pictures "
            "of as many different classes"
        )
    if len({picture.shape for picture in pictures}) > 1:
        raise InvalidInputError("the pictures of a mosaic differ in size: give them one")
    if shrink:
        size = [length // side for length in pictures[0].shape[2:]]
        pictures = [functional.interpolate(picture, size, mode="area") for picture in pictures]
    return Mosaic(join_cells(pictures, side), tuple(targets))


def join_cells(cells: Sequence[Float[Tensor, "1 C h w"]], side: int) -> Float[Tensor, "1 C H W"]:
    """Put n² cells together to a square, row by row."""
    rows = [torch.cat(list(cells[k : k + side]), 3) for k in range(0, side * side, side)]
    return torch.cat(rows, 2)


def cell_slices(map: Float[Tensor, "1 C H W"], side: int, number: int) -> tuple[slice, slice]:
    """Return the rows and columns of one cell of a grid of n × n."""
    height, width = (length // side for length in map.shape[2:])
    row, column = divmod(number, side)
    return (
        slice(row * height, (row + 1) * height),
        slice(column * width, (column + 1) * width),
    )


def draw_groups(classes: Sequence[int], side: int, count: int, seed: int = 0) -> list[list[int]]:
    """Draw pictures for mosaics, each in one group at most.

    Args:
        classes: of each picture.
        side: n; a group has n² pictures of different classes.
        count: how many groups at most.
        seed: of the draw.

    Returns:
        Numbers of the pictures, group by group; fewer groups where the pictures do not suffice.
    """
    order = torch.randperm(len(classes), generator=torch.Generator().manual_seed(seed)).tolist()
    groups: list[list[int]] = []
    open_groups: list[list[int]] = []
    for picture in order:
        fitting = (g for g in open_groups if classes[picture] not in {classes[k] for k in g})
        group = next(fitting, None)
        if group is None:
            group = []
            open_groups.append(group)
        group.append(picture)
        if len(group) == side * side:
            open_groups.remove(group)
            groups.append(group)
    return groups[:count]
