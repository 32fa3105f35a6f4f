"""Sites of motifs in one sequence: exact p-values of log-odds scores, and the best hits that do not overlap.

The score is the sum, over a motif's columns, of log2 of the base's probability divided by 1/4, with a pseudocount of
one site. Its p-value is the share of all words of that width with at least this score, computed from the distribution
of the sum over columns (Staden 1989, "Methods for calculating the probabilities of finding patterns in sequences").
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.motifs.sets import Motif, distinct_names

_STEP = 0.01  # bits: scores are rounded to whole steps


class MotifHit(NamedTuple):
    """One site of a motif in a sequence, from `start` to before `stop`."""

    start: int
    stop: int
    label: str
    strand: int  # +1, or -1 where the reverse complement fits
    p_value: float
    score: float  # bits


def motif_hits(codes: np.ndarray, motifs: Sequence[Motif], *, p: float = 1e-4) -> list[MotifHit]:
    """Find sites of motifs in a sequence, on either strand.

    Parameters
    ----------
    codes : np.ndarray, shape=(L,)
        A window with an unknown base holds no site.
    motifs : sequence of Motif
        Motifs wider than the sequence have no sites.
    p : float
        Largest p-value of a site, for a single position on one strand.

    Returns
    -------
    hits : list of MotifHit
        From left to right. Of hits that overlap, the one with the smallest p-value is kept.

    Raises
    ------
    ValueError
        If codes are not of one sequence, or p is not between 0 and 1.
    """
    codes = np.asarray(codes)
    if codes.ndim != 1 or (codes.size and codes.max() > UNKNOWN):
        raise InputError(f"expected the codes of one sequence, 0 to {UNKNOWN} of shape (L,), got shape {codes.shape}")
    if not 0 < p < 1:
        raise InputError(f"p must be between 0 and 1, got {p}")
    found = []
    for motif, label in zip(motifs, distinct_names(motifs), strict=True):
        if motif.width <= len(codes):
            for strand, matrix in ((1, motif), (-1, motif.reverse_complement())):
                found += _hits_on_strand(codes, matrix, label, strand, p)
    kept: list[MotifHit] = []
    for hit in sorted(found, key=lambda hit: (hit.p_value, -hit.score)):
        if all(hit.stop <= other.start or hit.start >= other.stop for other in kept):
            kept.append(hit)
    return sorted(kept)


def best_starts(codes: np.ndarray, motif: Motif) -> tuple[np.ndarray, np.ndarray]:
    """Start and score in bits of the best window of each sequence, on either strand.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    motif : Motif
        No wider than the sequences.

    Returns
    -------
    starts : np.ndarray, int64, shape=(N,)
    scores : np.ndarray, float64, shape=(N,)
        Minus infinity if every window holds an unknown base.

    Raises
    ------
    ValueError
        If the motif is wider than the sequences.
    """
    n = codes.shape[1] - motif.width + 1
    if n < 1:
        raise InputError(f"expected a motif of at most {codes.shape[1]} bp, got {motif.width} bp")
    best = np.full((len(codes), n), -np.inf)
    for one in (motif, motif.reverse_complement()):
        table = np.vstack([_steps(one) * _STEP, np.full((1, one.width), -np.inf)])  # 5, width
        scores = np.zeros((len(codes), n))
        for j, column in enumerate(table.T):
            scores += column[codes[:, j : j + n]]
        np.maximum(best, scores, out=best)
    starts = best.argmax(axis=1)
    return starts, best[np.arange(len(codes)), starts]


def _hits_on_strand(codes: np.ndarray, motif: Motif, label: str, strand: int, p: float) -> list[MotifHit]:
    steps = _steps(motif)
    tail, lowest = _tail(steps)
    windows = np.lib.stride_tricks.sliding_window_view(codes, motif.width)  # n, width
    known = (windows < UNKNOWN).all(axis=1)
    scores = steps[np.where(windows < UNKNOWN, windows, 0), np.arange(motif.width)].sum(axis=1)
    p_values = tail[scores - lowest]
    return [
        MotifHit(i, i + motif.width, label, strand, float(p_values[i]), float(scores[i] * _STEP))
        for i in np.flatnonzero(known & (p_values <= p)).tolist()
    ]


def _steps(motif: Motif) -> np.ndarray:
    """Log-odds in whole steps, int, shape=(4, width)."""
    smooth = (motif.pwm * motif.n_sites + 0.25) / (motif.n_sites + 1)
    return np.rint(np.log2(smooth / 0.25) / _STEP).astype(int)


def _tail(steps: np.ndarray) -> tuple[np.ndarray, int]:
    """Share of all words that score at least `lowest`, `lowest` + 1, ... steps, and `lowest`."""
    lowest = int(steps.min(axis=0).sum())
    share = np.ones(1)
    for column in steps.T:
        above = column - column.min()
        longer = np.zeros(len(share) + above.max())
        for shift in above.tolist():
            longer[shift : shift + len(share)] += share / 4
        share = longer
    return share[::-1].cumsum()[::-1], lowest
