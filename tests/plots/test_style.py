import pytest

from specxai.plots.style import short


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 3, "0"),
        (-0.0, 3, "0"),
        (1.0, 3, "1"),
        (9.9996, 3, "10"),
        (-0.14, 3, "−0.14"),
        (1234.5, 2, "1,200"),
        (99999.0, 3, "1×10⁵"),
        (4.49e-4, 3, "4.49×10⁻⁴"),
        (-1e-300, 3, "−1×10⁻³⁰⁰"),
        (float("nan"), 3, "nan"),
    ],
)
def test_short(value: float, digits: int, text: str) -> None:
    assert short(value, digits) == text


def test_signed() -> None:
    assert short(0.5, signed=True) == "+0.5"
    assert short(-0.5, signed=True) == "−0.5"
