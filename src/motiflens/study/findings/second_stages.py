"""What the exponential activation changes for each second stage by itself: the sign can depend on it."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from motiflens.basics.stats import contrast
from motiflens.basics.words import join_words
from motiflens.study.findings.effects import activation_pairs
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS, find_metric, stage1
from motiflens.study.results import Results


class SecondStageEffect(NamedTuple):
    """Exponential minus ReLU in one metric, for one architecture, over all networks that trained."""

    task: int
    metric: str
    stage1: str
    second_stage: str  # "none", "Att", "LSTM-Att", ...
    difference: float
    low: float  # 95 % interval (Welch), which speaks of initialisations; NaN where an activation has one network
    high: float
    n_relu: int  # networks
    n_exponential: int
    published_difference: float  # NaN where the paper has none

    @property
    def sign(self) -> int:
        """1 or -1 where the interval lies on one side of 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def second_stage(architecture: str) -> str:
    """What follows stage 1 in an architecture: "LSTM-Att" of "C24-LSTM-Att", "none" of "C24"."""
    return architecture.partition("-")[2] or "none"


def second_stage_effects(results: Results) -> list[SecondStageEffect]:
    """One row per metric and architecture that has networks of both activations, in the order of the paper's tables."""
    rows = []
    for task in results.tasks:
        published = published_results(task)
        for metric in TASK_METRICS[task]:
            if metric.name.endswith("_listed"):
                continue
            for name, (relu, exponential) in activation_pairs(results.task(task).values(metric.name)).items():
                found = contrast([exponential, relu], [1, -1])
                column = f"{metric.published}_mean"
                before, after = (published.get((name, a), {}).get(column, math.nan) for a in ("relu", "exponential"))
                rows.append(
                    SecondStageEffect(
                        task=task,
                        metric=metric.name,
                        stage1=stage1(name),
                        second_stage=second_stage(name),
                        difference=found.estimate,
                        low=found.low,
                        high=found.high,
                        n_relu=relu.size,
                        n_exponential=exponential.size,
                        published_difference=after - before,
                    )
                )
    return rows


def sign_sentences(effects: Iterable[SecondStageEffect]) -> list[str]:
    """Where the exponential activation raises a metric with some second stages and lowers it with others."""
    groups: dict[tuple[int, str, str], list[SecondStageEffect]] = {}
    for row in effects:
        groups.setdefault((row.task, row.metric, row.stage1), []).append(row)
    sentences = []
    for (task, metric, stage), rows in groups.items():
        up, down = ([row for row in rows if row.sign == sign] for sign in (1, -1))
        if up and down:
            label = find_metric(task, metric).label
            sentences.append(
                f"{label} with {stage}: the exponential activation raises it with the second stages {_listed(up)} and "
                f"lowers it with {_listed(down)}. A mean over second stages would hide this."
            )
    return sentences


def _listed(rows: Sequence[SecondStageEffect]) -> str:
    return join_words([f"{row.second_stage} ({row.difference:+.3f})".replace("-0.", "−0.") for row in rows])
