"""Edits of one split as arrays beside the sequences they belong to, and how well predictions agree with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.crx import EDIT_KINDS, EditEffect, places_of
from motiflens.data.dataset import SequenceDataset
from motiflens.study.experiments.measures import ceiling, clustered_share, clustered_spearman, significant

#: Kinds after which the bases named are gone: what an attribution says of them can be compared with the effect.
LOSSES = ("substitution", "deletion", "all CRX sites")
#: Edits of one element that count, drawn at random: twenty elements have more than a third of all edits, and would
#: decide alone. With more of each the interval over elements becomes wider.
MOST_PER_ELEMENT = 20
_LEAST = 30  # edits of a kind that has a row of its own


@dataclass(frozen=True, eq=False)
class MeasuredEdits:
    """Edits of one split; all arrays of shape (n,) but codes.

    Attributes
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
        The sequences of the split.
    y : np.ndarray, shape=(N,)
        Their activities.
    after, before : np.ndarray, int
        Rows of the edited sequence and of its parent.
    effect, error : np.ndarray
        Measured, log2, with standard errors.
    kind : np.ndarray of str
    cluster : np.ndarray, int
        Of near-identical elements.
    places : list of np.ndarray
        Positions that differ, from 0 on.
    clusters : np.ndarray, int, shape=(N,)
        Cluster of each sequence; -1 where no edit tells it, then each sequence for itself, below.
    """

    codes: np.ndarray
    y: np.ndarray
    after: np.ndarray
    before: np.ndarray
    effect: np.ndarray
    error: np.ndarray
    kind: np.ndarray
    cluster: np.ndarray
    places: list[np.ndarray]
    clusters: np.ndarray

    def __len__(self) -> int:
        return len(self.effect)

    @classmethod
    def of(cls, dataset: SequenceDataset, edits: Sequence[EditEffect], split: str) -> "MeasuredEdits":
        """Edits of a split.

        Raises
        ------
        ValueError
            If the split has none, or its sequences lack names or one that the table of edits has.
        """
        part = {"train": dataset.train, "valid": dataset.valid, "test": dataset.test}[split]
        own = [edit for edit in edits if edit.split == split]
        if not own or part.names is None:
            raise InputError(f"expected named sequences and edits of the {split} split, got {len(own)} edits")
        row = {name: i for i, name in enumerate(part.names)}
        absent = [edit.name for edit in own if edit.name not in row or edit.parent not in row]
        if absent:
            raise InputError(
                f"{absent[0]!r} or its parent is not among the {split} sequences: data and table of edits "
                "must be of one import"
            )
        elements = np.unique([name.split("_")[0] for name in part.names], return_inverse=True)[1]
        clusters = elements.astype(np.int64) + 10**6  # beyond all numbers of clusters
        of_element = {edit.name.split("_")[0]: edit.cluster for edit in own}
        for i, name in enumerate(part.names):
            clusters[i] = of_element.get(name.split("_")[0], clusters[i])
        return cls(
            part.codes,
            part.y[:, 0].astype(np.float64),
            np.array([row[edit.name] for edit in own]),
            np.array([row[edit.parent] for edit in own]),
            np.array([edit.effect for edit in own]),
            np.array([edit.error for edit in own]),
            np.array([edit.kind for edit in own]),
            np.array([edit.cluster for edit in own]),
            [places_of(edit.positions) for edit in own],
            clusters,
        )


def effect_agreement(predicted: np.ndarray, edits: MeasuredEdits) -> dict[str, Any]:
    """How predicted activities of a split's sequences, shape=(N,), agree with what was measured.

    Returns
    -------
    scores : dict
        "activity": rank correlation with activities; "effects": for "all" edits and each kind, at most
        `MOST_PER_ELEMENT` of an element, and for "every edit" without that limit, the numbers of edits and elements,
        "spearman" of predicted with measured effects, and "sign", the share of significant effects whose sign is
        predicted. Each with its interval.
    """
    effect = predicted[edits.after] - predicted[edits.before]
    sure = significant(edits.effect, edits.error)
    blocks = {}
    for kind in ("all", *EDIT_KINDS, "every edit"):
        rows = edits.kind == kind if kind in EDIT_KINDS else np.ones(len(edits), dtype=bool)
        if kind in EDIT_KINDS and rows.sum() < _LEAST:
            continue
        rows = rows if kind == "every edit" else limited(rows, edits.cluster)
        told = rows & sure
        hits = np.sign(effect[told]) == np.sign(edits.effect[told])
        blocks[kind] = {
            "n": int(rows.sum()),
            "n_elements": len(np.unique(edits.cluster[rows])),
            "spearman": list(clustered_spearman(effect[rows], edits.effect[rows], edits.cluster[rows])),
            "n_significant": int(told.sum()),
            "sign": list(clustered_share(hits, edits.cluster[told])),
        }
    return {"activity": list(clustered_spearman(predicted, edits.y, edits.clusters)), "effects": blocks}


def limited(rows: np.ndarray, clusters: np.ndarray, most: int = MOST_PER_ELEMENT, seed: int = 0) -> np.ndarray:
    """Of rows, bool of shape=(n,), at most so many of each cluster, shape=(n,), drawn at random: bool, shape=(n,)."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(rows))
    by_cluster = order[np.argsort(clusters[order], kind="stable")]
    own = clusters[by_cluster]
    first = np.searchsorted(own, own, side="left")  # where each cluster begins
    kept = np.zeros(len(rows), dtype=bool)
    kept[by_cluster[np.arange(len(own)) - first < most]] = True
    return kept


def ceilings(edits: MeasuredEdits) -> dict[str, float]:
    """The ceiling of each kind with enough edits, and of all."""
    every = np.ones(len(edits), dtype=bool)
    rows = {kind: limited(edits.kind == kind, edits.cluster) for kind in EDIT_KINDS}
    rows = {"all": limited(every, edits.cluster), **rows, "every edit": every}
    return {kind: ceiling(edits.effect[own], edits.error[own]) for kind, own in rows.items() if own.sum() >= _LEAST}
