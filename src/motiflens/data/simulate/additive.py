"""Labels without interactions for the sequences of a grammar, on which methods are calibrated."""

import dataclasses

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.motifs.pairs import read_pairs
from motiflens.motifs.truth import SiteTruth

_BISECTIONS = 40
_MAX_SCALE = 1e3
_STREAM = 4  # of random numbers: the one after those of make_generator


def additive_labels(dataset: SequenceDataset, *, auroc: float = 0.95, seed: int = 0) -> SequenceDataset:
    """Draw new labels from a logit that is the sum of single effects of motifs, without interactions.

    Effects are drawn from a normal distribution, and scaled so that the logit itself has the given AUROC. The intercept
    makes both labels equally likely. Sequences, sites, gaps and decoys are not changed.

    Parameters
    ----------
    dataset : SequenceDataset
        A data set from :func:`spaced_grammar`.
    auroc : float
        Expected AUROC of the logit that labels are drawn from, which no predictor can exceed.
    seed : int
        Seed of the effects and the labels.

    Returns
    -------
    dataset : SequenceDataset
        Its ``metadata["labels"]`` is "additive", ``metadata["logit_of_motif"]`` has the effects and
        ``metadata["intercept"]`` the intercept. The former true pairs are decoys.

    Raises
    ------
    ValueError
        If the data set has no sites or no table of pairs; or if `auroc` is not between 0.5 and 1, or cannot be reached
        because many sequences hold the same motifs.
    """
    if not 0.5 < auroc < 1:
        raise InputError(f"auroc must be above 0.5 and below 1, got {auroc}")
    if not isinstance(dataset.truth, SiteTruth):
        raise InputError(f"expected a dataset with a SiteTruth, got truth: {dataset.truth}")
    pairs = read_pairs(dataset.metadata)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    effects = rng.standard_normal(len(dataset.truth.motifs))
    sums = np.bincount(dataset.truth.sequence, effects[dataset.truth.motif], minlength=len(dataset))
    scale = _find_scale(sums, auroc)
    intercept = intercept_of(scale * sums)
    y = rng.random(len(dataset)) < sigmoid(scale * sums + intercept)
    pairs = pairs._replace(kind=np.where(pairs.kind == "true", "decoy", pairs.kind))
    metadata = {
        **dataset.metadata,
        "labels": "additive",
        "logit_of_motif": (scale * effects).tolist(),
        "intercept": float(intercept),
        "pairs": pairs.to_json(),
    }
    return dataclasses.replace(dataset, y=y.astype(np.float32)[:, None], label_names=("additive",), metadata=metadata)


def expected_auroc(logits: np.ndarray) -> float:
    """Expected AUROC of logits, shape=(n,), for labels drawn from them; ties count one half."""
    _, group = np.unique(logits, return_inverse=True)
    p = sigmoid(logits)
    true, false = np.bincount(group, p), np.bincount(group, 1 - p)
    return float((true * (np.cumsum(false) - false / 2)).sum() / (true.sum() * false.sum()))


def _find_scale(sums: np.ndarray, auroc: float) -> float:
    low, high = 0.0, _MAX_SCALE
    best = expected_auroc(high * sums + intercept_of(high * sums))
    if best < auroc:
        raise InputError(f"effects of single motifs reach an AUROC of {best:.3f} here, got {auroc}: ask for less")
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if expected_auroc(middle * sums + intercept_of(middle * sums)) < auroc:
            low = middle
        else:
            high = middle
    return high


def intercept_of(logits: np.ndarray) -> float:
    """Intercept for logits, shape=(N,), with which half of the labels are expected to be positive."""
    low, high = -logits.max(), -logits.min()
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if sigmoid(logits + middle).mean() < 0.5:
            low = middle
        else:
            high = middle
    return float(high)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits of any shape."""
    return 0.5 * (1 + np.tanh(logits / 2))
