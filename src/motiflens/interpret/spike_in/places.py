"""Where sequences hold a motif: in peaks around summits, say, in the middle, and a network may know it nowhere else.

A site that is put where no sequence of the class has one asks for what was never there to be learned.
"""

from collections.abc import Sequence

import numpy as np

from motiflens.basics.inputs import Sequences
from motiflens.motifs.hits import best_starts
from motiflens.motifs.sets import Motif

_BY_CHANCE = 0.05  # share of the sequences without the label whose best site is as good as those that count
_LEAST = 20  # sites that tell where a motif lies
_UNEVEN = 1e-3  # p-value of even places, below which sites are put where they lie
_MOST_BASES = 1_000_000  # of the sequences of each class that are looked through

#: First positions of sites of each motif, or None where it may lie anywhere.
MotifPlaces = Sequence[np.ndarray | None]


def motif_places(given: Sequences, target: int, motifs: Sequence[Motif], *, seed: int) -> list[np.ndarray | None]:
    """Where sequences with the label hold each motif, where that is not just anywhere.

    Sites are the best of each sequence, if better than those of 95 % of the sequences without the label. Their first
    positions are taken where there are 20 or more and a Kolmogorov-Smirnov test says that they are not uniform.

    Parameters
    ----------
    given : Sequences
    target : int
    motifs : sequence of Motif
    seed : int
        Rules which sequences are looked through, where they are many.

    Returns
    -------
    places : list of np.ndarray, int64, shape=(n_sites,), or None
        For each motif first positions; None where it lies anywhere, or where sequences have no labels.
    """
    if given.y is None:
        return [None] * len(motifs)
    rng = np.random.default_rng((seed, 3))
    n = max(_MOST_BASES // given.codes.shape[1], 1)
    bound, unbound = (
        given.codes[rng.permutation(given.rows_of_class(target, positive=positive))[:n]] for positive in (True, False)
    )
    return [_places(bound, unbound, motif) for motif in motifs]


def _places(bound: np.ndarray, unbound: np.ndarray, motif: Motif) -> np.ndarray | None:
    room = bound.shape[1] - motif.width
    if room < 1 or len(bound) < _LEAST or not len(unbound):
        return None
    starts, scores = best_starts(bound, motif)
    _, others = best_starts(unbound, motif)
    found = starts[scores > np.quantile(others, 1 - _BY_CHANCE)]
    if len(found) < _LEAST:
        return None
    return found if uniform_p_value((found + 0.5) / (room + 1)) < _UNEVEN else None


def uniform_p_value(values: np.ndarray) -> float:
    """P-value of the Kolmogorov-Smirnov test that values, shape=(n,), are uniform on 0 to 1.

    By the distribution of Kolmogorov, with the statistic corrected for n as in Stephens (1970), "Use of the
    Kolmogorov-Smirnov, Cramer-von Mises and related statistics without extensive tables".
    """
    ordered, n = np.sort(values), len(values)
    above, below = np.arange(1, n + 1) / n - ordered, ordered - np.arange(n) / n
    statistic = max(above.max(), below.max()) * (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n))
    k = np.arange(1, 101)
    return float(np.clip(2 * ((-1.0) ** (k - 1) * np.exp(-2 * (k * statistic) ** 2)).sum(), 0, 1))
