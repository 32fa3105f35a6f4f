"""Whether attributions at edited bases tell what the edit did."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import METHODS, explain
from motiflens.study.experiments.effects import LOSSES, MeasuredEdits, limited
from motiflens.study.experiments.measures import clustered_spearman
from motiflens.study.experiments.networks import ATTRIBUTION_OPTIONS
from motiflens.study.experiments.packing import packed_finely, unpacked

_LEAST = 10  # edits with a null of their own


def chosen_edits(edits: MeasuredEdits, n_parents: int, seed: int = 0) -> np.ndarray:
    """Rows, shape=(n,), of edits after which bases are gone (`LOSSES`), of so many parents drawn at random.

    They are the same for all networks and, as everywhere, few of one element.
    """
    rows = np.flatnonzero(np.isin(edits.kind, LOSSES) & np.array([len(own) > 0 for own in edits.places]))
    parents = np.unique(edits.before[rows])
    drawn = np.random.default_rng(seed).permutation(parents)[:n_parents]
    chosen = np.zeros(len(edits), dtype=bool)
    chosen[rows[np.isin(edits.before[rows], drawn)]] = True
    return np.flatnonzero(limited(chosen, edits.cluster))


def lost_scores(scores: np.ndarray, parent: np.ndarray, places: list[np.ndarray]) -> np.ndarray:
    """What each edit should do if its bases' scores are lost with them: minus their sum.

    Parameters
    ----------
    scores : np.ndarray, shape=(P, L)
        Attribution of each position of each parent.
    parent : np.ndarray, int, shape=(n,)
        Row of scores of each edit.
    places : list of np.ndarray, shape=(n_places,) each, n of them
        Positions, from 0 on.

    Returns
    -------
    lost : np.ndarray, shape=(n,)
    """
    return np.array([-scores[row, own].sum() for row, own in zip(parent, places, strict=True)])


def other_places(places: list[np.ndarray], length: int, seed: int = 0) -> list[np.ndarray]:
    """For each edit as many other positions, shape=(n,), drawn at random: the null. All that are left, if too few."""
    rng = np.random.default_rng(seed)
    drawn = []
    for own in places:
        left = np.setdiff1d(np.arange(length), own)
        drawn.append(rng.choice(left, min(len(own), len(left)), replace=False))
    return drawn


def attribution_agreement(
    network: nn.Module,
    edits: MeasuredEdits,
    *,
    n_parents: int,
    methods: tuple[str, ...] = tuple(METHODS),
    keep: bool = False,
) -> dict[str, Any]:
    """Rank correlation of lost attribution with measured effect, by method, plain and with the gradient corrected.

    Parameters
    ----------
    network : nn.Module
    edits : MeasuredEdits
    n_parents : int
        Of which the edits are taken (`chosen_edits`).
    methods : tuple of str
    keep : bool
        Whether to return what each edit loses, too, so that attributions of ensembles need no networks.

    Returns
    -------
    scores : dict
        "n" edits, "n_elements", "n_parents", and "methods": for each method "plain", "corrected" and "unedited" (the
        null: as many bases elsewhere, plain), each with its interval, "median_gap" of the methods that promise
        completeness, and "lost", what the edits lose by the plain attribution, packed.
    """
    rows = chosen_edits(edits, n_parents)
    parents, parent = np.unique(edits.before[rows], return_inverse=True)
    places = [edits.places[i] for i in rows]
    elsewhere = other_places(places, edits.codes.shape[1])
    effect, cluster = edits.effect[rows], edits.cluster[rows]
    X = one_hot(edits.codes[parents])
    found: dict[str, Any] = {}
    for method in methods if len(rows) >= _LEAST else ():
        block: dict[str, Any] = {}
        for name, corrected in (("plain", False), ("corrected", True)):
            made = explain(network, X, method=method, correct_gradient=corrected, **ATTRIBUTION_OPTIONS.get(method, {}))
            scores = made.scores.double().numpy()
            block[name] = list(clustered_spearman(lost_scores(scores, parent, places), effect, cluster))
            if made.gap is not None and not corrected:
                block["median_gap"] = float(made.gap.median())
            if not corrected:
                null = lost_scores(scores, parent, elsewhere)
                if keep:
                    block["lost"] = packed_finely(lost_scores(scores, parent, places))
                block["unedited"] = list(clustered_spearman(null, effect, cluster))
        found[method] = block
    return {"n": len(rows), "n_elements": len(np.unique(cluster)), "n_parents": len(parents), "methods": found}


def ensemble_attribution(blocks: Sequence[dict[str, Any]], edits: MeasuredEdits, n_parents: int) -> dict[str, Any]:
    """The same of the mean of networks' attributions, from blocks of `attribution_agreement` that kept what is lost.

    Returns
    -------
    methods : dict
        For each method the rank correlation with its interval over elements.
    """
    rows = chosen_edits(edits, n_parents)
    effect, cluster = edits.effect[rows], edits.cluster[rows]
    found = {}
    for method in blocks[0]["methods"]:
        lost = np.mean([unpacked(block["methods"][method]["lost"]) for block in blocks], axis=0)
        found[method] = list(clustered_spearman(lost, effect, cluster))
    return found
