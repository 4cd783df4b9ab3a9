"""Linear shell finite elements: nodes and quadrilaterals in, displacement and stress out.

The elements are pyfe3d's four-node shells (Quad4): first-order shear deformation, mixed
integration, a physical drilling stiffness. Stress is taken at the middle of each element, on the
two faces of its wall.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from specxai.errors import InvalidInputError, MissingExtraError


@dataclass(frozen=True)
class Material:
    """An isotropic, linear elastic material.

    Attributes:
        young: Young's modulus, in Pa.
        poisson: Poisson's ratio.
        density: in kg/m³.
    """

    young: float
    poisson: float
    density: float


@dataclass(frozen=True)
class Shell:
    """A thin-walled body.

    Attributes:
        nodes: on the middle of the wall, in m.
        quads: corners of the elements, in order around each.
        thickness: of the wall, by element, in m.
        material: of all elements.
    """

    nodes: Float[ndarray, "nodes 3"]
    quads: Int[ndarray, "quads 4"]
    thickness: Float[ndarray, " quads"]
    material: Material

    def node_masses(self) -> Float[ndarray, " nodes"]:
        """Return each node's share of the mass, a quarter of its elements', in kg."""
        a, b, c, d = self.nodes[self.quads].transpose(1, 0, 2)
        areas = 0.5 * np.linalg.norm(np.cross(c - a, d - b), axis=-1)
        masses = self.material.density * areas * self.thickness
        lumped = np.zeros(len(self.nodes))
        np.add.at(lumped, self.quads, masses[:, None] / 4)
        return lumped


@dataclass(frozen=True)
class Deformed:
    """A body under load.

    Attributes:
        displacement: of the nodes, in m.
        stress: von Mises stress of the elements, the larger of the wall's two faces, in Pa.
    """

    displacement: Float[ndarray, "nodes 3"]
    stress: Float[ndarray, " quads"]


def deform(
    shell: Shell, forces: Float[ndarray, "nodes 3"], clamped: Bool[ndarray, " nodes"]
) -> Deformed:
    """Find the equilibrium of a body under forces, to first order in the displacement.

    Args:
        shell: the body.
        forces: on its nodes, in N.
        clamped: nodes that neither move nor turn.

    Raises:
        MissingExtraError: pyfe3d is not installed.
        InvalidInputError: the body is not held, or an element is degenerate.
    """
    pyfe3d = load_pyfe3d()
    probe = pyfe3d.Quad4Probe()
    positions = np.ascontiguousarray(shell.nodes, dtype=np.float64).ravel()
    elements = [_element(pyfe3d, probe, positions, quad) for quad in shell.quads]
    stiffness = _stiffness(pyfe3d, shell, elements, positions)
    loads = np.zeros((len(shell.nodes), pyfe3d.DOF))
    loads[:, :3] = forces
    free = np.flatnonzero(np.repeat(~clamped, pyfe3d.DOF))
    motion = np.zeros(loads.size)
    motion[free] = _solve(stiffness[free][:, free], loads.ravel()[free])
    stress = _von_mises(shell, elements, positions, motion)
    return Deformed(motion.reshape(loads.shape)[:, :3].copy(), stress)


def load_pyfe3d() -> Any:
    """Import pyfe3d, whose Cython classes have no types.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyfe3d
    except ImportError as fault:
        raise MissingExtraError("the stress of a turbine", "shapes", "specxai-studies") from fault
    return pyfe3d


def _element(
    pyfe3d: Any, probe: Any, positions: Float[ndarray, " coordinates"], quad: Int[ndarray, "4"]
) -> Any:
    """Make an element of pyfe3d; all share one probe, the work space that holds one at a time."""
    element = pyfe3d.Quad4(probe)
    element.n1, element.n2, element.n3, element.n4 = (int(node) for node in quad)
    element.c1, element.c2, element.c3, element.c4 = (int(node) * pyfe3d.DOF for node in quad)
    element.update_rotation_matrix(positions)
    return element


def _stiffness(
    pyfe3d: Any, shell: Shell, elements: list[Any], positions: Float[ndarray, " coordinates"]
) -> Any:
    """Assemble the sparse stiffness matrix."""
    from scipy.sparse import coo_matrix

    entries = pyfe3d.Quad4Data().KC0_SPARSE_SIZE
    rows = np.zeros(entries * len(elements), dtype=pyfe3d.INT)
    columns, values = np.zeros_like(rows), np.zeros(len(rows), dtype=pyfe3d.DOUBLE)
    for k, element in enumerate(elements):
        element.init_k_KC0 = k * entries
        element.update_probe_xe(positions)
        wall = _wall(float(shell.thickness[k]), shell.material)
        element.update_KC0(rows, columns, values, wall)
    size = len(shell.nodes) * pyfe3d.DOF
    return coo_matrix((values, (rows, columns)), shape=(size, size)).tocsc()


def _solve(matrix: Any, right: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Solve with a symmetric positive definite sparse matrix: Cholesky in a band.

    A blade is long and thin: sorted along it, all its entries are close to the diagonal, and the
    band beats general sparse factorizations (0.1 s against 0.6 s for a blade of 1,800 nodes).
    """
    from scipy.linalg import LinAlgError, solveh_banded
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    order = reverse_cuthill_mckee(matrix, symmetric_mode=True)
    entries = matrix[order][:, order].tocoo()
    below = entries.row >= entries.col
    row, column = entries.row[below], entries.col[below]
    band = np.zeros((int((row - column).max()) + 1, len(right)))
    band[row - column, column] = entries.data[below]
    solution = np.empty_like(right)
    try:
        solution[order] = solveh_banded(band, right[order], lower=True)
    except (LinAlgError, ValueError) as fault:
        raise InvalidInputError(
            f"the shell has no equilibrium ({fault}): it is not held, or an element is degenerate"
        ) from fault
    return solution


@cache
def _wall(thickness: float, material: Material) -> Any:
    """Return pyfe3d's properties of a wall; blades of a data set share theirs."""
    from pyfe3d.shellprop_utils import isotropic_plate

    return isotropic_plate(
        thickness=thickness, E=material.young, nu=material.poisson, rho=material.density
    )


def _von_mises(
    shell: Shell,
    elements: list[Any],
    positions: Float[ndarray, " coordinates"],
    motion: Float[ndarray, " motions"],
) -> Float[ndarray, " quads"]:
    """Return the von Mises stress at the elements' centres, the larger of both faces."""
    stretch, bend = np.zeros((2, len(elements), 3))
    for k, element in enumerate(elements):
        probe = element.probe
        element.update_probe_xe(positions)
        element.update_probe_ue(motion)
        probe.update_BL(0.0, 0.0)
        moved = np.asarray(probe.ue)
        stretch[k] = [np.dot(row, moved) for row in (probe.BLexx, probe.BLeyy, probe.BLgxy)]
        bend[k] = [np.dot(row, moved) for row in (probe.BLkxx, probe.BLkyy, probe.BLkxy)]
    outward = 0.5 * shell.thickness[:, None] * bend
    faces = [
        _plane_stress(strain, shell.material) for strain in (stretch - outward, stretch + outward)
    ]
    return np.maximum(*(equivalent_stress(stress) for stress in faces))


def _plane_stress(strain: Float[ndarray, "n 3"], material: Material) -> Float[ndarray, "n 3"]:
    """Return Hooke's law without stress across the wall: xx, yy, xy, the shear strain doubled."""
    nu = material.poisson
    law = np.array([[1, nu, 0], [nu, 1, 0], [0, 0, (1 - nu) / 2]])
    return material.young / (1 - nu**2) * strain @ law


def equivalent_stress(stress: Float[ndarray, "n 3"]) -> Float[ndarray, " n"]:
    """Return the von Mises stress of plane stresses xx, yy, xy.

    >>> equivalent_stress(np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 1.0]])).round(3).tolist()
    [3.0, 1.732]
    """
    xx, yy, xy = stress.T
    return np.sqrt(xx**2 - xx * yy + yy**2 + 3 * xy**2)
