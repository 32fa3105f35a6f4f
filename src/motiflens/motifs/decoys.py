"""Decoys: motifs with their columns in another order, and which queries match them.

All decoys of a database have the same columns, and so the same null distribution in TomTom. So they are matched
together, and only the alignments must be computed again.
"""

from collections.abc import Sequence

import numpy as np

from motiflens.motifs.complete_scores import Layout
from motiflens.motifs.motif import Motif
from motiflens.motifs.shuffles import Shuffles, draw_shuffles
from motiflens.motifs.tomtom import align, minus_is_better
from motiflens.motifs.tomtom_motifs import read_queries, read_targets

_QUERIES_AT_ONCE = 32  # against 20 databases of 2,000 motifs they take 40 MB


def decoy_motifs(motifs: Sequence[Motif], seed: int | np.random.Generator = 0) -> tuple[list[Motif], np.ndarray]:
    """Shuffle the columns of each motif as :func:`motiflens.motifs.shuffles.draw_shuffles` does.

    Returns
    -------
    decoys : list of Motif
        With the ids, names and numbers of sites of the motifs.
    differs : np.ndarray, bool, shape=(n_motifs,)
        False if no order gave another motif, as for equal columns; the last order is then used.
    """
    drawn = draw_shuffles(motifs, [np.random.default_rng(seed)])
    ends = np.cumsum([motif.width for motif in motifs])[:-1]
    orders = np.split(drawn.orders[0], ends) if motifs else []
    decoys = [
        Motif(motif.id, motif.name, motif.pwm[:, order], motif.n_sites)
        for motif, order in zip(motifs, orders, strict=True)
    ]
    return decoys, drawn.differs[0]


def decoy_hits(queries: Sequence[Motif], motifs: Sequence[Motif], shuffles: Shuffles, q: float) -> np.ndarray:
    """Which queries match a motif whose columns were shuffled, bool, shape=(n_shuffles, n_queries).

    This is the result of :func:`motiflens.motifs.tomtom.tomtom` for each shuffled database, without matches to motifs
    that the shuffle did not change.

    Parameters
    ----------
    queries, motifs : sequence of Motif
    shuffles : Shuffles
        Of the motifs.
    q : float
        Largest q-value of a match.
    """
    query_set = read_queries(queries)
    _, layout = read_targets(motifs)
    orders = _layout_orders(layout, shuffles.orders)
    hit = np.zeros((len(orders), len(query_set.ids)), dtype=bool)
    usable = np.flatnonzero(~query_set.unusable)
    for start in range(0, len(usable), _QUERIES_AT_ONCE):
        some = usable[start : start + _QUERIES_AT_ONCE]
        found = align([query_set.pwms[i] for i in some], query_set.n_sites[some], layout, "pearson", orders)
        for i, p, overlap in zip(some.tolist(), found.p, found.overlap, strict=True):
            best = np.where(minus_is_better(p, overlap), p[:, 1], p[:, 0])  # n_shuffles, n_motifs
            limits = np.array([_largest_p(both, q) for both in p.reshape(len(p), -1)])
            hit[:, i] = ((best <= limits[:, None]) & shuffles.differs).any(axis=1)
    return hit


def _largest_p(p: np.ndarray, q: float) -> float:
    """Largest p-value, of one family, whose q-value (Benjamini & Hochberg 1995) is at most q; -1 if there is none."""
    small = np.sort(p[p <= q])  # the q-value of a larger one is larger than q
    within = np.flatnonzero(small * len(p) / np.arange(1, len(small) + 1) <= q)
    return float(small[within[-1]]) if len(within) else -1.0


def _layout_orders(layout: Layout, orders: np.ndarray) -> np.ndarray:
    """Orders of the columns of motif after motif, shape=(n, sum of widths), as orders of a layout's columns."""
    widths = np.array([layout.groups[g].width for g in layout.group_of])
    starts = np.concatenate([[0], widths.cumsum()[:-1]])
    placed = np.empty((len(orders), layout.columns.shape[1]), dtype=np.int32)
    for group in layout.groups:
        size, position = len(group.members), np.arange(group.width)[:, None]
        forward = orders[:, starts[group.members] + position].astype(np.int64)  # n, width, size
        # a decoy's other strand, read from its end, is that strand of its columns
        backward = group.width - 1 - forward[:, ::-1]
        first = np.stack([forward * 2, backward * 2 + 1], axis=2) * size  # n, width, 2 strands, size
        placed[:, group.columns] = (first + np.arange(size)).reshape(len(orders), -1) + group.columns.start
    return placed
