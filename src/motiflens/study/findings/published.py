"""A study beside the published tables: do its means rank alike, how far are they off, which of them differ?"""

import csv
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import benjamini_hochberg, contrast_of_moments, spearman
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS, Metric
from motiflens.study.results import Results
from motiflens.study.selection import SELECTIONS

#: Networks behind each published mean, by task: the best 3 and the best 5 of 10 by test score.
N_PUBLISHED = {1: 3, 2: 5}

_LEAST_SD = 0.0005  # the tables give three decimals: a published SD of 0.000 may be as large
_DIFFERS = 0.05  # at most, of the q-value
_DEEPEST = "Trans4"  # the second stages with four encoder layers end so

#: What agreement with the tables means, by metric: the least rank correlation and the largest mean absolute difference.
BARS: dict[str, tuple[float | None, float | None]] = {
    "classification_aupr": (0.90, None),
    "classification_aupr_shallow": (None, 0.005),
    "filter_tpr_listed": (0.93, 0.05),
    "classification_auroc": (0.90, None),
    "interpretability_auroc": (0.93, 0.02),
    "interpretability_aupr": (0.93, None),
    "interpretability_snr": (0.93, None),
}


class PublishedComparison(NamedTuple):
    """One configuration and metric beside its published mean; NaN where too few networks allow no test."""

    task: int
    metric: str
    architecture: str
    activation: str
    selection: str
    n: int
    mean: float
    sd: float  # population SD, as published; NaN of one network
    published_n: int
    published_mean: float
    published_sd: float
    difference: float  # mean - published_mean
    t: float
    df: float
    p_value: float
    q_value: float  # over the configurations of this metric and selection
    differs: bool
    reason: str  # if it differs and the reason is known


class Agreement(NamedTuple):
    """How one metric of a study agrees with the published table, for one way to choose members."""

    task: int
    metric: str  # "classification_aupr_shallow": without the architectures of four encoder layers
    selection: str
    n_configurations: int
    n_published: int
    spearman: float
    spearman_bar: float  # NaN: no bar
    spearman_passes: str  # "pass", "miss" or "" without a bar or a value
    mean_absolute_difference: float
    difference_bar: float
    difference_passes: str
    mean_difference: float  # ours - published: selection by test score raises it
    n_tested: int
    n_different: int


def compare_with_published(results: Results, *, selections: Sequence[str] = SELECTIONS) -> list[PublishedComparison]:
    """Each configuration's mean beside the published one, with Welch's test and a q-value.

    The test takes the published mean as that of 3 (task 1) or 5 (task 2) networks, its SD as at least 0.0005; q-values
    (Benjamini and Hochberg) run over the configurations of a metric. Both sides are means of selected networks, which
    are no random sample: read q as a measure of distance. Filters are compared as counted by the paper's list.

    Parameters
    ----------
    results : Results
        Architectures that the paper does not have are left aside.
    selections : sequence of {"valid", "published", "all"}
        Ways to choose members, as `TaskResults.configurations`.

    Returns
    -------
    comparisons : list of PublishedComparison

    Raises
    ------
    ValueError
        As `TaskResults.configurations`.
    """
    comparisons = []
    for task in TASK_METRICS:
        for select in selections:
            for metric in compared_metrics(task):
                values = results.task(task).values(metric.name, select)
                rows = [
                    _compare(task, metric, key, select, values[key], row)
                    for key, row in published_results(task).items()
                    if key in values
                ]
                comparisons += _with_q_values(rows)
    return comparisons


def compared_metrics(task: int) -> list[Metric]:
    """Metrics of a task that the published tables have, filters by the paper's own list of accessions."""
    listed = {metric.published for metric in TASK_METRICS[task] if metric.name.endswith("_listed")}
    return [
        metric
        for metric in TASK_METRICS[task]
        if metric.published and (metric.name.endswith("_listed") or metric.published not in listed)
    ]


def agreement_with_published(comparisons: Iterable[PublishedComparison]) -> list[Agreement]:
    """Rank correlation and mean absolute difference per metric and selection, against `BARS`.

    Configurations that are missing are not counted: `n_configurations` of `n_published` say how many there are.
    """
    grouped: dict[tuple[int, str, str], list[PublishedComparison]] = {}
    for row in comparisons:
        grouped.setdefault((row.task, row.metric, row.selection), []).append(row)
    rows = []
    for (task, metric, selection), found in grouped.items():
        rows.append(_agree(task, metric, selection, found, len(published_results(task))))
        if f"{metric}_shallow" in BARS:
            shallow = [row for row in found if not row.architecture.endswith(_DEEPEST)]
            n_published = sum(not name.endswith(_DEEPEST) for name, _ in published_results(task))
            rows.append(_agree(task, f"{metric}_shallow", selection, shallow, n_published))
    return rows


@lru_cache(maxsize=1)
def known_differences() -> dict[tuple[int, str, str, str], str]:
    """Known reasons of differences: (task, architecture, activation, metric) to a sentence."""
    text = files("motiflens").joinpath("resources/known_differences.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        (int(row["task"]), row["architecture"], row["activation"], row["metric"]): row["reason"]
        for row in csv.DictReader(lines, delimiter="\t")
    }


def _compare(
    task: int, metric: Metric, key: tuple[str, str], select: str, values: np.ndarray, published: dict[str, float]
) -> PublishedComparison:
    mean, sd = published[f"{metric.published}_mean"], published[f"{metric.published}_sd"]
    n_published = N_PUBLISHED[task]
    sample_variance = max(sd, _LEAST_SD) ** 2 * n_published / (n_published - 1)
    test = contrast_of_moments(
        [float(values.mean()), mean],
        [float(values.var(ddof=1)) if values.size > 1 else math.nan, sample_variance],
        [values.size, n_published],
        [1, -1],
    )
    return PublishedComparison(
        task=task,
        metric=metric.name,
        architecture=key[0],
        activation=key[1],
        selection=select,
        n=values.size,
        mean=float(values.mean()),
        sd=float(values.std()) if values.size > 1 else math.nan,
        published_n=n_published,
        published_mean=mean,
        published_sd=sd,
        difference=test.estimate,
        t=test.t,
        df=test.df,
        p_value=test.p_value,
        q_value=math.nan,
        differs=False,
        reason="",
    )


def _with_q_values(rows: Sequence[PublishedComparison]) -> list[PublishedComparison]:
    found = []
    for row, q in zip(rows, benjamini_hochberg([row.p_value for row in rows]), strict=True):
        differs = bool(q <= _DIFFERS)
        reason = known_differences().get((row.task, row.architecture, row.activation, row.metric), "")
        found.append(row._replace(q_value=float(q), differs=differs, reason=reason if differs else ""))
    return found


def _agree(task: int, metric: str, selection: str, rows: Sequence[PublishedComparison], n_published: int) -> Agreement:
    correlation = spearman(np.array([row.mean for row in rows]), np.array([row.published_mean for row in rows]))
    distance = float(np.mean([abs(row.difference) for row in rows])) if rows else math.nan
    least, largest = BARS.get(metric, (None, None))
    return Agreement(
        task=task,
        metric=metric,
        selection=selection,
        n_configurations=len(rows),
        n_published=n_published,
        spearman=correlation,
        spearman_bar=math.nan if least is None else least,
        spearman_passes=_passes(None if least is None else correlation - least),
        mean_absolute_difference=distance,
        difference_bar=math.nan if largest is None else largest,
        difference_passes=_passes(None if largest is None else largest - distance),
        mean_difference=float(np.mean([row.difference for row in rows])) if rows else math.nan,
        n_tested=sum(not math.isnan(row.p_value) for row in rows),
        n_different=sum(row.differs for row in rows),
    )


def _passes(margin: float | None) -> str:
    if margin is None or math.isnan(margin):
        return ""
    return "pass" if margin >= 0 else "miss"
