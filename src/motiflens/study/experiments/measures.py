"""Correlations and shares with intervals that respect that edits of one element are alike."""

import math
from collections.abc import Callable

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.stats import LEVEL, Interval, benjamini_hochberg, ranks

N_RESAMPLES = 1000


def clustered_spearman(
    x: np.ndarray, y: np.ndarray, clusters: np.ndarray, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Interval:
    """Rank correlation of x and y, shape=(n,) each, with an interval from resampled clusters, shape=(n,).

    Ranks are taken once. With them Spearman's correlation is Pearson's, a function of five sums over the clusters, so
    that a resample of whole clusters is a weighting of these sums.

    Returns
    -------
    interval : Interval
        Bounds are NaN for fewer than three clusters; all is NaN for fewer than three values or constant ones.
    """
    _check(x, y, clusters)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Interval(math.nan, math.nan, math.nan)
    a, b = ranks(x), ranks(y)
    a, b = a - a.mean(), b - b.mean()  # small numbers lose nothing in the sums of squares
    columns = np.stack([np.ones(len(a)), a, b, a * a, b * b, a * b])
    return _of_sums(columns, clusters, _correlation, n_resamples, seed)


def clustered_share(
    hits: np.ndarray, clusters: np.ndarray, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Interval:
    """Share of hits, bool of shape=(n,), with an interval from resampled clusters; NaN of none."""
    _check(hits, hits, clusters)
    if not len(hits):
        return Interval(math.nan, math.nan, math.nan)
    columns = np.stack([np.ones(len(hits)), hits.astype(np.float64)])
    return _of_sums(columns, clusters, lambda sums: sums[1] / sums[0], n_resamples, seed)


def significant(effect: np.ndarray, error: np.ndarray, q: float = 0.05) -> np.ndarray:
    """Which effects differ from 0 at a false discovery rate of q, by a two-sided normal test, bool, shape=(n,)."""
    z = np.divide(np.abs(effect), error, out=np.full(effect.shape, math.inf), where=error > 0)
    return benjamini_hochberg([math.erfc(value / math.sqrt(2)) for value in z.tolist()]) <= q


def ceiling(effect: np.ndarray, error: np.ndarray) -> float:
    """Largest expected correlation with measured effects, shape=(n,), of a prediction that knows the true ones.

    The root of the reliability: of the variance of effects, the share that is not that of their standard errors, (n,).
    """
    total = float(np.var(effect))
    return math.sqrt(max(0.0, 1 - float(np.mean(error**2)) / total)) if total > 0 else math.nan


def _correlation(sums: np.ndarray) -> np.ndarray:
    n, a, b, aa, bb, ab = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return (n * ab - a * b) / np.sqrt((n * aa - a * a) * (n * bb - b * b))


def _of_sums(
    columns: np.ndarray,
    clusters: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    n_resamples: int,
    seed: int,
) -> Interval:
    """A statistic of sums over all values, and its range over resamples of clusters."""
    group = np.unique(clusters, return_inverse=True)[1]
    n_clusters = int(group.max()) + 1
    by_cluster = np.stack([np.bincount(group, column, minlength=n_clusters) for column in columns])  # S, clusters
    estimate = float(statistic(by_cluster.sum(axis=1)))
    if n_clusters < 3:
        return Interval(estimate, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=n_resamples)
    values = statistic(by_cluster @ weights.T)
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(estimate, float(low), float(high))


def _check(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> None:
    if not x.shape == y.shape == clusters.shape or x.ndim != 1:
        raise InputError(f"expected values and clusters of one shape (n,), got {x.shape}, {y.shape}, {clusters.shape}")
