"""What the spread of a study's results is due to: stage 1, activation, attention module, initialisation, data."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.distributions import f_quantile
from motiflens.basics.stats import LEVEL, Interval, noncentrality_interval
from motiflens.basics.store import Record
from motiflens.study.records import PAPER_ACTIVATIONS, TASK_METRICS
from motiflens.study.results import Results, TaskResults
from motiflens.study.selection import check_one_setting

STAGES = ("C24", "C4C6", "C4")
MODULES = ("LSTM-Att", "LSTM-Trans1", "LSTM-Trans2", "LSTM-Trans4")


class BalancedBlock(NamedTuple):
    """A balanced part of the grid: every stage 1 has all second stages, with both activations."""

    name: str
    stages: tuple[str, ...]
    modules: tuple[str, ...]  # "" is none
    suffix: str  # of the names of its groups

    @property
    def n_configurations(self) -> int:
        """Of both activations."""
        return 2 * len(self.stages) * len(self.modules)

    def architecture(self, stage: str, module: str) -> str:
        """Name of one of its architectures."""
        return f"{stage}-{module}" if module else stage


#: The two largest balanced blocks. The first has all three stages 1, but no network without BiLSTM and attention.
BLOCKS = (
    BalancedBlock("all stages 1, second stages with BiLSTM and attention", STAGES, MODULES, ""),
    BalancedBlock("C24 and C4C6, all six second stages", ("C24", "C4C6"), ("", "Att", *MODULES), ", C24 and C4C6"),
)

#: What the variance within the block is divided into. The shares of the first six add up to 1; each of the last two
#: joins several of them.
SOURCES = (
    "stage 1",
    "activation",
    "stage 1 x activation",
    "attention module",
    "other interactions",
    "initialisation",
    "stage 1 and activation together",
    "attention module and interactions",
)


class VarianceShare(NamedTuple):
    """Share of the variance of a metric that one source accounts for."""

    task: int
    metric: str
    source: str  # one of `SOURCES`
    share: float  # omega squared; slightly negative where there is nothing
    low: float  # 95 % interval
    high: float
    df: float
    n_networks: int
    n_configurations: int  # used, of the block's 24


class DrawShare(NamedTuple):
    """How much of the variance of a metric between networks of one configuration is due to the draw of the data."""

    task: int
    metric: str
    architecture: str  # "all" for all configurations together
    activation: str
    n_draws: int
    n_networks: int
    draw_variance: float  # an unbiased estimate: negative where there is nothing
    initialisation_variance: float
    share: float  # of the draw's variance in the sum of both
    low: float  # 95 % interval; NaN for "all", whose configurations share their draws
    high: float


def variance_shares(
    task: TaskResults, metric: str, *, select: str = "all", block: BalancedBlock = BLOCKS[0]
) -> list[VarianceShare]:
    """Omega squared of each source in a balanced block of stages 1 x activations x second stages.

    Analysis of variance of three crossed factors with networks as replicates (Hays 1963): the share of a source is
    (SS - df MS_within) / (SS_total + MS_within), that of initialisation what is left, so that they add up to 1.
    Where configurations have unequal numbers of networks, means count equally and the harmonic mean stands for the
    number (unweighted means, Winer 1971). Modules of which a configuration lacks networks are left out. Intervals
    come from the noncentral F distribution (Steiger 2004), the other sources held at their estimates.

    Parameters
    ----------
    task : TaskResults
    metric : str
        A name in `TASK_METRICS[task.number]`.
    select : {"valid", "published", "all"}
        As `TaskResults.configurations`.
    block : BalancedBlock
        One of `BLOCKS`: 3 stages x 2 activations x 4 attention modules, or 2 x 2 x all 6 second stages.

    Returns
    -------
    shares : list of VarianceShare
        One per source. NaN if fewer than two modules are complete, or no configuration has two networks that
        differ.

    Raises
    ------
    ValueError
        If the metric is unknown; and as `TaskResults.configurations`.
    """
    values = task.values(metric, select)
    cells = [
        [
            values.get((block.architecture(stage, module), a), np.empty(0))
            for stage in block.stages
            for a in PAPER_ACTIVATIONS
        ]
        for module in block.modules
    ]
    complete = [cell for cell in cells if all(group.size for group in cell)]  # one item per module
    present = [group for cell in complete for group in cell]
    within, df_within = _within(present)
    n_networks = sum(group.size for group in present)
    shares = dict.fromkeys(SOURCES, (math.nan,) * 4)
    if len(complete) > 1 and within > 0:
        means = np.array([[group.mean() for group in cell] for cell in complete]).T.reshape(len(block.stages), 2, -1)
        shares = _shares(means, _harmonic_mean(present), within, df_within)
    return [
        VarianceShare(task.number, metric, source, share, low, high, df, n_networks, len(present))
        for source, (share, low, high, df) in shares.items()
    ]


def _shares(means: np.ndarray, n: float, within: float, df_within: int) -> dict[str, tuple[float, float, float, float]]:
    """Share, bounds and df of each source; means of shape=(n_stages, 2, n_modules), each of n networks."""
    squares = _sums_of_squares(means)
    noncentrality = {source: n * ss / within - df for source, (ss, df) in squares.items()}
    n_total = n * means.size
    total = sum(noncentrality[source] for source in SOURCES[:5]) + n_total
    shares: dict[str, tuple[float, float, float, float]] = {}
    for source in SOURCES:
        if source == "initialisation":
            ss, df = (sum(squares[s][i] for s in SOURCES[:5]) for i in (0, 1))
            low, high = noncentrality_interval(n * ss / within / df, df, df_within)
            shares[source] = (n_total / total, n_total / (high + n_total), n_total / (low + n_total), df_within)
        else:
            ss, df = squares[source]
            rest = total - noncentrality[source]
            low, high = noncentrality_interval(n * ss / within / df, df, df_within)
            shares[source] = (noncentrality[source] / total, low / (low + rest), high / (high + rest), df)
    return shares


def _sums_of_squares(means: np.ndarray) -> dict[str, tuple[float, int]]:
    """Sum of squares, for one network per mean, and degrees of freedom of each source but initialisation."""
    grand = means.mean()
    stage, activation, module = (means.mean(axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
    both = means.mean(axis=2) - stage[:, None] - activation + grand  # n_stages, 2
    n_stages, _, n_modules = means.shape
    squares = {
        "stage 1": (2 * n_modules * ((stage - grand) ** 2).sum(), n_stages - 1),
        "activation": (n_stages * n_modules * ((activation - grand) ** 2).sum(), 1),
        "stage 1 x activation": (n_modules * (both**2).sum(), n_stages - 1),
        "attention module": (2 * n_stages * ((module - grand) ** 2).sum(), n_modules - 1),
    }
    design = [squares[source] for source in SOURCES[:3]]
    rest = ((means - grand) ** 2).sum() - sum(ss for ss, _ in squares.values())
    squares["other interactions"] = (max(float(rest), 0.0), (2 * n_stages - 1) * (n_modules - 1))
    modules = [squares[source] for source in SOURCES[3:5]]
    squares[SOURCES[6]] = (sum(ss for ss, _ in design), sum(df for _, df in design))
    squares[SOURCES[7]] = (sum(ss for ss, _ in modules), sum(df for _, df in modules))
    return {source: (float(ss), df) for source, (ss, df) in squares.items()}


def spread_of_means(groups: Sequence[np.ndarray]) -> Interval:
    """Standard deviation of the true means of groups, shape=(n,) each, less what chance adds to it; with interval.

    From one-way analysis of variance: MS_within x noncentrality / N (unweighted means, as in `variance_shares`).
    NaN for fewer than two groups or where no group has two values that differ.
    """
    within, df_within = _within(groups)
    if len(groups) < 2 or within == 0:
        return Interval(math.nan, math.nan, math.nan)
    n, df = _harmonic_mean(groups), len(groups) - 1
    ratio = n * float(np.var([group.mean() for group in groups], ddof=1)) / within
    noncentralities = (max((ratio - 1) * df, 0.0), *noncentrality_interval(ratio, df, df_within))
    return Interval(*(math.sqrt(within * value / (n * len(groups))) for value in noncentralities))


def data_draw_shares(draws: Sequence[TaskResults]) -> list[DrawShare]:
    """Variance between draws of the data beside that between initialisations, of each metric.

    One-way analysis of variance with the draw as a random factor: per configuration (MS_between - MS_within) / n0 is
    the draw's variance (Searle, Casella and McCulloch 1992), its interval from the ratio of mean squares, exact
    for equal numbers. Networks of one draw also share the order of its batches, which counts as part of the draw.

    Parameters
    ----------
    draws : sequence of TaskResults
        Of several runs of one task that differ in the seed of the data alone, e.g. C24 and C4C6 on three seeds.

    Returns
    -------
    shares : list of DrawShare
        Per metric: each configuration with two networks or more on two draws or more; then "all" of them, the ratio
        of summed variances. Members that diverged have no values.

    Raises
    ------
    ValueError
        If records differ in more than the seed of the data, or a key occurs twice with one seed.
    """
    task = draws[0].number if draws else 1
    records = [record for draw in draws for record in draw.records]
    check_one_setting(records, task, besides=("data.data_seed",))
    by_seed: dict[object, list[Record]] = {}
    for record in records:
        data = (record.get("config") or {}).get("data") or {}  # a network that diverged may have neither
        by_seed.setdefault(data.get("data_seed"), []).append(record)
    of_seeds = [Results(records).task(task) for records in by_seed.values()]
    shares = []
    for metric in TASK_METRICS[task]:
        found = []
        values = [of_seed.values(metric.name) for of_seed in of_seeds]
        for key in dict.fromkeys(key for of_draw in values for key in of_draw):
            groups = [of_draw[key] for of_draw in values if key in of_draw]
            if len(groups) > 1 and sum(group.size for group in groups) > len(groups):
                found.append(_draw_share(task, metric.name, key, groups))
        shares += [*found, _together(found)] if found else []
    return shares


def _draw_share(task: int, metric: str, key: tuple[str, str], groups: Sequence[np.ndarray]) -> DrawShare:
    within, df_within = _within(groups)
    n, df = sum(group.size for group in groups), len(groups) - 1
    mean = np.concatenate(groups).mean()
    between = float(sum(group.size * (group.mean() - mean) ** 2 for group in groups)) / df
    n0 = (n - sum(group.size**2 for group in groups) / n) / df
    share = low = high = math.nan
    if within > 0:
        quantiles = [f_quantile((1 + side * LEVEL) / 2, df, df_within) for side in (1, -1)]
        ratios = [between / within / quantile for quantile in (1, *quantiles)]
        share, low, high = ((ratio - 1) / (ratio - 1 + n0) for ratio in ratios)
    return DrawShare(task, metric, *key, df + 1, n, (between - within) / n0, within, share, low, high)


def _together(shares: Sequence[DrawShare]) -> DrawShare:
    """Mean variances of several configurations; no interval, as they share their draws."""
    draw = float(np.mean([share.draw_variance for share in shares]))
    within = float(np.mean([share.initialisation_variance for share in shares]))
    return shares[0]._replace(
        architecture="all",
        activation="all",
        n_draws=max(share.n_draws for share in shares),
        n_networks=sum(share.n_networks for share in shares),
        draw_variance=draw,
        initialisation_variance=within,
        share=draw / (draw + within) if within > 0 else math.nan,
        low=math.nan,
        high=math.nan,
    )


def _within(groups: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean square within groups and its degrees of freedom; 0 of none."""
    df = sum(group.size - 1 for group in groups)
    # equal values have no variance, but rounding gives them one of some 1e-34
    squares = sum(group.size * group.var() for group in groups if group.size and np.ptp(group) > 0)
    return (float(squares / df), df) if df else (0.0, 0)


def _harmonic_mean(groups: Sequence[np.ndarray]) -> float:
    """Of the numbers of values."""
    return len(groups) / sum(1 / group.size for group in groups)
