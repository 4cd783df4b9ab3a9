import math

import pytest

from specxai.compare.metrics import sum_error


@pytest.mark.parametrize(
    ("total", "expected", "output", "error"),
    [(2.0, 2.0, 5.0, 0.0), (1.0, 2.0, -4.0, 0.25), (-3.0, 2.0, 5.0, 1.0)],
)
def test_relative_to_the_size_of_the_output(total, expected, output, error):
    assert sum_error(total, expected, output) == error


def test_no_promise_and_no_output():
    assert math.isnan(sum_error(1.0, math.nan, 1.0))
    assert math.isnan(sum_error(1.0, 1.0, 0.0))
