"""Comparison of candidates: every measure with its confidence interval, and its difference from the first candidate."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from motiflens.audits.candidate import Candidate
from motiflens.audits.differences import matched_share
from motiflens.audits.evidence import Evidence
from motiflens.audits.words import bounds_of, measure_label, method_label
from motiflens.basics.intervals import bounded_difference, bounded_mean
from motiflens.basics.performance import Performance
from motiflens.basics.stats import Interval, mean_of_defined, number
from motiflens.basics.tables import by_fields
from motiflens.interpret.stability import Stability

_SPIKE_IN_SCORES = {"auroc": "AUROC", "aupr": "AUPR", "snr": "signal-to-noise"}


class Compared(NamedTuple):
    """A measure of one candidate; NaN if it is undefined.

    `difference` is that from the first candidate, and None for the first one itself. `n_replicates` is the number of
    networks for which the measure is defined; for example, a spike-in is undefined for a network that responds to no
    motif. It is 1 for the agreement of two networks.
    """

    mean: Interval
    difference: Interval | None
    n_replicates: int


@by_fields
class Comparison(NamedTuple):
    """A measure of all candidates, by name; `over` says over what the intervals are, such as networks."""

    measure: str
    over: str  # "test sequences" or "networks"
    candidates: dict[str, Compared]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as numbers and text; None for an undefined number."""
        return {
            "measure": self.measure,
            "over": self.over,
            "candidates": {
                name: {
                    "n_replicates": found.n_replicates,
                    "mean": _numbers(found.mean),
                    "difference": None if found.difference is None else _numbers(found.difference),
                }
                for name, found in self.candidates.items()
            },
        }


def side_by_side(evidence: Evidence) -> list[Comparison]:
    """Compare every candidate with the first, measure by measure, with 95 % confidence intervals.

    For scores on the test sequences, sequences are resampled, the same ones for all candidates (paired bootstrap). For
    all other measures, networks are the replicates, and the intervals of `basics.intervals` stay within the range of
    the measure. Agreement is measured on pairs of networks, and each network is in several pairs. So its replicates are
    jackknife pseudo-values, whose mean is that of the pairs (Arvesen 1969, "Jackknifing U-statistics"), and fewer than
    three networks have no interval.

    Returns
    -------
    comparisons : list of Comparison
        Measures that at least one candidate has.
    """
    names = [candidate.name for candidate in evidence.candidates]
    scores = {name: evidence.performance[name] for name in names}
    found = [
        _of_scores(f"Test {measure_label(measure)}", {name: own[measure] for name, own in scores.items()})
        for measure in scores[names[0]]
    ]
    values = {candidate.name: _of_networks(evidence, candidate) for candidate in evidence.candidates}
    measures = dict.fromkeys(measure for own in values.values() for measure in own)
    nothing = np.empty(0)
    return found + [
        _of_replicates(measure, {name: own.get(measure, nothing) for name, own in values.items()})
        for measure in measures
    ]


def _of_scores(measure: str, scores: Mapping[str, Performance]) -> Comparison:
    first = next(iter(scores))
    compared = {
        name: Compared(own.interval, None if name == first else own.minus(scores[first]), len(own.members))
        for name, own in scores.items()
    }
    return Comparison(measure, "test sequences", compared)


def _of_replicates(measure: str, values: Mapping[str, np.ndarray]) -> Comparison:
    defined = {name: own[~np.isnan(own)] for name, own in values.items()}
    first, bounds = next(iter(defined)), bounds_of(measure)
    compared = {
        name: Compared(
            bounded_mean(own, bounds),
            None if name == first else bounded_difference(defined[first], own, bounds),
            len(own),
        )
        for name, own in defined.items()
    }
    return Comparison(measure, "networks", compared)


def _of_networks(evidence: Evidence, candidate: Candidate) -> dict[str, np.ndarray]:
    """Replicates by the name of the measure, shape=(E,)."""
    audits = candidate.audits
    found = {"Filters that match a motif": np.array([matched_share(one) for one in audits])}
    if all(one.chance is not None for one in audits):
        found["Matches expected by chance"] = np.array([one.chance.expected for one in audits if one.chance])
    if (spiked := evidence.spike_ins.get(candidate.name)) is not None:
        for method in spiked.methods:
            for score, label in _SPIKE_IN_SCORES.items():
                found[f"Spike-in {label}, {method_label(method)}"] = spiked.member_means(method, score)
    if (stable := evidence.stability.get(candidate.name)) is not None:
        found |= _agreement(stable)
    return found


def _agreement(stable: Stability) -> dict[str, np.ndarray]:
    """Pseudo-values of what two networks have in common, of maps and of filters."""
    found = {
        f"Agreement of maps, {method_label(method)}": jackknife(mean_of_defined(maps, axis=-1))
        for method, maps in zip(stable.methods, stable.pearson, strict=True)
    }
    if stable.filters is not None:
        found["Filters shared by two networks"] = jackknife((stable.filters.share + stable.filters.share.T) / 2)
    return found


def jackknife(pairs: np.ndarray) -> np.ndarray:
    """Pseudo-values of the mean over all pairs.

    Parameters
    ----------
    pairs : np.ndarray, shape=(E, E)
        Symmetric; the diagonal does not count. A network whose pairs are all NaN is left out.

    Returns
    -------
    values : np.ndarray, float64, shape=(n,)
        One for each network; their mean is the mean of the pairs. For two networks, that mean alone; for one, nothing.
    """
    off = ~np.eye(len(pairs), dtype=bool)
    kept = (off & ~np.isnan(pairs)).any(axis=1)
    pairs = np.where(off, pairs, 0)[np.ix_(kept, kept)]
    n, total = len(pairs), pairs.sum() / 2
    if n < 3:
        return np.array([total] if n == 2 else [])
    mean = total / (n * (n - 1) / 2)
    without = (total - pairs.sum(axis=1)) / ((n - 1) * (n - 2) / 2)
    return n * mean - (n - 1) * without


def _numbers(interval: Interval) -> dict[str, float | None]:
    return {name: number(value) for name, value in interval._asdict().items()}
