"""How well methods recover the interactions of a benchmark: from stored records alone, tables of figures.

Decoys are the false pairs: they occur as true ones do, in both labels alike. Fillers stand near each other in
negatives only, so that they are neither true nor false; calls among them are counted apart.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from motiflens.interaction_study.conditions import FIRST_FIGURE_SEED, describe_training
from motiflens.interaction_study.trial import block_rows
from motiflens.interactions import METHODS, Interaction
from motiflens.pairs import PairTable, read_pairs
from motiflens.protocol import INTERACTIONS
from motiflens.records import Record
from motiflens.stats import Interval, contrast, wilson_interval

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


class Calibration(NamedTuple):
    """One method over all nulls that were trained alike: data without any interaction."""

    training: str
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


class FactorEffect(NamedTuple):
    """What one design factor changes: the mean over conditions that differ in nothing else."""

    level: int
    training: str  # "both" where two are compared
    networks: str  # "attention", "control", or "both" where the two are compared
    factor: str
    base: str
    other: str
    method: str
    measure: str  # "aupr", "recall" or "test_auroc"
    n_pairs: int  # of conditions, those with one control in common counted as one
    base_mean: float
    difference: float  # other - base
    low: float  # 95 % interval, NaN of a single pair of conditions or where all differ alike
    high: float


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
    called = np.array([row.q_value <= NOMINAL for row in rows])
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
    """Pairs ranked by p, then by effect: with a null of some hundreds the smallest p are often equal."""
    judged = np.flatnonzero(pairs.kind != "filler").tolist()
    order = [(-rows[k].p_value, float(np.nan_to_num(rows[k].effect, nan=-np.inf))) for k in judged]
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
                level, training, has_attention, method, len(group),
                precision=pooled.true / n_judged if n_judged else math.nan,
                recall=pooled.true / pooled.n_true,
                aupr=float(np.mean([one.aupr for one in group])),
                nominal_fdr=NOMINAL, fdr=pooled.fdr.estimate, fdr_low=pooled.fdr.low, fdr_high=pooled.fdr.high,
                filler_calls=pooled.fillers, strict_fdr=pooled.strict_fdr, spacing_error=pooled.spacing_error,
            )
        )  # fmt: skip
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
        rows.append(
            DrawSummary(
                condition, method, len({one.data_seed for one in group}), sum(one.n_members for one in group),
                float(np.mean(auroc)), min(auroc), max(auroc),
                pooled.n_true, pooled.true, pooled.false, pooled.fillers,
                *wilson_interval(pooled.true, pooled.n_true), *pooled.fdr, pooled.strict_fdr, pooled.spacing_error,
            )
        )  # fmt: skip
    return rows


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
            for method in record["tables"]:
                groups.setdefault((_training(record), method), []).append(record)
    rows = []
    for (training, method), own in sorted(groups.items(), key=lambda item: item[0][0] != _BASE_TRAINING):
        tables = [block_rows(record["tables"][method], record["motifs"]) for record in own]
        p = np.array([row.p_value for table in tables for row in table])
        measured = ~np.isnan([row.effect for table in tables for row in table])
        hit = sum(any(row.q_value <= NOMINAL for row in table) for table in tables)
        share = float((p <= _P).mean())
        rows.append(
            Calibration(
                training, method, len(own), p.size, share,
                float((p[measured] <= _P).mean()) if measured.any() else math.nan, hit,
                test_auroc=float(np.mean([_mean(one, "metrics", "test_auroc") for one in own])),
                calibrated=share <= 0.07 and hit <= 0.3 * len(own), caution=METHODS[method].caution,
            )
        )  # fmt: skip
    return rows


class _Factor(NamedTuple):
    name: str
    field: str  # of a score
    base: Any  # the value that others are compared with


_FACTORS = (
    _Factor("activation", "activation", "relu"),
    _Factor("positional encoding", "positional_encoding", "none"),
    _Factor("entropy penalty", "penalty", 0.0),
    _Factor("architecture", "architecture", "C4C6-Att"),
    _Factor("attention", "has_attention", False),
    _Factor("training", "training", _BASE_TRAINING),
)
_DESIGN = ("level", "data_seed", *(factor.field for factor in _FACTORS))
_MEASURES: tuple[tuple[str, Callable[[MethodScore], float]], ...] = (
    ("aupr", lambda score: score.aupr),
    ("recall", lambda score: score.recall),
    ("test_auroc", lambda score: score.test_auroc),
)


def factor_effects(scores: Sequence[MethodScore]) -> list[FactorEffect]:
    """What each value of each factor changes against the base value, over pairs of conditions that differ in it alone.

    The interval is Student's for the mean of the differences, each against another ensemble: of conditions that have
    one control in common the mean is compared. All are on one draw of the data, and the interval does not tell how
    much another draw would change.
    """
    rows = []
    levels, methods = sorted({one.level for one in scores}), list(dict.fromkeys(one.method for one in scores))
    for level, method in product(levels, methods):
        own = [one for one in scores if (one.level, one.method) == (level, method)]
        for (training, alike), factor in product(_by_training(own).items(), _FACTORS):
            if (factor.field == "training") != (training == "both"):
                continue
            for networks, group in _by_networks(alike).items():
                if (factor.field == "has_attention") == (networks == "both"):
                    rows += _effects_of(group, factor, training, networks)
    return rows


def _by_training(scores: Sequence[MethodScore]) -> dict[str, list[MethodScore]]:
    alike = {training: [one for one in scores if one.training == training] for training in trainings_of(scores)}
    return {**alike, "both": list(scores)}


def _by_networks(scores: Sequence[MethodScore]) -> dict[str, list[MethodScore]]:
    return {
        "attention": [one for one in scores if one.has_attention],
        "control": [one for one in scores if not one.has_attention],
        "both": list(scores),
    }


def _effects_of(scores: Sequence[MethodScore], factor: _Factor, training: str, networks: str) -> list[FactorEffect]:
    """What a factor changes among scores of one method on one level."""
    partners = {_others(one, factor): one for one in scores if getattr(one, factor.field) == factor.base}
    rows = []
    for value in dict.fromkeys(getattr(one, factor.field) for one in scores):
        found = [one for one in scores if getattr(one, factor.field) == value and _others(one, factor) in partners]
        if value == factor.base or not found:
            continue
        by_partner: dict[tuple[Any, ...], list[MethodScore]] = {}
        for one in found:
            by_partner.setdefault(_others(one, factor), []).append(one)
        for measure, read in _MEASURES:
            before = np.array([read(partners[partner]) for partner in by_partner])
            after = np.array([np.mean([read(one) for one in own]) for own in by_partner.values()])
            change = contrast([after - before], [1])
            low, high = (change.low, change.high) if change.low < change.high else (math.nan, math.nan)
            rows.append(
                FactorEffect(
                    found[0].level, training, networks, factor.name, _word(factor.base), _word(value), found[0].method,
                    measure, len(by_partner), float(before.mean()), change.estimate, low, high,
                )
            )  # fmt: skip
    return rows


def _others(score: MethodScore, factor: _Factor) -> tuple[Any, ...]:
    """What must be equal for two conditions to be compared; controls have neither encoding nor penalty."""
    absent = ("positional_encoding", "penalty") if factor.field == "has_attention" else ()
    return tuple(getattr(score, name) for name in _DESIGN if name != factor.field and name not in absent)


def _word(value: Any) -> str:
    return {True: "with", False: "without"}[value] if isinstance(value, bool) else str(value)
