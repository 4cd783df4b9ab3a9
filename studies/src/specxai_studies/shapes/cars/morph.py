"""One volume mesh for all cars: its points follow those of the surface.

A displacement of the surface is interpolated by compact radial basis functions, Wendland's C² ones,
with centres at points of the nominal surface and at their images in the middle plane and the ground
(de Boer, van der Schoot and Bijl 2007). No mesh is made twice, so that differences between meshes
do not get into the labels.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.linalg import solve
from scipy.spatial import cKDTree

# How far a centre reaches, and how close two may be, in m.
REACH, APART = 3.5, 0.02

# The kernels' sums over images: odd in y for displacements along y, odd in z for those along z.
_PARITIES = ((1, 1), (-1, 1), (1, -1))


@dataclass(frozen=True)
class Morph:
    """A linear map from displacements of the surface to those of the volume mesh.

    Attributes:
        surface: points of the half surface at rest.
        volume: points of the mesh at rest.
        centres: the surface points whose displacements count: the others are too close to them.
        moving: points of the mesh within reach.
        weights: for displacements along x, y and z: one row a moving point, one column a centre.
    """

    surface: Float[ndarray, "h 3"]
    volume: Float[ndarray, "v 3"]
    centres: Int[ndarray, " c"]
    moving: Int[ndarray, " m"]
    weights: tuple[Float[ndarray, "m c"], ...]

    def move(self, half: Float[ndarray, "h 3"]) -> Float[ndarray, "v 3"]:
        """Return the mesh around a moved surface; middle plane and ground stay planes.

        Args:
            half: the moved points of the half surface, in the same order.
        """
        shift = (half - self.surface)[self.centres].astype(np.float32)
        moved = self.volume.copy()
        for axis, weights in enumerate(self.weights):
            moved[self.moving, axis] += weights @ shift[:, axis]
        for axis in (1, 2):
            moved[self.volume[:, axis] < 1e-9, axis] = 0
        return moved


def build_morph(surface: Float[ndarray, "h 3"], volume: Float[ndarray, "v 3"]) -> Morph:
    """Solve for the weights of a mesh.

    Args:
        surface: points of the half surface that the mesh was made around, y ≥ 0, z > 0.
        volume: points of the mesh.
    """
    centres = _thinned(surface)
    chosen = surface[centres]
    moving = np.flatnonzero(cKDTree(chosen).query(volume)[0] < REACH)
    return Morph(
        surface,
        volume,
        centres,
        moving,
        tuple(_weights(volume[moving], chosen, *parity) for parity in _PARITIES),
    )


def _weights(
    points: Float[ndarray, "m 3"], centres: Float[ndarray, "c 3"], in_y: int, in_z: int
) -> Float[ndarray, "m c"]:
    """Return what each centre's displacement adds to each point's, along one axis."""
    own = _kernel(centres, centres, in_y, in_z)
    # In the middle plane nothing moves along y: an odd kernel is zero there.
    free = own.diagonal() > 1e-6
    system = own[np.ix_(free, free)]
    system.flat[:: len(system) + 1] += 1e-9
    across = _kernel(points, centres[free], in_y, in_z)
    weights = np.zeros((len(points), len(centres)), dtype=np.float32)
    weights[:, free] = solve(system, across.T, assume_a="pos", overwrite_b=True).T
    return weights


def _kernel(
    points: Float[ndarray, "m 3"], centres: Float[ndarray, "c 3"], in_y: int, in_z: int
) -> Float[ndarray, "m c"]:
    """Return the kernel summed over a centre's images in y = 0 and z = 0, with their signs."""
    total = np.zeros((len(points), len(centres)))
    for y, z in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        images = centres * np.array([1, y, z])
        squares = (points**2).sum(1)[:, None] + (images**2).sum(1) - 2 * points @ images.T
        sign = (in_y if y < 0 else 1) * (in_z if z < 0 else 1)
        total += sign * _wendland(np.sqrt(np.maximum(squares, 0)) / REACH)
    return total


def _wendland(distance: Float[ndarray, "m c"]) -> Float[ndarray, "m c"]:
    """Return Wendland's C² function of a distance in units of the reach."""
    distance = np.minimum(distance, 1)
    value: Float[ndarray, "m c"] = (1 - distance) ** 4 * (4 * distance + 1)
    return value


def _thinned(points: Float[ndarray, "h 3"]) -> Int[ndarray, " c"]:
    """Choose points that are not closer than `APART` to an earlier chosen one."""
    tree, free = cKDTree(points), np.ones(len(points), dtype=bool)
    chosen = []
    for number, point in enumerate(points):
        if free[number]:
            chosen.append(number)
            free[tree.query_ball_point(point, APART)] = False
    return np.array(chosen)
