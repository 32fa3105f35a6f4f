"""Implant sites of known motifs into sequences, and record their positions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.tables import by_fields
from motiflens.interpret.spike_in.places import MotifPlaces
from motiflens.motifs.embed import draw_sites, sample_bases
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth, site_columns

_MAX_REDRAWS = 1000  # of the sites of sequences with unknown bases
_MAX_TRIES = 20  # to place one more site beside others, where places are given
_WEAK_COLUMN = (0.3, 0.7 / 3, 0.7 / 3, 0.7 / 3)  # 0.009 bits


@by_fields
class Implants(NamedTuple):
    """Sequences with sites, and the sites."""

    codes: np.ndarray  # (N, L) uint8
    truth: SiteTruth


def implant(
    codes: np.ndarray,
    motifs: Sequence[Motif],
    *,
    n_sites: int,
    margin: int,
    seed: Sequence[int],
    places: MotifPlaces | None = None,
) -> Implants:
    """Implant `n_sites` sites into every sequence: motifs, strands and positions at random, bases from the matrix.

    All other bases stay. Sites do not overlap, do not cover unknown bases (such as padding), and do not reach into the
    outermost `margin` bases at either end, which a convolution sees next to its zero padding. With the same seed,
    number of sites and widths of motifs, positions are the same.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    motifs : sequence of Motif
        Each site is one of these motifs, with equal probability.
    n_sites, margin : int
    seed : sequence of int
    places : sequence of np.ndarray or None, optional
        For each motif, the start positions to draw from, or None if all are allowed. If there are few positions, some
        sequences get fewer sites, but at least one.

    Raises
    ------
    ValueError
        If `n_sites` sites of the widest motif do not fit, or hardly ever fit between unknown bases.
    """
    n, length = codes.shape
    widest = max(motif.width for motif in motifs)
    if n_sites * widest + 2 * margin > length:
        raise InputError(
            f"{n_sites} sites of up to {widest} bp and two margins of {margin} bp do not fit into {length} bp: "
            "ask for fewer sites or a smaller margin"
        )
    rng = np.random.default_rng(seed)

    def drawn(n: int) -> SiteTruth:
        if places is None or all(own is None for own in places):
            return _anywhere(n, n_sites, margin, motifs, length, rng)
        return _at_places(n, n_sites, margin, motifs, length, rng, places)

    truth = drawn(n)
    for _ in range(_MAX_REDRAWS):
        inside = covered(truth)
        again = np.flatnonzero((inside & (codes == UNKNOWN)).any(axis=1))
        if not len(again):
            return Implants(np.where(inside, sample_bases(truth, rng), codes), truth)
        truth = _exchanged(truth, again, drawn(len(again)))
    raise InputError(
        f"found no room for {n_sites} sites of up to {widest} bp among the known bases of {len(again)} of {n} "
        "sequences: ask for fewer sites or a smaller margin, or leave sequences with many unknown bases out"
    )


def _exchanged(truth: SiteTruth, rows: np.ndarray, other: SiteTruth) -> SiteTruth:
    """Sites with those of some sequences exchanged for those of `other`, whose sequences are `rows`."""
    kept = ~np.isin(truth.sequence, rows)
    sequence = np.concatenate([truth.sequence[kept], rows[other.sequence]])
    order = sequence.argsort(kind="stable")
    motif, strand, start = (
        np.concatenate([getattr(truth, name)[kept], getattr(other, name)])[order]
        for name in ("motif", "strand", "start")
    )
    return replace(truth, sequence=sequence[order], motif=motif, strand=strand, start=start)


def _anywhere(
    n: int, n_sites: int, margin: int, motifs: Sequence[Motif], length: int, rng: np.random.Generator
) -> SiteTruth:
    inner = draw_sites(np.full(n, n_sites), np.full(n, len(motifs)), motifs, length - 2 * margin, rng)
    return SiteTruth(inner.sequence, inner.motif, inner.strand, inner.start + margin, motifs, n, length)


def _at_places(
    n: int,
    n_sites: int,
    margin: int,
    motifs: Sequence[Motif],
    length: int,
    rng: np.random.Generator,
    places: MotifPlaces,
) -> SiteTruth:
    """Sites one after the other; one that would overlap an earlier one is drawn again, a few times."""
    sites: list[tuple[int, int, int, int]] = []  # sequence, start, motif, strand
    for row in range(n):
        own: list[tuple[int, int]] = []
        for _ in range(n_sites):
            for _ in range(_MAX_TRIES):
                k, strand = int(rng.integers(len(motifs))), int(rng.choice((1, -1)))
                last = length - margin - motifs[k].width
                at = places[k]
                drawn = int(rng.integers(margin, last + 1) if at is None else rng.choice(at))
                start = min(max(drawn, margin), last)
                if all(start >= stop or start + motifs[k].width <= first for first, stop in own):
                    own.append((start, start + motifs[k].width))
                    sites.append((row, start, k, strand))
                    break
    sequence, start, motif, strand = np.array(sorted(sites), dtype=np.int64).T
    return SiteTruth(sequence, motif, strand, start, motifs, n, length)


def covered(truth: SiteTruth, motif: int | None = None) -> np.ndarray:
    """Positions within sites, or within those of one motif, bool, shape=(N, L)."""
    of = np.ones(len(truth.motif), dtype=bool) if motif is None else truth.motif == motif
    origin = truth.sequence[of].astype(np.int64) * truth.length + truth.start[of]
    found = np.zeros(truth.n_sequences * truth.length, dtype=bool)
    found[site_columns(truth.motifs, truth.motif[of], truth.strand[of], origin).place] = True
    return found.reshape(truth.n_sequences, truth.length)


def weakened(matrix: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """A copy of ground truth, shape=(N, 4, L), in which some positions, bool (N, L), are neither motif nor background.

    Their columns get so little information that `interpretability` leaves them out.
    """
    columns = matrix.transpose(0, 2, 1).copy()  # N, L, 4
    columns[positions] = _WEAK_COLUMN
    return columns.transpose(0, 2, 1)
