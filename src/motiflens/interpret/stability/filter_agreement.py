"""Whether networks learn the same motifs: the share of filters of one network that match a filter of another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.stats import mean_of_defined
from motiflens.interpret.filters.matches import motifs_of_pwms
from motiflens.motifs.complete_scores import FLAT_TOLERANCE
from motiflens.motifs.decoys import decoy_hits
from motiflens.motifs.sets import Motif
from motiflens.motifs.shuffles import Shuffles, draw_shuffles


@dataclass(frozen=True, eq=False, repr=False)
class FilterAgreement:
    """Share of filter motifs that E networks have in common.

    Attributes
    ----------
    share : np.ndarray, float64, shape=(E, E)
        Share of the filters of one network (row) that match a filter of another (column). NaN on the diagonal, and in
        the row of a network without motifs.
    chance : np.ndarray, float64, shape=(n_decoys, E, E)
        The same share if the columns of the other network's filters are shuffled.
    n_filters : np.ndarray, int64, shape=(E,)
        Number of filters with a motif, that is, neither dead nor uniform.
    """

    share: np.ndarray
    chance: np.ndarray
    n_filters: np.ndarray

    def __repr__(self) -> str:
        low, high = self.chance_interval
        return (
            f"FilterAgreement: two of {len(self.n_filters)} networks share {self.observed:.0%} of their filters; "
            f"by chance {self.expected:.0%} ({low:.0%} to {high:.0%}), p = {self.p_value:.2g}"
        )

    @property
    def observed(self) -> float:
        """Mean share over all pairs of networks in both directions."""
        return float(_pair_means(self.share))

    @property
    def expected(self) -> float:
        """Mean share by chance."""
        return float(_pair_means(self.chance).mean())

    @property
    def chance_interval(self) -> tuple[float, float]:
        """Range of the mean share in 95 % of the shuffles (quantiles from 2.5 to 97.5 %)."""
        low, high = np.quantile(_pair_means(self.chance), [0.025, 0.975])
        return float(low), float(high)

    @property
    def p_value(self) -> float:
        """P-value of the observed mean share: (1 + shuffles with a share as large or larger) / (1 + all).

        NaN if no network has a filter with a motif.
        """
        if math.isnan(self.observed):
            return math.nan
        by_chance = _pair_means(self.chance)
        return float((1 + (by_chance >= self.observed - 1e-12).sum()) / (1 + len(by_chance)))


def filter_agreement(
    members: Sequence[np.ndarray], *, q: float = 0.1, n_decoys: int = 20, seed: int = 0
) -> FilterAgreement:
    """Match the filters of every network with those of every other, by TomTom.

    Matrices are trimmed as for a database. A filter of network i is shared with network j if it matches one of j's
    filters with a q-value of at most `q`. Several filters of j may match one of i, so the shares in both directions
    differ. The chance level is measured with the columns of j's filters in another order, which leaves TomTom's null
    distribution unchanged.

    Parameters
    ----------
    members : sequence of np.ndarray, each shape=(F, 4, window)
        Matrices of the filters of each network, as from :func:`motiflens.interpret.filters.activation_pwms`.
    q : float
    n_decoys : int
        Number of shuffles of all filters.
    seed : int

    Returns
    -------
    FilterAgreement

    Raises
    ------
    ValueError
        If there are fewer than two networks, an option is out of range or matrices do not hold probabilities.
    """
    if len(members) < 2:
        raise InputError(f"expected the filters of at least two networks, got {len(members)}")
    if not 0 < q <= 1 or n_decoys < 1:
        raise InputError(f"expected q in (0, 1] and n_decoys of at least 1, got {q} and {n_decoys}")
    motifs = [_with_content(pwms) for pwms in members]
    queries = [motif for own in motifs for motif in own]
    bounds = np.cumsum([len(own) for own in motifs])[:-1]
    found = np.empty((1 + n_decoys, len(members), len(members)))
    for j, (targets, rng) in enumerate(zip(motifs, np.random.default_rng(seed).spawn(len(motifs)), strict=True)):
        hit = np.zeros((1 + n_decoys, len(queries)), dtype=bool)
        if targets and queries:
            hit = _hits(queries, targets, q, n_decoys, rng)
        found[:, :, j] = [[part.mean() if part.size else np.nan for part in np.split(one, bounds)] for one in hit]
    found[:, np.arange(len(members)), np.arange(len(members))] = np.nan
    return FilterAgreement(found[0], found[1:], np.array([len(own) for own in motifs]))


def _with_content(pwms: np.ndarray) -> list[Motif]:
    return [motif for motif in motifs_of_pwms(pwms, trim=True) if np.abs(motif.pwm - 0.25).max() > FLAT_TOLERANCE]


def _hits(
    queries: Sequence[Motif], targets: Sequence[Motif], q: float, n_decoys: int, rng: np.random.Generator
) -> np.ndarray:
    """Queries that match a target, and then one of each set of its decoys, bool, shape=(1 + n_decoys, n_queries)."""
    drawn = draw_shuffles(targets, [rng] * n_decoys)
    unshuffled = np.concatenate([np.arange(target.width) for target in targets])
    orders = np.concatenate([unshuffled[None], drawn.orders])
    counts = np.concatenate([np.ones((1, len(targets)), dtype=bool), drawn.differs])
    return decoy_hits(queries, targets, Shuffles(orders, counts), q)


def _pair_means(shares: np.ndarray) -> np.ndarray:
    """Mean over the pairs that are defined, of shares of shape=(..., E, E)."""
    return mean_of_defined(shares.reshape(*shares.shape[:-2], -1), axis=-1)
