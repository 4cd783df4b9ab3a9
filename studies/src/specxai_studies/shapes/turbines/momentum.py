"""Blade-element momentum theory: the loads of a steady, uniform wind on a rotor's blade.

At each section the inflow angle φ is the root of one equation that holds between blade element and
momentum theory (Ning 2014, "A simple solution method for the blade element momentum equations with
guaranteed convergence", Wind Energy 17, 1327):

    sin φ / (1 − a) − cos φ (1 − k') / λ = 0,   λ = Ω r / V.

The axial induction a follows from k = σ cn / (4 F sin² φ): a = k / (1 + k) up to k = 2/3, and
beyond from Buhl's form of Glauert's correction (Buhl 2005, NREL/TP-500-36834). k' is
σ ct / (4 F sin φ cos φ), σ the local solidity, F Prandtl's factor for tip and hub losses.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai.errors import InvalidInputError
from specxai_studies.shapes.turbines.planform import ROOT
from specxai_studies.shapes.turbines.polars import Polars
from specxai_studies.shapes.turbines.turbine import BLADES

AIR_DENSITY = 1.225
"""In kg/m³, of the standard atmosphere at sea level."""
# Where the losses' factor would vanish, at the ends of the blade, it is held off zero.
_TIP_MARGIN, _HUB_MARGIN, _LEAST_LOSS = 1.0005, 0.1, 1e-3
_HALVINGS = 60


@dataclass(frozen=True)
class Elements:
    """Sections of a blade as aerodynamics sees them.

    Attributes:
        radius: distance from the rotor axis, in m, ascending; the last is the tip.
        chord: in m.
        twist: from the rotor's plane, in radians.
        thickness: relative to the chord.
        zero_lift: angle added to that of attack before the polars are read, in radians: what the
            section's camber differs from the table's.
    """

    radius: Float[ndarray, " n"]
    chord: Float[ndarray, " n"]
    twist: Float[ndarray, " n"]
    thickness: Float[ndarray, " n"]
    zero_lift: Float[ndarray, " n"]


@dataclass(frozen=True)
class Loads:
    """Forces of the wind on one blade, per length of span.

    Attributes:
        radius: distance from the rotor axis, in m.
        downwind: along the wind, in N/m.
        driving: in the sense of the rotation, in N/m.
    """

    radius: Float[ndarray, " n"]
    downwind: Float[ndarray, " n"]
    driving: Float[ndarray, " n"]

    @property
    def thrust(self) -> float:
        """Force of one blade along the wind, in N."""
        return float(np.trapezoid(self.downwind, self.radius))

    @property
    def torque(self) -> float:
        """Torque of one blade about the rotor axis, in N m."""
        return float(np.trapezoid(self.driving * self.radius, self.radius))


def blade_loads(elements: Elements, polars: Polars, wind: float, speed: float) -> Loads:
    """Return the loads on one of three blades.

    Args:
        elements: of the blade.
        polars: of its sections.
        wind: speed of the undisturbed wind, in m/s.
        speed: of the rotation, in rad/s.

    Raises:
        InvalidInputError: a section has no inflow angle between 0 and 90 degrees.
    """
    low = np.full_like(elements.radius, 1e-6)
    high = np.full_like(elements.radius, np.pi / 2 - 1e-6)
    sign = np.sign(_balance(high, elements, polars, wind, speed).residual)
    if (np.sign(_balance(low, elements, polars, wind, speed).residual) == sign).any():
        raise InvalidInputError(
            f"no inflow angle balances the blade at a wind of {wind:g} m/s: its twist or chord is"
            " far from a wind turbine's; make the change of the shape smaller"
        )
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = np.sign(_balance(middle, elements, polars, wind, speed).residual) == sign
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    balance = _balance(0.5 * (low + high), elements, polars, wind, speed)
    return Loads(elements.radius, balance.downwind, balance.driving)


@dataclass(frozen=True)
class _Balance:
    """What an inflow angle gives: how far it is from a solution, and the loads per length."""

    residual: Float[ndarray, " n"]
    downwind: Float[ndarray, " n"]
    driving: Float[ndarray, " n"]


def _balance(
    inflow: Float[ndarray, " n"], elements: Elements, polars: Polars, wind: float, speed: float
) -> _Balance:
    """Evaluate the equation of the inflow angle."""
    sin, cos = np.sin(inflow), np.cos(inflow)
    attack = np.degrees(inflow - elements.twist + elements.zero_lift)
    lift, drag = polars.at(elements.thickness, attack)
    downwind, driving = lift * cos + drag * sin, lift * sin - drag * cos
    loss = _losses(inflow, elements.radius)
    solidity = BLADES * elements.chord / (2 * np.pi * elements.radius)
    axial = axial_induction(solidity * downwind / (4 * loss * sin**2), loss)
    swirl = solidity * driving / (4 * loss * sin * cos)
    turning = speed * elements.radius
    residual = sin / (1 - axial) - cos * (1 - swirl) * wind / turning
    squared = (wind * (1 - axial)) ** 2 + (turning / (1 - swirl)) ** 2
    pressure = 0.5 * AIR_DENSITY * squared * elements.chord
    return _Balance(residual, pressure * downwind, pressure * driving)


def _losses(inflow: Float[ndarray, " n"], radius: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Return Prandtl's factor for a finite number of blades at tip and hub (Ning, equation 13)."""
    scale = BLADES / 2 / np.sin(inflow)
    to_tip = (radius[-1] * _TIP_MARGIN - radius) / radius
    to_hub = np.maximum(radius - ROOT + _HUB_MARGIN, 0) / ROOT  # a moved root may lie inside
    parts = (np.arccos(np.exp(-scale * gap)) for gap in (to_tip, to_hub))
    factor = (2 / np.pi) ** 2 * np.prod(list(parts), axis=0)
    return np.maximum(factor, _LEAST_LOSS)


def axial_induction(k: Float[ndarray, " n"], loss: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Return a, by how much of itself the wind is slowed in the rotor's plane.

    Args:
        k: thrust over that of the momentum 4 F (1 − a)², dimensionless.
        loss: F, Prandtl's factor.
    """
    light = k / (1 + np.maximum(k, -0.5))
    first = 2 * loss * k - (10 / 9 - loss)
    second = np.sqrt(np.maximum(2 * loss * k - loss * (4 / 3 - loss), 0))
    third = 2 * loss * k - (25 / 9 - 2 * loss)
    singular = np.abs(third) < 1e-6
    heavy = np.where(
        singular,
        1 - 0.5 / np.maximum(second, 1e-9),
        (first - second) / np.where(singular, 1, third),
    )
    return np.where(k > 2 / 3, heavy, light)
