"""From scores to p-values. A pair must pass two tests, and the larger p-value counts.

1. Against the same networks with one motif's columns shuffled. Scores are divided by the root mean square of the
   scores that the copies of either motif have with the other one, half of it taken from all pairs where few copies do
   anything. This makes pairs comparable, so that copies of all pairs form one null.
2. Against the other pairs. A network whose labels add up single motifs bends all the same: f(AB) - f(A) - f(B) + f(0)
   then grows with the product of the two single effects. Shuffled copies have no effect of their own and show nothing
   of this, so that the first test alone calls pairs of strong motifs: in two trials with C4C6-Att trained on additive
   labels, 14 and 18 % of pairs had p <= .05. The bend, and what one motif shows with any other (as where all tokens
   attend to it), is expected from typical scores t of the two motifs with others, as in the average product correction
   (Dunn, Wahl & Gloor 2008, Bioinformatics 24:333): max(t_i, t_j, t_i t_j / t). Typical is the root mean square of
   scores of either sign without the fifth that is largest, which may interact. The root of a score over what is
   expected, near normal for scores from half-normal to log-normal, is referred to Student's t by mean and SD of the
   other pairs. Pairs that stand out are left out of all this, until no more do; but pairs that would then no longer
   stand out stay in.

The second test needs other pairs. With fewer than five motifs there is the first test alone, and p-values then say that
a pair exceeds what shuffled copies give, not that it exceeds the bend of the network: where labels add up single
motifs, most pairs would be called. With more motifs, a pair has p = 1 if one of its motifs has fewer than three other
pairs measured.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from motiflens._distributions import t_upper_tail
from motiflens.interactions._effects import Windows
from motiflens.interactions._features import Features

MIN_OTHERS = 3  # other pairs of a motif for the second test
MIN_MOTIFS = MIN_OTHERS + 2
_KEPT = 0.8  # share of scores that tells what is typical
_QUANTILE = NormalDist().inv_cdf((1 + _KEPT) / 2)
_LEFT_OF_NORMAL = math.sqrt(1 - 2 * _QUANTILE * NormalDist().pdf(_QUANTILE) / _KEPT)  # its share of a normal's RMS
_STANDS_OUT = 0.01  # p at which a pair is left out of what is typical
_LEAST_SPREAD = 0.175  # SD of roots over their mean: bends are no exact product, so that a closer fit is chance


class PairTests(NamedTuple):
    """The two tests of each pair, and what counts; all of shape=(P,)."""

    copies: np.ndarray  # p against shuffled copies
    others: np.ndarray  # p against other pairs; NaN where these are too few
    p: np.ndarray


def compare_pairs(windows: Windows, magnitude: np.ndarray, pairs: np.ndarray, features: Features) -> PairTests:
    """p-values of every pair of motifs.

    Parameters
    ----------
    windows : Windows of P + Q pairs
        Of `observed_pairs`, then of `null_pairs`.
    magnitude : np.ndarray, shape=(P + Q,)
        Scores of the effects of either sign; NaN where nothing was measured.
    pairs : np.ndarray, shape=(P + Q, 2)
    features : Features

    Returns
    -------
    tests : PairTests
        p is 1 where the score is 0.
    """
    n = features.n_motifs * (features.n_motifs - 1) // 2
    copies = _against_copies(windows.score, pairs, features, n)
    others = _against_other_pairs(windows.score[:n], magnitude[:n], pairs[:n], features.n_motifs)
    without = 0.0 if features.n_motifs < MIN_MOTIFS else 1.0
    p = np.maximum(copies, np.where(np.isnan(others), without, others))
    return PairTests(copies, others, np.where(windows.score[:n] > 0, p, 1.0))


def _against_copies(scores: np.ndarray, pairs: np.ndarray, features: Features, n: int) -> np.ndarray:
    """(1 + copies that score as high) / (1 + copies), scores in units of the pair's own copies."""
    i, j = features.parent[pairs].T
    group = np.minimum(i, j) * features.n_motifs + np.maximum(i, j)
    is_copy = np.arange(len(pairs)) >= n
    squares = np.where(is_copy, scores**2, 0)
    sums = np.bincount(group, weights=squares, minlength=features.n_motifs**2)[group] - squares  # a copy's without it
    own = np.maximum(sums, 0) / (2 * features.n_copies - is_copy)
    overall = np.mean(scores[n:] ** 2)
    scale = np.sqrt((own + overall) / 2) if overall > 0 else np.ones(len(scores))
    null = np.sort((scores / scale)[n:])
    return (1 + len(null) - np.searchsorted(null, (scores / scale)[:n], side="left")) / (1 + len(null))


def _against_other_pairs(scores: np.ndarray, magnitude: np.ndarray, pairs: np.ndarray, n_motifs: int) -> np.ndarray:
    """Student's upper tail of each score in units of what its motifs show with others; NaN where others are too few."""

    def without(left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is expected if these pairs are left out, and which pairs then stand out."""
        expected = _expected(np.where(left_out, np.nan, magnitude), pairs, n_motifs)
        tails = _tails(magnitude, magnitude, expected, left_out, n_motifs)
        return expected, (tails <= _STANDS_OUT) & (magnitude > 0)

    left_out = np.zeros(len(pairs), dtype=bool)
    expected, stands_out = without(left_out)
    while (stands_out & ~left_out).any():
        expected_then, stands_out_then = without(stands_out)
        if not stands_out_then[stands_out].all():  # few strong pairs: without them the rest explains anything
            break
        left_out, expected, stands_out = stands_out, expected_then, stands_out_then
    return _tails(scores, magnitude, expected, left_out, n_motifs)


def _expected(magnitude: np.ndarray, pairs: np.ndarray, n_motifs: int) -> np.ndarray:
    """What the motifs of each pair show with others, shape=(P,); NaN where others are too few."""
    table = np.full((n_motifs, n_motifs), np.nan)
    table[pairs[:, 0], pairs[:, 1]] = table[pairs[:, 1], pairs[:, 0]] = magnitude
    overall, _ = _typical(magnitude)
    expected = np.full(len(pairs), np.nan)
    for row, (i, j) in enumerate(pairs.tolist()):
        (one, n_one), (other, n_other) = (_typical(np.delete(table[motif], [i, j])) for motif in (i, j))
        if min(n_one, n_other) >= MIN_OTHERS:
            expected[row] = max(one, other, one * other / overall if overall > 0 else 0)
    return expected


def _tails(
    scores: np.ndarray, magnitude: np.ndarray, expected: np.ndarray, left_out: np.ndarray, n_motifs: int
) -> np.ndarray:
    """Upper tail of the root of each score over what is expected, by mean and SD of the roots of the other pairs.

    Where pairs are fewer than motifs and some, too few for an SD, the ratio itself is taken for a t.
    """
    known = expected > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        roots, own = (np.where(known, np.sqrt(values / expected), np.nan) for values in (magnitude, scores))
    used = known & ~left_out & ~np.isnan(roots)
    p = np.where(known, 1.0, expected)  # 0 where nothing is expected, NaN where nothing can be
    for row in np.flatnonzero(known & ~np.isnan(own)).tolist():
        others = roots[used & (np.arange(len(scores)) != row)]
        freedom = len(others) - n_motifs
        if freedom < MIN_OTHERS:
            p[row] = t_upper_tail(float(own[row] ** 2), MIN_OTHERS)
            continue
        mean = float(others.mean())
        spread = max(math.sqrt(((others - mean) ** 2).sum() / freedom), _LEAST_SPREAD * mean)
        t = (float(own[row]) - mean) / (spread * math.sqrt(1 + 1 / len(others))) if spread > 0 else 0.0
        tail = t_upper_tail(abs(t), freedom)
        p[row] = tail if t >= 0 else 1 - tail
    return p


def _typical(magnitude: np.ndarray) -> tuple[float, int]:
    """Root mean square of the smaller scores, as of a normal distribution, and how many they are."""
    squares = np.sort(magnitude[~np.isnan(magnitude)] ** 2)
    kept = squares[: int(np.ceil(_KEPT * len(squares)))]
    return (float(np.sqrt(kept.mean())) / _LEFT_OF_NORMAL, len(kept)) if len(kept) else (0.0, 0)
