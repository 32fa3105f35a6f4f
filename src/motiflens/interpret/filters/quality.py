"""Quality of first-layer filters, one by one.

Which filters are dead, have low information or duplicate another one; what they match, compared with chance; and what
the network uses them for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import information_content
from motiflens.basics.tables import Table, Tabular
from motiflens.interpret.filters.alignment import FilterPwms
from motiflens.interpret.filters.chance import FalseMatches
from motiflens.interpret.filters.importance import FilterImportance
from motiflens.interpret.filters.matches import FilterMatches
from motiflens.motifs.sets import trim_pwm
from motiflens.motifs.similarity import similarity

LOW_INFORMATION = 6.0  # bits, those of three certain bases
SIMILAR = 0.8


class SimilarPair(NamedTuple):
    """Two filters with nearly the same matrix."""

    first: int
    second: int
    similarity: float
    offset: int  # of the second filter's trimmed matrix in the first's
    strand: int  # -1: the second reads the first's motif on the other strand


@dataclass(frozen=True, eq=False, repr=False)
class FilterQuality(Tabular):
    """Information and similarity of filters, from their matrices alone.

    Attributes
    ----------
    information : np.ndarray, float64, shape=(F,)
        Information of each trimmed matrix in bits, corrected for the number of windows; 0 for a dead filter.
    low_information : np.ndarray, bool, shape=(F,)
        Filters below `LOW_INFORMATION` bits that are not dead.
    pairs : tuple of SimilarPair
        Pairs of similar filters, on either strand, the most similar first.
    """

    information: np.ndarray
    low_information: np.ndarray
    pairs: tuple[SimilarPair, ...]

    @property
    def redundant(self) -> np.ndarray:
        """Filters that duplicate an earlier one on the same strand, bool, shape=(F,).

        A filter with the reverse complement of another one's motif is not redundant, because a network needs both
        unless its architecture reads both strands.
        """
        flags = np.zeros(len(self.information), dtype=bool)
        flags[[max(pair.first, pair.second) for pair in self.pairs if pair.strand == 1]] = True
        return flags

    def _table(self) -> Table:
        n, low, again = len(self.information), int(self.low_information.sum()), int(self.redundant.sum())
        title = f"FilterQuality: of {n} filters {low} below {LOW_INFORMATION:g} bits, {again} repeat another"
        numbers = {"filter": np.arange(n), "information": self.information}
        return Table(title, {**numbers, "low_information": self.low_information, "redundant": self.redundant})


def filter_quality(pwms: np.ndarray, counts: np.ndarray) -> FilterQuality:
    """Measure the information of filters and find similar pairs.

    A matrix averaged from n windows has 3 / (2 ln 2 n) bits per column by chance (Schneider et al. 1986, "Information
    content of binding sites on nucleotide sequences"). These are subtracted. In the study's trained networks, filters
    below 6 bits matched JASPAR about as often as its decoys.

    Two filters are similar if the similarity (`motifs.similarity.similarity`) of their trimmed matrices is at least
    `SIMILAR`. In the study's trained networks this holds for 98 % of the pairs that match the same factor, and for 1 %
    of the pairs that match different factors. Filters of low information are left out, because they are often similar
    by chance.

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
    counts : np.ndarray, shape=(F,)
        Windows that each matrix was averaged from.

    Raises
    ------
    ValueError
        If shapes do not fit or a matrix does not hold probabilities.
    """
    information = filter_information(pwms, counts)
    trimmed = [trim_pwm(pwm) for pwm in pwms]
    low = (information < LOW_INFORMATION) & (counts > 0)
    clear = np.flatnonzero((counts > 0) & ~low).tolist()
    pairs = []
    for k, i in enumerate(clear):
        for j in clear[k + 1 :]:
            found = similarity(trimmed[i], trimmed[j])
            if found.value >= SIMILAR:
                if found.strand == -1:  # of a palindrome either strand may come out ahead
                    same = similarity(trimmed[i], trimmed[j], both_strands=False)
                    found = same if same.value >= SIMILAR else found
                pairs.append(SimilarPair(i, j, found.value, found.offset, found.strand))
    return FilterQuality(information, low, tuple(sorted(pairs, key=lambda pair: -pair.similarity)))


def filter_information(pwms: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Bits of each filter beyond what as many windows have by chance, as `FilterQuality` has them, shape=(F,).

    Parameters
    ----------
    pwms : np.ndarray, shape=(F, 4, window)
    counts : np.ndarray, shape=(F,)
        Windows behind each matrix.

    Raises
    ------
    ValueError
        If shapes do not fit or a matrix does not hold probabilities.
    """
    if len(pwms) != len(counts):
        raise InputError(f"expected one count for each of {len(pwms)} filters, got {len(counts)}")
    return np.array([_information(trim_pwm(pwm), int(n)) for pwm, n in zip(pwms, counts, strict=True)])


def _information(pwm: np.ndarray, n_windows: int) -> float:
    if n_windows == 0:
        return 0.0
    by_chance = 3 / (2 * np.log(2) * n_windows)
    return float(np.maximum(information_content(pwm, axis=0) - by_chance, 0).sum())


def filter_rows(
    filters: FilterPwms,
    matches: FilterMatches,
    quality: FilterQuality,
    *,
    importance: FilterImportance | None = None,
    chance: FalseMatches | None = None,
    label_names: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """One row for each filter, for a table: numbers and text, or None for an empty cell.

    Columns are filter, n_windows, information, flags ("dead", "low information", "redundant"), outcome, factor, match,
    name, q, n_hits and decoy_share; and, if importance was measured, for each label LABEL:positives, LABEL:negatives,
    LABEL:size and LABEL:drop.

    Parameters
    ----------
    filters, matches, quality, importance, chance
        Results for F filters; the last two are None if they were not measured.
    label_names : sequence of str
        Names of the outputs for which importance was measured.
    """
    flags = {"dead": filters.dead, "low information": quality.low_information, "redundant": quality.redundant}
    rows = []
    for i, match in enumerate(matches.rows):
        row = {
            "filter": i,
            "n_windows": int(filters.counts[i]),
            "information": float(quality.information[i]),
            "flags": ", ".join(name for name, flagged in flags.items() if flagged[i]),
            "outcome": match.outcome,
            "factor": match.factor,
            "match": match.best.target_id if match.best else None,
            "name": match.best.target_name if match.best else None,
            "q": match.best.q_value if match.best else None,
            "n_hits": match.n_hits,
            "decoy_share": None if chance is None else float(chance.per_filter[i]),
        }
        if importance is not None:
            for t, label in enumerate(label_names):
                row[f"{label}:positives"] = float(importance.on_positives[i, t])
                row[f"{label}:negatives"] = float(importance.on_negatives[i, t])
                row[f"{label}:size"] = float(importance.size[i, t])
                row[f"{label}:drop"] = float(importance.performance_drop[i, t])
        rows.append(row)
    return rows
