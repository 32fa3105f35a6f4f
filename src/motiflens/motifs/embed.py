"""Draw motifs, place them at random and sample bases, for all sequences together.

The generator of Ghotra et al. 2021: draw the number of motifs k, then k motifs with replacement, divide what
is left of the sequence into k + 1 gaps, and sample every base by itself, uniformly outside of motifs.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.choices import check_count
from motiflens.basics.errors import InputError
from motiflens.motifs.sets import Motif, load_motifs, select_motifs
from motiflens.motifs.truth import SiteTruth, column_bank, ranges, site_columns

MOTIF_SET = "JASPAR2016-vertebrates"  # where motifs given by id come from
_MAX_REDRAWS = 1000
_MAX_GAP_DRAWS = 200  # the study's presets need about 20, so that the limit never touches them


class Generator(NamedTuple):
    """Independent streams of random numbers, so that one choice does not shift the others."""

    sites: np.random.Generator
    bases: np.random.Generator
    labels: np.random.Generator
    split: np.random.Generator


def make_generator(seed: int) -> Generator:
    """Spawn the streams of one seed."""
    return Generator(*(np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)))


def resolve_motifs(motifs: Sequence[Motif | str]) -> list[Motif]:
    """Replace ids by the motifs of JASPAR 2016 CORE vertebrates.

    Raises
    ------
    ValueError
        If there is no motif, or an id is unknown.
    """
    if isinstance(motifs, str):
        raise InputError(f"expected a sequence of motifs or ids, got the string {motifs!r}")
    if not len(motifs):
        raise InputError("expected at least one motif, got none")
    ids = [motif for motif in motifs if isinstance(motif, str)]
    known = iter(select_motifs(load_motifs(MOTIF_SET), ids)) if ids else iter(())
    return [next(known) if isinstance(motif, str) else motif for motif in motifs]


def draw_motif_counts(n_sequences: int, motif_counts: Mapping[int, float], rng: np.random.Generator) -> np.ndarray:
    """Draw the number of motifs of each sequence, shape=(n_sequences,)."""
    numbers = np.array(list(motif_counts), dtype=np.int64)
    return rng.choice(numbers, size=n_sequences, p=_shares(motif_counts))


def draw_sites(
    counts: np.ndarray, choices: np.ndarray, motifs: Sequence[Motif], length: int, rng: np.random.Generator
) -> SiteTruth:
    """Choose motifs and strands, and place them without overlap.

    Parameters
    ----------
    counts : np.ndarray, shape=(n,)
        Motifs per sequence.
    choices : np.ndarray, shape=(n,)
        Number of motifs, from the first on, from which each sequence draws, on either strand.
    motifs : sequence of Motif
    length : int
    rng : np.random.Generator

    Returns
    -------
    truth : SiteTruth
        If the motifs of a sequence do not fit, others are drawn; their number stays.

    Raises
    ------
    ValueError
        If motifs do not fit, or hardly ever do.
    """
    n = len(counts)
    sequence = np.repeat(np.arange(n), counts)
    slot = ranges(counts)
    widths = np.array([motif.width for motif in motifs])
    motif = rng.integers(0, choices[sequence])
    for _ in range(_MAX_REDRAWS):
        occupied = np.bincount(sequence, weights=widths[motif], minlength=n).astype(np.int64)
        if not (crowded := occupied > length).any():
            break
        again = crowded[sequence]
        motif[again] = rng.integers(0, choices[sequence[again]])
    else:
        raise InputError(
            f"{crowded.sum()} of {n} sequences had no room for {counts[crowded].min()} or more motifs in "
            f"{_MAX_REDRAWS} draws: make sequences longer than {length}, or use fewer or narrower motifs"
        )
    strand = rng.choice(np.array([1, -1], dtype=np.int8), size=len(motif))
    gaps = _draw_gaps(counts, length - occupied, rng)  # n, max(counts) + 1
    before = np.cumsum(gaps, axis=1)[sequence, slot]
    start = before + _sum_before(widths[motif], counts)
    return SiteTruth(sequence, motif, strand, start, motifs, n, length)


def sample_bases(truth: SiteTruth, rng: np.random.Generator) -> np.ndarray:
    """Sample every position of every sequence from its ground truth; codes, uint8, shape=(N, L)."""
    codes = rng.integers(0, 4, size=(truth.n_sequences, truth.length), dtype=np.uint8)
    origin = truth.sequence.astype(np.int64) * truth.length + truth.start
    columns = site_columns(truth.motifs, truth.motif, truth.strand, origin)
    cumulative = np.cumsum(column_bank(truth.motifs), axis=1)  # n_columns, 4
    draws = rng.random(len(columns.place))
    sampled = np.zeros(len(draws), dtype=np.uint8)
    for bound in (cumulative[:, :3] / cumulative[:, 3:]).T:
        sampled += draws >= bound[columns.row]
    codes.reshape(-1)[columns.place] = sampled
    return codes


def check_request(n_sequences: int, length: int, motif_counts: Mapping[int, float], motifs: Sequence[Motif]) -> None:
    """Check the arguments that all simulators share.

    Raises
    ------
    ValueError
        If a number is not positive, `motif_counts` is not a distribution over 1, 2, ..., or its largest number of
        motifs does not fit into a sequence.
    """
    check_count("n_sequences", n_sequences)
    _shares(motif_counts)
    most = max(number for number, share in motif_counts.items() if share > 0)
    narrowest = min(motif.width for motif in motifs)
    if most * narrowest > length:
        raise InputError(
            f"{most} motifs of at least {narrowest} positions do not fit into length {length}: "
            "make sequences longer, or use fewer or narrower motifs"
        )


def _draw_gaps(counts: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Divide free positions into counts + 1 gaps each; unused columns are 0; shape=(n, max(counts) + 1).

    Uniform draws are normalised and rounded, and drawn again until the rounded ones sum exactly, as the study
    did it. Many gaps that share few positions hardly ever do: after _MAX_GAP_DRAWS draws the rest are split
    by largest remainder instead, which always sums exactly and favours no place in the sequence either.
    """
    gaps = np.zeros((len(counts), counts.max() + 1), dtype=np.int64)
    for k in np.unique(counts):
        pending = np.flatnonzero(counts == k)
        for _ in range(_MAX_GAP_DRAWS):
            if not pending.size:
                break
            drawn = np.round(_draw_parts(free[pending], k + 1, rng)).astype(np.int64)
            exact = drawn.sum(axis=1) == free[pending]
            gaps[pending[exact], : k + 1] = drawn[exact]
            pending = pending[~exact]
        if pending.size:
            gaps[pending, : k + 1] = _draw_exact_gaps(free[pending], k + 1, rng)
    return gaps


def _draw_exact_gaps(free: np.ndarray, n_gaps: int, rng: np.random.Generator) -> np.ndarray:
    """Divide free positions by largest remainder, ties at random; shape=(n, n_gaps)."""
    parts = _draw_parts(free, n_gaps, rng)
    gaps = np.floor(parts).astype(np.int64)
    missing = free - gaps.sum(axis=1)
    order = np.lexsort((rng.random(parts.shape), gaps - parts))  # largest remainder first
    np.put_along_axis(gaps, order, np.take_along_axis(gaps, order, 1) + (np.arange(n_gaps) < missing[:, None]), 1)
    return gaps


def _draw_parts(free: np.ndarray, n_gaps: int, rng: np.random.Generator) -> np.ndarray:
    """Divide free positions in proportion to uniform draws, not rounded; shape=(n, n_gaps)."""
    shares = rng.random((len(free), n_gaps))
    return shares / shares.sum(axis=1, keepdims=True) * free[:, None]


def _sum_before(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sum the earlier values of the same group, for groups of these sizes (1 or more) end to end."""
    before = np.cumsum(values) - values
    return before - np.repeat(before[np.cumsum(counts) - counts], counts)


def _shares(motif_counts: Mapping[int, float]) -> np.ndarray:
    """Return the checked probabilities of a distribution of motif numbers."""
    for number in motif_counts:
        if not isinstance(number, int | np.integer) or number < 1:
            raise InputError(f"expected numbers of motifs of 1 or more in motif_counts, got {number!r}")
    shares = np.array(list(motif_counts.values()), dtype=np.float64)
    if not (shares >= 0).all() or not abs(shares.sum() - 1) <= 1e-6:
        raise InputError(
            f"expected motif_counts as number: probability with probabilities that sum to 1, "
            f"got {dict(motif_counts)} (sum {shares.sum():g})"
        )
    return shares / shares.sum()
