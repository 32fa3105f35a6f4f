"""From the effects of all pairs to their scores: steps 2 and 4 of docs/methods/interactions.md."""

from typing import NamedTuple

import numpy as np

from motiflens.basics.tables import by_fields
from motiflens.interpret.interactions.effects import Effects, Windows, best_windows
from motiflens.interpret.interactions.null import curvature_effects


@by_fields
class PairScores(NamedTuple):
    """What pairs are compared by: how far their effects stand out, of P pairs of motifs and Q with shuffled copies."""

    windows: Windows  # of P + Q pairs: where positive effects stand out most
    magnitude: np.ndarray  # (P + Q,) scores of the effect of either sign; NaN where nothing was measured
    curvature: np.ndarray  # (P,) scores that the curvature of the network's output alone would give


def score_pairs(effects: Effects, n_observed: int, *, min_count: int, min_effect: float) -> PairScores:
    """Scores of all pairs in their best windows of distances.

    Parameters
    ----------
    effects : Effects of P + Q pairs
    n_observed : int
        P, the pairs of motifs, which come first.
    min_count, min_effect
        As for :func:`best_windows`.
    """
    positive = best_windows(effects, min_count=min_count, min_effect=min_effect)
    # Only positive effects can be called, but what is typical of a motif shows in effects of both signs.
    negative = best_windows(effects._replace(total=-effects.total), min_count=min_count, min_effect=min_effect)
    measured = ~np.isnan(positive.effect)
    magnitude = np.where(measured, np.maximum(positive.score, negative.score), np.nan)
    # Curvature speaks of effects, in the unit of the method; the tests speak of scores. In the window of a pair the
    # one is a multiple of the other (by the fourth root of the number of measurements), which turns one into the other.
    strongest = np.where(positive.score >= negative.score, positive.effect, negative.effect)[:n_observed]
    strongest = np.where(magnitude[:n_observed] == 0, 0, strongest)
    score_of_one = np.divide(magnitude[:n_observed], strongest, out=np.zeros(n_observed), where=strongest > 0)
    curvature = curvature_effects(strongest, effects.mean_alone()[:n_observed]) * score_of_one
    return PairScores(positive, magnitude, curvature)
