"""Networks that are built, not trained: the output is a known function of known regions.

A picture of 4 × 4 cells has patterns in its cells. A convolution looks for each of them everywhere;
what follows reads a few units of a few cells, the causes, and no others. The other cells hold the
same patterns and move the same units, so that a map that goes by what is seen, and not by what the
output takes up, is wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from specxai.errors import InvalidInputError

_SIDE, _CELL, _PATTERNS = 4, 6, 3
# Cells that the output reads, and the pattern of each; all others are distractors.
_CAUSES = ((1, 0), (7, 1), (14, 2))
_WEIGHTS = (2.0, -1.0, 1.5)
# A distractor that is read twice, by channels that see the same, with weights that cancel.
_CANCELLING = ((8, 0), (8, _PATTERNS))
_OFFSET, _THRESHOLD, _NOISE = 10.0, -20.0, 0.3


@dataclass(frozen=True, eq=False)
class Planted:
    """A network and an input of which the whole truth is known.

    Attributes:
        name: of the function.
        model: in float64, in eval mode, one output.
        x: the picture, shape (1, 1, H, W).
        causes: where each cause is, shape (n, H, W).
        shares: what each adds to y − y₀ from a picture of zeros: its Shapley value, shape (n,).
        layer: where each unit sees one cell: at it components are looked for.
    """

    name: str
    model: nn.Module
    x: Float[Tensor, "1 1 H W"]
    causes: Bool[Tensor, "n H W"]
    shares: Float[Tensor, " n"]
    layer: str


class Reader(nn.Module):
    """Weigh some units of a map, or their products with their neighbours in the list.

    Args:
        units: channel, row and column of each.
        weights: of each.
        product: multiply each unit with the next, cyclically, before it is weighed.
    """

    weights: Tensor

    def __init__(
        self, units: Sequence[tuple[int, int, int]], weights: Sequence[float], product: bool
    ) -> None:
        super().__init__()
        self.units, self.product = [list(index) for index in zip(*units, strict=True)], product
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float64))

    def forward(self, z: Float[Tensor, "B C H W"]) -> Float[Tensor, "B 1"]:
        """Return Σ w z, and a constant that says nothing of the picture."""
        channels, rows, columns = self.units
        read = z[:, channels, rows, columns]
        read = read * read.roll(1, 1) / 10 if self.product else read
        return (read * self.weights).sum(1, keepdim=True) + _OFFSET


def planted_networks(seed: int = 0) -> tuple[Planted, ...]:
    """Build one network for each function.

    Args:
        seed: of the patterns and of the noise in the pictures.
    """
    same = tuple((cell, 0) for cell, _ in _CAUSES)
    bent, pooled = (nn.ReLU(),), (nn.ReLU(), nn.MaxPool2d(2))
    return (
        _plant("linear", seed, (nn.Identity(),), 0.0),
        _plant("rectified", seed, bent),
        _plant("one pattern in several cells", seed, bent, causes=same),
        _plant("cancelling paths", seed, bent, also=_CANCELLING),
        _plant("max pooling", seed, pooled),
        _plant("product", seed, bent, product=True),
    )


def shapley_values(
    function: Callable[[Tensor], float],
    x: Float[Tensor, "1 C H W"],
    baseline: Float[Tensor, "1 C H W"],
    regions: Bool[Tensor, "n H W"],
) -> Float[Tensor, " n"]:
    """Return the Shapley value of each region, the others present or replaced (Shapley 1953).

    All 2ⁿ sets of regions are asked for; what lies outside of them stays as it is in x.

    Args:
        function: the output of a picture.
        x: the picture.
        baseline: what replaces a region.
        regions: a handful of them.

    Raises:
        InvalidInputError: more than a dozen regions.

    >>> x, zero = torch.tensor([[[[2.0, 3.0]]]]), torch.zeros(1, 1, 1, 2)
    >>> regions = torch.tensor([[[True, False]], [[False, True]]])
    >>> shapley_values(lambda x: float(x.prod()), x, zero, regions)
    tensor([3., 3.], dtype=torch.float64)
    """
    count = len(regions)
    if count > 12:
        raise InvalidInputError(f"{count} regions have {2**count:,} sets: give a dozen at most")
    known: dict[frozenset[int], float] = {}
    for size in range(count + 1):
        for present in combinations(range(count), size):
            gone = [k for k in range(count) if k not in present]
            known[frozenset(present)] = function(torch.where(regions[gone].any(0), baseline, x))
    values = torch.zeros(count, dtype=torch.float64)
    for k in range(count):
        for others in (chosen for chosen in known if k not in chosen):
            weight = factorial(len(others)) * factorial(count - len(others) - 1)
            values[k] += weight * (known[others | {k}] - known[others])
    return values / factorial(count)


def _plant(
    name: str,
    seed: int,
    after: Sequence[nn.Module],
    threshold: float = _THRESHOLD,
    causes: Sequence[tuple[int, int]] = _CAUSES,
    also: Sequence[tuple[int, int]] = (),
    product: bool = False,
) -> Planted:
    """Build a network that reads patterns in cells, and a picture with a pattern in every cell.

    Args:
        name: of the function.
        seed: of patterns and noise.
        after: what follows the convolution.
        threshold: bias of the convolution.
        causes: cell and channel of each unit that is read.
        also: two more of them, whose weights cancel.
        product: read products of units.
    """
    generator = torch.Generator().manual_seed(seed)
    size = (_PATTERNS, 1, _CELL, _CELL)
    patterns = torch.randn(size, generator=generator, dtype=torch.float64)
    conv = nn.Conv2d(1, 2 * _PATTERNS, _CELL, _CELL)
    conv.weight = nn.Parameter(torch.cat([patterns, patterns]))
    conv.bias = nn.Parameter(torch.full((2 * _PATTERNS,), threshold, dtype=torch.float64))
    step = 2 if any(isinstance(part, nn.MaxPool2d) for part in after) else 1
    units = [(c, cell // _SIDE // step, cell % _SIDE // step) for cell, c in (*causes, *also)]
    weights = [*_WEIGHTS, *(3.0, -3.0)[: len(also)]]
    model = nn.Sequential(conv, *after, Reader(units, weights, product)).double().eval()
    x = _picture(patterns, dict(causes), generator)
    masks = torch.stack([_cell_mask(cell) for cell, _ in causes])
    with torch.no_grad():
        shares = shapley_values(lambda x: float(model(x)), x, torch.zeros_like(x), masks)
    return Planted(name, model, x, masks, shares, str(len(after)))


def _picture(
    patterns: Float[Tensor, "p 1 h w"], causes: dict[int, int], generator: torch.Generator
) -> Float[Tensor, "1 1 H W"]:
    """Put a pattern into each cell: next to a cause, in its window of pooling, another one."""
    x = torch.zeros(1, 1, _SIDE * _CELL, _SIDE * _CELL, dtype=torch.float64)
    near = {_window(cell): pattern + 1 for cell, pattern in causes.items()}
    for cell in range(_SIDE**2):
        pattern = causes.get(cell, near.get(_window(cell), cell)) % len(patterns)
        x[0, 0][_cell_mask(cell)] = patterns[pattern].flatten()
    return x + _NOISE * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def _window(cell: int) -> tuple[int, int]:
    return cell // _SIDE // 2, cell % _SIDE // 2


def _cell_mask(cell: int) -> Bool[Tensor, "H W"]:
    row, column = (index * _CELL for index in divmod(cell, _SIDE))
    mask = torch.zeros(_SIDE * _CELL, _SIDE * _CELL, dtype=torch.bool)
    mask[row : row + _CELL, column : column + _CELL] = True
    return mask
