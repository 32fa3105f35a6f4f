"""Intervals within bounds, against closed forms, limits and simulated coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from motiflens.basics.intervals import (
    CORRELATIONS,
    NOT_NEGATIVE,
    SHARES,
    UNBOUNDED,
    Bounds,
    bounded_difference,
    bounded_mean,
)
from motiflens.basics.stats import contrast


def test_a_mean_of_shares_is_students_interval_on_the_logit():
    values = np.array([0.7, 0.82, 0.91, 0.77])
    found = bounded_mean(values, SHARES)
    m, s = values.mean(), values.std(ddof=1) / 2
    half = stats.t.ppf(0.975, 3) * s / (m * (1 - m))
    logit = math.log(m / (1 - m))
    expected = [1 / (1 + math.exp(-(logit + side * half))) for side in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
    assert found.estimate == pytest.approx(m)


def test_a_mean_of_correlations_is_fishers_z_by_the_delta_method():
    values = np.array([-0.2, 0.5, 0.9])
    found = bounded_mean(values, CORRELATIONS)
    m, s = values.mean(), values.std(ddof=1) / math.sqrt(3)
    half = stats.t.ppf(0.975, 2) * s / (1 - m**2)
    assert (found.low, found.high) == pytest.approx(np.tanh(np.arctanh(m) + np.array([-half, half])), abs=1e-9)


def test_what_cannot_be_negative_has_an_interval_on_the_logarithm():
    values = np.array([0.5, 3.0, 8.0])
    found = bounded_mean(values, NOT_NEGATIVE)
    m, s = values.mean(), values.std(ddof=1) / math.sqrt(3)
    half = stats.t.ppf(0.975, 2) * s / m
    assert (found.low, found.high) == pytest.approx((m * math.exp(-half), m * math.exp(half)))
    assert found.low > 0 > contrast([values], [1]).low


def test_far_from_bounds_it_is_students():
    values = np.array([0.5, 0.501, 0.499, 0.502])
    plain = contrast([values], [1])
    assert bounded_mean(values, SHARES)[1:] == pytest.approx((plain.low, plain.high), abs=1e-5)
    assert bounded_mean(values, UNBOUNDED)[1:] == pytest.approx((plain.low, plain.high))


def test_a_difference_is_put_together_from_both_means():
    first, second = np.array([0.1, 0.2, 0.05]), np.array([0.9, 0.7, 0.99, 0.95])
    one, other = bounded_mean(first, SHARES), bounded_mean(second, SHARES)
    found = bounded_difference(first, second, SHARES)
    d = other.estimate - one.estimate
    assert found.estimate == pytest.approx(second.mean() - first.mean())
    assert found.low == pytest.approx(d - math.hypot(other.estimate - other.low, one.high - one.estimate))
    assert found.high == pytest.approx(d + math.hypot(other.high - other.estimate, one.estimate - one.low))
    back = bounded_difference(second, first, SHARES)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_without_bounds_a_difference_is_welchs():
    first, second = np.array([1.0, 5.0, 2.0]), np.array([9.0, -7.0, 3.0, 4.0])
    welch = stats.ttest_ind(second, first, equal_var=False).confidence_interval()
    assert bounded_difference(first, second, UNBOUNDED)[1:] == pytest.approx((welch.low, welch.high))


@pytest.mark.parametrize("bounds", [SHARES, CORRELATIONS, Bounds(-3, 5)])
def test_no_interval_leaves_its_range_however_few_and_wide_the_values(bounds):
    rng = np.random.default_rng(0)
    width = bounds.high - bounds.low
    for _ in range(300):
        first, second = (bounds.low + width * rng.beta(0.1, 0.1, rng.integers(2, 5)) for _ in range(2))
        for values in (first, second):
            mean = bounded_mean(values, bounds)
            if not math.isnan(mean.low):
                assert bounds.low <= mean.low <= mean.estimate <= mean.high <= bounds.high
        found = bounded_difference(first, second, bounds)
        if not math.isnan(found.low):
            assert -width - 1e-9 <= found.low <= found.estimate <= found.high <= width + 1e-9


def test_the_share_that_read_beyond_minus_1():
    first, second = np.array([1.0, 0.4, 0.9]), np.array([0.0, 0.9, 0.1])
    assert contrast([first, second], (-1, 1)).low < -1
    assert -1 < bounded_difference(first, second, SHARES).low < 0


@pytest.mark.parametrize("n", [2, 3, 5, 10])
@pytest.mark.parametrize(("mean", "sd"), [(0.02, 0.02), (0.5, 0.1), (0.9, 0.05)])
def test_coverage_is_what_is_stated(n, mean, sd):
    rng = np.random.default_rng(n)
    size = mean * (1 - mean) / sd**2 - 1
    values = rng.beta(mean * size, (1 - mean) * size, (2, 1500, n))
    means = [bounded_mean(own, SHARES) for own in values[0]]
    assert 0.92 <= np.mean([found.low <= mean <= found.high for found in means]) <= 0.97
    differences = [bounded_difference(one, other, SHARES) for one, other in zip(*values, strict=True)]
    assert np.mean([found.low <= 0 <= found.high for found in differences]) >= 0.93


def test_nothing_is_said_of_one_value_or_of_equal_ones():
    assert bounded_mean([0.3], SHARES)[0] == 0.3
    for values in ([0.3], [1.0, 1.0, 1.0]):
        assert math.isnan(bounded_mean(values, SHARES).low)
        assert math.isnan(bounded_difference(values, values, SHARES).high)
    assert math.isnan(bounded_difference([0.2], [0.3, 0.4], SHARES).low)
    assert all(map(math.isnan, bounded_mean([], SHARES)))
    assert all(map(math.isnan, bounded_difference([], [], UNBOUNDED)))
    one_varies = bounded_difference([1.0, 1.0], [0.2, 0.3], SHARES)
    assert one_varies.low == pytest.approx(bounded_mean([0.2, 0.3], SHARES).low - 1)


def test_a_jackknife_on_a_bound_stays_within_it():
    found = bounded_mean([1.2, 0.8], SHARES)
    assert found.estimate == found.high == 1
    assert 0 <= found.low < 1


def test_a_mean_out_of_bounds_is_refused():
    with pytest.raises(ValueError, match=r"expected a mean from 0 to 1, got 1\.5"):
        bounded_mean([1.0, 2.0], SHARES)
