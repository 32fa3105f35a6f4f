"""Scores of the attribution maps of one network at implanted sites."""

from typing import NamedTuple

import numpy as np

from motiflens.basics.metrics import information_content
from motiflens.basics.tables import by_fields
from motiflens.interpret.attribution.against_truth import interpretability
from motiflens.interpret.spike_in.implants import covered, weakened
from motiflens.motifs.truth import SiteTruth

_MOTIF_BITS = 0.1  # as in `interpretability`
_SAME_AS_UNIFORM = 1e-9


@by_fields
class SpikeScores(NamedTuple):
    """Scores of M methods and B sequences, each of shape=(M, B), or (E, M, B) of E networks.

    See :func:`motiflens.interpret.attribution.interpretability`.
    """

    auroc: np.ndarray
    aupr: np.ndarray
    snr: np.ndarray


def spike_scores(maps: np.ndarray, matrix: np.ndarray) -> SpikeScores:
    """Score maps, shape=(M, B, L), against ground truth, shape=(B, 4, L)."""
    found = [interpretability(one, matrix) for one in maps]
    return SpikeScores(*(np.stack([getattr(one, name) for one in found]) for name in SpikeScores._fields))


def motif_aurocs(maps: np.ndarray, matrix: np.ndarray, sites: SiteTruth) -> np.ndarray:
    """AUROC at the sites of each motif, without those of others, shape=(M, B, n_motifs); NaN if there is no site."""
    everywhere = covered(sites)
    aurocs = []
    for motif in range(len(sites.motifs)):
        truth = weakened(matrix, everywhere & ~covered(sites, motif))
        aurocs.append(np.stack([interpretability(one, truth).auroc for one in maps]))
    return np.stack(aurocs, axis=-1)


def chance_aupr(matrix: np.ndarray) -> float:
    """Share of motif among the scored positions of a matrix (N, 4, L), which is about the AUPR of random scores."""
    information = information_content(matrix)  # B, L
    motif, background = information > _MOTIF_BITS, information < _SAME_AS_UNIFORM
    return float(motif.sum() / (motif | background).sum())
