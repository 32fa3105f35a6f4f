"""Every analysis of one network: classification, first-layer filters against a database, saliency against truth.

The study and a user's own audit call the same function.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motiflens.attribute import saliency
from motiflens.dataset import SequenceDataset
from motiflens.ensemble import evaluate
from motiflens.filters import FilterMatches, FilterPwms, activation_pwms, filter_matches
from motiflens.models.hybrid import HybridNetwork
from motiflens.motifs import Motif
from motiflens.predict import first_layer_activations
from motiflens.scoring import Interpretability, interpretability


@dataclass(frozen=True)
class SaliencyAudit:
    """Saliency of the positive sequences of one label, scored against the ground truth.

    Attributes
    ----------
    rows : np.ndarray, int64, shape=(n,)
        Which sequences of the audited split.
    scores : np.ndarray, float32, shape=(n, L)
        Gradient of the logit times input, summed over bases.
    interpretability : Interpretability
        Per-sequence areas and signal-to-noise ratios.
    """

    rows: np.ndarray
    scores: np.ndarray
    interpretability: Interpretability


@dataclass(frozen=True)
class Audit:
    """What `audit` found out about one network."""

    metrics: dict[str, float]  # valid_auroc, valid_aupr, test_auroc, test_aupr
    filters: FilterPwms
    matches: FilterMatches
    saliency: SaliencyAudit | None  # None where the truth is not known, or no target was asked for


def audit(
    model: HybridNetwork,
    dataset: SequenceDataset,
    *,
    database: str | Sequence[Motif] = "JASPAR2020",
    truth: Mapping[str, Collection[str]] | None = None,
    target: int | None = 0,
    q: float = 0.1,
) -> Audit:
    """Audit a network on the test sequences of a data set.

    Parameters
    ----------
    model : HybridNetwork
    dataset : SequenceDataset
        With test sequences.
    database : str or sequence of Motif
        What the filters are compared with: a set that `motifs.load_motifs` knows, a file, or motifs.
    truth : mapping of str to collection of str, optional
        Accessions of each motif that the filters should learn, for true and false positive rates.
    target : int or None
        Label whose saliency is scored on its positive sequences, where the ground truth is known.
    q : float
        Largest q-value of a match.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If there are no test sequences or the target is out of range.
    """
    test = dataset.test
    if len(test) == 0:
        raise ValueError("the data have no test sequences to audit on")
    filters = activation_pwms(first_layer_activations(model, test.codes), test.codes)
    return Audit(
        metrics=evaluate(model, dataset),
        filters=filters,
        matches=filter_matches(filters.pwms, database, truth=truth, q=q),
        saliency=None if target is None or test.truth is None else audit_saliency(model, test, target),
    )


def audit_saliency(model: HybridNetwork, dataset: SequenceDataset, target: int = 0) -> SaliencyAudit:
    """Score saliency maps of the positive sequences of one label against the ground truth.

    Raises
    ------
    ValueError
        If the data have no ground truth, the label does not exist or has no positive sequence.
    """
    if dataset.truth is None:
        raise ValueError("the data hold no ground truth to score saliency maps against")
    if not 0 <= target < dataset.n_outputs:
        raise ValueError(f"target must be in 0..{dataset.n_outputs - 1}, got {target}")
    rows = np.flatnonzero(dataset.y[:, target] == 1)
    if len(rows) == 0:
        raise ValueError(f"no sequence is positive for label {dataset.label_names[target]!r}")
    X = dataset.subset(rows).X
    scores = (saliency(model, X, target=target) * X).sum(1)  # n, L
    return SaliencyAudit(rows, scores.numpy(), interpretability(scores, dataset.truth.matrix(rows)))
