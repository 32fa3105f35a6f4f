"""Near duplicates: sequences of valid and test that share half or more of their k-mers with one of an earlier split.

Such sequences are variants of one locus, or overlapping windows. They are found by a fixed sample of their canonical
k-mers, those whose hash is below a limit. Because the limit is the same for all sequences, the share of common k-mers
in the sample estimates the share among all k-mers (Irber et al. 2022, FracMinHash,
https://doi.org/10.1101/2022.01.11.475838). The cost grows with the number of sampled k-mers, not with the number of
pairs.
"""

from typing import NamedTuple

import numpy as np

from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.tables import by_fields

SHARED = 0.5  # of its k-mers that a near duplicate has in common with its twin

_SHORT = 100  # bp; below, k-mers of 12, so that a single mismatch does not hit most of them
_SAMPLED = 60  # k-mers per sequence, about
_TWINS = 8  # sequences that stand before it which a k-mer is looked up in, always the first ones
_BLOCK = 2**23  # bases at once


@by_fields
class Twins(NamedTuple):
    """Pairs of near duplicates: for each sequence at most 8 earlier ones, those of the earliest split first."""

    n: int  # sequences
    row: np.ndarray  # int64, (n_pairs,)
    other: np.ndarray  # int64, (n_pairs,), of the same or an earlier split

    def across(self, split_codes: np.ndarray) -> np.ndarray:
        """Which sequences have a near duplicate in an earlier split, bool, shape=(N,)."""
        near = np.zeros(self.n, dtype=bool)
        near[self.row[split_codes[self.other] < split_codes[self.row]]] = True
        return near


def near_twins(codes: np.ndarray, split_codes: np.ndarray) -> Twins:
    """Find pairs of sequences that share half or more of their k-mers, on either strand.

    k is 16, or 12 for sequences below 100 bp. For example, two sequences of 164 bp with two mismatches share at least
    78 % of their 16-mers.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    split_codes : np.ndarray, uint8, shape=(N,)
        0 for train, 1 for valid, 2 for test.

    Returns
    -------
    twins : Twins
        A sequence with too many unknown bases has none.
    """
    n, length = codes.shape
    k = 12 if length < _SHORT else 16
    none = np.zeros(0, dtype=np.int64)
    if length < k or n < 2:
        return Twins(n, none, none)
    rows, hashes = _sampled(codes, k, limit=min(1.0, _SAMPLED / (length - k + 1)))
    n_sampled = np.bincount(rows, minlength=n)
    order = np.lexsort((rows, split_codes[rows], hashes))
    rows, hashes = rows[order], hashes[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]])
    sizes = np.diff(np.r_[starts, len(hashes)])
    first = np.repeat(starts, sizes)  # of the group of each k-mer
    later = np.flatnonzero(first < np.arange(len(first)))
    pairs = []
    for step in range(_TWINS):  # groups are sorted by split, so that the earliest sequences come first
        twin = first[later] + step
        fits = twin < later
        pairs.append(rows[later[fits]].astype(np.int64) * n + rows[twin[fits]])
    found, counts = np.unique(np.concatenate(pairs), return_counts=True)
    own = found // n
    near = counts >= SHARED * n_sampled[own]
    return Twins(n, own[near], found[near] % n)


def near_duplicates(codes: np.ndarray, split_codes: np.ndarray) -> np.ndarray:
    """Which sequences have a near duplicate (`near_twins`) in an earlier split, bool, shape=(N,)."""
    return near_twins(codes, split_codes).across(split_codes)


def _sampled(codes: np.ndarray, k: int, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and hashes of the sampled k-mers, each once for a sequence."""
    top = np.uint64(min(limit * 2.0**64, 2.0**64 - 2048))
    step = max(1, _BLOCK // codes.shape[1])
    rows: list[np.ndarray] = []
    hashes: list[np.ndarray] = []
    for start in range(0, len(codes), step):
        block = codes[start : start + step]
        mixed = _mix(_canonical(block, k))
        n_unknown = np.cumsum(block == UNKNOWN, axis=1, dtype=np.int32)
        n_unknown = np.pad(n_unknown, ((0, 0), (1, 0)))
        clear = n_unknown[:, k:] == n_unknown[:, :-k]
        row, place = np.nonzero((mixed <= top) & clear)
        own = mixed[row, place]
        order = np.lexsort((own, row))
        row, own = row[order], own[order]
        new = np.r_[True, (row[1:] != row[:-1]) | (own[1:] != own[:-1])] if len(row) else np.zeros(0, bool)
        rows.append(row[new] + start)
        hashes.append(own[new])
    return np.concatenate(rows), np.concatenate(hashes)


def _canonical(codes: np.ndarray, k: int) -> np.ndarray:
    """Numbers of k-mers, the smaller of both strands, uint64, shape=(n, L - k + 1); k is 12 or 16."""
    forward, backward, width = (codes & 3).astype(np.uint64), (3 - (codes & 3)).astype(np.uint64), 1
    parts = {1: (forward, backward)}
    while 2 * width <= k:
        shift = np.uint64(4**width)
        forward = forward[:, :-width] * shift + forward[:, width:]
        backward = backward[:, width:] * shift + backward[:, :-width]
        width *= 2
        parts[width] = (forward, backward)
    if width < k:  # 12 = 8 + 4
        more = k - width
        last = parts[more]
        n = codes.shape[1] - k + 1
        forward = forward[:, :n] * np.uint64(4**more) + last[0][:, width : width + n]
        backward = last[1][:, width : width + n] * np.uint64(4**width) + backward[:, :n]
    return np.minimum(forward, backward)


def _mix(numbers: np.ndarray) -> np.ndarray:
    """Spread numbers over 64 bits: the finaliser of splitmix64 (Steele et al. 2014)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
