"""Means of what is defined, and how sure they are."""

import math

import numpy as np

from motiflens.stats import LEVEL, Interval


def bootstrap_mean(values: np.ndarray, *, n_resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean of values with the range in which 95 % of the means of resamples lie.

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
        NaN bounds for fewer than three values, of which resamples say nothing.
    """
    defined = values[~np.isnan(values)]
    if defined.size < 3:
        return Interval(float(defined.mean()) if defined.size else math.nan, math.nan, math.nan)
    drawn = np.random.default_rng(seed).integers(defined.size, size=(n_resamples, defined.size))
    low, high = np.quantile(defined[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(defined.mean()), float(low), float(high))


def mean_of_defined(values: np.ndarray, *, axis: int | None) -> np.ndarray:
    """Mean along an axis over values that are not NaN; NaN where there are none."""
    defined = ~np.isnan(values)
    total, n = np.where(defined, values, 0).sum(axis=axis), defined.sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), math.nan)


def number(value: float | np.ndarray) -> float | None:
    """A plain number for a summary, None for NaN."""
    return None if math.isnan(float(value)) else float(value)
