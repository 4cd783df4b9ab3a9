import math

import numpy as np
import pytest

from specxai.errors import InvalidInputError
from specxai_studies.shapes.turbines.checks import rated_operation
from specxai_studies.shapes.turbines.momentum import (
    AIR_DENSITY,
    Elements,
    axial_induction,
    blade_loads,
)
from specxai_studies.shapes.turbines.polars import Polars, load_polars, write_polars
from specxai_studies.shapes.turbines.stress import blade_elements
from specxai_studies.shapes.turbines.turbine import Turbine

RATED, WIND = 12.1 * 2 * math.pi / 60, 11.4


def test_rated_power_and_thrust_of_the_nrel_rotor():
    power, thrust = rated_operation()
    assert power.here == pytest.approx(power.reference, rel=0.03)
    assert thrust.here == pytest.approx(thrust.reference, rel=0.03)


def test_momentum_and_blade_element_agree():
    """Thrust of annuli from the induction equals that of the blades: 4 a (1 − a) F, or Buhl's."""
    elements = blade_elements(Turbine(), 0, 45)
    loads = blade_loads(elements, load_polars(), WIND, RATED)
    for k in (10, 20, 30, 40):
        radius = elements.radius[k]
        annulus = 2 * math.pi * radius * 0.5 * AIR_DENSITY * WIND**2
        coefficient = 3 * loads.downwind[k] / annulus
        axial, swirl = _inductions(elements, k, loads.downwind[k], loads.driving[k])
        inflow = math.atan2(WIND * (1 - axial), RATED * radius * (1 + swirl))
        loss = _prandtl(inflow, radius, elements.radius[-1])
        if axial <= 0.4:
            expected = 4 * axial * (1 - axial) * loss
        else:
            expected = 8 / 9 + (4 * loss - 40 / 9) * axial + (50 / 9 - 4 * loss) * axial**2
        assert coefficient == pytest.approx(expected, rel=2e-3)


def _inductions(elements, k, downwind, driving):
    """Search inductions whose velocities give the loads found, by brute force."""
    inflow = np.linspace(0.01, 0.6, 200001)
    attack = np.degrees(inflow - elements.twist[k])
    lift, drag = load_polars().at(np.full_like(inflow, elements.thickness[k]), attack)
    normal = lift * np.cos(inflow) + drag * np.sin(inflow)
    tangential = lift * np.sin(inflow) - drag * np.cos(inflow)
    best = np.abs(tangential / np.maximum(normal, 1e-6) - driving / downwind).argmin()
    speed = math.sqrt(downwind / (0.5 * AIR_DENSITY * elements.chord[k] * normal[best]))
    axial = 1 - speed * math.sin(inflow[best]) / WIND
    return axial, speed * math.cos(inflow[best]) / (RATED * elements.radius[k]) - 1


def _prandtl(inflow, radius, tip):
    return (2 / math.pi) ** 2 * math.prod(
        math.acos(math.exp(-1.5 * gap / math.sin(inflow)))
        for gap in ((tip * 1.0005 - radius) / radius, (radius - 1.4) / 1.5)
    )


def test_induction_is_continuous_at_both_of_its_seams():
    loss = np.full(3, 0.9)
    light, _, heavy = axial_induction(np.array([2 / 3 - 1e-9, 2 / 3, 2 / 3 + 1e-9]), loss)
    assert light == pytest.approx(0.4, abs=1e-6)
    assert light == pytest.approx(heavy, abs=1e-6)
    pole = (25 / 9 - 1.8) / 1.8  # where Buhl's quotient is 0 / 0
    near = axial_induction(pole + np.array([-1e-4, 0.0, 1e-4]), loss)
    assert near[1] == pytest.approx(near[[0, 2]].mean(), abs=1e-4)


def test_optimal_rotor_reaches_the_betz_limit():
    """Ideal sections at a third induction and a high speed ratio take 16/27 of the wind's power."""
    radius = np.linspace(1.5, 63.0, 400)
    ratio = 12.0 * radius / 63.0
    inflow = np.arctan(2 / 3 / ratio / (1 + 2 / 9 / ratio**2))
    chord = 8 * math.pi * radius * (1 - np.cos(inflow)) / 3  # lift coefficient 1, no drag
    ideal = Polars(
        np.array([0.1, 1.0]), np.array([-180.0, 180.0]), np.full((2, 2), 1.0), np.zeros((2, 2))
    )
    elements = Elements(radius, chord, inflow, np.full(400, 0.2), np.zeros(400))
    loads = blade_loads(elements, ideal, 10.0, 12.0 * 10.0 / 63.0)
    power = 3 * loads.torque * 12.0 * 10.0 / 63.0
    share = power / (0.5 * AIR_DENSITY * math.pi * 63.0**2 * 10.0**3)
    assert 0.50 < share < 16 / 27


def test_no_balance_is_refused():
    """A wind from behind has no inflow angle between 0 and 90 degrees."""
    with pytest.raises(InvalidInputError, match="inflow angle"):
        blade_loads(blade_elements(Turbine(), 0, 45), load_polars(), -5.0, RATED)


def test_polars_interpolate_their_table(tmp_path):
    polars = load_polars()
    lift, _ = polars.at(polars.thickness[[2, 2, 3]], np.array([4.0, 5.0, 4.0]))
    row = list(polars.attack).index(4.0)
    assert lift.tolist() == [polars.lift[2, row], polars.lift[2, row + 1], polars.lift[3, row]]
    between, _ = polars.at(polars.thickness[2:3], np.array([4.5]))
    assert between[0] == pytest.approx(lift[:2].mean())
    round_lift, round_drag = polars.at(np.array([1.0]), np.array([4.0]))
    assert (round_lift[0], round_drag[0]) == (0.0, 0.6)
    assert (np.diff(polars.lift[:, 15:26], axis=1) > 0).all()  # attached flow, −5° to 5°
    write_polars(polars, tmp_path / "again.csv")
    assert len((tmp_path / "again.csv").read_text().splitlines()) == 1 + polars.lift.size


def test_polars_can_be_remade():
    pytest.importorskip("neuralfoil", reason="remaking polars needs the extra 'polars'")
    from specxai_studies.shapes.turbines.polars import compute_polars

    made = compute_polars()
    assert np.abs(made.lift - load_polars().lift).max() < 1e-3
    assert np.abs(made.drag - load_polars().drag).max() < 1e-3
