"""What the number of first-layer filters changes, from stored records: every number beside the task's own."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import Interval, contrast
from motiflens.study.records import METRICS, N_FILTERS, Record, n_filters
from motiflens.study.selection import configurations, metric_values

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


def paper_sized(records: Iterable[Record]) -> list[Record]:
    """Records of networks with as many filters as the paper's: the only ones that its tables and claims speak of."""
    return [record for record in records if n_filters(record) == N_FILTERS[record["task"]]]


def filter_numbers(records: Iterable[Record]) -> list[FilterNumber]:
    """Compare numbers of first-layer filters within each architecture and activation, over all that trained.

    Parameters
    ----------
    records : iterable of record
        Of both tasks or one.

    Returns
    -------
    rows : list of FilterNumber
        By task, architecture, activation, metric and number; of configurations with at least two numbers.

    Raises
    ------
    ValueError
        As `motiflens.study.selection.configurations`.
    """
    records = list(records)
    rows = []
    for task in METRICS:
        of_task = [record for record in records if record["task"] == task]
        sizes = sorted({n_filters(record) for record in of_task})
        groups = {n: configurations([r for r in of_task if n_filters(r) == n], task, select="all") for n in sizes}
        for metric in METRICS[task]:
            values = {n: metric_values(found, metric) for n, found in groups.items()}
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
