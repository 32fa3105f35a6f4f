"""The rule by which effects become advice: what is better, what is told apart from 0, and which source counts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import Interval
from motiflens.basics.tables import by_fields
from motiflens.study.findings.measured_effects import MeasuredEffect

#: What a change can make better, in the words of a report.
FAMILIES = {"prediction": "prediction", "filters": "filters that are motifs", "maps": "attribution maps"}

#: Family of each measure of the study, and whether more of it is better (1) or worse (-1).
STUDY_METRICS = {
    "classification_aupr": ("prediction", 1),
    "classification_auroc": ("prediction", 1),
    "filter_tpr": ("filters", 1),
    "filter_no_hit": ("filters", -1),
    "interpretability_auroc": ("maps", 1),
    "interpretability_aupr": ("maps", 1),
    "interpretability_snr": ("maps", 1),
}

ADVICE_LEVELS = {
    "change": "Change", "try": "Try", "keep": "Keep", "weigh": "Weigh", "depends": "Depends", "open": "Not measured",
}  # fmt: skip

RULE = (
    "A change is advised if on these data it makes prediction, filters or attribution maps better and none of them "
    "worse, and is to be weighed if it does both. Where only simulated data say so, networks of the same second stage "
    "on the same kind of labels, it is worth a try, and the command tests it. An effect counts if its 95 % interval "
    "excludes 0; one of the study only if at least half of the configurations concerned were trained. "
    "Where the effect measured on this data set counts, the study’s does not. The study’s simulated data are of two "
    "tasks: task 1 has 12 labels, task 2 a single one. Filter TPR is the share of filters that match a motif of the "
    "data, saliency AUROC, AUPR and SNR (signal-to-noise ratio) score maps at their true sites."
)


class Here(NamedTuple):
    """An effect on the data set at hand: second candidate minus first."""

    family: str  # a key of FAMILIES; more is better
    measure: str
    interval: Interval
    n_first: int  # networks
    n_second: int

    def reversed(self) -> "Here":
        """First minus second."""
        estimate, low, high = self.interval
        return Here(self.family, self.measure, Interval(-estimate, -high, -low), self.n_second, self.n_first)


class Spread(NamedTuple):
    """A measure of one candidate over its networks on the data set at hand."""

    family: str
    measure: str
    mean: float
    sd: float  # NaN of one network
    n_networks: int


def spread_of(family: str, measure: str, values: np.ndarray) -> Spread:
    """Spread of a measure's values, shape=(E,), one per network."""
    sd = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return Spread(family, measure, float(values.mean()), sd, len(values))


@by_fields
class Advice(NamedTuple):
    """What to change or to keep in one candidate, and why."""

    factor: str  # "activation", "pool", "filters" or "members"
    candidate: str
    level: str  # a key of ADVICE_LEVELS
    change: str  # what to do, in a sentence
    reasons: tuple[str, ...]  # the numbers behind it, in sentences
    study: tuple[MeasuredEffect, ...]  # what the study measured of this change
    here: tuple[Here, ...]  # what was measured of it on this data set
    command: str | None  # that measures it on this data set, where that is still to be done


@by_fields
class Outcome(NamedTuple):
    """What a change does, by family: better (1), worse (-1) or both."""

    signs: Mapping[str, set[int]]
    contradicted: tuple[str, ...]  # families in which the data set says the opposite of the study
    is_measured: bool  # whether there is an interval at all
    on_these_data: bool = False  # whether the data set at hand decides on any family
    in_simulations: bool = False  # whether the study does

    @property
    def better(self) -> list[str]:
        """Families that gain."""
        return [FAMILIES[family] for family, signs in self.signs.items() if 1 in signs]

    @property
    def worse(self) -> list[str]:
        """Families that lose."""
        return [FAMILIES[family] for family, signs in self.signs.items() if -1 in signs]

    @property
    def level(self) -> str:
        """The advice."""
        if self.better:
            return "weigh" if self.worse else "change" if self.on_these_data else "try"
        return "keep" if self.is_measured else "open"


def outcome(study: Sequence[MeasuredEffect], here: Sequence[Here]) -> Outcome:
    """What a change does, by the study and by the data set at hand."""
    signs: dict[str, set[int]] = {}
    contradicted = []
    own = False
    others = False
    for family in FAMILIES:
        expected = _told_apart(direction(row) for row in study if family_of(row) == family)
        found = _told_apart(told_apart(row.interval) for row in here if row.family == family)
        if found or expected:
            signs[family] = found or expected
            own |= bool(found)
            others |= not found
        if found and expected and not found & expected:
            contradicted.append(family)
    known = any(row.is_measured for row in study) or any(not math.isnan(row.interval.low) for row in here)
    return Outcome(signs, tuple(contradicted), known, own, others)


def _told_apart(signs: Iterable[int]) -> set[int]:
    return {*signs} - {0}


def family_of(row: MeasuredEffect) -> str:
    """What an effect of the study is about."""
    return STUDY_METRICS[row.metric][0]


def direction(row: MeasuredEffect) -> int:
    """Whether an effect of the study is for the better (1) or worse (-1); 0 if it does not count."""
    if not row.is_measured:
        return 0
    return STUDY_METRICS[row.metric][1] * told_apart(Interval(row.estimate, row.low, row.high))


def told_apart(interval: Interval) -> int:
    """1 if an interval lies above 0, -1 if below, 0 if it holds 0 or is not known."""
    return int(interval.low > 0) - int(interval.high < 0)
