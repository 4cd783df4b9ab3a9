"""The surface that a body's points span: areas, normals, and fields made smooth on it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.sparse import coo_array, csc_array, dia_array
from scipy.sparse.linalg import spsolve

# Triangles below this area, in m², span nothing and are left out.
_LEAST = 1e-10


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles between points.

    Attributes:
        points: in m, float64.
        faces: corners of triangles, counter-clockwise from outside.
    """

    points: Float[ndarray, "points 3"]
    faces: Int[ndarray, "faces 3"]

    @cached_property
    def areas(self) -> Float[ndarray, " points"]:
        """A third of the triangles around each point, in m²; they add up to the whole area."""
        thirds = np.repeat(np.linalg.norm(self._doubled, axis=1) / 6, 3)
        return np.bincount(self.faces.ravel(), thirds, len(self.points))

    @cached_property
    def normals(self) -> Float[ndarray, "points 3"]:
        """Outward normals of length 1, the mean of those around by area; zero where none is."""
        summed = np.zeros_like(self.points)
        for corner in self.faces.T:
            np.add.at(summed, corner, self._doubled)
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        return np.divide(summed, lengths, out=np.zeros_like(summed), where=lengths > _LEAST)

    @cached_property
    def edge(self) -> float:
        """The median length of an edge, in m."""
        ends = self.points[self.faces] - self.points[np.roll(self.faces, 1, axis=1)]
        return float(np.median(np.linalg.norm(ends, axis=2)))

    def smooth(self, field: Float[ndarray, " points"], length: float) -> Float[ndarray, " points"]:
        """Return the field s̃ with s̃ − ℓ² Δs̃ = s: s without what is finer than ℓ.

        Its integral is that of s. The map from s to s̃ is its own adjoint, ∫ s̃ w = ∫ s w̃: a
        smoothed sensitivity is the sensitivity to the smoothed displacement (Sobolev gradient).

        Args:
            field: a number for each point.
            length: ℓ in m.
        """
        mass = dia_array((np.maximum(self.areas, _LEAST)[None], 0), shape=self._stiffness.shape)
        smoothed: Float[ndarray, " points"]
        smoothed = spsolve(csc_array(mass + length**2 * self._stiffness), mass @ field)
        return smoothed

    @cached_property
    def _doubled(self) -> Float[ndarray, "faces 3"]:
        """Normals of the triangles, twice as long as these are large."""
        a, b, c = (self.points[corner] for corner in self.faces.T)
        return np.cross(b - a, c - a)

    @cached_property
    def _stiffness(self) -> csc_array:
        """−Δ in finite elements: a half of the cotangent opposite of each edge (Pinkall 1993)."""
        whole = np.linalg.norm(self._doubled, axis=1) > 2 * _LEAST
        faces, doubled = self.faces[whole], np.linalg.norm(self._doubled[whole], axis=1)
        rows, columns, values = [], [], []
        for k in range(3):
            tip, i, j = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
            first, second = self.points[i] - self.points[tip], self.points[j] - self.points[tip]
            half = (first * second).sum(1) / doubled / 2
            rows += [i, j, i, j]
            columns += [j, i, i, j]
            values += [-half, -half, half, half]
        entries = (np.concatenate(rows), np.concatenate(columns))
        shape = (len(self.points), len(self.points))
        return csc_array(coo_array((np.concatenate(values), entries), shape=shape))
