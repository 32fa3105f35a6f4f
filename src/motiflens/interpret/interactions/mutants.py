"""Sequences in which all bases of one site, or of two, are mutated."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from torch import nn

from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.tables import by_fields
from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.inputs import OnProgress
from motiflens.interpret.interactions.method import Experiment
from motiflens.interpret.interactions.sites import Sites, find_sites, sum_up, two_sites
from motiflens.models.outputs import model_outputs

_BLOCK = 4_000  # sequences made at a time


@by_fields
class Mutations(NamedTuple):
    """For each site the bases that replace it, each of which differs from the original one."""

    codes: np.ndarray  # (N, L)
    sites: Sites
    shift: np.ndarray  # (N, L) 1 to 3, added to a base modulo 4

    def mutate(self, sequence: np.ndarray, *features: np.ndarray) -> np.ndarray:
        """Copies of some sequences in which the sites of one or several features are mutated, shape=(n, L)."""
        codes = self.codes[sequence]
        position = np.arange(codes.shape[1])
        inside = np.zeros(codes.shape, dtype=bool)
        for feature in features:
            start, end = self.sites.start[sequence, feature], self.sites.end[sequence, feature]
            inside |= (position >= start[:, None]) & (position < end[:, None])
        mutated = np.where(codes < UNKNOWN, (codes + self.shift[sequence]) % UNKNOWN, codes)
        return np.where(inside, mutated, codes).astype(np.uint8)


def draw_mutations(codes: np.ndarray, sites: Sites, rng: np.random.Generator) -> Mutations:
    """Draw another base for every position; a site has the same mutant alone and together with other sites.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
    sites : Sites
    rng : np.random.Generator
    """
    return Mutations(codes, sites, rng.integers(1, 4, codes.shape, dtype=np.uint8))


def present_sites(sites: Sites) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sequence and feature of every site, and a table (N, n_features) of their rows in this list (-1: no site)."""
    sequence, feature = np.nonzero(sites.present)
    row_of = np.full(sites.present.shape, -1)
    row_of[sequence, feature] = np.arange(len(sequence))
    return sequence, feature, row_of


def blocks(n: int) -> Iterator[slice]:
    """Divide n rows into blocks."""
    return (slice(start, start + _BLOCK) for start in range(0, n, _BLOCK))


def logits_of(model: nn.Module, codes: np.ndarray, target: int, batch_size: int) -> np.ndarray:
    """One logit of each sequence, float64, shape=(n,)."""
    logits = model_outputs(model, codes, batch_size=batch_size)
    return logits.reshape(len(codes), -1)[:, target].double().numpy()


def effects_of_sites(
    values_of: Callable[..., np.ndarray],
    model: nn.Module,
    given: Experiment,
    rng: np.random.Generator,
    on_progress: OnProgress,
) -> Effects:
    """Find the sites of all features in positives, measure each two of them, and sum up by pair.

    Parameters
    ----------
    values_of : callable
        Returns, for a model, two sites and mutants, values (3, n): the interaction and both single effects.
    model, given, rng, on_progress
        Arguments that every method gets.
    """
    settings, length = given.settings, given.positives.shape[1]
    sites = find_sites(given.positives, given.features, rate=settings.site_rate, rng=rng)
    found = two_sites(sites, given.pairs)
    draws = [draw_mutations(given.positives, sites, rng) for _ in range(settings.n_draws)]
    how = {"target": given.target, "batch_size": given.batch_size}
    values = values_of(model, found, draws, **how, on_progress=on_progress)
    return sum_up(found, values[0], values[1:], len(given.pairs), length)
