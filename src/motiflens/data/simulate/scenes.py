"""Positions of motifs: scenes that are used for both labels, so that only the arrangement of motifs differs.

At levels 2 and 3, a scene is a set of motifs and a set of places (starts, gaps and strands). In a positive, true pairs
are in places that obey their rule. In a negative, the same motifs are in the same places in another order, so that no
true pair obeys its rule. A scene is kept only if it works for both labels, and then one of them is used. So the label
is independent of the motifs, of the places and of the decoys. It can be predicted only from which motif is in which
place.

If motifs differ in width, gaps are still the same for both labels, and starts are shifted by the differences.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.simulate.compositions import NONE
from motiflens.motifs.pairs import (
    ANY_ORIENTATION,
    ORIENTATIONS,
    PairTable,
    count_obeying,
    orientation_codes,
    row_of_pair,
)
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth

_MAX_DRAWS = 1000
_I_IS_LEFT = np.array([True, True, False, False])  # by orientation, as read on the strand of i
_LEFT_STRAND = np.array([1, 1, 1, -1], dtype=np.int8)
_RIGHT_STRAND = np.array([1, -1, 1, 1], dtype=np.int8)

_ORDERS = np.array(list(permutations(range(4))))
_KEEPS_PARTNERS = np.array([set(order[:2].tolist()) in ({0, 1}, {2, 3}) for order in _ORDERS])
_REPAIRED = _ORDERS[~_KEEPS_PARTNERS]  # 16: each motif gets another partner
_EXCHANGED = _ORDERS[_KEEPS_PARTNERS][1:]  # 7: partners stay together and turn, or take the places of others


class Places(NamedTuple):
    """The places of a scene; every array has shape=(n, slots), including slots without a motif."""

    order: np.ndarray  # slots from left to right, empty ones last
    offset: np.ndarray  # bases outside of motifs to the left of a slot
    strand: np.ndarray


class Arrangement(NamedTuple):
    """Motifs in the places of a scene; every array has shape=(n, slots)."""

    motif: np.ndarray  # NONE where a slot is empty
    strand: np.ndarray
    start: np.ndarray

    def truth(self, motifs: Sequence[Motif], length: int) -> SiteTruth:
        """Return the sites, sorted."""
        order = np.argsort(np.where(self.motif == NONE, length, self.start), axis=1)
        motif, strand, start = (np.take_along_axis(column, order, axis=1) for column in self)
        row, column = np.nonzero(motif != NONE)
        sites = (motif[row, column], strand[row, column], start[row, column])
        return SiteTruth(row, *sites, motifs, len(motif), length)


def place_freely(compositions: np.ndarray, motifs: Sequence[Motif], length: int, rng: np.random.Generator) -> SiteTruth:
    """Place every motif independently, anywhere and on either strand (level 1).

    Parameters
    ----------
    compositions : np.ndarray, shape=(n, slots)
        Motif in each slot, or NONE.
    """
    unlinked = np.full(compositions.shape, NONE)
    strand = _random_strands(compositions.shape, rng)
    places = _draw_places(compositions, unlinked, strand, motifs, length, rng)
    return _arrange(compositions, places, motifs).truth(motifs, length)


def place_scenes(
    compositions: np.ndarray,
    n_true: np.ndarray,
    positive: np.ndarray,
    pairs: PairTable,
    motifs: Sequence[Motif],
    length: int,
    rng: np.random.Generator,
) -> SiteTruth:
    """Draw scenes of these motifs that work for both labels, and use them for the given label (levels 2 and 3).

    Parameters
    ----------
    compositions : np.ndarray, shape=(n, 6 or more)
        Two true pairs, a decoy or NONE, and single motifs or NONE.
    n_true : np.ndarray, shape=(n,)
        Number of true pairs that obey their rule in a positive, 1 or 2.
    positive : np.ndarray, bool, shape=(n,)
    pairs : PairTable
        The rules, of one level.
    motifs, length, rng

    Raises
    ------
    ValueError
        If no scene is found in _MAX_DRAWS draws.
    """
    chosen = Arrangement(*(np.zeros(compositions.shape, dtype=np.int64) for _ in range(3)))
    pending = np.arange(len(compositions))
    for _ in range(_MAX_DRAWS):
        if not pending.size:
            return chosen.truth(motifs, length)
        both = _draw_scenes(compositions[pending], n_true[pending], pairs, motifs, length, rng)
        wanted = (n_true[pending], np.zeros(len(pending), dtype=int))
        has_decoy = compositions[pending, 4] != NONE
        valid = np.ones(len(pending), dtype=bool)
        for arrangement, number in zip(both, wanted, strict=True):
            valid &= _is_as_intended(arrangement.truth(motifs, length), pairs, number, has_decoy)
        for whole, one, other in zip(chosen, *both, strict=True):
            whole[pending[valid]] = np.where(positive[pending[valid], None], one[valid], other[valid])
        pending = pending[~valid]
    raise InputError(
        f"{len(pending)} of {len(compositions)} sequences found no places that obey and break the rule as asked in "
        f"{_MAX_DRAWS} draws: make sequences longer than {length}, or max_gap smaller"
    )


def _is_as_intended(truth: SiteTruth, pairs: PairTable, n_true: np.ndarray, has_decoy: np.ndarray) -> np.ndarray:
    """Whether exactly so many true pairs obey their rule, and no decoy stands near but the one put there."""
    decoys = pairs.of_kind("decoy")
    anyhow = decoys._replace(
        min_gap=np.zeros_like(decoys.min_gap),
        max_gap=np.full_like(decoys.max_gap, pairs.max_gap[pairs.kind != "filler"].max(initial=0)),
        orientation=np.full_like(decoys.orientation, ANY_ORIENTATION),
    )
    return (count_obeying(truth, pairs.of_kind("true")) == n_true) & (count_obeying(truth, anyhow) == has_decoy)


def _draw_scenes(
    compositions: np.ndarray,
    n_true: np.ndarray,
    pairs: PairTable,
    motifs: Sequence[Motif],
    length: int,
    rng: np.random.Generator,
) -> tuple[Arrangement, Arrangement]:
    """Return the positive and the negative of each scene."""
    motif, strand, link = _link_pairs(compositions, n_true, pairs, rng)
    places = _draw_places(motif, link, strand, motifs, length, rng)
    fixed = (pairs.orientation != ANY_ORIENTATION).any()
    exchange = rng.random(len(motif)) < (0.5 if fixed else 0)  # without orientation an exchange obeys the rule
    other = np.where(
        exchange[:, None],
        _EXCHANGED[rng.integers(len(_EXCHANGED), size=len(motif))],
        _REPAIRED[rng.integers(len(_REPAIRED), size=len(motif))],
    )
    negative = motif.copy()
    negative[:, :4] = np.take_along_axis(motif[:, :4], other, axis=1)
    return _arrange(motif, places, motifs), _arrange(negative, places, motifs)


def _link_pairs(
    compositions: np.ndarray, n_true: np.ndarray, pairs: PairTable, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give each pair its order, strands and gap as its rule has it, or as drawn where it leaves them open.

    Returns
    -------
    motif, strand, link : np.ndarray, shape=(n, slots)
        ``link`` is the gap to the slot before, NONE where a slot stands by itself.
    """
    n = len(compositions)
    row_of = row_of_pair(pairs.motif_i, pairs.motif_j, 1 + int(pairs.motif_j.max()))
    rule = orientation_codes(pairs.orientation)
    motif, strand = compositions.copy(), _random_strands(compositions.shape, rng)
    link = np.full(compositions.shape, NONE)
    linked = np.stack([np.ones(n, bool), n_true == 2, compositions[:, 4] != NONE], axis=1)
    for slot in (0, 2, 4):
        rows = np.flatnonzero(linked[:, slot // 2])
        i, j = compositions[rows, slot], compositions[rows, slot + 1]
        pair = row_of[i, j]
        turn = np.where(rule[pair] < 0, rng.integers(len(ORIENTATIONS), size=len(rows)), rule[pair])
        forward = rng.random(len(rows)) < 0.5  # or the reverse complement of it all
        i_left = _I_IS_LEFT[turn] == forward
        motif[rows, slot], motif[rows, slot + 1] = np.where(i_left, i, j), np.where(i_left, j, i)
        strand[rows, slot] = np.where(forward, _LEFT_STRAND[turn], -_RIGHT_STRAND[turn])
        strand[rows, slot + 1] = np.where(forward, _RIGHT_STRAND[turn], -_LEFT_STRAND[turn])
        link[rows, slot + 1] = rng.integers(pairs.min_gap[pair], pairs.max_gap[pair] + 1)
    return motif, strand, link


def _draw_places(
    motif: np.ndarray,
    link: np.ndarray,
    strand: np.ndarray,
    motifs: Sequence[Motif],
    length: int,
    rng: np.random.Generator,
) -> Places:
    """Throw linked pairs and single sites onto the free bases, each uniformly and by itself.

    Free are the bases of a sequence that neither a motif nor the gap of a pair takes. Each site, or linked pair, draws
    the share of them that lies to its left, from 0 to 1. So this one number says both where it stands, and before which
    others: sites with a smaller share stand to its left.

    Parameters
    ----------
    motif, link, strand : np.ndarray, shape=(n, slots)
        As from :func:`_link_pairs`.
    """
    occupied = _widths(motifs)[motif].sum(axis=1) + np.where(link == NONE, 0, link).sum(axis=1)
    free = length - occupied  # n,
    share_left = rng.random(motif.shape)
    # A linked slot has the share of the slot before it: the sort is stable, so that nothing comes between the two.
    share_left[:, 1:] = np.where(link[:, 1:] == NONE, share_left[:, 1:], share_left[:, :-1])
    order = np.argsort(np.where(motif == NONE, 2, share_left), axis=1, kind="stable")  # empty slots last
    # Besides motifs and free bases, the gaps of all pairs up to a slot lie to its left.
    inner = np.take_along_axis(np.where(link == NONE, 0, link), order, axis=1).cumsum(axis=1)
    offset = np.empty_like(order)
    np.put_along_axis(offset, order, inner, axis=1)
    return Places(order, offset + np.floor(share_left * (free[:, None] + 1)).astype(np.int64), strand)


def _arrange(motif: np.ndarray, places: Places, motifs: Sequence[Motif]) -> Arrangement:
    """Put motifs into places: a site starts after the free bases and the motifs to its left."""
    widths = np.take_along_axis(_widths(motifs)[motif], places.order, axis=1)
    start = np.empty_like(places.order)
    np.put_along_axis(start, places.order, widths.cumsum(axis=1) - widths, axis=1)
    return Arrangement(motif, places.strand, start + places.offset)


def _widths(motifs: Sequence[Motif]) -> np.ndarray:
    """Return the width of each motif, and 0 for NONE, the last index."""
    return np.array([*(motif.width for motif in motifs), 0])


def _random_strands(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.choice(np.array([1, -1], dtype=np.int8), size=shape)
