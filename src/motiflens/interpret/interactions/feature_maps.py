"""Deep feature interaction maps: the change of the attribution of one site if the other is mutated.

Source: Greenside, Shimko, Fordyce & Kundaje 2018 (Bioinformatics 34:i629). Here the attribution is gradient x input,
and the effect is the mean of both directions, because a pair has no order.
"""

from collections.abc import Sequence

import numpy as np
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution.saliency import gradient_times_input
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.inputs import OnProgress, unheard
from motiflens.interpret.interactions.method import Experiment, Method
from motiflens.interpret.interactions.mutants import Mutations, blocks, effects_of_sites, present_sites
from motiflens.interpret.interactions.sites import TwoSites


def feature_map_values(
    model: nn.Module,
    found: TwoSites,
    draws: Sequence[Mutations],
    *,
    target: int,
    batch_size: int,
    on_progress: OnProgress = unheard,
) -> np.ndarray:
    """Measure each two sites; values are means over mutants and both directions.

    The attribution of a site is the sum over its bases. The value is positive if the attribution of a site is larger in
    the presence of the other.

    Parameters
    ----------
    model : torch.nn.Module
    found : TwoSites
        n times two sites.
    draws : sequence of Mutations
        Mutants of the sequences and sites that were found, from :func:`draw_mutations`.
    target, batch_size : int
    on_progress : callable

    Returns
    -------
    values : np.ndarray, shape=(3, n)
        The change of the attribution, and the attribution of the first and of the second site without the other.
    """
    codes, sites = draws[0].codes, draws[0].sites
    sequence, feature, row_of = present_sites(sites)
    whole = _running_sums(model, codes, target, batch_size)
    values = np.zeros((3, len(found.pair)))
    for k, mutations in enumerate(draws):
        on_progress(k / len(draws))
        mutated = [
            _running_sums(model, mutations.mutate(sequence[rows], feature[rows]), target, batch_size)
            for rows in blocks(len(sequence))
        ]
        without = np.concatenate([whole[:0], *mutated])
        for alone, one, other in ((1, found.first, found.second), (2, found.second, found.first)):
            ends = sites.start[found.sequence, one], sites.end[found.sequence, one]
            attribution = _between(without, row_of[found.sequence, other], *ends)
            values[alone] += attribution
            values[0] += (_between(whole, found.sequence, *ends) - attribution) / 2
    return values / len(draws)


def _running_sums(model: nn.Module, codes: np.ndarray, target: int, batch_size: int) -> np.ndarray:
    """Attribution of all bases before each, shape=(n, L + 1)."""
    maps = gradient_times_input(model, one_hot(codes), target=target, batch_size=batch_size)
    scores = maps.sum(dim=1).double().numpy()
    return np.pad(scores.cumsum(axis=1), ((0, 0), (1, 0)))


def _between(sums: np.ndarray, row: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return sums[row, end] - sums[row, start]


def _measure(model: nn.Module, given: Experiment, rng: np.random.Generator, on_progress: OnProgress) -> Effects:
    return effects_of_sites(feature_map_values, model, given, rng, on_progress)


FEATURE_MAPS = Method(_measure, "logit")
