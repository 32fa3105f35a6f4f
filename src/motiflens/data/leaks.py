"""What splits have in common and should not: the same sequences, windows that overlap, chromosomes."""

from typing import NamedTuple

import numpy as np

from motiflens.basics.sequence import reverse_complement
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.intervals import intervals_of_names
from motiflens.data.splits import SPLITS


class Repeats(NamedTuple):
    """Sequences that are there more than once; a reverse complement counts as the same."""

    n_repeated: int  # beside the first of each
    n_across_splits: int  # of valid and test, that stand in an earlier split too
    n_contradicting: int  # with other labels elsewhere


def repeats(dataset: SequenceDataset) -> Repeats:
    """Count repeated sequences of a dataset that is not empty."""
    group = _groups(dataset.codes)
    n_groups = int(group.max()) + 1
    first_split = np.full(n_groups, len(SPLITS))
    np.minimum.at(first_split, group, dataset.split_codes)
    labels = np.unique(dataset.y, axis=0, return_inverse=True)[1].reshape(-1)
    kinds = np.unique(np.stack([group, labels]), axis=1)[0]  # groups, once for each of their labels
    contradicting = np.bincount(kinds, minlength=n_groups) > 1
    return Repeats(
        len(group) - n_groups,
        int((dataset.split_codes > first_split[group]).sum()),
        int(contradicting[group].sum()),
    )


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
    """Where sequences lie in the genome, None for what their names do not say."""

    n_overlapping_across_splits: int | None  # windows of valid and test that overlap one of an earlier split
    shared_chromosomes: tuple[str, ...] | None  # in both train and test


def places(dataset: SequenceDataset) -> GenomePlaces:
    """Count windows that overlap across splits, and find chromosomes that splits share."""
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

    0 where labels are not 0 and 1, or names do not say where sequences lie.
    """
    if dataset.names is None or not np.isin(dataset.y, (0, 1)).all():
        return 0
    rows, intervals = intervals_of_names(dataset.names)
    positive = dataset.y[rows].any(axis=1)
    n = 0
    for on in intervals.rows_by_contig().values():
        mine, others = on[~positive[on]], np.sort(intervals.start[on[positive[on]]])
        half = dataset.length // 2
        begun = np.searchsorted(others, intervals.start[mine] + half, side="right")
        n += int((begun > np.searchsorted(others, intervals.start[mine] - half, side="left")).sum())
    return n
