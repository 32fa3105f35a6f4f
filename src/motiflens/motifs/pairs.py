"""Pairs of motifs in simulated data: the rule of each pair, pairs of sites, and which of these obey a rule.

A gap is the number of bases between two sites. The order and orientation of motifs i and j are those on the strand on
which motif i is forward, so they are the same for a sequence and its reverse complement.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.motifs.truth import SiteTruth

KINDS = ("true", "decoy", "filler")  # as a grammar is drawn
#: Sign of the interaction of each kind of pair that has one; `simulate.signed_labels` makes the last two of true pairs.
PAIR_SIGNS: Mapping[str, str] = MappingProxyType({"true": "+", "repress": "-", "redundant": "-"})
ORIENTATIONS = ("i+ j+", "i+ j-", "j+ i+", "j- i+")  # order and strands, where i reads forward
ANY_ORIENTATION = ""


@by_fields
class PairTable(NamedTuple):
    """One row for each pair of motifs with i < j; every column has shape=(n_pairs,).

    A pair of sites obeys the rule if its gap is from ``min_gap`` to ``max_gap``, and its orientation is the given one.
    """

    motif_i: np.ndarray  # int, index into the list of motifs
    motif_j: np.ndarray  # int
    kind: np.ndarray  # str: "true" makes positives, "decoy" is as frequent in negatives, "filler" is neither
    min_gap: np.ndarray  # int, bp
    max_gap: np.ndarray  # int, bp
    orientation: np.ndarray  # str, one of ORIENTATIONS, or "" for any

    def of_kind(self, kind: str) -> "PairTable":
        """Return the rows of one kind."""
        return PairTable(*(column[self.kind == kind] for column in self))

    def to_json(self) -> dict[str, list[Any]]:
        """Return the columns as lists, as in ``dataset.metadata["pairs"]``."""
        return {name: column.tolist() for name, column in self._asdict().items()}


@by_fields
class SitePairs(NamedTuple):
    """One row for each two sites of one sequence; every column has shape=(n,)."""

    sequence: np.ndarray  # row of the dataset
    left: np.ndarray  # row of the site table
    right: np.ndarray  # the site further along the forward strand
    motif_i: np.ndarray  # the smaller motif index of the two
    motif_j: np.ndarray
    gap: np.ndarray  # bp between the sites
    orientation: np.ndarray  # index into ORIENTATIONS


def read_pairs(metadata: Mapping[str, Any]) -> PairTable:
    """Return the table of pairs of a data set from :func:`motiflens.data.simulate.spaced_grammar`.

    Parameters
    ----------
    metadata : mapping
        ``dataset.metadata``, fresh or read from a file.

    Raises
    ------
    ValueError
        If it has no complete table of pairs, or columns of several lengths.
    """
    columns = metadata.get("pairs")
    if not isinstance(columns, Mapping) or set(columns) != set(PairTable._fields):
        made_by = metadata.get("simulator", "other means")
        raise InputError(
            f"expected metadata['pairs'] with {', '.join(PairTable._fields)}, as spaced_grammar writes it, "
            f"got {'another table' if 'pairs' in metadata else 'none'} in data made by {made_by}"
        )
    lengths = {name: len(columns[name]) for name in PairTable._fields}
    if len(set(lengths.values())) > 1:
        raise InputError(f"expected columns of one length in metadata['pairs'], got {lengths}")
    types = {"kind": str, "orientation": str}
    return PairTable(*(np.array(columns[name], dtype=types.get(name, int)) for name in PairTable._fields))


def site_pairs(truth: SiteTruth) -> SitePairs:
    """List each two sites of the same sequence, neighbours first.

    For two sites of the same motif, i is the left and j the right one.
    """
    per_sequence = np.bincount(truth.sequence, minlength=1)
    steps = [np.flatnonzero(truth.sequence[step:] == truth.sequence[:-step]) for step in range(1, per_sequence.max())]
    left = np.concatenate([np.zeros(0, dtype=np.int64), *steps])
    right = left + np.repeat(np.arange(1, len(steps) + 1), [len(rows) for rows in steps])
    widths = np.array([motif.width for motif in truth.motifs], dtype=np.int64)
    gap = truth.start[right] - truth.start[left] - widths[truth.motif[left]]
    i_left = truth.motif[left] <= truth.motif[right]
    i, j = np.where(i_left, left, right), np.where(i_left, right, left)
    i_first = i_left == (truth.strand[i] == 1)  # as read on the strand of i
    orientation = 2 * ~i_first + (truth.strand[i] != truth.strand[j])
    return SitePairs(truth.sequence[left], left, right, truth.motif[i], truth.motif[j], gap, orientation)


def obeying(truth: SiteTruth, pairs: PairTable) -> SitePairs:
    """List the pairs of sites that obey the rule of one of these pairs of motifs."""
    found = site_pairs(truth)
    n_motifs = max(len(truth.motifs), 1 + pairs.motif_j.max(initial=0))
    row = row_of_pair(pairs.motif_i, pairs.motif_j, n_motifs)[found.motif_i, found.motif_j]
    lowest, highest = np.append(pairs.min_gap, 1), np.append(pairs.max_gap, 0)  # no gap obeys where there is no rule
    wanted = np.append(orientation_codes(pairs.orientation), -1)[row]
    turned = (wanted < 0) | (wanted == found.orientation)
    kept = turned & (found.gap >= lowest[row]) & (found.gap <= highest[row])
    return SitePairs(*(column[kept] for column in found))


def count_obeying(truth: SiteTruth, pairs: PairTable) -> np.ndarray:
    """Number of pairs of sites in each sequence that obey a rule, shape=(n_sequences,)."""
    return np.bincount(obeying(truth, pairs).sequence, minlength=truth.n_sequences)


def row_of_pair(motif_i: np.ndarray, motif_j: np.ndarray, n_motifs: int) -> np.ndarray:
    """Row of each pair i < j, or the number of rows if it has none, shape=(n_motifs + 1, n_motifs + 1).

    The last row and column are for index -1, which is no motif.
    """
    row = np.full((n_motifs + 1, n_motifs + 1), len(motif_i))
    row[motif_i, motif_j] = np.arange(len(motif_i))
    return row


def orientation_codes(names: Sequence[str] | np.ndarray) -> np.ndarray:
    """Return the index of each name in ORIENTATIONS, shape=(n,), -1 for any.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    codes = {name: code for code, name in enumerate(ORIENTATIONS)} | {ANY_ORIENTATION: -1}
    unknown = sorted(set(names) - set(codes))
    if unknown:
        raise InputError(f"expected orientations {', '.join(map(repr, codes))}, got {str(unknown[0])!r}")
    return np.array([codes[name] for name in names], dtype=np.int64)
