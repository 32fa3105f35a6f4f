"""Quantities that the claims of the study are about, each measured on groups of networks from stored records."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.stats import Interval, contrast, mean_interval, pooled_correlation, spearman
from motiflens.study.findings.effects import activation_pairs
from motiflens.study.findings.variance import BLOCKS, SOURCES, BalancedBlock, spread_of_means, variance_shares
from motiflens.study.published_tables import published_results
from motiflens.study.records import PAPER_ACTIVATIONS, find_metric, metric_value, stage1
from motiflens.study.results import TaskResults
from motiflens.study.selection import Key

#: The group of a correlation over all networks, whatever their stage 1 and activation.
TOGETHER = "over all networks"

_DEEPEST = "Trans4"  # the second stages with four encoder layers end so


class Quantity(NamedTuple):
    """A quantity measured on one group of networks.

    `role` says what it is for: "decides" the verdict of a claim; is a "part" of what decides, so that the claim
    applies to it too; or stands "beside", and the claim says nothing of it.
    """

    group: str
    role: str
    interval: Interval
    n_networks: int
    n_failed: int  # diverged, or validation metric below 0.9 x the best of the configuration
    n_configurations: int  # measured
    n_expected: int  # in the whole grid


class Sample:
    """The networks of one task that count, and their values of one metric.

    Parameters
    ----------
    task : TaskResults
    metric : str
        A name in `TASK_METRICS[task.number]`.
    select : {"valid", "published", "all"}
        As `TaskResults.configurations`.

    Raises
    ------
    ValueError
        If the metric is unknown; and as `TaskResults.configurations`.
    """

    def __init__(self, task: TaskResults, metric: str, *, select: str = "all") -> None:
        self.task, self.metric, self.select = task, metric, select
        self.values = task.values(metric, select)
        self.groups = task.configurations(select)
        self._grid = [*dict.fromkeys([*published_results(task.number), *self.groups])]

    def grid(self, stages: Sequence[str], activations: Sequence[str] = PAPER_ACTIVATIONS) -> list[Key]:
        """Configurations of the whole grid, run or not."""
        return [key for key in self._grid if stage1(key[0]) in stages and key[1] in activations]

    def measured(
        self, group: str, role: str, interval: Interval, *, of: Iterable[Key], expected: Iterable[Key]
    ) -> Quantity:
        """A quantity with the numbers of networks and configurations behind it."""
        used = [key for key in of if key in self.values]
        return Quantity(
            group=group,
            role=role,
            interval=interval,
            n_networks=sum(self.values[key].size for key in used),
            n_failed=sum(self.groups[key].n_failed for key in used),
            n_configurations=len(used),
            n_expected=len(list(expected)),
        )


def activation_difference(sample: Sample, stages: Sequence[str]) -> list[Quantity]:
    """Exponential minus ReLU: per stage 1 with Student's interval over architectures, each with Welch's."""
    pairs = activation_pairs(sample.values)
    measured = []
    for stage in stages:
        inside = {name: pair for name, pair in pairs.items() if stage1(name) == stage}
        used = [(name, activation) for name in inside for activation in PAPER_ACTIVATIONS]
        pooled = mean_interval([exponential.mean() - relu.mean() for relu, exponential in inside.values()])
        measured.append(sample.measured(stage, "decides", pooled, of=used, expected=sample.grid([stage])))
        for name, (relu, exponential) in inside.items():
            both = [(name, activation) for activation in PAPER_ACTIVATIONS]
            welch = Interval(*contrast([exponential, relu], [1, -1])[:3])
            measured.append(sample.measured(name, "part", welch, of=both, expected=both))
    return measured


def level(sample: Sample, stages: Sequence[str]) -> list[Quantity]:
    """Mean with the exponential activation per stage 1, with Student's interval over architectures."""
    measured = []
    for stage in stages:
        grid = sample.grid([stage], ["exponential"])
        values = [sample.values[key].mean() for key in grid if key in sample.values]
        measured.append(sample.measured(stage, "decides", mean_interval(values), of=grid, expected=grid))
    return measured


def spread(sample: Sample, stages: Sequence[str]) -> list[Quantity]:
    """SD of the means of configurations without four encoder layers, and how far each is from the others' mean."""
    grid = [key for key in sample.grid(stages) if not key[0].endswith(_DEEPEST)]
    used = [key for key in grid if key in sample.values]
    groups = [sample.values[key] for key in used]
    measured = [sample.measured("all", "decides", spread_of_means(groups), of=used, expected=grid)]
    if len(used) < 2:
        return measured
    for place, key in enumerate(used):
        weights = [1.0 if other == place else -1 / (len(used) - 1) for other in range(len(used))]
        deviation = Interval(*contrast(groups, weights)[:3])
        measured.append(sample.measured(f"{key[0]} {key[1]}", "beside", deviation, of=[key], expected=[key]))
    return measured


def depth(sample: Sample, stages: Sequence[str]) -> list[Quantity]:
    """Four encoder layers minus the mean of the other second stages: per stage 1 and activation, and their mean."""
    blocks = [(stage, activation) for stage in stages for activation in PAPER_ACTIVATIONS]
    measured, used, weights = [], [], []
    for stage, activation in blocks:
        grid = sample.grid([stage], [activation])
        present = [key for key in grid if key in sample.values]
        deep = [key for key in present if key[0].endswith(_DEEPEST)]
        others = [key for key in present if key not in deep]
        if not deep or not others:
            continue
        own = [*[1 / len(deep)] * len(deep), *[-1 / len(others)] * len(others)]
        keys = [*deep, *others]
        found = Interval(*contrast([sample.values[key] for key in keys], own)[:3])
        measured.append(sample.measured(f"{stage} {activation}", "part", found, of=keys, expected=grid))
        used += keys
        weights += own
    pooled = Interval(math.nan, math.nan, math.nan)
    if used:
        n_blocks = len(measured)
        pooled = Interval(*contrast([sample.values[key] for key in used], [w / n_blocks for w in weights])[:3])
    return [sample.measured("all", "decides", pooled, of=used, expected=sample.grid(stages)), *measured]


def shares(sample: Sample, stages: Sequence[str]) -> list[Quantity]:
    """Variance shares in both balanced blocks; what decides is that of the design minus that of the modules.

    The bounds of that difference are those of the two shares at their farthest, so it is wider than 95 %.
    """
    return [measured for block in BLOCKS for measured in _shares_in(sample, block)]


def _shares_in(sample: Sample, block: BalancedBlock) -> list[Quantity]:
    found = {s.source: s for s in variance_shares(sample.task, sample.metric, select=sample.select, block=block)}
    design, modules = found[SOURCES[6]], found[SOURCES[7]]
    apart = Interval(design.share - modules.share, design.low - modules.high, design.high - modules.low)
    keys = [
        (block.architecture(stage, module), activation)
        for stage in block.stages
        for module in block.modules
        for activation in PAPER_ACTIVATIONS
    ]
    rows = [(f"stage 1 and activation minus attention module{block.suffix}", "decides", apart)]
    rows += [(f"{s.source}{block.suffix}", "beside", Interval(s.share, s.low, s.high)) for s in found.values()]
    return [
        sample.measured(group, role, interval, of=keys, expected=keys)._replace(
            n_networks=design.n_networks, n_configurations=design.n_configurations
        )
        for group, role, interval in rows
    ]


def correlation(sample: Sample, stages: Sequence[str]) -> list[Quantity]:
    """Rank correlation of filter TPR with the metric over single networks, within stage 1 and activation.

    Over all networks together it stands beside, without an interval: networks of a configuration are alike, so that
    they are far fewer independent values than there are networks.
    """
    parts, sizes = [], []
    for stage in stages:
        for activation in PAPER_ACTIVATIONS:
            grid = sample.grid([stage], [activation])
            pairs = _pairs_of_networks(sample, grid)
            if len(pairs):
                interval = pooled_correlation([spearman(*pairs.T)], [len(pairs)])
                parts.append(sample.measured(f"{stage} {activation}", "part", interval, of=grid, expected=grid))
                sizes.append(len(pairs))
    pooled = pooled_correlation([part.interval.estimate for part in parts], sizes)
    grid = sample.grid(stages)
    everything = _pairs_of_networks(sample, grid)
    together = Interval(spearman(*everything.T), math.nan, math.nan)
    return [
        sample.measured("all", "decides", pooled, of=grid, expected=grid),
        sample.measured(TOGETHER, "beside", together, of=grid, expected=grid),
        *parts,
    ]


def _pairs_of_networks(sample: Sample, keys: Iterable[Key]) -> np.ndarray:
    """Filter TPR and the metric of each selected network that has both, shape=(n, 2)."""
    metrics = [find_metric(sample.task.number, name) for name in ("filter_tpr", sample.metric)]
    networks = [record for key in keys if key in sample.groups for record in sample.groups[key].selected]
    pairs = np.array([[metric_value(record, metric) for metric in metrics] for record in networks]).reshape(-1, 2)
    return pairs[~np.isnan(pairs).any(axis=1)]


#: Measures by the name that tables give them.
MEASURE_FUNCTIONS: dict[str, Callable[[Sample, Sequence[str]], list[Quantity]]] = {
    "difference": activation_difference,
    "level": level,
    "spread": spread,
    "depth": depth,
    "shares": shares,
    "correlation": correlation,
}
