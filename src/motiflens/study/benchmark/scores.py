"""How well methods recover the interactions of a benchmark: from stored records alone, tables of figures.

Decoys are the false pairs: they occur as true ones do, in both labels alike. Fillers stand near each other in
negatives only, so that they are neither true nor false; calls among them are counted apart.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.stats import Interval, wilson_interval
from motiflens.basics.store import Record
from motiflens.interpret.interactions import Interaction
from motiflens.motifs.pairs import PairTable, read_pairs
from motiflens.study.benchmark.conditions import FIRST_FIGURE_SEED, describe_training
from motiflens.study.benchmark.trial import block_rows
from motiflens.training.protocol import INTERACTIONS

NOMINAL = 0.1  # q up to which a pair is called
_P = 0.05


class MethodScore(NamedTuple):
    """One method on one condition."""

    condition: str
    data_seed: int
    level: int
    architecture: str
    activation: str
    positional_encoding: str
    penalty: float
    has_attention: bool
    training: str  # epochs and learning rate
    method: str
    n_members: int
    test_auroc: float  # mean over the networks
    filter_tpr: float  # mean share of filters that match a motif of the grammar
    n_true: int
    true_calls: int
    false_calls: int  # decoys
    filler_calls: int
    precision: float  # NaN without calls
    recall: float
    fdr: float  # 0 without calls
    aupr: float  # average precision of true pairs against decoys
    chance_aupr: float  # share of true pairs among the two
    spacing_error: float  # bp, median over the true pairs called: from the gap found to those of the rule; not level 1


_CALLS = ("true_calls", "false_calls", "filler_calls")
_OF_RECORD = MethodScore._fields[: MethodScore._fields.index("training")]
_BASE_TRAINING = describe_training(INTERACTIONS.to_dict())


class MethodSummary(NamedTuple):
    """One method over all conditions with attention, or their controls, of a level that were trained alike.

    Of each condition its first draw counts.
    """

    level: int
    training: str
    has_attention: bool
    method: str
    n_conditions: int
    precision: float  # of all calls together
    recall: float
    aupr: float  # mean over conditions
    nominal_fdr: float
    fdr: float  # share of decoys among calls of true pairs and decoys
    fdr_low: float
    fdr_high: float
    filler_calls: int
    strict_fdr: float  # share of decoys and fillers among all calls
    spacing_error: float  # bp, median over conditions


class DrawSummary(NamedTuple):
    """One method on one condition, over several draws of the data."""

    condition: str
    method: str
    n_draws: int
    n_networks: int  # trained
    test_auroc: float  # mean over draws
    test_auroc_low: float  # of the draw with the least
    test_auroc_high: float
    n_true: int
    true_calls: int
    false_calls: int
    filler_calls: int
    recall: float
    recall_low: float  # 95 % interval as if pairs were independent
    recall_high: float
    fdr: float  # NaN without calls
    fdr_low: float
    fdr_high: float
    strict_fdr: float
    spacing_error: float  # bp, median over draws


def figure_records(records: Iterable[Record]) -> list[Record]:
    """Records that figures may use: trained, on data that no setting was chosen by."""
    return [one for one in records if one["status"] == "ok" and one["data_seed"] >= FIRST_FIGURE_SEED]


def score_tables(records: Iterable[Record]) -> list[MethodScore]:
    """One row per condition with interactions and method, in the order of the records."""
    return [
        _score(record, method, block_rows(block, record["motifs"]))
        for record in records
        if record["labels"] == "grammar" and record["status"] == "ok"
        for method, block in record["tables"].items()
    ]


def _score(record: Record, method: str, rows: Sequence[Interaction]) -> MethodScore:
    pairs = read_pairs(record)
    # A true pair called as one that does less together than apart is none of those asked for.
    called = np.array([row.q_value <= NOMINAL for row in rows])
    called &= (pairs.kind != "true") | np.array([row.sign != "-" for row in rows])
    calls = {kind: int((called & (pairs.kind == kind)).sum()) for kind in ("true", "decoy", "filler")}
    n_true, n_called = int((pairs.kind == "true").sum()), calls["true"] + calls["decoy"]
    judged = pairs.kind != "filler"
    return MethodScore(
        **{name: record[name] for name in _OF_RECORD}, training=_training(record), method=method,
        n_members=sum(network["status"] == "ok" for network in record["networks"]),
        test_auroc=_mean(record, "metrics", "test_auroc"),
        filter_tpr=_mean(record, "filters", "tpr"),
        n_true=n_true,
        true_calls=calls["true"],
        false_calls=calls["decoy"],
        filler_calls=calls["filler"],
        precision=calls["true"] / n_called if n_called else math.nan,
        recall=calls["true"] / n_true,
        fdr=calls["decoy"] / n_called if n_called else 0.0,
        aupr=_aupr(rows, pairs),
        chance_aupr=n_true / int(judged.sum()),
        spacing_error=_spacing_error(rows, pairs, called) if record["level"] > 1 else math.nan,
    )  # fmt: skip


def _training(record: Record) -> str:
    return describe_training(record["config"]["protocol"])


def _mean(record: Record, block: str, name: str) -> float:
    values = [network[block][name] for network in record["networks"] if network[block] is not None]
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else math.nan


def _aupr(rows: Sequence[Interaction], pairs: PairTable) -> float:
    """Pairs ranked by p, then by the size of the effect: of some hundreds in a null the smallest p are often equal."""
    judged = np.flatnonzero(pairs.kind != "filler").tolist()
    strength = [-row.effect if row.sign == "-" else row.effect for row in rows]
    order = [(-rows[k].p_value, float(np.nan_to_num(strength[k], nan=-np.inf))) for k in judged]
    return average_precision([str(pairs.kind[k]) == "true" for k in judged], order)


def average_precision(true: Sequence[bool], scores: Sequence[Any]) -> float:
    """Precision at each threshold, weighted by the recall it adds; scores are ordered, and those that tie go together.

    Where all tie it is the share of true pairs, while a trapezoid from precision 1 would lie half way above it.
    """
    total, area, n_called, n_true = sum(true), 0.0, 0, 0
    for threshold in sorted(set(scores), reverse=True):
        added = [is_true for is_true, score in zip(true, scores, strict=True) if score == threshold]
        n_called, n_true = n_called + len(added), n_true + sum(added)
        area += sum(added) / total * n_true / n_called
    return area


def _spacing_error(rows: Sequence[Interaction], pairs: PairTable, called: np.ndarray) -> float:
    """Median distance in bp from the gap found to the nearest that the rule allows; NaN where nothing says so."""
    gap = np.array([row.gap for row in rows])
    error = np.maximum(np.maximum(pairs.min_gap - gap, gap - pairs.max_gap), 0)
    known = called & (pairs.kind == "true") & ~np.isnan(gap)
    return float(np.median(error[known])) if known.any() else math.nan


class _Pooled(NamedTuple):
    """Calls of several scores of one method together."""

    true: int
    false: int
    fillers: int
    n_true: int
    fdr: Interval
    strict_fdr: float
    spacing_error: float


def _pool(group: Sequence[MethodScore]) -> _Pooled:
    true, false, fillers, n_true = (sum(getattr(one, name) for one in group) for name in (*_CALLS, "n_true"))
    n_calls = true + false + fillers
    errors = [one.spacing_error for one in group if not math.isnan(one.spacing_error)]
    return _Pooled(
        true, false, fillers, n_true,
        fdr=wilson_interval(false, true + false),
        strict_fdr=(false + fillers) / n_calls if n_calls else math.nan,
        spacing_error=float(np.median(errors)) if errors else math.nan,
    )  # fmt: skip


def summarise(scores: Sequence[MethodScore]) -> list[MethodSummary]:
    """One row per level, training, with and without attention, and method."""
    first: dict[tuple[str, str], MethodScore] = {}
    for one in sorted(scores, key=lambda score: score.data_seed):
        first.setdefault((one.condition, one.method), one)  # other draws would let one condition count several times
    groups: dict[tuple[int, str, bool, str], list[MethodScore]] = {}
    for one in scores:
        if first[one.condition, one.method] is one:
            groups.setdefault((one.level, one.training, one.has_attention, one.method), []).append(one)
    trainings = trainings_of(scores)
    order = sorted(groups, key=lambda key: (key[0], trainings.index(key[1]), not key[2]))
    rows = []
    for level, training, has_attention, method in order:
        group = groups[level, training, has_attention, method]
        pooled = _pool(group)
        n_judged = pooled.true + pooled.false
        rows.append(
            MethodSummary(
                level=level,
                training=training,
                has_attention=has_attention,
                method=method,
                n_conditions=len(group),
                precision=pooled.true / n_judged if n_judged else math.nan,
                recall=pooled.true / pooled.n_true,
                aupr=float(np.mean([one.aupr for one in group])),
                nominal_fdr=NOMINAL,
                fdr=pooled.fdr.estimate,
                fdr_low=pooled.fdr.low,
                fdr_high=pooled.fdr.high,
                filler_calls=pooled.fillers,
                strict_fdr=pooled.strict_fdr,
                spacing_error=pooled.spacing_error,
            )
        )
    return rows


def trainings_of(rows: Iterable[Any]) -> list[str]:
    """How conditions were trained, the one with the most rows first."""
    return [training for training, _ in Counter(row.training for row in rows).most_common()]


def over_draws(scores: Sequence[MethodScore]) -> list[DrawSummary]:
    """One row per condition that was run on several draws of the data, and method."""
    groups: dict[tuple[str, str], list[MethodScore]] = {}
    for one in scores:
        groups.setdefault((one.condition, one.method), []).append(one)
    rows = []
    for (condition, method), group in groups.items():
        if len(group) < 2:
            continue
        pooled, auroc = _pool(group), [one.test_auroc for one in group]
        recall = wilson_interval(pooled.true, pooled.n_true)
        rows.append(
            DrawSummary(
                condition=condition,
                method=method,
                n_draws=len({one.data_seed for one in group}),
                n_networks=sum(one.n_members for one in group),
                test_auroc=float(np.mean(auroc)),
                test_auroc_low=min(auroc),
                test_auroc_high=max(auroc),
                n_true=pooled.n_true,
                true_calls=pooled.true,
                false_calls=pooled.false,
                filler_calls=pooled.fillers,
                recall=recall.estimate,
                recall_low=recall.low,
                recall_high=recall.high,
                fdr=pooled.fdr.estimate,
                fdr_low=pooled.fdr.low,
                fdr_high=pooled.fdr.high,
                strict_fdr=pooled.strict_fdr,
                spacing_error=pooled.spacing_error,
            )
        )
    return rows
