"""Positives in which motif pairs obey a rule, and negatives of the same motifs that break it."""

from collections.abc import Sequence
from itertools import combinations
from numbers import Integral

import numpy as np

from motiflens.basics.choices import check_count
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import compositions as _compositions
from motiflens.data.simulate.additive import additive_labels
from motiflens.data.simulate.background import put_background
from motiflens.data.simulate.grammar_motifs import choose_motifs
from motiflens.data.simulate.scenes import place_freely, place_scenes
from motiflens.data.simulate.signed import signed_labels
from motiflens.data.splits import random_split
from motiflens.motifs.embed import make_generator, sample_bases
from motiflens.motifs.pairs import ANY_ORIENTATION, KINDS, ORIENTATIONS, PairTable, count_obeying, read_pairs
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth

GRAMMAR_LEVELS = (1, 2, 3)
LABELS = ("grammar", "additive")


def spaced_grammar(
    n_sequences: int = 30_000,
    *,
    level: int = 2,
    seed: int = 0,
    length: int = 200,
    motifs: Sequence[Motif | str] | None = None,
    n_motifs: int | None = None,
    n_pairs: int = 40,
    n_decoys: int | None = None,
    max_gap: int = 20,
    two_pair_share: float = 0.5,
    decoy_share: float = 0.5,
    n_singles: int = 0,
    background: SequenceDataset | np.ndarray | None = None,
    shuffle_background: bool = False,
    labels: str = "grammar",
    n_repress: int = 0,
    n_redundant: int = 0,
    allow_similar: bool = False,
    split: Sequence[float] = (0.7, 0.1, 0.2),
) -> SequenceDataset:
    """Simulate sequences whose label depends on pairs of motifs, and is independent of single motifs.

    A positive holds one or two true pairs that obey their rule. At level 1, a pair obeys if both motifs are present. A
    negative holds each motif as often as positives do, but no true pair. At level 2, the gap of a pair must be at most
    ``max_gap`` bases. At level 3, each pair has its own spacing, of 0 to ``max_gap`` bases, and its own orientation. At
    both these levels, negatives hold true pairs, too, but none obeys its rule: motifs and places are the same for both
    labels, and the label decides which motif is in which place. If only one pair of a positive obeys, the sequence may
    hold a second true pair that does not. No other two sites obey a rule.

    Some sequences of either label hold a decoy, which is a pair that is placed like a true one but has no effect. All
    other pairs are fillers. In negatives they are placed near each other, so they count neither as true nor as false.

    Without single motifs (`n_singles`), the motifs of a true pair always occur together, and few sets of motifs occur.
    Then the data do not determine the single effects of motifs, nor whether effects add up. Single motifs do.

    No motif is placed twice in a sequence. Chance matches outside of the sites are possible, equally for both labels.
    Sequences and truth do not depend on ``split``.

    Parameters
    ----------
    n_sequences : int
        Half of them positive, rounded down.
    level : {1, 2, 3}
        Rule of the pairs: 1, presence; 2, a distance; 3, a spacing and an orientation.
    seed : int
        The same seed gives the same data, including the choice of pairs.
    length : int
        Length of the sequences.
    motifs : sequence of Motif or str, optional
        Motifs, or ids in JASPAR 2016 CORE vertebrates; by default the first of ``GRAMMAR_MOTIFS``, which have one
        width. If widths differ, gaps of both labels are the same and starts nearly so; level 3 needs one width, see
        :func:`same_width`.
    n_motifs : int, optional
        Number of motifs from ``GRAMMAR_MOTIFS``, 20 by default. Cannot be given together with `motifs`.
    n_pairs, n_decoys : int
        Number of true pairs, two or more, and of decoys, by default half as many, because both labels share them.
        Motifs are in about equally many pairs.
    max_gap : int
        Largest gap, in bases between two sites, of a true pair or decoy; not used at level 1.
    two_pair_share : float
        Share of positives with two true pairs that obey their rule.
    decoy_share : float
        Share of sequences with a decoy; at level 1, among sequences with one true pair, because others have no decoy.
    n_singles : int
        Largest number of additional single motifs, in sequences of either label; all numbers are equally likely. For
        levels 2 and 3 only, because they would form pairs at level 1.
    background : SequenceDataset or np.ndarray of codes, shape=(N, L), optional
        Sequences into which sites are placed, at least as long as ``length``; a window of each is used, in random
        order. By default bases are random and uniform.
    shuffle_background : bool
        Shuffle each window, with its dinucleotide counts unchanged.
    labels : {"grammar", "additive"}
        "additive": the same sequences with the labels of :func:`additive_labels`, without interactions.
    n_repress, n_redundant : int
        Number of true pairs that are repressing (both motifs cancel each other) or redundant (either motif is enough).
        If there are any, labels are those of :func:`signed_labels`, drawn from a logit, and each motif is in at most
        one pair.
    allow_similar : bool
        Accept motifs that TomTom matches to each other with q <= 0.1.
    split : sequence of float
        Shares of train, valid and test.

    Returns
    -------
    dataset : SequenceDataset
        It has one label, ``"grammar"``, ``"additive"`` or ``"signed"``, a SiteTruth, and in its metadata the table of
        all pairs of motifs; see :func:`motiflens.motifs.pairs.read_pairs`.

    Raises
    ------
    ValueError
        If an argument is out of range, motifs are similar, sites do not fit into `length`, or no balanced negatives
        exist for these numbers of pairs.
    """
    chosen = choose_motifs(motifs, n_motifs, allow_similar)
    n_decoys = n_pairs // 2 if n_decoys is None else n_decoys
    numbers = {"n_pairs": n_pairs, "n_decoys": n_decoys, "n_repress": n_repress, "n_redundant": n_redundant}
    _check_whole(n_sequences=n_sequences, length=length, **numbers, max_gap=max_gap, n_singles=n_singles)
    source = _source(background, shuffle_background)
    _check_level(level, labels, n_singles, len(chosen))
    if labels != "grammar" and (n_repress or n_redundant):
        raise InputError(f"labels {labels!r} have no interactions: leave out n_repress and n_redundant")
    _check_numbers(n_sequences, len(chosen), n_pairs, n_decoys, two_pair_share, decoy_share)
    _check_widths(chosen, level, length, max_gap, n_singles)
    rng = make_generator(seed)
    split_codes = random_split(n_sequences, split, rng.split)
    positive = rng.labels.permutation(n_sequences) < n_sequences // 2
    # Which pairs there are and by which rules, which motifs each sequence holds, and where they stand.
    shares = _compositions.kind_shares(level, two_pair_share, decoy_share if n_decoys else 0.0)
    graph, pools = _compositions.draw_balanced(len(chosen), n_pairs, n_decoys, level, shares, rng.sites)
    pairs = _draw_rules(graph, level, length if level == 1 else max_gap, rng.sites)
    kinds = rng.sites.choice(len(shares), size=n_sequences, p=shares)
    compositions = _compositions.draw_compositions(pools, kinds, positive, rng.sites)
    if n_singles:
        compositions = _compositions.add_singles(compositions, len(chosen), n_singles, rng.sites)
    if level == 1:
        truth = place_freely(compositions, chosen, length, rng.sites)
    else:
        n_true = np.array([kind.n_true for kind in _compositions.COMPOSITION_KINDS])[kinds]
        truth = place_scenes(compositions, n_true, positive, pairs, chosen, length, rng.sites)
    codes = sample_bases(truth, rng.bases)
    if background is not None:
        put_background(codes, truth, background, shuffle_background, rng.bases)
    whole = {"seed": seed, "level": level, "max_gap": max_gap, "n_singles": n_singles}
    real = {"two_pair_share": two_pair_share, "decoy_share": decoy_share}
    metadata = {
        "simulator": "spaced_grammar",
        **{name: int(number) for name, number in whole.items()},
        **{name: float(share) for name, share in real.items()},
        "motifs": [motif.id for motif in chosen],
        "background": source,
        "labels": "grammar",
        "pairs": pairs.to_json(),
    }
    y = positive.astype(np.float32)[:, None]
    dataset = SequenceDataset(codes, y, ("grammar",), split_codes, truth, metadata)
    if labels == "additive":
        return additive_labels(dataset, seed=seed)
    if n_repress or n_redundant:
        return signed_labels(dataset, n_repress=n_repress, n_redundant=n_redundant, seed=seed)
    return dataset


def oracle_labels(dataset: SequenceDataset) -> np.ndarray:
    """Label sequences by the rule, from their sites: 1 if any two sites are a true pair that obeys.

    These labels equal ``dataset.y[:, 0]``.

    Parameters
    ----------
    dataset : SequenceDataset
        A data set from :func:`spaced_grammar`, or a subset of it.

    Returns
    -------
    labels : np.ndarray, float32, shape=(N,)

    Raises
    ------
    ValueError
        If the data set has no sites or no table of pairs, or its labels are drawn from a logit instead of following a
        rule.
    """
    if dataset.metadata.get("labels") == "additive":
        raise InputError("labels of this dataset are additive: no pair has a rule; see metadata['logit_of_motif']")
    if dataset.metadata.get("labels") == "signed":
        raise InputError("labels of this dataset are drawn from a logit: see metadata['logit_of_pair']")
    if not isinstance(dataset.truth, SiteTruth):
        raise InputError(f"expected a dataset with a SiteTruth, got truth: {dataset.truth}")
    pairs = read_pairs(dataset.metadata).of_kind("true")
    return (count_obeying(dataset.truth, pairs) > 0).astype(np.float32)


def _source(background: SequenceDataset | np.ndarray | None, shuffle: bool) -> str:
    """What sequences are made from, in a word."""
    if background is None:
        if shuffle:
            raise InputError("shuffle_background needs a background to shuffle: give sequences as background")
        return "uniform"
    return "dinucleotide" if shuffle else "sequences"


def _check_whole(**numbers: int) -> None:
    for name, number in numbers.items():
        if not isinstance(number, Integral):
            raise InputError(f"{name} must be a whole number, got {number!r}")


def _check_level(level: int, labels: str, n_singles: int, n_motifs: int) -> None:
    if level not in GRAMMAR_LEVELS:
        raise InputError(f"level must be 1 (identity), 2 (distance) or 3 (spacing and orientation), got {level!r}")
    if n_singles < 0 or n_singles > n_motifs or (level == 1 and n_singles):
        raise InputError(f"n_singles must be 0 at level 1, and 0 to {n_motifs} motifs beyond, got {n_singles}")
    if labels not in LABELS:
        raise InputError(f"labels must be {' or '.join(map(repr, LABELS))}, got {labels!r}")


def _check_numbers(
    n_sequences: int, n_motifs: int, n_pairs: int, n_decoys: int, two_pair_share: float, decoy_share: float
) -> None:
    check_count("n_sequences", n_sequences)
    if n_pairs < 2 or n_decoys < 0:  # negatives pair the motifs of two true pairs wrongly
        raise InputError(f"expected n_pairs of 2 or more and n_decoys of 0 or more, got {n_pairs} and {n_decoys}")
    most = n_motifs * (n_motifs - 1) // 2
    if n_pairs + n_decoys >= most:
        raise InputError(
            f"{n_motifs} motifs make {most} pairs, and some must be left to fill negatives: "
            f"got {n_pairs} true pairs and {n_decoys} decoys"
        )
    for name, share in (("two_pair_share", two_pair_share), ("decoy_share", decoy_share)):
        if not 0 <= share <= 1:
            raise InputError(f"{name} must be a share from 0 to 1, got {share}")


def _check_widths(motifs: Sequence[Motif], level: int, length: int, max_gap: int, n_singles: int) -> None:
    if max_gap < 0:
        raise InputError(f"max_gap must be 0 or more, got {max_gap}")
    widths = sorted((motif.width for motif in motifs), reverse=True)
    if level == 3 and widths[0] != widths[-1]:
        raise ArgumentError(
            f"level 3 needs motifs of one width, got {widths[-1]} to {widths[0]}, since with fixed spacings the "
            "distances between starts would tell the label by themselves",
            "{motifs}, or others",
            motifs=("pass motifs=same_width(motifs)", "give --motifs that are cut or padded to one width"),
        )
    n_sites, n_gaps = (4, 0) if level == 1 else (6 + n_singles, 3)
    if sum(widths[:n_sites]) + n_gaps * max_gap > length:
        raise InputError(
            f"{n_sites} motifs of up to {widths[0]} positions and {n_gaps} gaps of up to {max_gap} do not fit into "
            f"length {length}: make sequences longer, or use narrower motifs or a smaller max_gap"
        )


def _draw_rules(graph: _compositions.Graph, level: int, max_gap: int, rng: np.random.Generator) -> PairTable:
    """List all pairs of motifs; decoys have rules of the kind of true pairs, by which they are placed."""
    i, j = np.array(list(combinations(range(graph.n_motifs), 2))).T
    relation = graph.relation()[i, j]
    kind = np.array(KINDS)[np.select([relation == _compositions.TRUE, relation == _compositions.DECOY], [0, 1], 2)]
    lowest, highest = np.zeros(len(i), dtype=int), np.full(len(i), max_gap)
    orientation = np.full(len(i), ANY_ORIENTATION, dtype=f"<U{len(ORIENTATIONS[0])}")
    if level == 3:
        placed = np.flatnonzero(kind != "filler")
        lowest[placed] = highest[placed] = rng.integers(0, max_gap + 1, size=len(placed))
        orientation[placed] = rng.choice(ORIENTATIONS, size=len(placed))
    return PairTable(i, j, kind, lowest, highest, orientation)
