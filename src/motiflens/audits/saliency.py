"""Saliency maps of positive sequences, scored against the motifs that are known to be in them."""

from dataclasses import dataclass

import numpy as np
from torch import nn

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.attribution import Interpretability, interpretability, saliency


@dataclass(frozen=True, repr=False)
class SaliencyAudit:
    """Saliency of the positive sequences of one label, scored against the ground truth.

    Attributes
    ----------
    rows : np.ndarray, int64, shape=(n,)
        Indices of the sequences in the audited split.
    scores : np.ndarray, float32, shape=(n, L)
        Gradient of the logit times input, summed over bases.
    interpretability : Interpretability
        Areas and signal-to-noise ratio of each sequence.
    """

    rows: np.ndarray
    scores: np.ndarray
    interpretability: Interpretability

    def __repr__(self) -> str:
        return f"SaliencyAudit({self.interpretability!r})"


def has_sites(test: SequenceDataset, label: int) -> bool:
    """Whether there are positives of the label with known motifs."""
    return test.truth is not None and bool((test.y[:, label] == 1).any())


def audit_saliency(model: nn.Module, dataset: SequenceDataset, target: int = 0) -> SaliencyAudit:
    """Score saliency maps of the positive sequences of one label against the ground truth.

    Raises
    ------
    ValueError
        If the data have no ground truth, the label does not exist or has no positive sequence.
    """
    if dataset.truth is None:
        raise InputError("the data hold no ground truth to score saliency maps against")
    if not 0 <= target < dataset.n_outputs:
        raise InputError(f"target must be in 0..{dataset.n_outputs - 1}, got {target}")
    rows = np.flatnonzero(dataset.y[:, target] == 1)
    if len(rows) == 0:
        raise InputError(f"no sequence is positive for label {dataset.label_names[target]!r}")
    X = dataset.subset(rows).X
    scores = (saliency(model, X, target=target) * X).sum(1)  # n, L
    return SaliencyAudit(rows, scores.numpy(), interpretability(scores, dataset.truth.matrix(rows)))
