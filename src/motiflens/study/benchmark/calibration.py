"""Whether p-values hold their level on data without interactions, and what the first layer allows."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.store import Record
from motiflens.interpret.interactions import INTERACTION_METHODS
from motiflens.motifs.pairs import read_pairs
from motiflens.study.benchmark.conditions import Condition
from motiflens.study.benchmark.scores import _BASE_TRAINING, _P, NOMINAL, _mean, _training
from motiflens.study.benchmark.trial import block_rows

_UNRECORDED_AUROC = 0.95  # of the labels of the first nulls, whose records do not say it


class Calibration(NamedTuple):
    """One method over all nulls that were trained alike: data without any interaction."""

    training: str  # and how strong single motifs are, where they are not as in most
    method: str
    n_nulls: int
    n_pairs: int
    share_small_p: float  # share of pairs with p <= .05
    share_of_measured: float  # the same among pairs that were measured: others have p = 1
    nulls_with_calls: int  # at q <= .1
    test_auroc: float
    calibrated: bool  # at most 7 % of pairs, and 3 nulls of 10
    caution: str


class FirstLayerCounts(NamedTuple):
    """Pairs in single networks, by whether the first layer has filters for both motifs, and how many show there.

    Of true pairs and of decoys; a pair shows where a network by itself gives it p <= .05.
    """

    level: int
    training: str
    activation: str
    has_attention: bool
    method: str
    n_networks: int
    n_learned: int  # true pairs, both motifs with a filter
    shown_learned: int
    n_unlearned: int  # true pairs, a motif without
    shown_unlearned: int
    n_decoys: int  # decoys, both motifs with a filter
    shown_decoys: int


def count_by_first_layer(records: Iterable[Record]) -> list[FirstLayerCounts]:
    """One row per level, training, activation, with and without attention, and method, over all networks and draws."""
    groups: dict[tuple[Any, ...], list[np.ndarray]] = {}
    for record in records:
        if record["labels"] != "grammar" or record["status"] != "ok":
            continue
        pairs = read_pairs(record)
        filters = np.array([network["learned"] for network in record["networks"] if network["status"] == "ok"])
        learned = (filters[:, pairs.motif_i] > 0) & (filters[:, pairs.motif_j] > 0)  # (n_networks, P)
        sets = ((pairs.kind == "true") & learned, (pairs.kind == "true") & ~learned, (pairs.kind == "decoy") & learned)
        for method, block in record["tables"].items():
            shown = np.array(block["member_p"], dtype=np.float64) <= _P
            counts = [count for one in sets for count in (one.sum(), (one & shown).sum())]
            design = (record["level"], _training(record), record["activation"], record["has_attention"], method)
            groups.setdefault(design, []).append(np.array([len(filters), *counts]))
    order = sorted(groups, key=lambda design: (design[0], design[1] != _BASE_TRAINING, not design[3], design[2]))
    return [FirstLayerCounts(*design, *np.sum(groups[design], axis=0).tolist()) for design in order]


def calibrate(records: Iterable[Record]) -> list[Calibration]:
    """One row per training and method, over the conditions with additive labels: there, every call is false."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record["labels"] == "additive" and record["status"] == "ok":
            auroc = record["config"]["data"].get("additive_auroc", _UNRECORDED_AUROC)
            strength = "" if auroc == Condition.additive_auroc else f", labels of AUROC {auroc:g}"
            for method in record["tables"]:
                groups.setdefault((_training(record) + strength, method), []).append(record)
    rows = []
    for (training, method), own in sorted(groups.items(), key=lambda item: item[0][0] != _BASE_TRAINING):
        tables = [block_rows(record["tables"][method], record["motifs"]) for record in own]
        p = np.array([row.p_value for table in tables for row in table])
        measured = ~np.isnan([row.effect for table in tables for row in table])
        hit = sum(any(row.q_value <= NOMINAL for row in table) for table in tables)
        share = float((p <= _P).mean())
        rows.append(
            Calibration(
                training=training,
                method=method,
                n_nulls=len(own),
                n_pairs=p.size,
                share_small_p=share,
                share_of_measured=float((p[measured] <= _P).mean()) if measured.any() else math.nan,
                nulls_with_calls=hit,
                test_auroc=float(np.mean([_mean(one, "metrics", "test_auroc") for one in own])),
                calibrated=share <= 0.07 and hit <= 0.3 * len(own),
                caution=INTERACTION_METHODS[method].caution,
            )
        )
    return rows
