import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps import noise
from specxai.compare.metrics import bootstrap, bootstrap_mean

values = st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=20)


@settings(deadline=None)
@given(values, st.integers(0, 1000))
def test_the_mean_lies_inside_and_the_seed_decides(found, seed):
    interval = bootstrap_mean(found, seed)
    assert interval == bootstrap_mean(found, seed)
    assert interval.mean == pytest.approx(sum(found) / len(found))
    assert interval.low - 1e-9 <= interval.mean <= interval.high + 1e-9
    assert min(found) - 1e-9 <= interval.low
    assert interval.high <= max(found) + 1e-9


def test_all_resamples_of_three():
    found = [0.0, 1.0, 5.0]
    means = sorted(sum(each) / 3 for each in product(found, repeat=3))
    interval = bootstrap_mean(found, resamples=20_000)
    assert interval.low == pytest.approx(means[0])  # 1/27 of them: more than 2.5 %
    assert interval.high == pytest.approx(means[-1])


def test_more_images_narrow_the_interval():
    found = noise(400).tolist()
    widths = []
    for n in (10, 100, 400):
        interval = bootstrap_mean(found[:n])
        widths.append(interval.high - interval.low)
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] == pytest.approx(2 * 1.96 / 20, rel=0.15)  # of a normal mean


def test_one_image_has_no_interval():
    interval = bootstrap_mean([3.0])
    assert (interval.mean, interval.count) == (3.0, 1)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_any_statistic_of_the_resampled_images():
    found = noise(60).double().tolist()
    interval = bootstrap(found, lambda chosen: sum(chosen) / len(chosen), resamples=2000)
    expected = bootstrap_mean(found)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    undefined = bootstrap(found, lambda chosen: max(chosen) if chosen[0] > 0 else math.nan)
    assert undefined.high == pytest.approx(max(found))
    assert math.isnan(bootstrap([1.0], sum).low)
