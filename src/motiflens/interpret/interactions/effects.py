"""Effects by orientation and distance, and the window of distances in which a pair's effect is strongest."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from motiflens.basics.tables import Table, by_fields

ANY = -1  # in the place of an orientation: all of them together
_EXPONENT = 0.75
_ERRORS = 2  # standard errors by which a mean must exceed 0


@by_fields
class Effects(NamedTuple):
    """Sum, sum of squares and number of effects, by pair, orientation (of `pairs.ORIENTATIONS`) and distance.

    For a method without orientations or without distances, the length of this axis is 1, and distances are NaN.
    """

    total: np.ndarray  # (P, n_orientations, D)
    square: np.ndarray  # (P, n_orientations, D)
    number: np.ndarray  # (P, n_orientations, D)
    low: np.ndarray  # (D,) smallest number of bases between two sites
    high: np.ndarray  # (D,) and largest
    alone: np.ndarray  # (P, 2) sums of the effects of either site without the other; NaN where a method sees none

    def _table(self) -> Table:
        """A row for each pair, orientation and distance that was measured."""
        pair, orientation, distance = np.nonzero(self.number)
        columns = {"pair": pair, "orientation": orientation, "low": self.low[distance], "high": self.high[distance]}
        at = (pair, orientation, distance)
        return Table(
            f"Effects of {len(self.total)} pairs", {**columns, "effect": self.mean()[at], "n": self.number[at]}
        )

    def rows(self, rows: slice) -> "Effects":
        """Effects of some of the pairs."""
        per_pair = {name: getattr(self, name)[rows] for name in ("total", "square", "number", "alone")}
        return self._replace(**per_pair)

    def mean(self) -> np.ndarray:
        """Mean effects, shape=(P, n_orientations, D); NaN if nothing was measured."""
        return np.divide(self.total, self.number, out=np.full(self.total.shape, np.nan), where=self.number > 0)

    def mean_alone(self) -> np.ndarray:
        """Mean effects of either site without the other, shape=(P, 2); NaN if nothing was measured."""
        number = np.broadcast_to(self.number.sum(axis=(1, 2))[:, None], self.alone.shape)
        return np.divide(self.alone, number, out=np.full(self.alone.shape, np.nan), where=number > 0)


@by_fields
class Windows(NamedTuple):
    """For each pair, the orientation and the window (run of distances) with the highest score; all of shape=(P,)."""

    score: np.ndarray  # of the effect, whatever its sign; 0 where none stands out
    effect: np.ndarray  # mean in the window, with its sign; NaN where nothing was measured
    orientation: np.ndarray  # index, or ANY
    first: np.ndarray  # index of the first distance
    last: np.ndarray


def pool_members(members: Iterable[Effects]) -> Effects:
    """Sum over all members, so that means are means over members."""
    first, *rest = members
    total, square, number, alone = (part.copy() for part in (first.total, first.square, first.number, first.alone))
    for one in rest:
        total += one.total
        square += one.square
        number += one.number
        alone += one.alone
    return first._replace(total=total, square=square, number=number, alone=alone)


def strongest_windows(
    effects: Effects, *, min_count: int, min_effect: float, sign: np.ndarray | None = None
) -> Windows:
    """The best window of each pair, of positive effects, or of negative effects if these have a higher score.

    Parameters
    ----------
    effects : Effects
    min_count, min_effect
        As for :func:`best_windows`.
    sign : np.ndarray, shape=(P,), optional
        Sign of the effect to look for in each pair, 1 or -1. By default the one with the higher score, or, if both
        scores are 0, the one with the larger mean.

    Returns
    -------
    windows : Windows
        Effects have a sign; scores do not.
    """
    above = best_windows(effects, min_count=min_count, min_effect=min_effect)
    below = best_windows(effects._replace(total=-effects.total), min_count=min_count, min_effect=min_effect)
    if sign is None:
        is_below = (below.score > above.score) | ((below.score == above.score) & (below.effect > above.effect))
    else:
        is_below = sign < 0
    below = below._replace(effect=-below.effect)
    return Windows(*(np.where(is_below, *both) for both in zip(below, above, strict=True)))


def best_windows(effects: Effects, *, min_count: int, min_effect: float) -> Windows:
    """Scan all windows (runs of neighbouring distances), in each orientation and in all together, for positive effects.

    The score of a window is the sum of its n effects, divided by n^0.75. Divided by the square root of n, it would have
    constant variance if the effects of a pair were independent; divided by n, if they were perfectly correlated. Real
    effects are in between. The score is 0 if the mean is below two standard errors, that is, if it rests on a few
    sequences. Such outliers are rare among shuffled copies, whose effects are small, so a single sequence could
    otherwise lead to a small p-value.

    Parameters
    ----------
    effects : Effects
    min_count : int
        Least number of effects in a window. If it is 1, there are no standard errors, and the rule about them does not
        apply.
    min_effect : float
        Windows with a smaller mean get score 0, because such differences are rounding errors.
    """
    n_pairs = len(effects.total)
    found = Windows(
        score=np.zeros(n_pairs),
        effect=np.full(n_pairs, np.nan),
        orientation=np.full(n_pairs, ANY),
        first=np.zeros(n_pairs, dtype=int),
        last=np.full(n_pairs, effects.total.shape[2] - 1),
    )
    highest = np.full((2, n_pairs), -np.inf)  # whether it stands out, then how high it is
    for orientation, first, last, total, square, count in _windows(effects):
        enough = count >= min_count
        n = np.maximum(count, 1)
        mean = total / n
        variance = np.maximum(square / n - mean**2, 0) / np.maximum(n - 1, 1)  # of the mean
        stands_out = enough & (mean >= min_effect) & ((mean**2 >= _ERRORS**2 * variance) | (min_count == 1))
        score = np.where(enough, total / n**_EXPONENT, -np.inf)
        better = enough & ((stands_out > highest[0]) | ((stands_out == highest[0]) & (score > highest[1])))
        highest[0, better], highest[1, better] = stands_out[better], score[better]
        found.effect[better] = mean[better]
        found.score[better] = np.where(stands_out, score, 0)[better]
        found.orientation[better], found.first[better], found.last[better] = orientation, first, last
    return found


def _windows(effects: Effects) -> Iterator[tuple[int, int, int, np.ndarray, np.ndarray, np.ndarray]]:
    """Give orientation, first and last distance of each window, and its three sums in each pair."""
    n_orientations, n_distances = effects.total.shape[1:]
    sums = np.stack([effects.total, effects.square, effects.number])  # 3, P, n_orientations, D
    runs = np.concatenate([np.zeros_like(sums[..., :1]), sums.cumsum(axis=3)], axis=3)
    for first in range(n_distances):
        for last in range(first, n_distances):
            window = runs[..., last + 1] - runs[..., first]  # 3, P, n_orientations
            if n_orientations > 1:  # before all together, which are the same where one alone was seen
                for orientation in range(n_orientations):
                    yield orientation, first, last, *window[..., orientation]
            yield ANY, first, last, *window.sum(axis=2)
