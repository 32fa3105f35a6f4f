"""Global correlation of filter activities: are the filters of two motifs active in the same positives?"""

import numpy as np
from torch import nn

from motiflens.interpret.interactions.effects import Effects
from motiflens.interpret.interactions.filter_sites import Activity, sites_by_filters
from motiflens.interpret.interactions.inputs import OnProgress
from motiflens.interpret.interactions.method import Experiment, Method


def correlation_effects(positives: Activity, background: Activity, pairs: np.ndarray) -> Effects:
    """Correlation across positives minus that across background sequences, as Fisher's z, of pairs, shape=(P, 2).

    The activity of a motif in a sequence is the largest activation of its filters. A correlation has neither distance
    nor orientation. Motifs without filters have none.
    """
    difference = _fisher_z(positives.value) - _fisher_z(background.value)
    values = difference[pairs[:, 0], pairs[:, 1]]  # P,
    measured = np.isfinite(values)
    total = np.where(measured, values, 0)[:, None, None]
    nowhere = np.array([np.nan])
    unseen = np.full((len(pairs), 2), np.nan)
    return Effects(total, total**2, measured[:, None, None].astype(int), nowhere, nowhere, unseen)


def _fisher_z(values: np.ndarray) -> np.ndarray:
    """Fisher's z of all correlations of columns, NaN where a column is constant or not finite."""
    finite = np.isfinite(values).all(axis=0)
    centred = np.where(finite, values, 0) - np.where(finite, values, 0).mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0))
    norm = np.where(norm > 0, norm, np.nan)
    return np.arctanh(np.clip(centred.T @ centred / np.outer(norm, norm), -0.999999, 0.999999))


def _measure(model: nn.Module, given: Experiment, rng: np.random.Generator, on_progress: OnProgress) -> Effects:
    _, activity = sites_by_filters(model, given, rng)
    n = len(given.positives)
    return correlation_effects(activity.rows(slice(n)), activity.rows(slice(n, None)), given.pairs)


FILTER_CORRELATION = Method(
    _measure,
    "Fisher z",
    "take p-values as a ranking: among positives, motifs correlate because each makes a sequence positive, or "
    "because the data hold them together; a network that adds up single motifs shows it as well",
    one_value=True,
)
