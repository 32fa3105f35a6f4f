"""From scores to p-values: steps 3 to 6 of docs/methods/interactions.md, which has the symbols and the reasons.

A pair, and each control that it is compared with, is represented by its strongest effect of either sign.

A pair must pass two tests; its p-value is the larger one (`compare_pairs`, step 6):

- step 3, `_against_copies`: its score against scores of shuffled copies of its motifs in the same networks;
- step 4, `curvature_effects`: the effect that a pair without interaction would have because the network's output is
  curved, which step 5 subtracts;
- step 5, `against_other_pairs`: the rest, compared with the effects of the two motifs in pairs with all other motifs.
  `_expected` computes the score to expect from what is `_typical` of each motif; `_stand_far_out` and the loops of
  `against_other_pairs` leave out pairs that interact themselves; `_tails` computes p-values.

The second test needs other pairs. With fewer than five motifs there is only the first test, which also calls pairs in a
network that merely adds up single motifs. With more motifs, a pair has p = 1 if one of its motifs has fewer than three
other pairs that were measured and are not outliers.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from motiflens.basics.distributions import t_upper_tail
from motiflens.basics.tables import by_fields
from motiflens.interpret.interactions.effects import Windows
from motiflens.interpret.interactions.features import Features

MIN_OTHERS = 3  # other pairs of a motif for the second test
MIN_MOTIFS = MIN_OTHERS + 2
_KEPT = 0.8  # share of scores that tells what is typical
_QUANTILE = NormalDist().inv_cdf((1 + _KEPT) / 2)
_LEFT_OF_NORMAL = math.sqrt(1 - 2 * _QUANTILE * NormalDist().pdf(_QUANTILE) / _KEPT)  # its share of a normal's RMS
_STANDS_OUT = 0.01  # p at which a pair is left out of what is typical
_STANDS_FAR_OUT = 0.001  # the same by medians, which vary more
_MEDIAN = NormalDist().inv_cdf(0.75)  # of a half-normal distribution
_N_SIGNS = 2  # an output may be curved either way, so that effects of both signs are two chances to stand out
_SLACK = 0.5  # how far the curvature may be missed, as a share of it
_LEAST_SPREAD = 0.175  # SD of roots over their mean: curvature is no exact product, so that a closer fit is chance


@by_fields
class PairTests(NamedTuple):
    """The p-values of both tests of each pair, and the one that counts; all of shape=(P,)."""

    copies: np.ndarray  # p against shuffled copies
    others: np.ndarray  # p against other pairs, for both signs; NaN where these are too few
    p: np.ndarray


def compare_pairs(
    windows: Windows, magnitude: np.ndarray, curvature: np.ndarray, pairs: np.ndarray, features: Features
) -> PairTests:
    """p-values of every pair of motifs: steps 3 to 6.

    Parameters
    ----------
    windows : Windows of P + Q pairs
        Windows of `observed_pairs`, then of `null_pairs`.
    magnitude : np.ndarray, shape=(P + Q,)
        Scores of the effects, whatever their sign; NaN if nothing was measured.
    curvature : np.ndarray, shape=(P,)
        Scores of the observed pairs to expect from the curvature of the output alone; 0 if not known.
    pairs : np.ndarray, shape=(P + Q, 2)
    features : Features

    Returns
    -------
    tests : PairTests
        p is 1 where the score is 0.
    """
    n = features.n_motifs * (features.n_motifs - 1) // 2
    copies = _against_copies(np.where(np.isnan(magnitude), np.nan, windows.score), pairs, features, n)
    others = _N_SIGNS * against_other_pairs(windows.score[:n], magnitude[:n], curvature, pairs[:n])
    others = np.minimum(others, 1)
    without = 0.0 if features.n_motifs < MIN_MOTIFS else 1.0
    p = np.maximum(copies, np.where(np.isnan(others), without, others))
    return PairTests(copies, others, np.where(windows.score[:n] > 0, p, 1.0))


def _against_copies(scores: np.ndarray, pairs: np.ndarray, features: Features, n: int) -> np.ndarray:
    """Step 3: (1 + copies that score as high) / (1 + copies), scores in units of the pair's own copies.

    Scores are NaN where nothing was measured: such copies are none, and such pairs have p = 1.

    Parameters
    ----------
    scores : np.ndarray, shape=(P + Q,)
    pairs : np.ndarray, shape=(P + Q, 2)
    features : Features
    n : int
        P, the pairs of motifs.

    Returns
    -------
    p : np.ndarray, shape=(P,)
    """
    i, j = features.parent[pairs].T
    group = np.minimum(i, j) * features.n_motifs + np.maximum(i, j)  # the pair of motifs that a copy belongs to
    is_copy = (np.arange(len(pairs)) >= n) & ~np.isnan(scores)
    squares = np.where(is_copy, np.nan_to_num(scores) ** 2, 0)

    def of_others(values: np.ndarray) -> np.ndarray:
        """Sum over the copies of each pair, a copy's without itself."""
        return np.bincount(group, weights=values, minlength=features.n_motifs**2)[group] - values

    number = of_others(is_copy.astype(float))
    overall = squares.sum() / max(is_copy.sum(), 1)
    # Half of the scale is that of all pairs: where few copies do anything, a pair's own would be near 0.
    own = np.divide(np.maximum(of_others(squares), 0), number, out=np.full(len(scores), overall), where=number > 0)
    scale = np.sqrt((own + overall) / 2) if overall > 0 else np.ones(len(scores))
    null = np.sort((scores / scale)[is_copy])
    reached = len(null) - np.searchsorted(null, np.nan_to_num(scores / scale)[:n], side="left")
    return np.where(np.isnan(scores[:n]), 1.0, (1 + reached) / (1 + len(null)))


def curvature_effects(effects: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Effects to expect from the curvature of the output: c s_i s_j, but at most either single effect (step 4).

    s_i and s_j are the single effects. The c of a pair is the weighted median of effect / (s_i s_j) over all other
    pairs, as in a regression through the origin with least absolute errors. Weights are squared, so that pairs of
    effective motifs count if most motifs have no effect. c has a sign, because an output is curved in one direction;
    nothing is expected for a pair with an effect of the other sign. If the other pairs together weigh less than half of
    the pair itself, c is unknown and the upper limit is used. If a motif lowers the output, this limit is the most that
    a monotonic output allows. If both motifs raise it there is no such limit, and the same one is used by convention.

    Parameters
    ----------
    effects : np.ndarray, shape=(P,)
        Effects of either sign; 0 if there is none, NaN if nothing was measured.
    alone : np.ndarray, shape=(P, 2)
        Effect of either motif without the other; NaN for a method that does not measure it.

    Returns
    -------
    expected : np.ndarray, shape=(P,)
        The part of each effect that is expected, 0 or more, in the unit of effects; 0 if it cannot be estimated.
    """
    product = alone.prod(axis=1)
    known = (np.abs(product) > 0) & ~np.isnan(effects)
    limit = np.where(known, np.abs(alone).min(axis=1), 0)
    ratio = np.divide(effects, product, out=np.zeros(len(effects)), where=known)
    weight = np.where(known, product**2, 0)
    order = np.argsort(ratio, kind="stable")
    expected = np.zeros(len(effects))
    for row in np.flatnonzero(known).tolist():
        others = order[order != row]
        below = weight[others].cumsum()
        expected[row] = limit[row]
        if len(others) and below[-1] >= weight[row] / 2:
            slope = ratio[others[np.searchsorted(below, below[-1] / 2)]]
            along = slope * product[row] * np.sign(effects[row])  # of the pair's own sign
            expected[row] = min(max(0.0, along), limit[row])
    return expected


def against_other_pairs(
    scores: np.ndarray, magnitude: np.ndarray, curvature: np.ndarray, pairs: np.ndarray
) -> np.ndarray:
    """Step 5: upper tail of Student's t for each score minus the expected one; NaN if there are too few other pairs.

    Parameters
    ----------
    scores, magnitude : np.ndarray, shape=(P,)
        Scores of positive effects, and of effects of either sign; magnitude is NaN if nothing was measured.
    curvature : np.ndarray, shape=(P,)
        As for :func:`compare_pairs`.
    pairs : np.ndarray, shape=(P, 2)

    Returns
    -------
    p : np.ndarray, shape=(P,)
    """
    scores, magnitude = np.maximum(scores - curvature, 0), np.maximum(magnitude - curvature, 0)

    def without(left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is expected if these pairs are left out, and which pairs then stand out."""
        expected = _expected(np.where(left_out, np.nan, magnitude), curvature, pairs, _typical)
        tails = _tails(magnitude, magnitude, expected, left_out, pairs)
        return expected, (tails <= _STANDS_OUT) & (magnitude > 0)

    # First those that stand out by medians, which hold while less than half of a motif's other pairs interact; of these
    # the ones that still stand out by means; then more, until no more do.
    left_out = _stand_far_out(magnitude, curvature, pairs)
    expected, stands_out = without(left_out)
    while not stands_out[left_out].all():
        left_out = left_out & stands_out
        expected, stands_out = without(left_out)
    while (stands_out & ~left_out).any():
        expected_then, stands_out_then = without(stands_out)
        if not stands_out_then[stands_out].all():  # few strong pairs: without them the rest explains anything
            break
        left_out, expected, stands_out = stands_out, expected_then, stands_out_then
    return _tails(scores, magnitude, expected, left_out, pairs)


def _stand_far_out(magnitude: np.ndarray, curvature: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Pairs that exceed by far what is expected by medians, bool, shape=(P,)."""
    expected = _expected(magnitude, curvature, pairs, _typical_by_median)
    known = (expected > 0) & ~np.isnan(magnitude)
    far_out = (expected == 0) & (magnitude > 0)
    freedom = int(known.sum()) - _n_measured(magnitude, pairs)
    if freedom < MIN_OTHERS:
        return far_out
    roots = np.sqrt(magnitude[known] / expected[known])
    centre = float(np.median(roots))
    spread = max(float(np.median(abs(roots - centre))) / _MEDIAN, _LEAST_SPREAD * centre)
    if spread == 0:
        far_out[known] = roots > centre
    else:
        t = ((roots - centre) / spread).tolist()
        far_out[known] = [value > 0 and t_upper_tail(value, freedom) <= _STANDS_FAR_OUT for value in t]
    return far_out


def _expected(
    magnitude: np.ndarray, curvature: np.ndarray, pairs: np.ndarray, typical: Callable[[np.ndarray], tuple[float, int]]
) -> np.ndarray:
    """What the motifs of each pair show with others, or the slack of its curvature, (P,); NaN if others are few."""
    n_motifs = int(pairs.max(initial=0)) + 1
    table = np.full((n_motifs, n_motifs), np.nan)
    table[pairs[:, 0], pairs[:, 1]] = table[pairs[:, 1], pairs[:, 0]] = magnitude
    overall, _ = typical(magnitude)
    expected = np.full(len(pairs), np.nan)
    for row, (i, j) in enumerate(pairs.tolist()):
        (one, n_one), (other, n_other) = (typical(np.delete(table[motif], [i, j])) for motif in (i, j))
        if min(n_one, n_other) >= MIN_OTHERS:
            product = one * other / overall if overall > 0 else 0
            expected[row] = max(one, other, product, _SLACK * curvature[row])
    return expected


def _tails(
    scores: np.ndarray, magnitude: np.ndarray, expected: np.ndarray, left_out: np.ndarray, pairs: np.ndarray
) -> np.ndarray:
    """Upper tail of the root of each score over what is expected, by mean and SD of the roots of the other pairs.

    Where pairs are fewer than motifs and some, too few for an SD, the ratio itself is taken for a t.
    """
    known = expected > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        roots, own = (np.where(known, np.sqrt(values / expected), np.nan) for values in (magnitude, scores))
    used = known & ~left_out & ~np.isnan(roots)
    n_motifs = _n_measured(magnitude, pairs)
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


def _n_measured(magnitude: np.ndarray, pairs: np.ndarray) -> int:
    """Motifs of which any pair was measured."""
    return len(np.unique(pairs[~np.isnan(magnitude)]))


def _typical(magnitude: np.ndarray) -> tuple[float, int]:
    """Root mean square of the smaller scores, as of a normal distribution, and how many they are."""
    squares = np.sort(magnitude[~np.isnan(magnitude)] ** 2)
    kept = squares[: int(np.ceil(_KEPT * len(squares)))]
    return (float(np.sqrt(kept.mean())) / _LEFT_OF_NORMAL, len(kept)) if len(kept) else (0.0, 0)


def _typical_by_median(magnitude: np.ndarray) -> tuple[float, int]:
    """The same by the lower median, and how many scores there are."""
    measured = np.sort(magnitude[~np.isnan(magnitude)])
    return (float(measured[(len(measured) - 1) // 2]) / _MEDIAN, len(measured)) if len(measured) else (0.0, 0)
