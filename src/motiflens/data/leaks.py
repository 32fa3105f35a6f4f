"""Leaks between splits: shared sequences, overlapping windows, shared chromosomes."""

from typing import NamedTuple

import numpy as np

from motiflens.basics.inputs import is_binary
from motiflens.basics.sequence import reverse_complement
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.intervals import intervals_of_names
from motiflens.data.near_duplicates import Twins
from motiflens.data.splits import SPLITS

_BLOCK = 2**22  # labels compared at once


class Repeats(NamedTuple):
    """Sequences that occur more than once; a reverse complement counts as the same sequence."""

    n_repeated: int  # beside the first of each
    n_across_splits: int  # of valid and test, that stand in an earlier split too
    n_contradicting: int  # with other labels elsewhere


def repeats(dataset: SequenceDataset) -> Repeats:
    """Count repeated sequences of a dataset that is not empty."""
    group = _groups(dataset.codes)
    n_groups = int(group.max()) + 1
    first_split = np.full(n_groups, len(SPLITS))
    np.minimum.at(first_split, group, dataset.split_codes)
    every = np.arange(len(group))
    return Repeats(
        len(group) - n_groups,
        int((dataset.split_codes > first_split[group]).sum()),
        int(_contradicted(dataset.y, group, every, every).sum()),
    )


class Contradictions(NamedTuple):
    """Sequences whose label differs from that of an identical sequence; missing labels do not count.

    In the last two numbers, for labels that are 0 and 1, a near duplicate (`near_duplicates`) counts as identical. It
    does not for measured values, because two variants of a site may differ.
    """

    within: int  # in the same split
    across: int  # of valid and test, in an earlier split
    near_within: int
    near_across: int


def contradictions(dataset: SequenceDataset, twins: Twins) -> Contradictions:
    """Count contradicting labels of a dataset that is not empty.

    Parameters
    ----------
    dataset : SequenceDataset
    twins : Twins
        Its near duplicates.
    """
    group, splits = _groups(dataset.codes), dataset.split_codes
    within, across = (np.zeros(len(group), dtype=bool) for _ in range(2))
    for i in range(len(SPLITS)):
        own, earlier = np.flatnonzero(splits == i), np.flatnonzero(splits < i)
        within[own] = _contradicted(dataset.y, group, own, own)
        across[own] = _contradicted(dataset.y, group, own, earlier)
    near_within, near_across = within.copy(), across.copy()
    if dataset.is_binary:
        step = max(1, _BLOCK // dataset.n_outputs)
        for first in range(0, len(twins.row), step):
            row, other = twins.row[first : first + step], twins.other[first : first + step]
            differ = (np.abs(dataset.y[row] - dataset.y[other]) == 1).any(axis=1)
            row, other = row[differ], other[differ]
            same = splits[row] == splits[other]
            near_within[row[same]] = near_within[other[same]] = True
            near_across[np.where(splits[row] > splits[other], row, other)[~same]] = True
    return Contradictions(*(int(found.sum()) for found in (within, across, near_within, near_across)))


def contradicted_by_label(dataset: SequenceDataset, twins: Twins) -> list[int]:
    """For each label, the sequences whose label differs from that of an identical sequence or a near duplicate.

    Parameters
    ----------
    dataset : SequenceDataset
    twins : Twins
        Its near duplicates, which count for labels that are 0 and 1.
    """
    group, every = _groups(dataset.codes), np.arange(len(dataset))
    counts = []
    for y in dataset.y.T:
        found = _contradicted(y[:, None], group, every, every)
        if is_binary(y[~np.isnan(y)]):
            differ = np.abs(y[twins.row] - y[twins.other]) == 1
            found[twins.row[differ]] = found[twins.other[differ]] = True
        counts.append(int(found.sum()))
    return counts


def _contradicted(y: np.ndarray, group: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of some rows have another label than one of the others of their group, shape=(n_rows,)."""
    shared = np.intersect1d(group[rows], group[others]) if len(others) else np.zeros(0, dtype=int)
    if rows is others:
        shared = np.flatnonzero(np.bincount(group[rows]) > 1) if len(rows) else shared
    others = others[np.isin(group[others], shared)]
    found = np.zeros(len(rows), dtype=bool)
    if not len(others):
        return found
    others = others[np.argsort(group[others], kind="stable")]
    starts = np.flatnonzero(np.r_[True, group[others][1:] != group[others][:-1]])
    low, high = (of.reduceat(y[others], starts, axis=0) for of in (np.fmin, np.fmax))  # n_shared, n_outputs
    asked = np.flatnonzero(np.isin(group[rows], shared))
    place = np.searchsorted(shared, group[rows[asked]])
    own = y[rows[asked]]
    found[asked] = ((low[place] < own) | (high[place] > own)).any(axis=1)
    return found


def _groups(codes: np.ndarray) -> np.ndarray:
    """Number sequences so that equal ones and reverse complements share a number, shape=(N,)."""
    other = reverse_complement(codes)
    differs = codes != other
    place = differs.argmax(axis=1)  # of palindromes 0, where both are equal
    rows = np.arange(len(codes))
    forward = codes[rows, place] <= other[rows, place]
    canonical = np.ascontiguousarray(np.where(forward[:, None], codes, other))
    keys = canonical.view(np.dtype((np.void, canonical.shape[1]))).reshape(-1)
    return np.unique(keys, return_inverse=True)[1].reshape(-1)


class GenomePlaces(NamedTuple):
    """Genomic positions of sequences; None for what names do not tell."""

    n_overlapping_across_splits: int | None  # windows of valid and test that overlap one of an earlier split
    shared_chromosomes: tuple[str, ...] | None  # in both train and test


def places(dataset: SequenceDataset) -> GenomePlaces:
    """Count windows that overlap between splits, and find chromosomes that splits share."""
    if dataset.names is None:
        return GenomePlaces(None, None)
    rows, intervals = intervals_of_names(dataset.names)
    if not len(rows):
        return GenomePlaces(None, None)
    splits = dataset.split_codes[rows]
    overlapping = np.zeros(len(rows), dtype=bool)
    for on in intervals.rows_by_contig().values():
        for split in range(1, len(SPLITS)):
            mine, earlier = on[splits[on] == split], on[splits[on] < split]
            n_begun = np.searchsorted(np.sort(intervals.start[earlier]), intervals.end[mine], side="left")
            n_ended = np.searchsorted(np.sort(intervals.end[earlier]), intervals.start[mine], side="right")
            overlapping[mine] = n_begun > n_ended
    train, test = (set(intervals.contig[splits == SPLITS.index(name)]) for name in ("train", "test"))
    return GenomePlaces(int(overlapping.sum()), tuple(sorted(train & test)))


def negatives_at_positives(dataset: SequenceDataset) -> int:
    """Count windows without a positive label that overlap one with a positive label by half their length or more.

    0 if labels are not 0 and 1, or names have no genomic position.
    """
    if dataset.names is None or not dataset.is_binary:
        return 0
    rows, intervals = intervals_of_names(dataset.names)
    positive, negative = (dataset.y[rows] == 1).any(axis=1), (dataset.y[rows] == 0).any(axis=1)
    n = 0
    for on in intervals.rows_by_contig().values():
        mine, others = on[negative[on] & ~positive[on]], np.sort(intervals.start[on[positive[on]]])
        half = dataset.length // 2
        begun = np.searchsorted(others, intervals.start[mine] + half, side="right")
        n += int((begun > np.searchsorted(others, intervals.start[mine] - half, side="left")).sum())
    return n
