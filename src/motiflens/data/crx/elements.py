"""Splits by genomic element: neither an element nor a nearly identical one is in two splits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN, reverse_complement
from motiflens.basics.tables import by_fields
from motiflens.data.splits import SPLITS, random_split

K = 20  # bases of a word; 4^20 fits an int64 with room to spare
#: Words two sequences share to count as near-identical: a run of K + 9 = 29 bases, or several shorter ones.
MIN_SHARED = 10
_RUN = 20  # clusters of like size that are split together


@by_fields
class ElementSplit(NamedTuple):
    """The split of each sequence."""

    split_codes: np.ndarray  # uint8, (N,), index into SPLITS
    clusters: np.ndarray  # int, (N,), number of the cluster of near-identical elements
    mixed: np.ndarray  # bool, (N,): carries a piece of an element of another split, as chimeras do


def split_elements(
    codes: np.ndarray,
    elements: Sequence[str],
    is_wild_type: np.ndarray,
    *,
    fractions: Sequence[float] = (0.6, 0.1, 0.3),
    seed: int = 0,
) -> ElementSplit:
    """Split sequences by their elements.

    Elements whose wild types share `MIN_SHARED` k-mers of `K` bases, on either strand, form one cluster (single
    linkage). Clusters of similar size are assigned together, so that the shares also hold for sequences.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    elements : sequence of str, shape=(N,)
    is_wild_type : np.ndarray, bool, shape=(N,)
        Wild types, which represent their elements. An element without a wild type is represented by all of its
        sequences.
    fractions, seed
        As for `random_split`.

    Returns
    -------
    ElementSplit
        Sequences that are `mixed` must be left out, because they hold a piece of an element of another split.

    Raises
    ------
    ValueError
        If sequences are shorter than `K`, or shapes do not fit.
    """
    if codes.shape[1] < K or len(elements) != len(codes) or is_wild_type.shape != (len(codes),):
        raise InputError(
            f"expected sequences of at least {K} bp with an element and a mark each, got codes {codes.shape}, "
            f"{len(elements)} elements and marks of shape {is_wild_type.shape}"
        )
    names, element = np.unique(np.asarray(elements, dtype=object), return_inverse=True)
    words = canonical_words(codes)  # N, L - K + 1
    has_wild_type = np.zeros(len(names), dtype=bool)
    has_wild_type[element[is_wild_type]] = True
    stands = is_wild_type | ~has_wild_type[element]
    index = _WordIndex(words[stands], element[stands])
    cluster = _clusters(len(names), index.shared_pairs())
    codes_of_cluster = _draw(np.bincount(cluster[element]), fractions, seed)
    split = codes_of_cluster[cluster[element]]
    mixed = index.carries_other(words, split, codes_of_cluster[cluster])
    return ElementSplit(split.astype(np.uint8), cluster[element], mixed)


def canonical_words(codes: np.ndarray) -> np.ndarray:
    """Canonical k-mers of `K` bases as numbers; -1 if a base is unknown.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)

    Returns
    -------
    words : np.ndarray, int64, shape=(N, L - K + 1)
    """
    forward = _numbers(codes)
    backward = _numbers(reverse_complement(codes))[:, ::-1]
    known = np.lib.stride_tricks.sliding_window_view(codes == UNKNOWN, K, axis=1).any(axis=2)
    return np.where(known, -1, np.minimum(forward, backward))


def _numbers(codes: np.ndarray) -> np.ndarray:
    n_words = codes.shape[1] - K + 1
    words = np.zeros((len(codes), n_words), dtype=np.int64)
    for offset in range(K):
        words = words * 4 + np.minimum(codes[:, offset : offset + n_words], 3)
    return words


class _WordIndex:
    """Which elements hold each word."""

    def __init__(self, words: np.ndarray, element: np.ndarray) -> None:
        flat = words.ravel()
        known = flat >= 0
        flat, owner = flat[known], np.repeat(element, words.shape[1])[known]
        order = np.lexsort((owner, flat))
        flat, owner = flat[order], owner[order]
        first = np.r_[True, (flat[1:] != flat[:-1]) | (owner[1:] != owner[:-1])]  # each word once per element
        self.words, self.owners = flat[first], owner[first]  # sorted by word

    def shared_pairs(self) -> list[tuple[int, int]]:
        """Pairs of elements with at least `MIN_SHARED` words in common."""
        starts = np.flatnonzero(np.r_[True, self.words[1:] != self.words[:-1]])
        ends = np.r_[starts[1:], len(self.words)]
        counts: dict[tuple[int, int], int] = {}
        for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
            own = self.owners[start:end].tolist()  # sorted
            for i, first in enumerate(own):
                for second in own[i + 1 :]:
                    counts[first, second] = counts.get((first, second), 0) + 1
        return [pair for pair, n in counts.items() if n >= MIN_SHARED]

    def carries_other(self, words: np.ndarray, split: np.ndarray, split_of_element: np.ndarray) -> np.ndarray:
        """Which sequences hold at least `MIN_SHARED` words of elements of another split, bool, shape=(N,)."""
        found = np.zeros(words.shape, dtype=bool)
        for code in range(len(SPLITS)):
            here = np.unique(self.words[split_of_element[self.owners] == code])
            if not len(here):
                continue
            rows = np.flatnonzero(split != code)
            place = np.minimum(np.searchsorted(here, words[rows]), len(here) - 1)
            found[rows] |= here[place] == words[rows]
        return found.sum(axis=1) >= MIN_SHARED


def _clusters(n: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Number the connected components of n elements, shape=(n,)."""
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        parent[root(i)] = root(j)
    return np.unique([root(i) for i in range(n)], return_inverse=True)[1]


def _draw(sizes: np.ndarray, fractions: Sequence[float], seed: int) -> np.ndarray:
    """Split of each cluster, drawn within runs of clusters of like size, shape=(n_clusters,)."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    split = np.zeros(len(sizes), dtype=np.uint8)
    for start in range(0, len(order), _RUN):
        run = order[start : start + _RUN]
        split[run] = random_split(len(run), fractions, rng)
    return split
