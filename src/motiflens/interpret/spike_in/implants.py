"""Put sites of known motifs into given sequences, and remember where."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.tables import by_fields
from motiflens.motifs.embed import draw_sites, sample_bases
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth, site_columns

_MAX_REDRAWS = 1000  # of the sites of sequences with unknown bases
_WEAK_COLUMN = (0.3, 0.7 / 3, 0.7 / 3, 0.7 / 3)  # 0.009 bits


@by_fields
class Implants(NamedTuple):
    """Sequences with sites, and the sites."""

    codes: np.ndarray  # (N, L) uint8
    truth: SiteTruth


def implant(codes: np.ndarray, motifs: Sequence[Motif], *, n_sites: int, margin: int, seed: Sequence[int]) -> Implants:
    """Put as many sites into every sequence: motifs, strands and places at random, bases drawn from the matrix.

    Everything else stays. Sites do not overlap, hide no unknown base (padding, say), and the outermost `margin` bases
    at either end are left alone: a convolution sees them beside padding. The same seed gives the same number of sites
    the same places, whatever the motifs are, as long as their widths are the same.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    motifs : sequence of Motif
        Each site is one of them, all equally likely.
    n_sites, margin : int
    seed : sequence of int

    Raises
    ------
    ValueError
        If the widest motif does not fit as often, or hardly ever between unknown bases.
    """
    n, length = codes.shape
    widest = max(motif.width for motif in motifs)
    if n_sites * widest + 2 * margin > length:
        raise InputError(
            f"{n_sites} sites of up to {widest} bp and two margins of {margin} bp do not fit into {length} bp: "
            "ask for fewer sites or a smaller margin"
        )
    rng = np.random.default_rng(seed)
    truth = _drawn(n, n_sites, margin, motifs, length, rng)
    for _ in range(_MAX_REDRAWS):
        inside = covered(truth)
        again = np.flatnonzero((inside & (codes == UNKNOWN)).any(axis=1))
        if not len(again):
            return Implants(np.where(inside, sample_bases(truth, rng), codes), truth)
        other = _drawn(len(again), n_sites, margin, motifs, length, rng)
        sites = np.isin(truth.sequence, again)  # in the order of the other's
        motif, strand, start = truth.motif.copy(), truth.strand.copy(), truth.start.copy()
        motif[sites], strand[sites], start[sites] = other.motif, other.strand, other.start
        truth = replace(truth, motif=motif, strand=strand, start=start)
    raise InputError(
        f"found no room for {n_sites} sites of up to {widest} bp among the known bases of {len(again)} of {n} "
        "sequences: ask for fewer sites or a smaller margin, or leave sequences with many unknown bases out"
    )


def _drawn(
    n: int, n_sites: int, margin: int, motifs: Sequence[Motif], length: int, rng: np.random.Generator
) -> SiteTruth:
    inner = draw_sites(np.full(n, n_sites), np.full(n, len(motifs)), motifs, length - 2 * margin, rng)
    return SiteTruth(inner.sequence, inner.motif, inner.strand, inner.start + margin, motifs, n, length)


def covered(truth: SiteTruth, motif: int | None = None) -> np.ndarray:
    """Positions within sites, or within those of one motif, bool, shape=(N, L)."""
    of = np.ones(len(truth.motif), dtype=bool) if motif is None else truth.motif == motif
    origin = truth.sequence[of].astype(np.int64) * truth.length + truth.start[of]
    found = np.zeros(truth.n_sequences * truth.length, dtype=bool)
    found[site_columns(truth.motifs, truth.motif[of], truth.strand[of], origin).place] = True
    return found.reshape(truth.n_sequences, truth.length)


def weakened(matrix: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """A copy of ground truth, shape=(N, 4, L), in which positions, bool (N, L), count as neither motif nor background.

    Their columns hold so little information as `scoring.interpretability` leaves out.
    """
    columns = matrix.transpose(0, 2, 1).copy()  # N, L, 4
    columns[positions] = _WEAK_COLUMN
    return columns.transpose(0, 2, 1)
