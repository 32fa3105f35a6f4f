"""Intervals, tests and their distributions against scipy and closed forms."""

import math

import numpy as np
import pytest

from motiflens.basics import stats
from motiflens.basics.distributions import f_quantile, incomplete_beta, noncentral_f_cdf, rising_root, t_quantile

scipy_stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")

NORMAL = scipy_stats.norm.ppf(0.975)


@pytest.mark.parametrize("a", [0.5, 1, 3.7, 40, 300])
@pytest.mark.parametrize("b", [0.5, 2, 25.5, 200])
def test_incomplete_beta_agrees_with_scipy(a, b):
    for x in (0.0, 1e-9, 0.01, 0.3, 0.5, 0.77, 0.999, 1.0):
        assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-10, abs=1e-300)


def test_incomplete_beta_that_does_not_converge_is_refused():
    with pytest.raises(ArithmeticError, match="does not converge"):
        incomplete_beta(1e12, 1e12, 0.5)


@pytest.mark.parametrize("df", [1, 2.3, 9, 180])
def test_quantiles_agree_with_scipy(df):
    assert t_quantile(0.975, df) == pytest.approx(scipy_stats.t.ppf(0.975, df), rel=1e-9)
    assert f_quantile(0.025, 2, df) == pytest.approx(scipy_stats.f.ppf(0.025, 2, df), rel=1e-9)


@pytest.mark.parametrize(("f", "df1", "df2"), [(0.4, 1, 30), (3.2, 2, 48), (35.0, 5, 216), (900.0, 1, 96)])
def test_noncentral_f_agrees_with_scipy(f, df1, df2):
    below = noncentral_f_cdf(f, df1, df2)
    for noncentrality in (0.0, 0.3, 5.0, 60.0, 900.0):
        expected = scipy_stats.ncf.cdf(f, df1, df2, noncentrality) if noncentrality else scipy_stats.f.cdf(f, df1, df2)
        assert below(noncentrality) == pytest.approx(expected, abs=1e-9)


def test_noncentrality_interval_has_its_tails():
    low, high = stats.noncentrality_interval(12.0, 3, 72)
    assert scipy_stats.ncf.cdf(12.0, 3, 72, low) == pytest.approx(0.975)
    assert scipy_stats.ncf.cdf(12.0, 3, 72, high) == pytest.approx(0.025)
    assert stats.noncentrality_interval(0.01, 3, 72)[0] == 0.0
    assert stats.noncentrality_interval(0.0, 3, 72) == (0.0, 0.0)


def test_root_of_a_function_that_starts_above_is_zero():
    assert rising_root(lambda x: x + 1, 0.5) == 0.0
    assert rising_root(lambda x: x * x, 50.0) == pytest.approx(math.sqrt(50))


def test_contrast_of_two_groups_is_welch_s_test():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.8, 0.03, 7), rng.normal(0.7, 0.1, 4)
    found = stats.contrast([first, second], [1, -1])
    expected = scipy_stats.ttest_ind(first, second, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert (found.t, found.df, found.p_value) == pytest.approx((expected.statistic, expected.df, expected.pvalue))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.estimate == pytest.approx(first.mean() - second.mean())


def test_contrast_covers_a_weighted_sum_at_its_level():
    rng = np.random.default_rng(1)
    sizes, sds, weights = [3, 5, 4], [0.5, 2.0, 1.0], [1, -0.25, -0.75]
    hits = 0
    for _ in range(1_000):
        found = stats.contrast([rng.normal(3, sd, n) for n, sd in zip(sizes, sds, strict=True)], weights)
        hits += found.low <= 0 <= found.high
    assert 0.93 < hits / 1_000 < 0.98


def test_contrast_without_spread_or_with_single_values():
    same = stats.contrast([np.full(3, 0.5), np.full(2, 0.2)], [1, -1])
    assert same.estimate == pytest.approx(0.3)
    assert np.isnan([same.low, same.high, same.p_value]).all()  # how much they vary nothing tells
    single = stats.contrast([np.array([0.5]), np.array([0.1, 0.3])], [1, -1])
    assert single.estimate == pytest.approx(0.3)
    assert math.isnan(single.low)


def test_contrast_needs_values_and_a_weight_for_each_group():
    with pytest.raises(ValueError, match="expected 2 groups of at least one value, one per weight, got sizes 3, 0"):
        stats.contrast([np.ones(3), np.empty(0)], [1, -1])
    with pytest.raises(ValueError, match="expected 2 groups"):
        stats.contrast([np.ones(3)], [1, -1])


def test_interval_of_a_mean_is_that_of_the_one_sample_t_test():
    scipy_stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(2).normal(0.4, 0.05, 6)
    found = stats.mean_interval(values)
    expected = scipy_stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.estimate == pytest.approx(values.mean())


@pytest.mark.parametrize("n_values", [3, 5, 6])
@pytest.mark.parametrize("within", [0.3, 3])
def test_interval_over_architectures_holds_the_truth_in_95_of_100(n_values, within):
    """Few architectures of three networks each; with 4,000 trials the share is known within 0.01 (3 SE)."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(4000):
        values = rng.normal(rng.normal(size=(n_values, 1)), within, (n_values, 3)).mean(axis=1)
        found = stats.mean_interval(values)
        hits += found.low <= 0 <= found.high
    assert hits / 4000 == pytest.approx(0.95, abs=0.011)


def test_interval_of_a_mean_needs_three_values_that_differ():
    assert stats.mean_interval([0.1, 0.3])[:1] == (0.2,)
    assert all(math.isnan(bound) for values in ([0.1, 0.3], [0.5] * 4) for bound in stats.mean_interval(values)[1:])
    assert math.isnan(stats.mean_interval([]).estimate)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (17, 680)])
def test_wilson_interval_agrees_with_scipy(hits, n):
    found = stats.wilson_interval(hits, n)
    expected = scipy_stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert found == pytest.approx((hits / n, expected.low, expected.high), abs=1e-12)


def test_wilson_interval_of_nothing():
    assert all(math.isnan(value) for value in stats.wilson_interval(0, 0))


def test_spearman_agrees_with_scipy_with_ties():
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 6, 40), rng.normal(size=40).round(1)
    assert stats.spearman(x, y) == pytest.approx(scipy_stats.spearmanr(x, y).statistic)
    assert math.isnan(stats.spearman(x[:2], y[:2]))
    assert math.isnan(stats.spearman(np.ones(5), np.arange(5)))


def test_pooled_correlation_lies_between_and_covers_at_its_level():
    assert stats.pooled_correlation([0.3, math.nan, 0.9], [50, 20, 3]).estimate == pytest.approx(0.3)
    assert 0.2 < stats.pooled_correlation([0.2, 0.6], [30, 30]).estimate < 0.6
    perfect = stats.pooled_correlation([1.0], [10])
    assert 0.95 < perfect.low < perfect.estimate < perfect.high
    assert perfect.estimate > 1 - 12 / (10 * 99)  # above that of two neighbours exchanged
    assert math.isnan(stats.pooled_correlation([0.5], [3]).estimate)
    rng = np.random.default_rng(5)
    hits, truth = 0, 6 / math.pi * math.asin(0.5 / 2)  # Spearman's of a normal pair with correlation 0.5
    for _ in range(400):
        pairs = [rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=25) for _ in range(3)]
        found = stats.pooled_correlation([stats.spearman(*pair.T) for pair in pairs], [25] * 3)
        hits += found.low <= truth <= found.high
    assert 0.91 < hits / 400 < 0.985


@pytest.mark.parametrize(("n_groups", "n"), [(4, 4), (6, 4), (6, 5), (4, 10)])
def test_pooled_correlation_of_small_groups_without_any_keeps_its_level(n_groups, n):
    """Four values are in perfect order, one way or the other, in one case of twelve."""
    rng = np.random.default_rng(6)
    wrong = 0
    for _ in range(400):
        found = [stats.spearman(*rng.normal(size=(2, n))) for _ in range(n_groups)]
        pooled = stats.pooled_correlation(found, [n] * n_groups)
        wrong += not pooled.low <= 0 <= pooled.high
    assert wrong / 400 < 0.08


def test_benjamini_hochberg_agrees_with_scipy_and_passes_over_nan():
    p = np.random.default_rng(6).uniform(size=30) ** 3
    np.testing.assert_allclose(stats.benjamini_hochberg(p), scipy_stats.false_discovery_control(p))
    found = stats.benjamini_hochberg([0.01, math.nan, 0.04])
    np.testing.assert_allclose(found, [0.02, math.nan, 0.04])
    assert stats.benjamini_hochberg([]).shape == (0,)


def test_benjamini_hochberg_takes_each_row_as_a_family():
    p = np.random.default_rng(0).random((3, 2, 7)) ** 3
    p[1, 0, 2] = p[2, 1, 4] = math.nan
    rows = [stats.benjamini_hochberg(row) for row in p.reshape(6, 7)]
    np.testing.assert_array_equal(stats.benjamini_hochberg(p), np.reshape(rows, p.shape))
