"""What describes a car: 16 numbers. Axes: x downstream from the nose, y to the right, z up."""

from specxai_studies.shapes.parameters import Parameter

SEED = 7

_SIZES = "compact to large European saloons and estates, makers' data sheets"
_FORM = "chosen to span notchback, fastback and estate"


def _car(
    name: str, unit: str, low: float, nominal: float, high: float, meaning: str, source: str = _FORM
) -> Parameter:
    return Parameter(name, unit, low, nominal, high, meaning, source)


PARAMETERS = (
    _car("length", "m", 4.2, 4.6, 5.0, "overall length", _SIZES),
    _car("width", "m", 1.70, 1.80, 1.92, "overall width", _SIZES),
    _car("height", "m", 1.32, 1.42, 1.58, "overall height above ground", _SIZES),
    _car("clearance", "m", 0.12, 0.17, 0.24, "height of the floor above ground", _SIZES),
    _car("nose_height", "m", 0.60, 0.70, 0.80, "height of the bonnet's leading edge"),
    _car("cowl_height", "m", 0.86, 0.94, 1.02, "height where bonnet and windscreen meet"),
    _car("cowl_position", "1", 0.22, 0.27, 0.32, "where they meet, over length"),
    _car("windscreen", "1", 0.13, 0.18, 0.23, "length of the windscreen along x, over length"),
    _car("roof_end", "1", 0.62, 0.68, 0.76, "where the roof ends, over length"),
    _car("deck_start", "1", 0.82, 0.88, 0.96, "where the backlight ends, over length"),
    _car("deck_height", "1", 0.0, 0.45, 1.0, "tail from a low notch, 0, to an estate's, 1"),
    _car("diffuser", "deg", 0.0, 7.0, 16.0, "slope of the floor behind 78 % of the length"),
    _car("boat_tail", "1", 0.0, 0.06, 0.16, "share of the width that is taken in at the tail"),
    _car("tumblehome", "1", 0.10, 0.18, 0.28, "how far the sides lean in above the belt"),
    _car("nose_rounding", "m", 0.25, 0.45, 0.80, "length of the nose's rounding, from above"),
    _car("roof_camber", "m", 0.00, 0.03, 0.07, "height of the roof's arch"),
)
