"""Numbers short enough for a title or a tick."""

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short(value: float, digits: int = 3, signed: bool = False) -> str:
    """Write a number with few significant digits, and with a power of ten where that is shorter.

    Args:
        value: the number.
        digits: significant digits.
        signed: put a plus before positive numbers.

    Returns:
        The text, with a true minus sign.

    >>> short(-0.012345), short(123456.0, 2), short(2.0, signed=True), short(0.0)
    ('−0.0123', '1.2×10⁵', '+2', '0')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    mantissa, exponent = f"{value:{'+' if signed else ''}.{digits - 1}e}".split("e")
    power = int(exponent)
    if -3 <= power < 5:
        decimals = max(digits - 1 - power, 0)
        # Rounding to the digits comes first, so that 1234 with 2 digits is 1,200.
        text = f"{float(f'{mantissa}e{power}'):{'+' if signed else ''},.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}×10{str(power).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−")
