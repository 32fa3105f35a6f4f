"""Tables of a study from its stored records: mean, SD, trials, failures and the published value beside."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.tables import by_fields
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS, Metric, metric_value
from motiflens.study.results import TaskResults
from motiflens.study.selection import Members


class MetricSummary(NamedTuple):
    """Mean and population SD over the selected members and over all, published values; NaN if none, and SD of one."""

    mean: float
    sd: float
    all_mean: float
    all_sd: float
    published_mean: float
    published_sd: float
    difference: float  # mean - published_mean


@by_fields
class SummaryRow(NamedTuple):
    """One architecture with one activation; `metrics` maps the names in `TASK_METRICS[task]` to summaries."""

    task: int
    architecture: str
    activation: str
    n_trials: int
    n_failed: int  # diverged, or best validation metric below 0.9 x the configuration's best
    n_diverged: int
    n_selected: int
    selection: str
    metrics: dict[str, MetricSummary]


def summary_table(task: TaskResults, *, select: str = "valid") -> list[SummaryRow]:
    """One row per architecture and activation; see `TaskResults.configurations` for the ways to choose networks.

    Means over all members include the low ones and leave out only those that diverged, which have no values.
    """
    rows = []
    for (architecture, activation), members in task.configurations(select).items():
        published = published_results(task.number).get((architecture, activation), {})
        rows.append(
            SummaryRow(
                task=task.number,
                architecture=architecture,
                activation=activation,
                n_trials=len(members.trials),
                n_failed=len(members.diverged) + len(members.low),
                n_diverged=len(members.diverged),
                n_selected=len(members.selected),
                selection=select,
                metrics={metric.name: _summarise(metric, members, published) for metric in TASK_METRICS[task.number]},
            )
        )
    return rows


def _summarise(metric: Metric, members: Members, published: Mapping[str, float]) -> MetricSummary:
    mean, sd = _mean_and_sd([metric_value(record, metric) for record in members.selected])
    all_mean, all_sd = _mean_and_sd([metric_value(record, metric) for record in members.trained])
    published_mean = published.get(f"{metric.published}_mean", math.nan)
    published_sd = published.get(f"{metric.published}_sd", math.nan)
    return MetricSummary(mean, sd, all_mean, all_sd, published_mean, published_sd, mean - published_mean)


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    present = np.array([value for value in values if not math.isnan(value)])
    if not present.size:
        return math.nan, math.nan
    return float(present.mean()), float(present.std()) if present.size > 1 else math.nan
