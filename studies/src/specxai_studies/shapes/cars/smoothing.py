"""The smooth and symmetric part of a displacement: what the mesh around a car can follow.

A vector that a network names moves every point on its own. Neighbours that move apart by more than
a cell's edge, 4 cm, turn cells inside out; so what is to be solved, and to be predicted for
comparison, is the vector's smooth part. The half model asks for its symmetric part besides.
"""

from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import RBFInterpolator

from specxai_studies.shapes.cars.body import full_points, half_points, symmetric_half
from specxai_studies.shapes.cars.parameters import PARAMETERS
from specxai_studies.shapes.parameters import nominal

SMOOTHING = 0.1
"""Weight of bending against misfit, in m³."""


def smooth_displacement(displacement: Float[ndarray, "points 3"]) -> Float[ndarray, "points 3"]:
    """Return the smooth, symmetric part of a displacement of a car's points.

    A smoothing spline in space, with the kernel r³ and a linear trend, over the points of the
    nominal car. It leaves out less than a thousandth of the squared way from one drawn car to
    another, and 95 % of white noise.

    Args:
        displacement: of the points in the order of `load_cars`, in m.

    Returns:
        That part, for the same points.
    """
    nominal_car = full_points(half_points(nominal(PARAMETERS)))
    symmetric = full_points(symmetric_half(displacement))
    spline = RBFInterpolator(nominal_car, symmetric, kernel="cubic", smoothing=SMOOTHING)
    smooth = spline(nominal_car)
    return full_points(symmetric_half(smooth))  # symmetric to the last digit
