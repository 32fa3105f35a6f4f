"""Where in the sequences a motif occurs, such as in the middle of peaks that are centred on their summits.

A network need not respond to a motif at positions where it never occurs in the data, so sites are implanted where
sequences of the class have them.
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
    """Positions of each motif in sequences with the label, if they are not uniform.

    The site of a sequence is its best-scoring position, if its score exceeds that of 95 % of the sequences without the
    label. Start positions are returned if there are at least 20 sites and a Kolmogorov-Smirnov test rejects a uniform
    distribution.

    Parameters
    ----------
    given : Sequences
    target : int
    motifs : sequence of Motif
    seed : int
        Seed of the choice of sequences, if there are many.

    Returns
    -------
    places : list of np.ndarray, int64, shape=(n_sites,), or None
        Start positions for each motif; None if it occurs anywhere, or if sequences have no labels.
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
    """P-value of the Kolmogorov-Smirnov test of the hypothesis that values, shape=(n,), are uniform on 0 to 1.

    It uses the Kolmogorov distribution, with the statistic corrected for n as in Stephens (1970), "Use of the
    Kolmogorov-Smirnov, Cramer-von Mises and related statistics without extensive tables".
    """
    ordered, n = np.sort(values), len(values)
    above, below = np.arange(1, n + 1) / n - ordered, ordered - np.arange(n) / n
    statistic = max(above.max(), below.max()) * (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n))
    k = np.arange(1, 101)
    return float(np.clip(2 * ((-1.0) ** (k - 1) * np.exp(-2 * (k * statistic) ** 2)).sum(), 0, 1))
