"""What each design factor of the benchmark changes, over conditions that differ in nothing else."""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.stats import contrast
from motiflens.study.benchmark.scores import _BASE_TRAINING, MethodScore, trainings_of


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
                    level=found[0].level,
                    training=training,
                    networks=networks,
                    factor=factor.name,
                    base=_word(factor.base),
                    other=_word(value),
                    method=found[0].method,
                    measure=measure,
                    n_pairs=len(by_partner),
                    base_mean=float(before.mean()),
                    difference=change.estimate,
                    low=low,
                    high=high,
                )
            )
    return rows


def _others(score: MethodScore, factor: _Factor) -> tuple[Any, ...]:
    """What must be equal for two conditions to be compared; controls have neither encoding nor penalty."""
    absent = ("positional_encoding", "penalty") if factor.field == "has_attention" else ()
    return tuple(getattr(score, name) for name in _DESIGN if name != factor.field and name not in absent)


def _word(value: Any) -> str:
    return {True: "with", False: "without"}[value] if isinstance(value, bool) else str(value)
