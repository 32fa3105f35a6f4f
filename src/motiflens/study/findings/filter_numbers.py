"""What the number of first-layer filters changes, from stored records: every number beside the task's own."""

import math
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import Interval, contrast
from motiflens.study.records import N_FILTERS, TASK_METRICS
from motiflens.study.results import Results

_NOTHING = Interval(math.nan, math.nan, math.nan)


class FilterNumber(NamedTuple):
    """One measure of the networks of a configuration with some number of first-layer filters."""

    task: int
    architecture: str
    activation: str
    metric: str
    n_filters: int
    n_networks: int  # that trained and have the measure
    n_failed: int  # diverged, or validation metric below 0.9 x the best of those with as many filters
    mean: float
    sd: float  # over networks; NaN of one
    difference: float  # of the means, from the task's own number of filters; NaN for that number itself
    low: float  # 95 % interval (Welch); NaN if either has one network
    high: float


def filter_numbers(results: Results) -> list[FilterNumber]:
    """Compare numbers of first-layer filters within each architecture and activation, over all that trained.

    Parameters
    ----------
    results : Results

    Returns
    -------
    rows : list of FilterNumber
        By task, architecture, activation, metric and number; of configurations with at least two numbers.

    Raises
    ------
    ValueError
        As `TaskResults.configurations`.
    """
    rows = []
    for task, metrics in TASK_METRICS.items():
        by_number = results.task(task).by_n_filters
        groups = {n: own.configurations() for n, own in by_number.items()}
        for metric in metrics:
            values = {n: own.values(metric.name) for n, own in by_number.items()}
            for key in dict.fromkeys(key for found in values.values() for key in found):
                measured = {n: found[key] for n, found in values.items() if key in found}
                n_failed = {n: groups[n][key].n_failed for n in measured}
                if len(measured) > 1:
                    rows += _rows(task, key, metric.name, measured, n_failed)
    return sorted(rows, key=lambda row: row[:3])


def _rows(
    task: int, key: tuple[str, str], metric: str, measured: dict[int, np.ndarray], n_failed: dict[int, int]
) -> list[FilterNumber]:
    own = N_FILTERS[task]
    rows = []
    for n, values in measured.items():
        held = n != own and own in measured
        apart = Interval(*contrast([values, measured[own]], [1, -1])[:3]) if held else _NOTHING
        sd = float(values.std(ddof=1)) if values.size > 1 else math.nan
        mean = float(values.mean())
        rows.append(FilterNumber(task, *key, metric, n, values.size, n_failed[n], mean, sd, *apart))
    return rows
