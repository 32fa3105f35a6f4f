"""What the records of the study say a choice changes: activation, pool size, number of filters, number of networks.

The table that comes with the package is made by `motiflens study effects`; advice is drawn from it alone.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from motiflens.basics.errors import InputError
from motiflens.basics.stats import Interval, contrast, half_width, mean_interval, wilson_interval
from motiflens.study.findings.filter_numbers import filter_numbers
from motiflens.study.findings.measures import Quantity, Sample, activation_difference
from motiflens.study.findings.second_stages import second_stage
from motiflens.study.findings.variance import STAGES
from motiflens.study.published_tables import published_results
from motiflens.study.records import N_FILTERS, PAPER_ACTIVATIONS, stage1
from motiflens.study.results import Results, TaskResults
from motiflens.study.selection import Key

FACTORS = ("activation", "pool", "filters", "members")
WIDE_POOL = "C24"
N_NETWORKS = (1, 3, 5, 10)  # whose mean is compared with that of all initialisations
FAILED = "failed"  # the measure that is the share of initialisations that diverged or stayed low

#: Measures of each task that advice speaks of.
MEASURES = {
    1: ("classification_aupr", "filter_tpr", "filter_no_hit"),
    2: (
        "classification_auroc",
        "interpretability_auroc",
        "interpretability_aupr",
        "interpretability_snr",
        "filter_tpr",
    ),
}


class MeasuredEffect(NamedTuple):
    """What one choice changes in one measure: `after` minus `before`, all else being the same.

    Of factor "members" it is how far the mean of `after` networks may be from that of all initialisations: estimate 0,
    with the interval in which it lies; and, as measure "failed", the share of initialisations that failed.
    """

    factor: str  # one of FACTORS
    before: str  # "relu", "C24", "32"; "" for members
    after: str  # "exponential", "C4C6", "64"; a number of networks
    pool: str  # stage 1 of the networks: C24 has one wide pool, C4C6 and C4 begin with a small one; "" for factor pool
    activation: str  # "" for factor activation
    task: int
    metric: str
    estimate: float
    low: float  # 95 % interval, NaN where there are too few networks for one
    high: float
    over: str  # what the interval speaks of: "architectures" like these, or "initialisations" of these
    n_networks: int
    n_failed: int
    n_configurations: int  # measured
    n_expected: int  # that the effect speaks of
    records: str  # where they are
    second_stage: str = ""  # of the networks, "none", "Att", ...; "" for all that the pool has together

    @property
    def is_measured(self) -> bool:
        """Whether it has an interval, from at least half of the configurations that it speaks of."""
        return not math.isnan(self.low) and 2 * self.n_configurations >= self.n_expected

    def reversed(self) -> "MeasuredEffect":
        """The same choice the other way round."""
        swapped = self._replace(before=self.after, after=self.before)
        return swapped._replace(estimate=-self.estimate, low=-self.high, high=-self.low)


def measured_effects(
    grid: Results, sizes: Results | None = None, *, grid_name: str = "grid", sizes_name: str = "filters"
) -> list[MeasuredEffect]:
    """Measure every effect that records allow; what was not run has no row.

    Activation and pool: differences per stage 1 and per activation, over all networks that trained; with three or more
    architectures with Student's interval over them (`stats.mean_interval`), which speaks of architectures like these,
    with fewer by Welch's interval, which speaks of initialisations of these. Then the same for each second stage by
    itself, by Welch's: an effect can have another sign there. Pool: each second stage with small pools
    against the same with C24. Filters: `filter_numbers`. Members: Student's t times the SD over initialisations,
    pooled over architectures, over the root of their number.

    Parameters
    ----------
    grid : Results
        Of `study run --preset paper`, whole or in part.
    sizes : Results, optional
        Of `study run --preset filters`.
    grid_name, sizes_name : str
        Where they are, for the table.

    Raises
    ------
    ValueError
        As `TaskResults.configurations`.
    """
    paper = grid.of_paper_size
    rows: list[MeasuredEffect] = []
    for task, metrics in MEASURES.items():
        for metric in metrics:
            sample = Sample(paper.task(task), metric)
            for make in (_activation, _pool, _members):
                rows += [row._replace(task=task, metric=metric, records=grid_name) for row in make(sample)]
        rows += [row._replace(task=task, records=grid_name) for row in _failures(paper.task(task))]
    rows += [row._replace(records=sizes_name) for row in _filters(sizes or Results())]
    return sorted(rows, key=lambda row: FACTORS.index(row.factor))


def _row(factor: str, before: str, after: str, measured: Quantity, **changes: object) -> MeasuredEffect:
    row = MeasuredEffect(
        factor=factor,
        before=before,
        after=after,
        pool="",
        activation="",
        task=0,
        metric="",
        estimate=measured.interval.estimate,
        low=measured.interval.low,
        high=measured.interval.high,
        over="initialisations",
        n_networks=measured.n_networks,
        n_failed=measured.n_failed,
        n_configurations=measured.n_configurations,
        n_expected=measured.n_expected,
        records="",
    )
    return row._replace(**changes)  # type: ignore[arg-type]


def _activation(sample: Sample) -> Iterator[MeasuredEffect]:
    for measured in activation_difference(sample, STAGES):
        if measured.role != "decides" or not measured.n_networks:
            continue
        names = [name for name, _ in sample.grid([measured.group], ["relu"])]
        pairs = [((name, "relu"), (name, "exponential")) for name in names]
        interval, over = _pooled(sample, pairs)
        yield _row(
            "activation", *PAPER_ACTIVATIONS, measured._replace(interval=interval), pool=measured.group, over=over
        )
        for own, second in _of_second_stages(sample, pairs, measured.group):
            yield _row("activation", *PAPER_ACTIVATIONS, own, pool=measured.group, second_stage=second)


def _of_second_stages(sample: Sample, pairs: Sequence[tuple[Key, Key]], pool: str) -> Iterator[tuple[Quantity, str]]:
    """Second minus first of each pair by itself, with the second stage that both have."""
    for pair in pairs:
        if all(key in sample.values for key in pair):
            interval, _ = _pooled(sample, [pair])
            yield sample.measured(pool, "decides", interval, of=pair, expected=pair), second_stage(pair[1][0])


def _pool(sample: Sample) -> Iterator[MeasuredEffect]:
    for stage in STAGES:
        for activation in PAPER_ACTIVATIONS if stage != WIDE_POOL else ():
            small = [name for name, _ in sample.grid([stage], [activation])]
            matched = {name: WIDE_POOL + name.removeprefix(stage) for name in small}
            known = {name for name, _ in published_results(sample.task.number)}
            pairs = [((wide, activation), (name, activation)) for name, wide in matched.items() if wide in known]
            interval, over = _pooled(sample, pairs)
            if math.isnan(interval.estimate):
                continue
            used = [key for pair in pairs if all(key in sample.values for key in pair) for key in pair]
            everything = [key for pair in pairs for key in pair]
            measured = sample.measured(stage, "decides", interval, of=used, expected=everything)
            yield _row("pool", WIDE_POOL, stage, measured, activation=activation, over=over)
            for own, second in _of_second_stages(sample, pairs, stage):
                yield _row("pool", WIDE_POOL, stage, own, activation=activation, second_stage=second)


def _pooled(sample: Sample, pairs: Sequence[tuple[Key, Key]]) -> tuple[Interval, str]:
    """Mean difference, second minus first, over the pairs that were measured, and what its interval speaks of."""
    values = [(sample.values[a], sample.values[b]) for a, b in pairs if a in sample.values and b in sample.values]
    pooled = mean_interval([second.mean() - first.mean() for first, second in values])
    if not 0 < len(values) < 3:
        return pooled, "architectures"
    weight = 1 / len(values)
    groups = [group for pair in values for group in pair]
    return Interval(*contrast(groups, [-weight, weight] * len(values))[:3]), "initialisations"


def _members(sample: Sample) -> Iterator[MeasuredEffect]:
    for stage in STAGES:
        for activation in PAPER_ACTIVATIONS:
            keys = sample.grid([stage], [activation])
            values = [sample.values[key] for key in keys if key in sample.values]
            df = sum(len(own) - 1 for own in values)
            if not df:
                continue
            sd = math.sqrt(sum(((own - own.mean()) ** 2).sum() for own in values) / df)
            for n in N_NETWORKS:
                half = half_width(sd, n, df)
                measured = sample.measured(stage, "decides", Interval(0.0, -half, half), of=keys, expected=keys)
                yield _row("members", "", str(n), measured, pool=stage, activation=activation)


def _failures(task: TaskResults) -> Iterator[MeasuredEffect]:
    groups = task.configurations()
    for stage in STAGES:
        for activation in PAPER_ACTIVATIONS:
            chosen = [m for (name, a), m in groups.items() if stage1(name) == stage and a == activation]
            n, n_failed = sum(len(m.trials) for m in chosen), sum(m.n_failed for m in chosen)
            n_grid = sum(stage1(name) == stage and a == activation for name, a in published_results(task.number))
            if n:
                share = wilson_interval(n_failed, n)
                measured = Quantity(stage, "decides", share, n, n_failed, len(chosen), n_grid)
                yield _row("members", "", "1", measured, pool=stage, activation=activation, metric=FAILED)


def _filters(sizes: Results) -> Iterator[MeasuredEffect]:
    rows = filter_numbers(sizes)
    own = {row[:4]: row for row in rows if row.n_filters == N_FILTERS[row.task]}
    for row in rows:
        beside = own.get(row[:4])
        if beside is None or beside is row or row.metric not in MEASURES[row.task]:
            continue
        interval = Interval(row.difference, row.low, row.high)
        n, n_failed = (sum(getattr(one, field) for one in (row, beside)) for field in ("n_networks", "n_failed"))
        measured = Quantity(row.architecture, "decides", interval, n, n_failed, 2, 2)
        where = {"pool": stage1(row.architecture), "activation": row.activation}
        yield _row(
            "filters", str(beside.n_filters), str(row.n_filters), measured, task=row.task, metric=row.metric, **where
        )


def coverage(results: Results, name: str, expected: Mapping[int, int] | None = None) -> str:
    """How much of a study there is, in a sentence for the head of the table.

    Parameters
    ----------
    results : Results
    name : str
        Where they are.
    expected : mapping of int to int, optional
        Configurations of the whole study by task; by default those of the paper.
    """
    whole = expected or {task: len(published_results(task)) for task in MEASURES}
    found = {task: {r["key"].rpartition("/")[0] for r in results.task(task).records} for task in MEASURES}
    parts = [f"task {task}: {len(keys)} of {whole[task]} configurations" for task, keys in found.items()]
    n_diverged = sum(record["status"] != "ok" for record in results.records)
    return f"{name}: {len(results)} networks, {n_diverged} of them diverged; {', '.join(parts)}"


def read_measured_effects(path: str | Path | None = None) -> list[MeasuredEffect]:
    """Read a table of effects, by default the one that comes with the package.

    Raises
    ------
    ValueError
        If it has other columns than `MeasuredEffect` has fields.
    """
    source = files("motiflens").joinpath("resources/measured_effects.tsv") if path is None else Path(path)
    lines = [line for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    reader = csv.DictReader(lines, delimiter="\t")
    if tuple(reader.fieldnames or ()) != MeasuredEffect._fields:
        raise InputError(
            f"expected the columns {', '.join(MeasuredEffect._fields)}, got {', '.join(reader.fieldnames or ())}; make "
            "the table again: motiflens study effects"
        )
    kinds = MeasuredEffect.__annotations__
    return [
        MeasuredEffect(**{name: _value(text, kinds[name]) for name, text in row.items()})  # type: ignore[arg-type]
        for row in reader
    ]


def _value(text: str, kind: type) -> str | int | float:
    if kind is float:
        return float(text) if text else math.nan
    return int(text) if kind is int else text
