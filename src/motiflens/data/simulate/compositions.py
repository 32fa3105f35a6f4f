"""Which motif pairs interact, and which motifs occur together in a sequence.

Frequencies are balanced here, before motifs get positions. Candidates are drawn at random, and those that hold a pair
by accident are dropped. The others are weighted (:func:`motiflens.data.simulate.balance`) so that all true pairs are
equally frequent, and so are all decoys. At level 1, where the motifs of a sequence alone determine its label, every
motif is also as frequent in negatives as in positives.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.data.simulate.balance import balance, draw_weighted
from motiflens.motifs.pairs import row_of_pair

FILLER, TRUE, DECOY = 0, 1, 2
NONE = -1  # no motif
_POOL = 20_000  # candidates drawn for each kind of sequence
_MAX_DRAWS = 20  # of the pairs, until every kind of sequence can be balanced


@by_fields
class Graph(NamedTuple):
    """True pairs and decoys, each as two indices of motifs, the smaller one first."""

    n_motifs: int
    true: np.ndarray  # (n_pairs, 2)
    decoy: np.ndarray  # (n_decoys, 2)

    def relation(self) -> np.ndarray:
        """FILLER, TRUE or DECOY for each two motifs, shape=(n_motifs + 1, n_motifs + 1); the last index is no motif."""
        relation = np.full((self.n_motifs + 1, self.n_motifs + 1), FILLER)
        for pairs, kind in ((self.true, TRUE), (self.decoy, DECOY)):
            relation[pairs[:, 0], pairs[:, 1]] = relation[pairs[:, 1], pairs[:, 0]] = kind
        return relation


class Kind(NamedTuple):
    """A kind of sequence."""

    n_true: int  # true pairs that obey their rule if the sequence is positive
    has_decoy: bool


COMPOSITION_KINDS = (Kind(1, False), Kind(1, True), Kind(2, False), Kind(2, True))


@by_fields
class Compositions(NamedTuple):
    """The motifs of each sequence: three pairs, (n, 6), with NONE for no motif."""

    motifs: np.ndarray
    weights: np.ndarray


CompositionPools = dict[
    Kind, tuple[Compositions, ...]
]  # one for both labels, or that of negatives and that of positives


def kind_shares(level: int, two_pair_share: float, decoy_share: float) -> np.ndarray:
    """Probability of each of COMPOSITION_KINDS, shape=(4,).

    At level 1 there is no decoy beside two pairs. The negatives would need six motifs without a true pair among their
    fifteen pairs, which few choices of pairs allow.
    """
    decoy_with_two = 0.0 if level == 1 else decoy_share
    two = np.array([1 - decoy_with_two, decoy_with_two]) * two_pair_share
    return np.append(np.array([1 - decoy_share, decoy_share]) * (1 - two_pair_share), two)


def draw_graph(n_motifs: int, n_pairs: int, n_decoys: int, rng: np.random.Generator) -> Graph:
    """Choose true pairs, then decoys, so that every motif is in about the same number of each."""
    free = np.array(list(combinations(range(n_motifs), 2)))
    chosen = []
    for number in (n_pairs, n_decoys):
        degree = np.zeros(n_motifs)
        rows = []
        for _ in range(number):
            load = degree[free].sum(axis=1) + rng.random(len(free)) / 2  # ties at random
            row = int(load.argmin())
            rows.append(free[row])
            degree[free[row]] += 1
            free = np.delete(free, row, axis=0)
        chosen.append(np.array(sorted(rows, key=tuple), dtype=np.int64).reshape(-1, 2))
    return Graph(n_motifs, *chosen)


def draw_balanced(
    n_motifs: int, n_pairs: int, n_decoys: int, level: int, shares: np.ndarray, rng: np.random.Generator
) -> tuple[Graph, CompositionPools]:
    """Choose pairs for which all kinds of sequences can be balanced, and return them with the balanced pools.

    `shares` has shape=(n_kinds,), in the order of `COMPOSITION_KINDS`; kinds without a share are left out.

    Raises
    ------
    ValueError
        If none of _MAX_DRAWS choices of pairs can be balanced.
    """
    kinds = [kind for kind, share in zip(COMPOSITION_KINDS, shares, strict=True) if share > 0]
    for _ in range(_MAX_DRAWS):
        graph = draw_graph(n_motifs, n_pairs, n_decoys, rng)
        pools: CompositionPools = {}
        for kind in kinds:
            by_label = _balanced_pools(graph, kind, level, rng)
            if by_label is None:
                break
            pools[kind] = by_label
        else:
            return graph, pools
    raise InputError(
        f"{n_pairs} true pairs and {n_decoys} decoys among {n_motifs} motifs cannot be balanced at level {level}, with "
        "every pair equally frequent and every motif as frequent in negatives: use more motifs, fewer pairs or decoys, "
        "or an n_pairs that gives every motif equally many (8 motifs with 4 pairs and 4 decoys can, 20 with 40 and 20)"
    )


def draw_compositions(
    pools: CompositionPools, kinds: np.ndarray, positive: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw the motifs of each sequence, shape=(n, 6), from the pool of its kind (index of COMPOSITION_KINDS) and label.

    If both labels have the same pool, they share the draw, so that motifs are independent of the label, up to the last
    sequence.
    """
    motifs = np.full((len(kinds), 6), NONE)
    for kind, by_label in pools.items():
        for label, pool in enumerate(by_label):
            rows = np.flatnonzero(
                (kinds == COMPOSITION_KINDS.index(kind)) & ((positive == label) | (len(by_label) == 1))
            )
            motifs[rows] = pool.motifs[draw_weighted(pool.weights, len(rows), rng)]
    return motifs


def add_singles(compositions: np.ndarray, n_motifs: int, n_singles: int, rng: np.random.Generator) -> np.ndarray:
    """Add up to n_singles further motifs to each sequence, any number equally likely, shape=(n, 6 + n_singles).

    Fewer if not enough other motifs are left.
    """
    n = len(compositions)
    # Motifs in random order are motifs sorted by a random number. Those that a sequence holds already get one above all
    # others, so that they come last; empty slots (NONE is -1) write theirs into a last column that nobody reads.
    rank = rng.random((n, n_motifs + 1))
    np.put_along_axis(rank, compositions, 2.0, axis=1)
    singles = rank[:, :n_motifs].argsort(axis=1)[:, :n_singles]  # n, n_singles
    is_new = np.take_along_axis(rank, singles, axis=1) < 1  # not in the sequence yet
    is_wanted = np.arange(n_singles) < rng.integers(n_singles + 1, size=(n, 1))
    return np.concatenate([compositions, np.where(is_new & is_wanted, singles, NONE)], axis=1)


def _balanced_pools(graph: Graph, kind: Kind, level: int, rng: np.random.Generator) -> tuple[Compositions, ...] | None:
    motifs = _with_true_pairs(graph, kind, level, rng)
    decoys = _count_pairs(motifs, graph.decoy, graph)
    positives = _balanced(motifs, *_equal(_count_pairs(motifs, graph.true, graph)), *_equal(decoys))
    if level > 1 or positives is None:
        return None if positives is None else (positives,)
    target = positives.weights @ _count_motifs(positives.motifs, graph)
    motifs = _without_true_pairs(graph, kind, rng)
    decoys = _count_pairs(motifs, graph.decoy, graph)
    negatives = _balanced(motifs, _count_motifs(motifs, graph), target, *_equal(decoys))
    return None if negatives is None else (negatives, positives)


def _with_true_pairs(graph: Graph, kind: Kind, level: int, rng: np.random.Generator) -> np.ndarray:
    """Draw candidates that hold true pairs, and none by accident, shape=(n, 6)."""
    n_true = kind.n_true if level == 1 else 2  # above level 1 a second pair lends its motifs in any case
    motifs = np.full((_POOL, 6), NONE)
    motifs[:, :2] = graph.true[rng.integers(len(graph.true), size=_POOL)]
    if n_true == 2:
        motifs[:, 2:4] = graph.true[rng.integers(len(graph.true), size=_POOL)]
    if kind.has_decoy:
        motifs[:, 4:] = graph.decoy[rng.integers(len(graph.decoy), size=_POOL)]
    if level == 1:
        return motifs[_holds(motifs, graph, n_true, kind.has_decoy)]
    return motifs[_can_be_repaired(motifs[:, :4], graph, kind) & _distinct(motifs)]


def _without_true_pairs(graph: Graph, kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Draw candidates for negatives of level 1, shape=(n, 6)."""
    motifs = np.full((_POOL, 6), NONE)
    shuffled = rng.random((_POOL, graph.n_motifs)).argsort(axis=1)
    motifs[:, : 2 * kind.n_true] = shuffled[:, : 2 * kind.n_true]
    if kind.has_decoy:
        motifs[:, 4:] = graph.decoy[rng.integers(len(graph.decoy), size=_POOL)]
    return motifs[_holds(motifs, graph, 0, kind.has_decoy)]


def _holds(motifs: np.ndarray, graph: Graph, n_true: int, has_decoy: bool) -> np.ndarray:
    """Whether motifs differ and make exactly so many true pairs and decoys, whatever two are taken; shape=(n,)."""
    relation = graph.relation()
    found = np.stack([relation[motifs[:, a], motifs[:, b]] for a, b in combinations(range(motifs.shape[1]), 2)])
    exact = ((found == TRUE).sum(axis=0) == n_true) & ((found == DECOY).sum(axis=0) == has_decoy)
    return exact & _distinct(motifs)


def _can_be_repaired(motifs: np.ndarray, graph: Graph, kind: Kind) -> np.ndarray:
    """Whether two true pairs have another pairing without true pair or decoy, for as many pairs as are needed."""
    fits = graph.relation()[motifs[:, :2, None], motifs[:, None, 2:]] == FILLER  # n, 2, 2: across the true pairs
    if kind.n_true == 1:
        return fits.any(axis=(1, 2))
    return (fits[:, 0, 0] & fits[:, 1, 1]) | (fits[:, 0, 1] & fits[:, 1, 0])


def _distinct(motifs: np.ndarray) -> np.ndarray:
    """Whether no motif occurs twice, shape=(n,)."""
    ordered = np.sort(motifs, axis=1)
    return ((np.diff(ordered, axis=1) > 0) | (ordered[:, 1:] == NONE)).all(axis=1)


def _balanced(motifs: np.ndarray, *features_and_targets: np.ndarray) -> Compositions | None:
    """Weigh candidates; features and targets in turn."""
    features, targets = np.hstack(features_and_targets[::2]), np.concatenate(features_and_targets[1::2])
    weights = balance(features, targets)
    return None if weights is None else Compositions(motifs, weights)


def _equal(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return counts, shape=(n, size), and their mean over all columns as the target of each, shape=(size,)."""
    return counts, np.full(counts.shape[1], counts.mean() if counts.size else 0.0)


def _count_pairs(motifs: np.ndarray, pairs: np.ndarray, graph: Graph) -> np.ndarray:
    """Count each of these pairs, where its motifs fill two slots that belong together, shape=(n, n_pairs)."""
    row = row_of_pair(pairs[:, 0], pairs[:, 1], graph.n_motifs)
    return sum((_one_hot(row[motifs[:, a], motifs[:, a + 1]], len(pairs)) for a in (0, 2, 4)), np.zeros(1))


def _count_motifs(motifs: np.ndarray, graph: Graph) -> np.ndarray:
    """Count each motif, shape=(n, n_motifs)."""
    return sum((_one_hot(column, graph.n_motifs) for column in motifs.T), np.zeros(1))


def _one_hot(index: np.ndarray, size: int) -> np.ndarray:
    """Return 1 at an index and nothing where it is beyond size, or NONE."""
    return (index[:, None] == np.arange(size)).astype(np.float64)
