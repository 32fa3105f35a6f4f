"""From scores to p-values. A pair must pass two tests, and the larger p-value counts.

1. Against the same networks with one motif's columns shuffled. Scores are divided by the root mean square of the
   scores that the copies of either motif have with the other one, half of it taken from all pairs where few copies do
   anything. This makes pairs comparable, so that copies of all pairs form one null.
2. Against the other pairs of the same two motifs. A network whose labels add up single motifs bends all the same:
   f(AB) - f(A) - f(B) + f(0) then grows with the product of the two single effects. Shuffled copies have no effect of
   their own and show nothing of this, so that the first test alone calls pairs of strong motifs: in two trials with
   C4C6-Att trained on additive labels, 14 and 18 % of pairs had p <= .05. The bend, and what one motif shows with any
   other (as where all tokens attend to it), is expected from typical scores t of the two motifs with others, as in the
   average product correction (Dunn, Wahl & Gloor 2008, Bioinformatics 24:333): max(t_i, t_j, t_i t_j / t). A score in
   units of that is referred to Student's t, with as many degrees of freedom as there are other scores. Typical is
   the root mean square of scores of either sign without the fifth that is largest, which may interact, divided by
   what this leaves of a normal standard deviation; pairs that stand out are left out too, until no more do.

The second test needs other pairs: where a motif has fewer than three other measured ones there is the first alone,
and p-values then say that a pair exceeds what shuffled copies give, not that it exceeds the bend of the network.
"""

import math
from statistics import NormalDist

import numpy as np

from motiflens._distributions import t_upper_tail
from motiflens.interactions._effects import Windows
from motiflens.interactions._features import Features

MIN_OTHERS = 3  # other pairs of a motif for the second test
_KEPT = 0.8  # share of scores that tells what is typical
_QUANTILE = NormalDist().inv_cdf((1 + _KEPT) / 2)
_LEFT_OF_NORMAL = math.sqrt(1 - 2 * _QUANTILE * NormalDist().pdf(_QUANTILE) / _KEPT)  # its share of a normal's RMS
_STANDS_OUT = 0.01  # p at which a pair is left out of what is typical
_ROUNDS = 6


def pair_p_values(windows: Windows, magnitude: np.ndarray, pairs: np.ndarray, features: Features) -> np.ndarray:
    """p-value of every pair of motifs.

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
    p : np.ndarray, shape=(P,)
        1 where the score is 0.
    """
    n = features.n_motifs * (features.n_motifs - 1) // 2
    p = np.maximum(
        _against_copies(windows.score, pairs, features, n),
        _against_other_pairs(windows.score[:n], magnitude[:n], pairs[:n], features.n_motifs),
    )
    return np.where(windows.score[:n] > 0, p, 1.0)


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
    """Student's upper tail of each score in units of what its motifs show with others; 0 where others are too few."""
    left_out = np.zeros(len(pairs), dtype=bool)
    for _ in range(_ROUNDS):
        p = _tails(scores, np.where(left_out, np.nan, magnitude), pairs, n_motifs)
        now = p <= _STANDS_OUT
        if (now == left_out).all():
            break
        left_out = now
    return p


def _tails(scores: np.ndarray, magnitude: np.ndarray, pairs: np.ndarray, n_motifs: int) -> np.ndarray:
    table = np.full((n_motifs, n_motifs), np.nan)
    table[pairs[:, 0], pairs[:, 1]] = table[pairs[:, 1], pairs[:, 0]] = magnitude
    overall, _ = _typical(magnitude)
    p = np.zeros(len(pairs))
    for row, (i, j) in enumerate(pairs.tolist()):
        (one, n_one), (other, n_other) = (_typical(np.delete(table[motif], [i, j])) for motif in (i, j))
        if min(n_one, n_other) >= MIN_OTHERS:
            expected = max(one, other, one * other / overall if overall > 0 else 0)
            p[row] = t_upper_tail(scores[row] / expected, n_one + n_other) if expected > 0 else 0
    return p


def _typical(magnitude: np.ndarray) -> tuple[float, int]:
    """Root mean square of the smaller scores, as of a normal distribution, and how many they are."""
    squares = np.sort(magnitude[~np.isnan(magnitude)] ** 2)
    kept = squares[: int(np.ceil(_KEPT * len(squares)))]
    return (float(np.sqrt(kept.mean())) / _LEFT_OF_NORMAL, len(kept)) if len(kept) else (0.0, 0)
