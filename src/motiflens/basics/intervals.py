"""Confidence intervals of means and of differences of means that stay within the range of the measure.

Student's interval can end outside of the range: that of a share of 0.97 with a standard error of 0.05 ends above 1. So
the interval of a mean is computed on a scale without bounds (logit, or logarithm) by the delta method, and transformed
back. The interval of a difference is computed from the intervals of both means (Zou & Donner 2008, Statistics in
Medicine 27:1693, "method of variance estimates recovery"; Newcombe 1998 does the same for proportions).

Coverage was measured by simulation (`benchmarks/bounded_intervals.py`) with 2 to 10 networks, for normal distributions
and for beta distributions near 0, 0.5 and 1. It is 92 to 97 % for means, and at least 93 % for differences (up to 100 %
with two or three networks each). Student's and Welch's intervals, cut off at the bounds, cover the true value in as few
as 87 % and 85 % of the same cases. The table is in docs/methods/intervals.md.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from motiflens.basics.distributions import t_quantile
from motiflens.basics.errors import InputError
from motiflens.basics.stats import LEVEL, Interval, contrast


class Bounds(NamedTuple):
    """Smallest and largest value that a measure can have."""

    low: float
    high: float


SHARES = Bounds(0.0, 1.0)  # and areas under a curve
CORRELATIONS = Bounds(-1.0, 1.0)  # and differences of two shares
NOT_NEGATIVE = Bounds(0.0, math.inf)
UNBOUNDED = Bounds(-math.inf, math.inf)


def bounded_mean(values: Sequence[float] | np.ndarray, bounds: Bounds) -> Interval:
    """Mean of a few independent values with its 95 % confidence interval, within bounds.

    Parameters
    ----------
    values : sequence of float, shape=(n,)
    bounds : Bounds
        Single values may lie outside, as those of a jackknife do; their mean may not.

    Returns
    -------
    interval : Interval
        Its ends are NaN for fewer than two values, or if all are equal, because their variance is then unknown. All is
        NaN if there are no values.

    Raises
    ------
    ValueError
        If the mean is out of bounds.
    """
    own = np.asarray(values, dtype=np.float64)
    if own.size == 0:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(own.mean())
    slack = 1e-9  # of rounding
    if mean < bounds.low - slack or mean > bounds.high + slack:
        raise InputError(f"expected a mean from {bounds.low:g} to {bounds.high:g}, got {mean:g}")
    mean = min(max(mean, bounds.low), bounds.high)
    error = float(own.std(ddof=1)) / math.sqrt(own.size) if own.size > 1 else 0.0
    if error <= 1e-12 * float(np.abs(own).max()):  # equal but for rounding
        return Interval(mean, math.nan, math.nan)
    return Interval(mean, *_limits(mean, _quantile(own.size - 1) * error, bounds))


def bounded_difference(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, bounds: Bounds
) -> Interval:
    """Mean of the second group minus that of the first, with its 95 % confidence interval, within the bounds.

    From the limits l and u of both means m: the lower limit is d - sqrt((m2 - l2)^2 + (u1 - m1)^2), the upper one
    d + sqrt((u2 - m2)^2 + (m1 - l1)^2), d = m2 - m1. These never exceed the largest possible difference. For a measure
    without bounds this is Welch's interval.

    Parameters
    ----------
    first, second : sequence of float, shape=(n1,) and (n2,)
        Values of two independent groups.
    bounds : Bounds
        Of the values, as for :func:`bounded_mean`.

    Returns
    -------
    interval : Interval
        Its ends are NaN if those of a mean are NaN. If only one group varies, the mean of the other is taken as known.
    """
    groups = [np.asarray(group, dtype=np.float64) for group in (first, second)]
    if bounds == UNBOUNDED:
        if not all(group.size for group in groups):
            return Interval(math.nan, math.nan, math.nan)
        found = contrast(groups, (-1, 1))
        return Interval(found.estimate, found.low, found.high)
    one, other = (bounded_mean(group, bounds) for group in groups)
    difference = other.estimate - one.estimate
    if all(math.isnan(mean.low) for mean in (one, other)) or min(group.size for group in groups) < 2:
        return Interval(difference, math.nan, math.nan)
    one, other = (_known(mean) for mean in (one, other))
    low = math.hypot(other.estimate - other.low, one.high - one.estimate)
    high = math.hypot(other.high - other.estimate, one.estimate - one.low)
    return Interval(difference, difference - low, difference + high)


@lru_cache
def _quantile(df: int) -> float:
    return t_quantile((1 + LEVEL) / 2, df)


def _known(mean: Interval) -> Interval:
    """A mean without an interval as one of no width."""
    return Interval(*[mean.estimate] * 3) if math.isnan(mean.low) else mean


def _limits(mean: float, half: float, bounds: Bounds) -> tuple[float, float]:
    """Turn half the width of Student's interval into limits within bounds, by the delta method."""
    above, below = mean - bounds.low, bounds.high - mean
    if math.isinf(above) and math.isinf(below):
        return mean - half, mean + half
    if above == 0 or below == 0:  # on a bound, where no scale reaches: values of a jackknife alone come here
        return max(mean - half, bounds.low), min(mean + half, bounds.high)
    if math.isinf(below):  # logarithm
        return bounds.low + above * math.exp(-half / above), bounds.low + above * _exp(half / above)
    width = bounds.high - bounds.low
    step = half * width / (above * below)  # on the scale of log(above / below)
    return tuple(bounds.low + width / (1 + below / above * _exp(-side * step)) for side in (-1, 1))  # type: ignore[return-value]


def _exp(value: float) -> float:
    """Exponential that ends at infinity rather than in an error."""
    return math.exp(value) if value < 709 else math.inf
