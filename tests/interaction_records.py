"""Records of the interactions benchmark as they are stored, made by hand."""

import numpy as np

from motiflens.study.benchmark.conditions import Condition
from motiflens.study.benchmark.trial import COLUMNS

MOTIFS = ["A", "B", "C", "D"]
KINDS = ["true", "decoy", "filler", "filler", "decoy", "true"]  # AB, AC, AD, BC, BD, CD


def block(p, q=None, effect=None, gap=None, member_p=None):
    """One method's table; q is p unless given, and so is p of each of two members."""
    n = len(p)
    columns = dict.fromkeys(COLUMNS, [0] * n)
    columns |= {"p_value": p, "q_value": p if q is None else q, "effect": effect or [0.0] * n, "gap": gap or [5.0] * n}
    columns |= {"orientation": [""] * n, "member_p": [p, p] if member_p is None else member_p}
    return {"unit": "logit", "n_members": 2, "n_null": 200, "caution": "", **columns}


def record(tables, *, test_auroc=(0.8, 0.6), learned=((1, 1, 1, 1), (1, 1, 1, 1)), **fields):
    """A record of a condition whose networks reached these AUROCs and have so many filters of each motif."""
    condition = Condition(**fields)
    pairs = {"motif_i": [], "motif_j": [], "kind": KINDS, "orientation": [""] * 6}
    pairs["motif_i"], pairs["motif_j"] = (side.tolist() for side in np.triu_indices(4, 1))
    pairs |= {"min_gap": [2] * 6, "max_gap": [10] * 6}
    if condition.labels == "additive":
        pairs["kind"] = [kind.replace("true", "decoy") for kind in KINDS]
    networks = [
        {"status": "ok", "metrics": {"test_auroc": value}, "filters": {"tpr": 0.5}, "learned": list(filters)}
        for value, filters in zip(test_auroc, learned, strict=False)
    ] + [{"status": "failed", "metrics": None, "filters": None, "learned": None}]
    return {
        "key": condition.key,
        "condition": condition.name,
        "architecture": condition.architecture,
        "activation": condition.activation,
        "positional_encoding": condition.positional_encoding,
        "penalty": condition.penalty,
        "has_attention": condition.has_attention,
        "level": condition.level,
        "labels": condition.labels,
        "data_seed": condition.data_seed,
        "status": "ok",
        "config": condition.config(),
        "versions": {"motiflens": "0"},
        "timings": {"fit_s": 3600.0},
        "networks": networks,
        "motifs": MOTIFS,
        "pairs": pairs,
        "tables": tables,
    }
