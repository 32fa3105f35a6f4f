"""Pairwise saturation mutagenesis of sites: f(x) - f(x without A) - f(x without B) + f(x without both).

All bases of a site are mutated at once: of one site, of the other, and of both. The effect is positive if both sites
together raise the output by more than the sum of their single effects. Mutating one base of each site at a time, with
nine double mutants for each two bases, would cost a thousand times as much for the same sum.
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
    """Measure each two sites; values are means over mutants.

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
        The interaction, and the effect of the first and of the second site without the other.
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
