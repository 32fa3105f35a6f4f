"""Sites of motifs and of their shuffled copies in sequences, and pairs of sites."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import one_hot
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.basics.tables import by_fields
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.features import Features
from motiflens.motifs.sets import Motif

_BATCH = 100
_BIN = 10  # bp of distance to a cell


@by_fields
class Sites(NamedTuple):
    """The best site of each feature in each sequence; arrays but the widths have shape=(N, n_features)."""

    start: np.ndarray  # first base
    strand: np.ndarray  # +1 or -1
    present: np.ndarray  # whether it counts as a site
    width: np.ndarray  # (n_features,)

    def rows(self, rows: slice) -> "Sites":
        """Sites in some of the sequences."""
        return Sites(self.start[rows], self.strand[rows], self.present[rows], self.width)

    @property
    def end(self) -> np.ndarray:
        """First base after each site, shape=(N, n_features)."""
        return self.start + self.width

    def covered(self, n_features: int, length: int) -> np.ndarray:
        """Bases within sites of the first features, bool, shape=(N, length)."""
        rows, columns = np.nonzero(self.present[:, :n_features])
        edges = np.zeros((len(self.start), length + 1), dtype=int)
        np.add.at(edges, (rows, self.start[rows, columns]), 1)
        np.add.at(edges, (rows, self.end[rows, columns]), -1)
        return edges.cumsum(axis=1)[:, :length] > 0


@by_fields
class TwoSites(NamedTuple):
    """Two sites of a pair in one sequence that do not overlap; every column has shape=(n,)."""

    pair: np.ndarray  # row of the pairs
    sequence: np.ndarray
    first: np.ndarray  # the two features of the pair
    second: np.ndarray
    gap: np.ndarray  # bases between
    orientation: np.ndarray  # index into pairs.ORIENTATIONS


def find_sites(codes: np.ndarray, features: Features, *, rate: float, rng: np.random.Generator) -> Sites:
    """Scan both strands with log-odds scores (uniform background), and keep the best position in each sequence.

    The best position is a site if its score is exceeded in at most a share `rate` of the dinucleotide-shuffled
    sequences. A shuffled copy has as many sites as its motif, in the sequences where it scores highest, and none of
    them overlaps a site of a motif.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    features : Features
        Motifs and their shuffled copies.
    rate : float
    rng : np.random.Generator
    """
    motifs, copies = features.motifs[: features.n_motifs], features.motifs[features.n_motifs :]
    width = np.array([motif.width for motif in features.motifs])
    score, start, strand = best_places(codes, motifs)
    chance = best_places(dinucleotide_shuffle(codes, rng), motifs)[0]
    present = score > np.quantile(chance, 1 - rate, axis=0)
    sites = Sites(start, strand, present, width[: features.n_motifs])
    if not copies:
        return sites
    taken = sites.covered(features.n_motifs, codes.shape[1])
    copy_score, copy_start, copy_strand = best_places(codes, copies, taken)
    copy_present = highest_rows(copy_score, present.sum(axis=0)[features.parent[features.n_motifs :]])
    starts, strands = np.concatenate([start, copy_start], axis=1), np.concatenate([strand, copy_strand], axis=1)
    return Sites(starts, strands, np.concatenate([present, copy_present], axis=1), width)


def highest_rows(scores: np.ndarray, n: np.ndarray) -> np.ndarray:
    """True for the n[f] highest finite scores of each column f, bool, shape=(N, n_features)."""
    rank = (-scores).argsort(axis=0, kind="stable").argsort(axis=0)
    return (rank < n) & np.isfinite(scores)


def best_places(
    codes: np.ndarray, motifs: list[Motif], taken: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best log-odds score with its first base and strand, each (N, n_motifs); -inf if all positions are `taken`.

    Raises
    ------
    ValueError
        If a motif is wider than the sequences.
    """
    widest = max(motif.width for motif in motifs)
    if widest > codes.shape[1]:
        raise InputError(f"expected motifs no wider than the sequences of {codes.shape[1]} bp, got one of {widest} bp")
    kernel = torch.zeros(2 * len(motifs), 4, widest)
    for row, motif in enumerate([*motifs, *(motif.reverse_complement() for motif in motifs)]):
        smooth = (motif.pwm * motif.n_sites + 0.25) / (motif.n_sites + 1)
        kernel[row, :, : motif.width] = torch.from_numpy(np.log2(smooth / 0.25))
    widths = torch.tensor([motif.width for motif in motifs])
    parts = []
    for begin in range(0, len(codes), _BATCH):
        rows = slice(begin, begin + _BATCH)
        scores = F.conv1d(F.pad(one_hot(codes[rows]), (0, widest - 1)), kernel)  # n, 2 * n_motifs, L
        both = scores.unflatten(1, (2, len(motifs)))
        blocked = _blocked(codes[rows], widths, None if taken is None else taken[rows])
        best, strand = both.masked_fill(blocked[:, None], -torch.inf).max(dim=1)  # n, n_motifs, L
        score, start = best.max(dim=2)
        parts.append((score, start, 1 - 2 * strand.gather(2, start[..., None])[..., 0]))
    score, start, strand = (torch.cat(column).numpy() for column in zip(*parts, strict=True))
    return score, start, strand


def _blocked(codes: np.ndarray, widths: torch.Tensor, taken: np.ndarray | None) -> torch.Tensor:
    """Starts at which a site would reach beyond the sequence or into taken bases, shape=(n, n_motifs, L)."""
    n, length = codes.shape
    start = torch.arange(length)
    end = start + widths[:, None]  # n_motifs, L
    beyond = (end > length).expand(n, -1, -1)
    if taken is None:
        return beyond
    before = F.pad(torch.from_numpy(taken).cumsum(1), (1, 0))  # n, L + 1
    return beyond | (before[:, end.clamp(max=length)] > before[:, None, :length])


def two_sites(sites: Sites, pairs: np.ndarray) -> TwoSites:
    """List the sites of both features of each pair, shape=(P, 2), that are in one sequence and do not overlap."""
    columns: list[tuple[np.ndarray, ...]] = []
    for row, (first, second) in enumerate(pairs.tolist()):
        sequence = np.flatnonzero(sites.present[:, first] & sites.present[:, second])
        first_is_left = sites.start[sequence, first] <= sites.start[sequence, second]
        gap_right = sites.start[sequence, second] - sites.end[sequence, first]
        gap_left = sites.start[sequence, first] - sites.end[sequence, second]
        gap = np.where(first_is_left, gap_right, gap_left)
        same = sites.strand[sequence, first] == sites.strand[sequence, second]
        # Read on the strand on which the first feature is forward, the second lies right of it or left.
        second_is_right = first_is_left == (sites.strand[sequence, first] > 0)
        orientation = np.where(second_is_right, np.where(same, 0, 1), np.where(same, 2, 3))
        full = np.full(len(sequence), row)
        kept = gap >= 0
        both = (np.full(len(sequence), first), np.full(len(sequence), second))
        columns.append(tuple(one[kept] for one in (full, sequence, *both, gap, orientation)))
    return TwoSites(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def sum_up(found: TwoSites, values: np.ndarray, alone: np.ndarray, n_pairs: int, length: int) -> Effects:
    """Sum up the values of pairs of sites, by orientation and by distance in steps of 10 bp.

    Parameters
    ----------
    found : TwoSites
        n times two sites.
    values : np.ndarray, shape=(n,)
    alone : np.ndarray, shape=(2, n)
        Effects of the first and of the second site without the other; NaN for a method that does not measure them.
    n_pairs, length : int
    """
    n_bins = -(-length // _BIN)
    cell = (found.pair * 4 + found.orientation) * n_bins + found.gap // _BIN
    total, square, number = (
        np.bincount(cell, weights=weights, minlength=n_pairs * 4 * n_bins).reshape(n_pairs, 4, n_bins)
        for weights in (values, values**2, None)
    )
    low = np.arange(n_bins) * _BIN
    sums = [np.bincount(found.pair, weights=one, minlength=n_pairs) for one in alone]
    return Effects(total, square, number, low.astype(float), low + _BIN - 1.0, np.stack(sums, axis=1))
