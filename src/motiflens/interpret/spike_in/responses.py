"""Which motifs networks respond to: the change of their logits when a site is implanted."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import benjamini_hochberg, contrast
from motiflens.basics.tables import by_fields
from motiflens.interpret.spike_in.implants import implant
from motiflens.interpret.spike_in.places import MotifPlaces
from motiflens.motifs.decoys import decoy_motifs
from motiflens.motifs.sets import Motif


@by_fields
class Responses(NamedTuple):
    """Responses of E networks to K motifs; each array has shape=(E, K)."""

    change: np.ndarray  # mean change of the logit when one site is put in
    beyond_shuffled: np.ndarray  # by how much it exceeds that from the motif with its columns shuffled
    p_value: np.ndarray
    q_value: np.ndarray  # Benjamini-Hochberg over the motifs of each network
    used: np.ndarray  # bool: what raises the logit enough for attributions to be judged by it


def measure_responses(
    logits_of: Callable[[np.ndarray], np.ndarray],
    codes: np.ndarray,
    motifs: Sequence[Motif],
    *,
    q: float,
    min_response: float,
    margin: int,
    seed: int,
    places: MotifPlaces | None = None,
) -> Responses:
    """Implant one site of each motif into each sequence, and, at the same position, one of its column-shuffled copy.

    A network responds to a motif if its logit with the site differs, in the same direction, from that of the original
    sequence and from that with the shuffled copy. Both are paired t-tests over sequences; the larger p-value counts.
    The copy controls for composition. A motif whose columns are all alike has no shuffled copy, and p = 1.

    Parameters
    ----------
    logits_of : callable
        From codes (N, L) to the logits of E networks, shape=(E, N).
    codes : np.ndarray, uint8, shape=(N, L)
    motifs : sequence of Motif
    q : float
        Largest q-value of a response.
    min_response : float
        A motif is used if it raises the logit by at least this share of the largest response of the network.
    margin, seed : int
        As for :func:`implant`.
    places : sequence of np.ndarray or None, optional
        As for :func:`implant`.
    """
    copies, differ = decoy_motifs(motifs, np.random.default_rng((seed, 0)))
    before = logits_of(codes)  # E, N
    change, beyond, p = (np.empty((len(before), len(motifs))) for _ in range(3))
    for k, pair in enumerate(zip(motifs, copies, strict=True)):
        at = None if places is None else [places[k]]
        spiked = [implant(codes, [one], n_sites=1, margin=margin, seed=(seed, 1, k), places=at).codes for one in pair]
        with_motif, with_copy = np.split(logits_of(np.concatenate(spiked)), 2, axis=1)  # E, N each
        gains = np.stack([with_motif - before, with_motif - with_copy])  # 2, E, N
        change[:, k], beyond[:, k] = gains.mean(axis=2)
        one_direction = (change[:, k] * beyond[:, k] > 0) & differ[k]
        p[:, k] = np.where(one_direction, [max(map(_p_value, both)) for both in gains.swapaxes(0, 1)], 1.0)
    q_values = benjamini_hochberg(p)
    raised = np.where(q_values <= q, np.maximum(change, 0), 0)
    used = (raised > 0) & (raised >= min_response * raised.max(axis=1, keepdims=True, initial=0))
    return Responses(change, beyond, p, q_values, used)


def _p_value(differences: np.ndarray) -> float:
    """Of the paired t-test of mean 0; differences that are all the same leave no doubt."""
    if np.ptp(differences) == 0:
        return float(differences[0] == 0)
    return contrast([differences], [1.0]).p_value
