"""Data of patients: short sequences whose labels are told by motifs, by composition, or by nothing."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from motiflens.basics.sequence import UNKNOWN, gc_content
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.data.dataset import SequenceDataset
from motiflens.motifs.embed import draw_sites, sample_bases
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.tomtom import tomtom
from motiflens.motifs.truth import SiteTruth
from motiflens.study.verdicts.kinds import PatientKind

PATIENT_LENGTH = 200
N_VALID, N_TEST = 300, 500
DATABASE = "JASPAR2026-vertebrates"
LEAST_BITS = 12.0  # of the motifs that are planted
_MOTIFS = "JASPAR2016-vertebrates"
_WIDTHS = range(9, 15)
_SITES = 2  # of each positive
_MOST_SITES = 4  # where labels are real values, or several
_ALIKE_Q = 0.5  # q-value by which a motif of the database counts as one that was planted, where it is to lack it
_AROUND_CENTRE = 10  # bp to either side, of sites in the middle
_SHARE = 0.1  # of sequences with a contradicting twin
_NEAR = 1 / 3  # of validation and test sequences
_MUTATED = 0.02  # of the bases of a near-duplicate


class PatientData(NamedTuple):
    """What a patient's networks are trained and audited on, and what the audit is not told."""

    dataset: SequenceDataset  # without the truth
    truth: SiteTruth | None
    planted: tuple[Motif, ...]
    database: tuple[Motif, ...]
    ids: frozenset[str]  # motifs of the database that the planted ones match


def patient_data(kind: PatientKind, seed: int, background: np.ndarray | None = None) -> PatientData:
    """Make the data of one patient.

    Parameters
    ----------
    kind : PatientKind
    seed : int
        The same seed gives the same data.
    background : np.ndarray, uint8, shape=(n, at least 200), optional
        Real sequences that sites are put into and negatives are taken from, in the place of simulated ones.
    """
    rng = np.random.default_rng([seed, *map(ord, kind.name)])
    planted = tuple(_planted(kind.n_factors, rng)) if kind.labels in ("motifs", "activity", "nothing") else ()
    database, ids = _database(planted, kind.known)
    n = kind.n_train + N_VALID + N_TEST
    split = np.repeat(np.arange(3, dtype=np.uint8), [kind.n_train, N_VALID, N_TEST])
    truth = None
    if planted:
        codes, y, truth = _with_sites(kind, planted, n, rng, background)
    else:
        codes, y = _by_composition(kind.labels, n, rng)
    if kind.labels == "nothing":
        y = y[rng.permutation(n)]
    if kind.fault == "duplicates":
        codes, y, truth = _duplicated(codes, y, truth, split, rng)
    elif kind.fault == "contradictions":
        codes, y, truth = _contradicting(codes, y, truth, split, rng)
    names = tuple(f"label_{t}" for t in range(y.shape[1]))
    dataset = SequenceDataset(codes, y.astype(np.float32), names, split)
    return PatientData(dataset, truth, planted, database, ids)


def _planted(n: int, rng: np.random.Generator) -> list[Motif]:
    """Informative motifs, no two of them alike."""
    pool = [motif for motif in load_motifs(_MOTIFS) if motif.width in _WIDTHS and _bits(motif) >= LEAST_BITS]
    chosen: list[Motif] = []
    while len(chosen) < n:
        motif = pool[rng.integers(len(pool))]
        if not chosen or tomtom([motif], [*chosen, *pool]).q_value[0, : len(chosen)].min() > _ALIKE_Q:
            chosen.append(motif)
    return chosen


def _bits(motif: Motif) -> float:
    p = np.clip(motif.pwm, 1e-9, 1)
    return float((2 + (p * np.log2(p)).sum(axis=0)).sum())


def _database(planted: tuple[Motif, ...], known: bool) -> tuple[tuple[Motif, ...], frozenset[str]]:
    motifs = load_motifs(DATABASE)
    if not planted:
        return tuple(motifs), frozenset()
    q = tomtom(list(planted), motifs).q_value.min(axis=0)
    if known:
        return tuple(motifs), frozenset(motif.id for motif, value in zip(motifs, q, strict=True) if value <= 0.1)
    return tuple(motif for motif, value in zip(motifs, q, strict=True) if value > _ALIKE_Q), frozenset()


def _with_sites(
    kind: PatientKind, planted: tuple[Motif, ...], n: int, rng: np.random.Generator, background: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, SiteTruth]:
    """Sites of the planted motifs in the positives; what negatives hold instead is the kind's."""
    positive = rng.permutation(n) < n // 2
    n_sites = np.where(positive, _SITES, 0)
    graded = kind.labels == "activity" or kind.n_labels > 1
    if graded:
        n_sites = rng.integers(0, _MOST_SITES + 1, n)
    if kind.placed == "centre":
        n_sites = positive.astype(int)
    truth = _sites(n_sites, planted, rng)
    if kind.placed == "centre":
        truth = _in_the_middle(truth, rng)
    codes = sample_bases(truth, rng)
    if background is not None:
        codes = np.where(_inside(truth), codes, _windows(background, n, rng))
    if graded:  # what composition tells of the motifs, all sequences hold alike
        others = _sites(_MOST_SITES - n_sites, _shuffled(planted, rng), rng)
        codes = np.where(_inside(others) & ~_inside(truth), sample_bases(others, rng), codes)
    if kind.labels == "activity":
        return codes, (n_sites + rng.normal(0, 0.5, n))[:, None], truth
    if kind.n_labels > 1:  # label t is whether motif t is there
        there = np.zeros((n, kind.n_labels))
        there[truth.sequence, truth.motif] = 1
        return codes, there, truth
    negative = np.flatnonzero(~positive)
    if kind.negatives == "dinucleotides":
        like = rng.choice(np.flatnonzero(positive), len(negative))
        codes[negative] = dinucleotide_shuffle(codes[like], rng)
    else:
        others = _sites(np.full(len(negative), _SITES), _shuffled(planted, rng), rng)
        codes[negative] = np.where(_inside(others), sample_bases(others, rng), codes[negative])
    return codes, positive[:, None].astype(float), truth


def _shuffled(planted: tuple[Motif, ...], rng: np.random.Generator) -> tuple[Motif, ...]:
    """The planted motifs with their columns in another order: what composition tells of them, negatives hold too."""
    return tuple(
        Motif(f"{motif.id}_shuffled", motif.name, motif.pwm[:, rng.permutation(motif.width)], motif.n_sites)
        for motif in planted
    )


def _sites(n_sites: np.ndarray, motifs: tuple[Motif, ...], rng: np.random.Generator) -> SiteTruth:
    """So many sites in each sequence, of motifs drawn at random."""
    rows = np.flatnonzero(n_sites)
    drawn = draw_sites(n_sites[rows], np.full(len(rows), len(motifs)), list(motifs), PATIENT_LENGTH, rng)
    return SiteTruth(rows[drawn.sequence], drawn.motif, drawn.strand, drawn.start, motifs, len(n_sites), PATIENT_LENGTH)


def _in_the_middle(truth: SiteTruth, rng: np.random.Generator) -> SiteTruth:
    """The same sites, one a sequence, moved to the middle."""
    widths = np.array([motif.width for motif in truth.motifs])[truth.motif]
    start = (truth.length - widths) // 2 + rng.integers(-_AROUND_CENTRE, _AROUND_CENTRE + 1, len(widths))
    return replace(truth, start=start)


def _inside(truth: SiteTruth) -> np.ndarray:
    found = np.zeros((truth.n_sequences, truth.length), dtype=bool)
    for row, motif, start in zip(truth.sequence, truth.motif, truth.start, strict=True):
        found[row, start : start + truth.motifs[motif].width] = True
    return found


def _windows(background: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    known = background[(background != UNKNOWN).all(axis=1)]
    row = rng.choice(len(known), n, replace=len(known) < n)
    first = rng.integers(0, known.shape[1] - PATIENT_LENGTH + 1, n)
    windows: np.ndarray = known[row[:, None], first[:, None] + np.arange(PATIENT_LENGTH)]
    return windows


def _by_composition(labels: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels of GC content, or of the counts of six 3-mers, that composition predicts as well as anything can."""
    if labels == "gc":
        share = rng.uniform(0.3, 0.7, n)
        codes = _bases(share, rng)
        score = gc_content(codes)
    else:
        codes = rng.integers(0, 4, (n, PATIENT_LENGTH)).astype(np.uint8)
        number = codes[:, :-2] * 16 + codes[:, 1:-1] * 4 + codes[:, 2:]
        chosen = rng.choice(64, 8, replace=False)
        signs = np.repeat([1, -1], 4)
        score = sum(sign * (number == word).sum(axis=1) for sign, word in zip(signs, chosen, strict=True))
    z = (score - score.mean()) / score.std()
    return codes, (rng.random(n) < 1 / (1 + np.exp(-3.5 * z)))[:, None]


def _bases(share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bases of which so many are C or G."""
    strong = rng.random((len(share), PATIENT_LENGTH)) < share[:, None]
    other = rng.random((len(share), PATIENT_LENGTH)) < 0.5
    return np.where(strong, np.where(other, 1, 2), np.where(other, 0, 3)).astype(np.uint8)


_Changed = tuple[np.ndarray, np.ndarray, SiteTruth | None]


def _duplicated(
    codes: np.ndarray, y: np.ndarray, truth: SiteTruth | None, split: np.ndarray, rng: np.random.Generator
) -> _Changed:
    """Mutated copies of training sequences in the place of validation and test sequences."""
    later = np.flatnonzero(split > 0)
    own = rng.choice(later, round(_NEAR * len(later)), replace=False)
    row = np.arange(len(codes))
    row[own] = rng.choice(np.flatnonzero(split == 0), len(own), replace=False)
    copied = codes[row]
    mutated = rng.random(copied.shape) < _MUTATED
    mutated[~np.isin(np.arange(len(codes)), own)] = False
    copied[mutated] = (copied[mutated] + rng.integers(1, 4, int(mutated.sum()))) % 4
    return copied.astype(np.uint8), y[row], None if truth is None else truth.subset(row)


def _contradicting(
    codes: np.ndarray, y: np.ndarray, truth: SiteTruth | None, split: np.ndarray, rng: np.random.Generator
) -> _Changed:
    """Copies with the other label, in the same split."""
    row, y = np.arange(len(codes)), y.copy()
    for s in range(3):
        own = rng.permutation(np.flatnonzero(split == s))
        n = round(_SHARE * len(own) / 2)
        row[own[:n]] = own[n : 2 * n]
        y[own[:n]] = 1 - y[own[n : 2 * n]]
    return codes[row], y, None if truth is None else truth.subset(row)
