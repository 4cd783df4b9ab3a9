"""Networks on a mosaic whose cells are wired apart: no other cell can matter (DiFull, DiPart).

A network is cut at its last convolution. From there on each cell of the map has a head of its own,
and output i is the class of cell i as the i-th head sees it (Rao et al. 2022).
"""

from collections.abc import Sequence
from math import isqrt
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine.tracing.network import intercept
from specxai.compare.metrics.measure import Measure
from specxai.compare.truth.mosaics import GRID_POINTING, cell_slices, join_cells

Wiring = Literal["DiFull", "DiPart"]

APART: dict[Wiring, Measure] = {
    "DiFull": Measure(
        GRID_POINTING.question,
        "DiFull",
        "higher",
        "the same, of a network that runs on each cell alone: no other cell can reach the output "
        "(Rao et al. 2022)",
        "methods that read off the network's own products cannot fail",
        over="mosaics",
    ),
    "DiPart": Measure(
        GRID_POINTING.question,
        "DiPart",
        "higher",
        "the same, of a network that convolves the whole mosaic and whose head takes in one cell "
        "of the last map: other cells matter only by way of overlapping receptive fields (Rao et "
        "al. 2022)",
        "what receptive fields let over the border is counted as wrong",
        over="mosaics",
    ),
}


class CellsApart(nn.Module):
    """A network on a mosaic with a head for each cell.

    The grid of the last maps is the output of the layer ``grid``, where CAMs and components look.

    Args:
        model: a convolutional classifier in eval mode; it is shared, not copied.
        layer: address of its last convolution's output.
        targets: the class that is looked for in each cell, row by row.
        wiring: ``"DiFull"`` convolves each cell alone, ``"DiPart"`` the mosaic.
    """

    def __init__(
        self, model: nn.Module, layer: str, targets: Sequence[int], wiring: Wiring
    ) -> None:
        super().__init__()
        self.model, self.layer, self.wiring = model, layer, wiring
        self.targets = tuple(targets)
        self.side = isqrt(len(self.targets))
        self.grid = nn.Identity()
        self.eval()

    def forward(self, x: Float[Tensor, "1 C H W"]) -> Float[Tensor, "1 n"]:
        """Return the logit of each cell's class."""
        if self.wiring == "DiFull":
            maps = join_cells([self._features(cell) for cell in self._cells(x)], self.side)
        else:
            maps = self._features(x)
        # The heads run on what is left of the model behind the layer: its input is of no account.
        unused = torch.zeros_like(self._cells(x)[0])
        heads = zip(self._cells(self.grid(maps)), self.targets, strict=True)
        return torch.stack([self._head(z, unused)[:, target] for z, target in heads], 1)

    def _cells(self, map: Tensor) -> list[Tensor]:
        slices = (cell_slices(map, self.side, k) for k in range(len(self.targets)))
        return [map[:, :, rows, columns] for rows, columns in slices]

    def _features(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []

        def keep(output: Tensor) -> Tensor:
            kept.append(output)
            return output

        with intercept(self.model, self.layer, keep):
            self.model(x)
        return kept[0]

    def _head(self, z: Tensor, unused: Tensor) -> Tensor:
        with intercept(self.model, self.layer, lambda _: z):
            output: Tensor = self.model(unused)
        return output
