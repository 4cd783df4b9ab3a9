"""Pictures whose class is a shape at a place, in the manner of XAI-TRIS (Clark et al. 2024).

Two tetrominoes, T and L, lie over smooth noise. Which pixels a classifier can go by is known:
nothing else depends on the class.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["linear", "product", "moved", "xor"]
KINDS: tuple[Kind, ...] = ("linear", "product", "moved", "xor")

SIDE = 24  # pixels
_BLOCK = 3  # pixels along a square of a tetromino
_SHAPES = (((0, 0), (0, 1), (0, 2), (1, 1)), ((0, 0), (1, 0), (2, 0), (2, 1)))  # T, L
_CORNERS = ((2, 2), (13, 14))  # where they lie, unless they move
_STRENGTH, _NOISE, _BLUR = 2.5, 1.0, 3


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with their classes, and where a classifier can see them.

    Attributes:
        x: shape (n, 1, H, W).
        classes: 0 or 1, shape (n,).
        truth: the pixels that depend on the class, shape (n, H, W).
    """

    x: Float[Tensor, "n 1 H W"]
    classes: Int[Tensor, " n"]
    truth: Bool[Tensor, "n H W"]


def generate(kind: Kind, count: int, seed: int) -> Pictures:
    """Draw pictures.

    Args:
        kind: how the class shows: ``linear`` adds T or L, each at a place of its own, to the noise;
            ``product`` damps the noise there; ``moved`` adds T or L anywhere, turned at will;
            ``xor`` adds both, with equal signs or with opposite ones.
        count: how many.
        seed: of shapes, places and noise.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = _smooth_noise(count, generator)
    classes = torch.randint(2, (count,), generator=generator)
    fixed = torch.stack([_placed(shape, *_CORNERS[shape]) for shape in (0, 1)])
    both = fixed.any(0).expand(count, -1, -1)
    if kind == "moved":
        shown = torch.stack([_anywhere(int(shape), generator) for shape in classes])
        return Pictures(noise + _STRENGTH * shown[:, None], classes, shown)
    if kind == "xor":
        signs = torch.randint(2, (count,), generator=generator) * 2 - 1
        other = signs * (1 - 2 * classes)  # class 1: opposite signs
        pattern = signs[:, None, None] * fixed[0] + other[:, None, None] * fixed[1]
        return Pictures(noise + _STRENGTH * pattern[:, None], classes, both)
    pattern = fixed[classes][:, None].double()
    x = noise + _STRENGTH * pattern if kind == "linear" else noise * (1 - pattern)
    return Pictures(x, classes, both)


def classifier(seed: int) -> nn.Module:
    """Return a convolutional network for these pictures, with seeded weights, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2),
        ).double()  # fmt: skip


LAST_CONVOLUTION = "7"


def _smooth_noise(count: int, generator: torch.Generator) -> Float[Tensor, "n 1 H W"]:
    white = torch.randn(count, 1, SIDE, SIDE, generator=generator, dtype=torch.float64)
    soft = functional.avg_pool2d(white, _BLUR, 1, _BLUR // 2, count_include_pad=False)
    return _NOISE * soft / soft.std()


def _placed(shape: int, row: int, column: int, turns: int = 0) -> Bool[Tensor, "H W"]:
    """Return where a tetromino lies, turned by quarters, its upper left corner given."""
    squares = torch.zeros(3, 3, dtype=torch.bool)
    for r, c in _SHAPES[shape]:
        squares[r, c] = True
    pixels = squares.rot90(turns).repeat_interleave(_BLOCK, 0).repeat_interleave(_BLOCK, 1)
    mask = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    mask[row : row + 3 * _BLOCK, column : column + 3 * _BLOCK] = pixels
    return mask


def _anywhere(shape: int, generator: torch.Generator) -> Bool[Tensor, "H W"]:
    row, column = torch.randint(SIDE - 3 * _BLOCK + 1, (2,), generator=generator).tolist()
    turns = int(torch.randint(4, (1,), generator=generator))
    return _placed(shape, row, column, turns)
