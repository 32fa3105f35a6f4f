"""Confidence intervals and tests of means, shares and correlations, in NumPy."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from motiflens.basics.distributions import falling_root, noncentral_f_cdf, t_quantile, t_upper_tail
from motiflens.basics.errors import InputError

LEVEL = 0.95  # of all intervals
_NORMAL_QUANTILE = NormalDist().inv_cdf((1 + LEVEL) / 2)


class Interval(NamedTuple):
    """An estimate with its two-sided 95 % confidence interval; NaN if there is none."""

    estimate: float
    low: float
    high: float


class Contrast(NamedTuple):
    """A weighted sum of means with its 95 % confidence interval and the p-value of the null hypothesis that it is 0."""

    estimate: float
    low: float
    high: float
    t: float
    df: float
    p_value: float


def contrast(groups: Sequence[np.ndarray], weights: Sequence[float]) -> Contrast:
    """Weighted sum of the means of independent groups, whose variances may differ.

    Parameters
    ----------
    groups : sequence of np.ndarray, shape=(n,)
        Values of each group.
    weights : sequence of float
        One per group; (1, -1) is the difference of two means, and the test is Welch's.

    Returns
    -------
    contrast : Contrast
        Degrees of freedom after Satterthwaite (1946). Interval and p are NaN if a group has fewer than two values, or
        if the values of every group are equal, because their variance is then unknown.

    Raises
    ------
    ValueError
        If a group is empty, or the numbers of groups and weights differ.
    """
    if len(groups) != len(weights) or not all(len(group) for group in groups):
        sizes = ", ".join(str(len(group)) for group in groups)
        raise InputError(f"expected {len(weights)} groups of at least one value, one per weight, got sizes {sizes}")
    means = [float(np.mean(group)) for group in groups]
    variances = [float(np.var(group, ddof=1)) if len(group) > 1 else math.nan for group in groups]
    return contrast_of_moments(means, variances, [len(group) for group in groups], weights)


def contrast_of_moments(
    means: Sequence[float], variances: Sequence[float], sizes: Sequence[int], weights: Sequence[float]
) -> Contrast:
    """As `contrast`, from means, sample variances (with n - 1 in the denominator) and numbers of values."""
    estimate = math.fsum(w * mean for w, mean in zip(weights, means, strict=True))
    parts = [w * w * v / n for w, v, n in zip(weights, variances, sizes, strict=True)]
    variance = math.fsum(parts)
    if math.isnan(variance) or variance == 0:
        return Contrast(estimate, *[math.nan] * 5)
    df = variance**2 / math.fsum(part**2 / (n - 1) for part, n in zip(parts, sizes, strict=True) if part)
    error = math.sqrt(variance)
    half = t_quantile((1 + LEVEL) / 2, df) * error
    t = estimate / error
    return Contrast(estimate, estimate - half, estimate + half, t, df, 2 * t_upper_tail(abs(t), df))


def half_width(sd: float, n: int, df: int) -> float:
    """Half the width of the 95 % interval of a mean of n values whose SD was estimated with `df` degrees of freedom."""
    return t_quantile((1 + LEVEL) / 2, df) * sd / math.sqrt(n)


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """Mean of a few independent values with Student's 95 % confidence interval.

    For a mean over architectures, each value is the mean of the networks of one architecture, so it includes the
    variation between networks. Coverage was measured by simulation with three, five and six values
    (`benchmarks/interval_coverage.py`). It is 95 % for normal values and at least 88 % for values as skewed as an
    exponential distribution. If a fifth of the values are outliers, it falls to 52 % with three values and 67 % with
    five, and so few values seldom show that there are outliers.

    Parameters
    ----------
    values : sequence of float, shape=(n,)

    Returns
    -------
    interval : Interval
        Its ends are NaN for fewer than three values, or if all are equal, because their variance is then unknown. All
        is NaN if there are no values.
    """
    own = np.asarray(values, dtype=np.float64)
    if own.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    sd = float(own.std(ddof=1)) if own.size > 2 else 0.0
    if sd <= 1e-12 * float(np.abs(own).max()):  # equal but for rounding
        return Interval(float(own.mean()), math.nan, math.nan)
    half = half_width(sd, own.size, own.size - 1)
    return Interval(float(own.mean()), float(own.mean()) - half, float(own.mean()) + half)


def wilson_interval(n_hits: int, n: int) -> Interval:
    """Share of hits among `n` with its 95 % score interval (Wilson 1927); NaN if n is 0."""
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    z = _NORMAL_QUANTILE
    share, shrink = n_hits / n, 1 + z * z / n
    center = (share + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, center - half), min(1.0, center + half))


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's correlation of x and y, shape=(n,), with mean ranks of ties; NaN for n < 3 and for constant values."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])


def pooled_correlation(correlations: Sequence[float], sizes: Sequence[int]) -> Interval:
    """Rank correlation within independent groups, pooled, with its 95 % confidence interval.

    Fisher's z averaged with weights n - 3, variance 1.06 / (n - 3) (Fieller, Hartley and Pearson 1957). Groups with
    fewer than four values or an undefined correlation are left out. The z of a perfect correlation is infinite, but in
    a small group it occurs by chance. So it is replaced by a value halfway to the next smaller correlation that is
    possible.
    """
    used = [(_fisher_z(r, n), n - 3) for r, n in zip(correlations, sizes, strict=True) if n > 3 and not math.isnan(r)]
    if not used:
        return Interval(math.nan, math.nan, math.nan)
    weight = sum(w for _, w in used)
    z = sum(z * w for z, w in used) / weight
    half = _NORMAL_QUANTILE * math.sqrt(1.06 / weight)
    return Interval(math.tanh(z), math.tanh(z - half), math.tanh(z + half))


def _fisher_z(r: float, n: int) -> float:
    largest = 1 - 6 / (n * (n * n - 1))  # two neighbours exchanged: 1 - 12 / (n (n^2 - 1))
    return math.atanh(min(max(r, -largest), largest))


def benjamini_hochberg(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Turn p-values into q-values (Benjamini and Hochberg 1995, "Controlling the false discovery rate").

    Parameters
    ----------
    p_values : array-like, shape=(..., m)
        The m tests of the last axis are one family. NaNs stay and do not count as tests.

    Returns
    -------
    q_values : np.ndarray, float64, shape=(..., m)
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = p.argsort(axis=-1)  # NaNs last
    n_tests = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    ratio = np.take_along_axis(p, order, axis=-1) * n_tests / np.arange(1, p.shape[-1] + 1)
    lowest_from_here = np.fmin.accumulate(ratio[..., ::-1], axis=-1)[..., ::-1]
    q = np.empty_like(p)
    np.put_along_axis(q, order, np.minimum(lowest_from_here, 1), axis=-1)
    return q


def noncentrality_interval(f: float, df1: float, df2: float) -> tuple[float, float]:
    """Confidence interval of the noncentrality of an F ratio (Steiger 2004); negative ends become 0."""
    below = noncentral_f_cdf(f, df1, df2)
    low, high = (falling_root(below, (1 + side * LEVEL) / 2) for side in (1, -1))
    return low, high


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, from 1, of values of shape=(n,); ties get their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def bootstrap_mean(values: np.ndarray, *, n_resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean of values with its 95 % bootstrap interval (percentiles of the means of resamples).

    Parameters
    ----------
    values : np.ndarray, shape=(n,)
        NaN is left out.
    n_resamples : int
        Each draws as many values with replacement.
    seed : int

    Returns
    -------
    interval : Interval
        Its ends are NaN for fewer than three values, which are too few to resample.
    """
    defined = values[~np.isnan(values)]
    if defined.size < 3:
        return Interval(float(defined.mean()) if defined.size else math.nan, math.nan, math.nan)
    drawn = np.random.default_rng(seed).integers(defined.size, size=(n_resamples, defined.size))
    low, high = np.quantile(defined[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(defined.mean()), float(low), float(high))


def mean_of_defined(values: np.ndarray, *, axis: int | None) -> np.ndarray:
    """Mean along an axis of values, of any shape, that are not NaN; NaN if there are none."""
    defined = ~np.isnan(values)
    total, n = np.where(defined, values, 0).sum(axis=axis), defined.sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), math.nan)


def number(value: float | np.ndarray) -> float | None:
    """A number, or an array of shape=(), as a Python number; None for NaN."""
    return None if math.isnan(float(value)) else float(value)
