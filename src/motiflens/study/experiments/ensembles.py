"""Ensembles of 1 to 10 networks, from the predictions that records hold."""

import hashlib
import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from motiflens.basics.json_values import rounded, without_nan
from motiflens.basics.store import SCHEMA, Record
from motiflens.study.experiments.attributed import ensemble_attribution
from motiflens.study.experiments.effects import MeasuredEdits, effect_agreement
from motiflens.study.experiments.networks import (
    BEST_OPTION,
    CONFIRMATION,
    DESIGNS,
    EXPERIMENTS,
    FIRST_LAYERS,
    OPTION_DESIGN,
)
from motiflens.study.experiments.packing import unpacked

_N_SUBSETS = 5  # random ensembles of each size; of all networks there is one
ENSEMBLE = "ensemble"
CONFIRMED = f"{CONFIRMATION}/{BEST_OPTION}"  # first part of the keys of networks with the best augmentation


def networks_of(
    records: Sequence[Record], architecture: str, activation: str, group: str = EXPERIMENTS
) -> list[Record]:
    """Records of the trained networks of one design, by number."""
    start = f"{group}/{architecture}/{activation}/"
    own = [one for one in records if one["key"].startswith(start) and "member" in one]
    return sorted((one for one in own if one["status"] == "ok"), key=lambda one: int(one["member"]))


def ensemble_records(records: Sequence[Record], edits: MeasuredEdits) -> list[Record]:
    """One record per design with at least two networks, unless it is there already for these networks."""
    present = {one["key"]: one["config_hash"] for one in records}
    designs = [(EXPERIMENTS, *names) for names in product(DESIGNS, FIRST_LAYERS)] + [(CONFIRMED, *OPTION_DESIGN)]
    made = []
    for group, architecture, activation in designs:
        own = networks_of(records, architecture, activation, group)
        key = f"{group}/{architecture}/{activation}/{ENSEMBLE}"
        members = [one["member"] for one in own]
        digest = hashlib.sha256(json.dumps([one["config_hash"] for one in own] + members).encode()).hexdigest()[:12]
        if len(own) < 2 or present.get(key) == digest:
            continue
        predicted = np.stack([unpacked(one["predictions"]) for one in own])  # E, N
        record = {
            "schema": SCHEMA,
            "key": key,
            "status": "ok",
            "config_hash": digest,
            "ensemble_of": {"architecture": architecture, "activation": activation, "members": members},
            "sizes": ensemble_scores(predicted, edits),
            "attributions": ensemble_attribution(
                [one["attributions"] for one in own], edits, own[0]["config"]["n_parents"]
            ),
        }
        made.append(without_nan(rounded(record)))
    return made


def ensemble_scores(predicted: np.ndarray, edits: MeasuredEdits, seed: int = 0) -> list[dict[str, Any]]:
    """Agreement of mean predictions of 1 to E networks, from predictions of shape (E, N).

    Returns
    -------
    rows : list of dict
        For each size the number of random subsets, the mean over them of "activity" and of "effects" (rank
        correlations), and for the largest `agreement` in full, with its intervals.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for size in range(1, len(predicted) + 1):
        n = 1 if size == len(predicted) else min(_N_SUBSETS, len(predicted))
        subsets = [rng.permutation(len(predicted))[:size] for _ in range(n)]
        found = [effect_agreement(predicted[subset].mean(axis=0), edits) for subset in subsets]
        row: dict[str, Any] = {
            "size": size,
            "n_subsets": n,
            "activity": float(np.mean([one["activity"][0] for one in found])),
            "effects": float(np.mean([one["effects"]["all"]["spearman"][0] for one in found])),
        }
        rows.append({**row, **({"agreement": found[0]} if size == len(predicted) else {})})
    return rows
