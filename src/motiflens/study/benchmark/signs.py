"""How well pairs of either sign are recovered, and how often either sign is called where no pair has it."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import wilson_interval
from motiflens.basics.store import Record
from motiflens.motifs.pairs import PAIR_SIGNS, read_pairs
from motiflens.study.benchmark.scores import NOMINAL
from motiflens.study.benchmark.trial import block_rows

_P = 0.05


class SignSummary(NamedTuple):
    """One method and one sign, over all conditions with labels of one kind that the test of both signs has read."""

    labels: str  # "grammar", "signed" or "additive"
    method: str
    sign: str  # "+" or "-"
    n_conditions: int
    n_true: int  # pairs whose interaction has this sign
    true_calls: int
    recall: float  # NaN without such pairs
    recall_low: float  # 95 % interval as if pairs were independent
    recall_high: float
    false_calls: int  # of this sign, on decoys and on pairs whose interaction has the other; fillers of a grammar aside
    with_false_calls: int  # conditions
    share_small_p: float  # of these pairs, with this sign and p <= .05


def sign_summaries(records: Iterable[Record]) -> list[SignSummary]:
    """One row per kind of labels, method and sign.

    Pairs that only fill negatives may interact in a network of a grammar, and do not count there; with labels that are
    drawn from logits, no pair but those named interacts.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record["status"] == "ok":
            for method, block in record["tables"].items():
                if "sign" in block:  # else read by the test of effects above 0 alone
                    groups.setdefault((record["labels"], method), []).append(record)
    return [
        _summary(labels, method, sign, own) for (labels, method), own in sorted(groups.items()) for sign in ("+", "-")
    ]


def _summary(labels: str, method: str, sign: str, records: list[Record]) -> SignSummary:
    counts = np.array([_counts(record, method, sign) for record in records])
    n_true, true_calls, n_others, false_calls, n_small = counts.sum(axis=0).tolist()
    recall = wilson_interval(true_calls, n_true)
    return SignSummary(
        labels, method, sign, len(records), n_true, true_calls, *recall, false_calls, int((counts[:, 3] > 0).sum()),
        n_small / n_others if n_others else math.nan,
    )  # fmt: skip


def _counts(record: Record, method: str, sign: str) -> tuple[int, int, int, int, int]:
    """Pairs of a sign, calls among them, other pairs, calls of that sign among these, and small p of it."""
    pairs, rows = read_pairs(record), block_rows(record["tables"][method], record["motifs"])
    has_sign = np.array([row.sign == sign for row in rows])
    called = has_sign & np.array([row.q_value <= NOMINAL for row in rows])
    small = has_sign & np.array([row.p_value <= _P for row in rows])
    is_true = np.array([PAIR_SIGNS.get(kind) == sign for kind in pairs.kind.tolist()])
    other = ~is_true & ((pairs.kind != "filler") | (record["labels"] != "grammar"))
    return tuple(int(part.sum()) for part in (is_true, called & is_true, other, called & other, small & other))  # type: ignore[return-value]
