"""Differences between two candidates, measure by measure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.audits.candidate import Candidate
from motiflens.audits.evidence import Evidence
from motiflens.audits.network import Audit
from motiflens.audits.words import bounds_of, measure_label, method_label
from motiflens.basics.intervals import bounded_difference
from motiflens.basics.once import once_for_each
from motiflens.basics.stats import Interval, contrast
from motiflens.basics.words import with_interval


class Difference(NamedTuple):
    """Means of two candidates in one measure, with the 95 % confidence interval of the difference and Welch's p.

    The interval stays within the range of the measure (`basics.intervals.bounded_difference`), so it may include 0 even
    if p is slightly below 0.05.
    """

    measure: str
    first: float
    second: float
    difference: Interval
    p_value: float
    n_first: int
    n_second: int


@once_for_each
def differences(evidence: Evidence, first: Candidate, second: Candidate) -> list[Difference]:
    """Second minus first candidate, for every measure that both have, with members as replicates."""
    rows = []
    for name, values in measures_of(evidence, first).items():
        others = measures_of(evidence, second).get(name)
        if others is None or np.isnan([*values, *others]).any():
            continue
        found = contrast([values, others], (-1, 1))
        interval = bounded_difference(values, others, bounds_of(name))
        means = float(values.mean()), float(others.mean())
        rows.append(Difference(name, *means, interval, found.p_value, len(values), len(others)))
    return rows


def measures_of(evidence: Evidence, candidate: Candidate) -> dict[str, np.ndarray]:
    """Values of each of E members, shape=(E,), by the name of the measure."""
    audits = candidate.audits
    found = {
        f"Test {measure_label(measure)}": performance.members
        for measure, performance in evidence.performance[candidate.name].items()
    }
    if all(a.matches.rows for a in audits):
        found |= _of_filters(audits)
    if all(a.saliency is not None for a in audits):
        for name, label in (("auroc", "Saliency AUROC"), ("snr", "Saliency signal-to-noise")):
            found[label] = np.array([a.saliency.interpretability.means()[name] for a in audits if a.saliency])
    if (spiked := evidence.spike_ins.get(candidate.name)) is not None:
        for method in spiked.methods:
            found[f"Spike-in AUROC, {method_label(method)}"] = spiked.member_means(method)
            found[f"Spike-in signal-to-noise, {method_label(method)}"] = spiked.member_means(method, "snr")
    return found


def _of_filters(audits: Sequence[Audit]) -> dict[str, np.ndarray]:
    found = {"Filters that match a motif": np.array([matched_share(a) for a in audits])}
    if all(a.chance is not None for a in audits):
        found["Matched beyond chance"] = np.array([a.chance.observed - a.chance.expected for a in audits if a.chance])
    if all(a.matches.tpr is not None for a in audits):
        found["Filters of true motifs"] = np.array([a.matches.tpr for a in audits])
    found["Uninformative filters"] = np.array([wasted_share(a) for a in audits])
    found["Information of a filter (bits)"] = np.array([a.quality.information.mean() for a in audits])
    return found


def comparison_sentences(rows: Sequence[Difference], first: str, second: str) -> Iterator[str]:
    """Sentences on differences whose interval excludes 0, or one sentence if there are none."""
    clear = [row for row in rows if row.difference.low > 0 or row.difference.high < 0]
    for row in clear:
        more = "higher" if row.difference.estimate > 0 else "lower"
        yield (
            f"{row.measure}: {more} with {second} ({row.second:.3f}) than with {first} ({row.first:.3f}), "
            f"difference {with_interval(row.difference, signed=True)}."
        )
    if not clear:
        yield f"No measure tells {second} from {first} over {rows[0].n_first} and {rows[0].n_second} networks."


def matched_share(found: Audit) -> float:
    """Share of filters with a match."""
    return 1 - found.matches.no_hit_share


def wasted_share(found: Audit) -> float:
    """Share of uninformative filters: dead, of low information, or redundant."""
    return float((found.filters.dead | found.quality.low_information | found.quality.redundant).mean())
