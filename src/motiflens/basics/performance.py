"""Scores of predictors on the same test sequences, with confidence intervals from resampled sequences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import is_binary
from motiflens.basics.stats import LEVEL, Interval, mean_of_defined
from motiflens.basics.tables import Table, with_rows

_BLOCK = 2**22  # values held at once
_ROUNDING = 1e-10  # share of a variance below which that of a resample is rounding


@with_rows
@dataclass(frozen=True, eq=False, repr=False)
class Performance:
    """One measure of one predictor on n sequences, micro-averaged over all labels.

    Attributes
    ----------
    measure : str
        "auroc", "aupr" or "pearson".
    members : np.ndarray, float64, shape=(E,)
        Value of each initialisation.
    resampled : np.ndarray, float64, shape=(n_resamples,)
        Mean over members on each resample of the sequences; NaN if a resample holds a single class.
    """

    measure: str
    members: np.ndarray
    resampled: np.ndarray

    def __repr__(self) -> str:
        found, n = self.interval, len(self.members)
        networks = f", {n} networks" if n > 1 else ""
        return f"Performance({self.measure} {found.estimate:.3f}, 95% CI {found.low:.3f} to {found.high:.3f}{networks})"

    def _table(self) -> Table:
        """A row for each initialisation."""
        columns = {"network": np.arange(len(self.members)), self.measure: self.members}
        return Table(repr(self), columns)

    @property
    def interval(self) -> Interval:
        """Mean over members with its 95 % confidence interval over resamples of the test sequences."""
        return _interval(float(self.members.mean()), self.resampled)

    def minus(self, other: "Performance") -> Interval:
        """Difference from another predictor on the same resamples, with its 95 % confidence interval.

        Raises
        ------
        ValueError
            If the other has another measure or another number of resamples.
        """
        if (self.measure, len(self.resampled)) != (other.measure, len(other.resampled)):
            raise InputError(
                f"expected {self.measure} on {len(self.resampled)} resamples, got {other.measure} on "
                f"{len(other.resampled)}: compare what one call of `performances` returns"
            )
        return _interval(float(self.members.mean() - other.members.mean()), self.resampled - other.resampled)


def performances(
    y: np.ndarray, predictions: Mapping[str, np.ndarray], *, n_resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, Performance]]:
    """Measure predictors on the same sequences and on the same resamples of them, drawn with replacement.

    Parameters
    ----------
    y : np.ndarray, shape=(n, T)
        Labels: AUROC and AUPR (trapezoid, as `metrics.aupr`) if all are 0 or 1, else Pearson's r. Missing ones are NaN
        and do not count.
    predictions : mapping of str to np.ndarray, shape=(n, T) or (E, n, T)
        Scores by the name of the predictor; with E members, each member is measured by itself.
    n_resamples : int
    seed : int

    Returns
    -------
    performances : dict of dict of Performance
        By the name of the predictor and the measure.

    Raises
    ------
    ValueError
        If shapes do not fit, a score is not finite, or n_resamples is below 1.
    """
    n, n_labels = y.shape
    if n_resamples < 1 or n == 0:
        raise InputError(f"expected sequences and at least one resample, got {n} and {n_resamples}")
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples)  # n_resamples, n
    weights = np.concatenate([np.ones((1, n)), counts])
    binary = is_binary(y)
    found = {}
    for name, scores in predictions.items():
        members = scores if scores.ndim == 3 else scores[None]
        if members.shape[1:] != (n, n_labels) or not len(members):
            raise InputError(f"expected scores of shape {(n, n_labels)} or (E, {n}, {n_labels}), got {scores.shape}")
        if not np.isfinite(members).all():
            raise InputError(f"scores must be finite, got NaN or infinity from {name!r}")
        values = [_in_blocks(y, member.astype(np.float64), weights, binary=binary) for member in members]
        measures = ("auroc", "aupr") if binary else ("pearson",)
        stacked = np.array(values)  # E, measure, 1 + n_resamples
        found[name] = {
            measure: Performance(measure, stacked[:, i, 0], stacked[:, i, 1:].mean(axis=0))
            for i, measure in enumerate(measures)
        }
    return found


def _in_blocks(y: np.ndarray, scores: np.ndarray, weights: np.ndarray, *, binary: bool) -> np.ndarray:
    """Measures of one predictor under each row of weights, shape=(n_measures, n_rows)."""
    n_rows = max(1, _BLOCK // scores.size)
    measure = _areas if binary else _pearson
    return np.concatenate(
        [measure(y, scores, weights[start : start + n_rows]) for start in range(0, len(weights), n_rows)], axis=1
    )


def _areas(y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC and AUPR of weighted sequences, shape=(2, n_rows): the scores are sorted once for all rows.

    Ties share one threshold; the precision-recall curve begins at recall 0, precision 1.
    """
    order = np.argsort(-scores, axis=None, kind="stable")
    descending = scores.reshape(-1)[order]
    first_of_tie = np.flatnonzero(np.r_[True, descending[1:] != descending[:-1]])
    labels = y.reshape(-1)[order]  # a missing one is of neither class
    weight = weights[:, order // y.shape[1]]  # n_rows, n * T
    steps = [np.add.reduceat(weight * side, first_of_tie, axis=1) for side in (labels == 1, labels == 0)]
    true, false = (np.cumsum(step, axis=1) for step in steps)
    true_before = true - steps[0]
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 where a class is missing
        auroc = (steps[1] * (true + true_before)).sum(axis=1) / (2 * true[:, -1] * false[:, -1])
        precision = np.where(true + false > 0, true / (true + false), 1)
        before = np.concatenate([np.ones((len(weights), 1)), precision[:, :-1]], axis=1)
        aupr = (steps[0] * (precision + before)).sum(axis=1) / (2 * true[:, -1])
    both = (true[:, -1] > 0) & (false[:, -1] > 0)
    return np.where(both, np.stack([auroc, aupr]), np.nan)


def _pearson(y: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over the labels that vary of the weighted correlation, shape=(1, n_rows).

    As in `metrics.pearson`, constant values have a correlation of 0; NaN where all labels are constant.
    """
    known = ~np.isnan(y)  # n, T
    varied = [_varies(column, known) for column in (y, values)]  # T; a centred constant may be no zero
    y, values = (_centred_known(column, known) for column in (y, values))
    total = weights.sum(axis=1, keepdims=True) if known.all() else weights @ known
    with np.errstate(invalid="ignore"):  # 0 / 0 where a label is not there at all
        mean_y, mean_values = weights @ y / total, weights @ values / total  # n_rows, T
        covariance = weights @ (y * values) / total - mean_y * mean_values
        variance_y = weights @ y**2 / total - mean_y**2
        variance_values = weights @ values**2 / total - mean_values**2
    n = np.maximum(known.sum(axis=0), 1)
    varies = varied[0] & (variance_y > _ROUNDING * (y**2).sum(axis=0) / n)
    tells = varies & varied[1] & (variance_values > _ROUNDING * (values**2).sum(axis=0) / n)
    r = np.where(tells, covariance / np.sqrt(np.where(tells, variance_y * variance_values, 1)), 0)
    return mean_of_defined(np.where(varies, r, np.nan), axis=1)[None]


def _varies(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Whether a column (n, T) has different values among those that are known, shape=(T,)."""
    low, high = np.where(known, values, np.inf).min(axis=0), np.where(known, values, -np.inf).max(axis=0)
    return np.asarray(low < high)


def _centred_known(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values (n, T) minus the mean of those that are known, 0 where they are not."""
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / n
    return np.where(known, values - mean, 0)


def _interval(estimate: float, resampled: np.ndarray) -> Interval:
    defined = resampled[np.isfinite(resampled)]
    if not defined.size:
        return Interval(estimate, float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(estimate, float(low), float(high))
