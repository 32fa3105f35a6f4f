"""Pairwise saturation mutagenesis of sites: f(x) - f(x without A) - f(x without B) + f(x without both).

Every base of a site is mutated, of one site, of the other and of both: double minus single mutants. Positive where
the two sites together raise the output by more than the sum of both. Each draw changes all bases of a site at once:
single double mutants, nine for each two bases, would cost a thousand times as much and sum to the same reading.
"""

from collections.abc import Sequence

import numpy as np
from torch import nn

from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.inputs import OnProgress, unheard
from motiflens.interpret.interactions.method import Experiment, Method
from motiflens.interpret.interactions.mutants import (
    Mutations,
    blocks,
    effects_of_sites,
    logits_of,
    present_sites,
)
from motiflens.interpret.interactions.sites import TwoSites


def mutagenesis_values(
    model: nn.Module,
    found: TwoSites,
    draws: Sequence[Mutations],
    *,
    target: int,
    batch_size: int,
    on_progress: OnProgress = unheard,
) -> np.ndarray:
    """Measure each two sites, the mean over draws of mutants.

    Parameters
    ----------
    model : torch.nn.Module
    found : TwoSites
        Of n two sites.
    draws : sequence of Mutations
        Of the sequences and sites that were found, drawn with :func:`draw_mutations`.
    target, batch_size : int
    on_progress : callable

    Returns
    -------
    values : np.ndarray, shape=(3, n)
        What both are worth together beyond alone, and what the first and the second are worth without the other.
    """
    codes, sites = draws[0].codes, draws[0].sites
    sequence, feature, row_of = present_sites(sites)
    whole = logits_of(model, codes, target, batch_size)
    values = np.zeros((3, len(found.pair)))
    for k, mutations in enumerate(draws):
        on_progress(k / len(draws))
        single = _logits(model, mutations, (sequence, feature), target, batch_size)
        double = _logits(model, mutations, (found.sequence, found.first, found.second), target, batch_size)
        without_first = single[row_of[found.sequence, found.first]]
        without_second = single[row_of[found.sequence, found.second]]
        values[0] += whole[found.sequence] - without_first - without_second + double
        values[1:] += without_second - double, without_first - double
    return values / len(draws)


def _logits(
    model: nn.Module, mutations: Mutations, which: tuple[np.ndarray, ...], target: int, batch_size: int
) -> np.ndarray:
    parts = [
        logits_of(model, mutations.mutate(*(column[rows] for column in which)), target, batch_size)
        for rows in blocks(len(which[0]))
    ]
    return np.concatenate([np.zeros(0), *parts])


def _measure(model: nn.Module, given: Experiment, rng: np.random.Generator, on_progress: OnProgress) -> Effects:
    return effects_of_sites(mutagenesis_values, model, given, rng, on_progress)


MUTAGENESIS = Method(_measure, "logit")
