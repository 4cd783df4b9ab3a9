"""What describes a turbine: 13 numbers for the machine and 5 for each blade."""

from collections.abc import Mapping

from specxai_studies.shapes.parameters import Parameter, draw
from specxai_studies.shapes.turbines.turbine import BLADES, Blade, Turbine

SEED = 11

_NREL = "about the NREL 5 MW turbine's value (Jonkman et al. 2009, NREL/TP-500-38060); width chosen"
_CHOSEN = "chosen, so that all blades could be built"
_SPREAD = "chosen as a spread between the blades of a rotor, wider than in manufacture"
_CONTROL = "; cannot change the stress of the rotor"

MACHINE = (
    Parameter("radius", "m", 57.0, 63.0, 68.0, "rotor axis to tip along the blade", _NREL),
    Parameter("chord", "1", 0.88, 1.0, 1.14, "scale of the chord outside the root", _NREL),
    Parameter(
        "taper",
        "1",
        -0.12,
        0.0,
        0.12,
        "widening of the inner, narrowing of the outer half",
        _CHOSEN,
    ),
    Parameter(
        "widest", "1", -0.04, 0.0, 0.05, "shift of chord and thickness along the span", _CHOSEN
    ),
    Parameter("twist", "1", 0.8, 1.0, 1.2, "scale of the built-in twist", _NREL),
    Parameter("thickness", "1", 0.88, 1.0, 1.12, "scale of the relative thickness", _CHOSEN),
    Parameter("prebend", "m", 0.0, 1.5, 4.0, "upwind offset of the tip", _CHOSEN),
    Parameter("sweep", "m", -1.0, 0.3, 2.0, "offset of the tip against the rotation", _CHOSEN),
    Parameter(
        "cone", "deg", 0.0, 2.5, 5.0, "angle of the blades upwind of the rotor's plane", _NREL
    ),
    Parameter(
        "tower_height", "m", 78.0, 88.0, 100.0, "ground to top; 2 m below the rotor axis", _NREL
    ),
    Parameter(
        "tower_base", "m", 5.0, 6.0, 7.0, "diameter of the tower at the ground", _NREL + _CONTROL
    ),
    Parameter(
        "tower_top", "m", 3.2, 3.9, 4.5, "diameter of the tower at its top", _NREL + _CONTROL
    ),
    Parameter("nacelle", "1", 0.85, 1.0, 1.2, "scale of the nacelle", _CHOSEN + _CONTROL),
)
BLADE = (
    Parameter("pitch", "deg", -2.0, 0.0, 2.0, "added to the twist, leading edge upwind", _SPREAD),
    Parameter("chord", "1", -0.04, 0.0, 0.04, "added to the scale of the chord", _SPREAD),
    Parameter("thickness", "1", -0.05, 0.0, 0.05, "added to the scale of the thickness", _SPREAD),
    Parameter("prebend", "m", -0.6, 0.0, 0.6, "added to the prebend", _SPREAD),
    Parameter(
        "bump", "1", -0.05, 0.0, 0.05, "widening of the chord about 45 % of the span", _SPREAD
    ),
)


def _of_blade(blade: int, each: Parameter) -> Parameter:
    """Return a blade's own parameter, named after it."""
    name, meaning = f"blade_{blade + 1}_{each.name}", f"blade {blade + 1}: {each.meaning}"
    return Parameter(name, each.unit, each.low, each.nominal, each.high, meaning, each.source)


PARAMETERS = (*MACHINE, *(_of_blade(blade, each) for blade in range(BLADES) for each in BLADE))


def turbine_of(values: Mapping[str, float]) -> Turbine:
    """Return the turbine with these parameters.

    Args:
        values: one for each of `PARAMETERS`, by name.
    """
    first, second, third = (
        Blade(**{each.name: values[f"blade_{blade + 1}_{each.name}"] for each in BLADE})
        for blade in range(BLADES)
    )
    machine = {each.name: values[each.name] for each in MACHINE}
    return Turbine(**machine, blades=(first, second, third))


def sample_turbine(index: int) -> Turbine:
    """Return the turbine of a number, which is the same on every machine.

    >>> sample_turbine(0) == sample_turbine(0)
    True
    """
    return turbine_of(draw(PARAMETERS, SEED, index))
