"""Labels with positive and negative interactions for the sequences of a grammar."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate.additive import intercept_of, sigmoid
from motiflens.motifs.pairs import PairTable, obeying, read_pairs, row_of_pair
from motiflens.motifs.truth import SiteTruth

_STREAM = 5  # of random numbers: the one after that of additive labels


class PairLogit(NamedTuple):
    """Effects of a pair and of its motifs on the logit, as multiples of the size of an interaction."""

    single: float  # either motif alone
    pair: float  # both together, beyond the sum of both


#: By kind of pair. Either motif of a pair that represses makes a sequence more likely positive, and both together do
#: not; of a redundant pair either one does as much as both.
PAIR_LOGITS: Mapping[str, PairLogit] = MappingProxyType(
    {
        "true": PairLogit(0.25, 1.0),
        "repress": PairLogit(0.5, -1.0),
        "redundant": PairLogit(1.0, -1.0),
    }
)


def signed_labels(
    dataset: SequenceDataset,
    *,
    n_repress: int = 0,
    n_redundant: int = 0,
    pair_logit: float = 4.0,
    real: bool = False,
    seed: int = 0,
) -> SequenceDataset:
    """Draw new labels from a logit with single effects of motifs, and interactions of pairs that obey their rule.

    True pairs, chosen at random, become repressing pairs (both motifs cancel each other: 2 + 2 - 4) or redundant pairs
    (either motif is enough: 4 + 4 - 4). The others are synergistic (1 + 1 + 4). Two motifs that do not obey the rule of
    their pair have single effects only. All other motifs have no effect, and the intercept makes both labels equally
    likely. Sequences, sites, gaps and decoys are not changed.

    Parameters
    ----------
    dataset : SequenceDataset
        A data set from :func:`spaced_grammar`, with each motif in at most one true pair.
    n_repress, n_redundant : int
        Number of such pairs.
    pair_logit : float
        Size of every interaction, in logits; single effects are the multiples of it in `PAIR_LOGITS`.
    real : bool
        Use the logits themselves, in units of `pair_logit`, as real-valued labels, as a reporter assay without noise
        would measure.
    seed : int
        Seed of the choice of pairs and of the labels.

    Returns
    -------
    dataset : SequenceDataset
        Its ``metadata["labels"]`` is "signed". The table of pairs has the kind of each pair. ``metadata`` has the
        interactions in ``"logit_of_pair"`` (one for each row of the table), single effects in ``"logit_of_motif"``, and
        the intercept in ``"intercept"``.

    Raises
    ------
    ValueError
        If the data set has no sites or no table of pairs, there are fewer true pairs than needed, a motif is in two
        true pairs, or `pair_logit` is not positive.
    """
    if not isinstance(dataset.truth, SiteTruth):
        raise InputError(f"expected a dataset with a SiteTruth, got truth: {dataset.truth}")
    if not 0 < pair_logit < np.inf:
        raise InputError(f"pair_logit must be positive, got {pair_logit}")
    pairs, truth = read_pairs(dataset.metadata), dataset.truth
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    kinds = _drawn_kinds(pairs, n_repress, n_redundant, rng)
    of_motif, of_pair = _logits(kinds, pairs, len(truth.motifs), pair_logit)
    found = obeying(truth, pairs)
    row = row_of_pair(pairs.motif_i, pairs.motif_j, len(truth.motifs))[found.motif_i, found.motif_j]
    n = len(dataset)
    logits = np.bincount(truth.sequence, of_motif[truth.motif], n) + np.bincount(found.sequence, of_pair[row], n)
    intercept = intercept_of(logits)
    y = logits / pair_logit if real else rng.random(n) < sigmoid(logits + intercept)
    metadata = {
        **dataset.metadata,
        "labels": "signed",
        "logit_of_motif": of_motif.tolist(),
        "logit_of_pair": of_pair.tolist(),
        "intercept": intercept,
        "pairs": pairs._replace(kind=kinds).to_json(),
    }
    return dataclasses.replace(dataset, y=y.astype(np.float32)[:, None], label_names=("signed",), metadata=metadata)


def _drawn_kinds(pairs: PairTable, n_repress: int, n_redundant: int, rng: np.random.Generator) -> np.ndarray:
    """Kinds of all pairs, some of the true ones exchanged at random."""
    rows = np.flatnonzero(pairs.kind == "true")
    if min(n_repress, n_redundant) < 0 or n_repress + n_redundant > len(rows):
        raise InputError(
            f"n_repress and n_redundant must be 0 or more and together at most {len(rows)}, the number of pairs "
            f"(n_pairs), got {n_repress} and {n_redundant}"
        )
    used = np.concatenate([pairs.motif_i[rows], pairs.motif_j[rows]])
    if len(np.unique(used)) < len(used):
        raise InputError(
            f"{len(rows)} true pairs share motifs, but a motif can have one single effect only: ask for at most "
            "half as many pairs (n_pairs) as motifs"
        )
    n_true = len(rows) - n_repress - n_redundant
    drawn = rng.permutation(np.repeat(["true", "repress", "redundant"], [n_true, n_repress, n_redundant]))
    kinds = pairs.kind.astype(object)
    kinds[rows] = drawn
    return kinds.astype(str)


def _logits(kinds: np.ndarray, pairs: PairTable, n_motifs: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits of single motifs, shape=(n_motifs,), and of pairs that obey, shape=(P,)."""
    of_motif, of_pair = np.zeros(n_motifs), np.zeros(len(kinds))
    for kind, worth in PAIR_LOGITS.items():
        rows = kinds == kind
        of_pair[rows] = size * worth.pair
        of_motif[np.concatenate([pairs.motif_i[rows], pairs.motif_j[rows]])] = size * worth.single
    return of_motif, of_pair
