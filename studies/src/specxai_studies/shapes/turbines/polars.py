"""Lift and drag of the sections, tabulated by angle of attack and thickness.

The table beside this file was computed with NeuralFoil, a neural network trained on XFOIL's results
(Sharpe and Hansman 2025, arXiv 2503.16323). Remake it with

    python -m specxai_studies.shapes.turbines.polars
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai.errors import MissingExtraError
from specxai.files import write_atomically
from specxai_studies.shapes.turbines.airfoil import roundness, section

REYNOLDS = 7e6
"""Of the table: chord 3 m at 35 m/s or so, about mid-span at rated speed."""
THICKNESSES = (0.15, 0.18, 0.21, 0.25, 0.30, 0.35, 0.40)
ATTACKS = tuple(float(angle) for angle in range(-20, 31))
"""Angles of attack of the table, in degrees."""
CYLINDER_DRAG = 0.6
"""Drag coefficient of the round root, a cylinder beyond the drag crisis."""
_TABLE = "polars.csv"
_HEADER = "thickness,angle of attack (degrees),lift coefficient,drag coefficient"


@dataclass(frozen=True)
class Polars:
    """Coefficients on a grid of thicknesses and angles of attack.

    Attributes:
        thickness: relative, ascending.
        attack: angles in degrees, ascending.
        lift: coefficients, thickness by attack.
        drag: coefficients, thickness by attack.
    """

    thickness: Float[ndarray, " t"]
    attack: Float[ndarray, " a"]
    lift: Float[ndarray, "t a"]
    drag: Float[ndarray, "t a"]

    def at(
        self, thickness: Float[ndarray, " n"], attack: Float[ndarray, " n"]
    ) -> tuple[Float[ndarray, " n"], Float[ndarray, " n"]]:
        """Interpolate bilinearly; beyond its borders the table is continued with constants.

        Sections thicker than 45 % lose lift and gain drag on their way to a cylinder.

        Args:
            thickness: relative to the chord.
            attack: angles of attack in degrees.

        Returns:
            Lift and drag coefficients.
        """
        row, below = _place(self.thickness, thickness)
        column, left = _place(self.attack, attack)
        lift, drag = (
            (1 - below) * ((1 - left) * table[row, column] + left * table[row, column + 1])
            + below * ((1 - left) * table[row + 1, column] + left * table[row + 1, column + 1])
            for table in (self.lift, self.drag)
        )
        round_ = roundness(thickness)
        return lift * (1 - round_), drag * (1 - round_) + CYLINDER_DRAG * round_


def _place(
    grid: Float[ndarray, " k"], value: Float[ndarray, " n"]
) -> tuple[ndarray, Float[ndarray, " n"]]:
    """Return the cell of a grid that holds a value, and where in the cell it is, from 0 to 1."""
    value = np.clip(value, grid[0], grid[-1])
    cell = np.clip(np.searchsorted(grid, value, side="right") - 1, 0, len(grid) - 2)
    return cell, (value - grid[cell]) / (grid[cell + 1] - grid[cell])


@cache
def load_polars() -> Polars:
    """Read the table that comes with the package.

    >>> load_polars().lift.shape
    (7, 51)
    """
    text = files(__package__).joinpath(_TABLE).read_text()
    columns = np.loadtxt(text.splitlines()[1:], delimiter=",").T
    thickness, attack = np.unique(columns[0]), np.unique(columns[1])
    lift, drag = columns[2:].reshape(2, len(thickness), len(attack))
    return Polars(thickness, attack, lift, drag)


def compute_polars() -> Polars:
    """Compute the table with NeuralFoil's large network, transition free, at one Reynolds number.

    Raises:
        MissingExtraError: NeuralFoil is not installed.
    """
    try:
        from neuralfoil import get_aero_from_coordinates
    except ImportError as fault:
        raise MissingExtraError("computing polars", "polars", "specxai-studies") from fault
    loops = section(np.array(THICKNESSES), 120)
    rows = [
        get_aero_from_coordinates(
            np.concatenate([loop, loop[:1]]), alpha=ATTACKS, Re=REYNOLDS, model_size="large"
        )
        for loop in loops
    ]
    lift, drag = (np.array([each[name] for each in rows]) for name in ("CL", "CD"))
    return Polars(np.array(THICKNESSES), np.array(ATTACKS), lift, drag)


def write_polars(polars: Polars, path: Path) -> None:
    """Write a table as CSV, coefficients to six digits after the point."""
    rows = [
        f"{thickness:g},{attack:g},{polars.lift[i, j]:.6f},{polars.drag[i, j]:.6f}"
        for i, thickness in enumerate(polars.thickness)
        for j, attack in enumerate(polars.attack)
    ]
    write_atomically(path, "\n".join([_HEADER, *rows, ""]).encode())


if __name__ == "__main__":
    write_polars(compute_polars(), Path(__file__).with_name(_TABLE))
