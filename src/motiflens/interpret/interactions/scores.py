"""From the effects of all pairs to their scores: steps 2 and 4 of docs/methods/interactions.md."""

from typing import NamedTuple

import numpy as np

from motiflens.basics.tables import by_fields
from motiflens.interpret.interactions.effects import Effects, Windows, strongest_windows
from motiflens.interpret.interactions.null import curvature_effects


@by_fields
class PairScores(NamedTuple):
    """Scores by which P pairs of motifs and Q pairs with shuffled copies are compared."""

    windows: Windows  # of P + Q pairs: where effects of either sign stand out most
    magnitude: np.ndarray  # (P + Q,) scores there; NaN where nothing was measured
    curvature: np.ndarray  # (P,) scores that the curvature of the network's output alone would give


def score_pairs(effects: Effects, n_observed: int, *, min_count: int, min_effect: float) -> PairScores:
    """Scores of all pairs in their best windows of distances.

    Parameters
    ----------
    effects : Effects of P + Q pairs
    n_observed : int
        P, the number of pairs of motifs, which come first.
    min_count, min_effect
        As for :func:`effects.best_windows`.
    """
    windows = strongest_windows(effects, min_count=min_count, min_effect=min_effect)
    magnitude = np.where(np.isnan(windows.effect), np.nan, windows.score)
    # Curvature speaks of effects, in the unit of the method; the tests speak of scores. In the window of a pair the
    # one is a multiple of the other (by the fourth root of the number of measurements), which turns one into the other.
    strongest = np.where(magnitude == 0, 0, windows.effect)[:n_observed]
    score_of_one = np.divide(magnitude[:n_observed], np.abs(strongest), out=np.zeros(n_observed), where=strongest != 0)
    curvature = curvature_effects(strongest, effects.mean_alone()[:n_observed]) * score_of_one
    return PairScores(windows, magnitude, curvature)
