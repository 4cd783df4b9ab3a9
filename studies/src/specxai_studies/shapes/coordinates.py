"""Shapes as a network takes them: deviations from the mean shape, each coordinate on its scale."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

# Share of the mean spread that is added to each coordinate's own: those that hardly move stay
# small instead of being blown up.
_FLOOR = 0.15


@dataclass(frozen=True)
class Coordinates:
    """Scaled coordinates of a family of shapes, and the directions in which they vary.

    Attributes:
        mean: of each coordinate, in m, shape (points, 3).
        scale: what 1 stands for, in m: sqrt(sd² + (0.15 mean sd)²), shape (points, 3).
        modes: orthonormal directions of the scaled coordinates, from the largest variance down
            (proper orthogonal decomposition), shape (modes, 3 points).
        size: root mean square of a mode's coefficient.
    """

    mean: Float[Tensor, "points 3"]
    scale: Float[Tensor, "points 3"]
    modes: Float[Tensor, "modes values"]
    size: float

    def scaled(self, points: Float[Tensor, "n points 3"]) -> Float[Tensor, "n points 3"]:
        """Return the scaled coordinates of points in m."""
        return (points - self.mean) / self.scale

    def metres(self, scaled: Float[Tensor, "n points 3"]) -> Float[Tensor, "n points 3"]:
        """Return the points in m of scaled coordinates."""
        return self.mean + self.scale * scaled

    def reduced(self, scaled: Float[Tensor, "n points 3"]) -> Float[Tensor, "n modes"]:
        """Return the coefficients of the modes, with a root mean square of 1 over all."""
        return scaled.flatten(1) @ self.modes.T / self.size


def fit_coordinates(points: Float[Tensor, "n points 3"], modes: int) -> Coordinates:
    """Fit scale and modes to shapes.

    Args:
        points: in m; at least as many shapes as modes.
        modes: how many directions are kept.
    """
    mean, sd = points.mean(0), points.std(0)
    scale = (sd.square() + (_FLOOR * sd.mean()) ** 2).sqrt()
    rows = ((points - mean) / scale).flatten(1).double()
    variances, vectors = torch.linalg.eigh(rows @ rows.T)
    leading = vectors.flip(1)[:, :modes] / variances.flip(0)[:modes].sqrt()
    basis = torch.linalg.qr(rows.T @ leading).Q.T
    size = (rows @ basis.T).square().mean().sqrt()
    return Coordinates(mean, scale, basis.float(), float(size))
