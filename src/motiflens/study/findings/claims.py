"""The claims of Ghotra et al. 2021, each put to the test with an effect size, an interval and a stated rule.

A statement says in which range a quantity lies. It is supported if the whole 95 % interval of every quantity that
decides lies in its range, not supported if that of one lies wholly outside, and undecided otherwise, as it is while
fewer than half of the configurations that a quantity speaks of have networks.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from motiflens.basics.stats import Interval, wilson_interval
from motiflens.basics.tables import by_fields
from motiflens.study.findings.measures import MEASURE_FUNCTIONS, Quantity, Sample
from motiflens.study.findings.variance import STAGES
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS
from motiflens.study.results import Results

_SMALL_POOLS = ("C4C6", "C4")
_NOTHING = Interval(math.nan, math.nan, math.nan)
_UP = (0.0, math.inf)
_DOWN = (-math.inf, 0.0)


class Statement(NamedTuple):
    """One statement that is true or false on its own."""

    number: str  # "1a" belongs to claim 1
    sentence: str
    measure: str  # a name in `MEASURE_FUNCTIONS`
    task: int
    ranges: dict[str, tuple[float, float] | None]  # of each metric, as the statement has it; None: it says nothing
    stages: tuple[str, ...] = STAGES


class ClaimEvidence(NamedTuple):
    """One row of claims.tsv: a quantity over all networks that trained, and over the selected ones beside."""

    claim: str
    measure: str
    task: int
    metric: str
    group: str
    role: str  # "decides", "part" or "beside": see `Quantity`
    estimate: float
    low: float  # 95 % interval; NaN if there are too few networks for one
    high: float
    n_networks: int
    n_failed: int
    n_configurations: int
    n_expected: int  # configurations of the whole grid
    verdict: str  # "" where the claim says nothing
    selected_estimate: float
    selected_low: float
    selected_high: float
    n_selected: int
    selected_verdict: str


@by_fields
class Finding(NamedTuple):
    """A statement with what was measured, and the verdict over all networks: "" if it says nothing."""

    statement: Statement
    evidence: list[ClaimEvidence]
    verdict: str


#: Titles of the claims.
TITLES = {
    1: "With small pools, the exponential activation turns first-layer filters into motifs",
    2: "How well networks classify does not tell them apart",
    3: "With small pools, the exponential activation makes saliency maps find the motifs",
    4: "The first stage and its activation decide how readable a network is, not the attention module",
    5: "Networks whose filters are motifs have better saliency maps",
}

#: What the paper claims. "A lot" is at least 0.1 in filter TPR, 0.05 in saliency AUROC and AUPR, 0.5 in SNR.
STATEMENTS = (
    Statement(
        "1a",
        "With small pools (C4C6, C4), far more filters are motifs with the exponential activation than with ReLU.",
        "difference",
        1,
        {"filter_tpr": (0.1, math.inf)},
        _SMALL_POOLS,
    ),
    Statement(
        "1b",
        "With one wide pool (C24) it is the other way round: more filters are motifs with ReLU.",
        "difference",
        1,
        {"filter_tpr": _DOWN},
        ("C24",),
    ),
    Statement(
        "1c",
        "About as many filters match a wrong motif with either activation (FPR within 0.05).",
        "difference",
        1,
        {"filter_fpr": (-0.05, 0.05)},
    ),
    Statement(
        "1d",
        "Exponential filters learn the right motif or none at all: at most 0.05 of them match a wrong one.",
        "level",
        1,
        {"filter_fpr": (-math.inf, 0.05)},
    ),
    Statement(
        "1e",
        "The share of filters that match nothing: no claim of the paper, to be read beside 1c and 1d.",
        "difference",
        1,
        {"filter_no_hit": None},
    ),
    Statement(
        "2a",
        "Without four encoder layers all networks classify alike: the SD of their AUPR is at most 0.02.",
        "spread",
        1,
        {"classification_aupr": (0.0, 0.02)},
    ),
    Statement(
        "2b",
        "With four encoder layers they classify worse, by at least 0.02 in AUPR.",
        "depth",
        1,
        {"classification_aupr": (-math.inf, -0.02)},
    ),
    Statement(
        "3a",
        "With small pools (C4C6, C4), saliency maps are far better with the exponential activation.",
        "difference",
        2,
        {
            "interpretability_auroc": (0.05, math.inf),
            "interpretability_aupr": (0.05, math.inf),
            "interpretability_snr": (0.5, math.inf),
        },
        _SMALL_POOLS,
    ),
    Statement(
        "3b",
        "With small pools, networks with the exponential activation also classify better.",
        "difference",
        2,
        {"classification_auroc": _UP},
        _SMALL_POOLS,
    ),
    Statement(
        "3c",
        "With one wide pool (C24), saliency maps are slightly better with the exponential activation.",
        "difference",
        2,
        {"interpretability_auroc": _UP, "interpretability_aupr": _UP, "interpretability_snr": _UP},
        ("C24",),
    ),
    Statement(
        "4a",
        "Stage 1, the activation and what they do together account for more of the variance between networks in "
        "filter TPR than the attention module with all its interactions.",
        "shares",
        1,
        {"filter_tpr": _UP},
    ),
    Statement(
        "4b",
        "The same holds for the saliency scores.",
        "shares",
        2,
        {"interpretability_auroc": _UP, "interpretability_aupr": _UP, "interpretability_snr": _UP},
    ),
    Statement(
        "5",
        "Among networks of one stage 1 and activation, those with more filters that are motifs have better saliency "
        "maps (rank correlation of at least 0.1).",
        "correlation",
        2,
        {
            "interpretability_auroc": (0.1, math.inf),
            "interpretability_aupr": (0.1, math.inf),
            "interpretability_snr": (0.1, math.inf),
        },
    ),
)


def assess_claims(
    results: Results, *, select: str = "valid", statements: Sequence[Statement] = STATEMENTS
) -> list[Finding]:
    """Put statements to the test, by default those of the paper.

    Parameters
    ----------
    results : Results
        The grid may be done in statement. Every quantity says on how many of how many
        configurations it was measured.
    select : {"valid", "published", "all"}
        The members that stand beside all, as `TaskResults.configurations`. Verdicts follow from all.
    statements : sequence of Statement
        Statements to test.

    Returns
    -------
    findings : list of Finding
        One per part, in their order.

    Raises
    ------
    ValueError
        If a part names an unknown metric; and as `TaskResults.configurations`.
    """
    findings = []
    for statement in statements:
        evidence = []
        measure = MEASURE_FUNCTIONS[statement.measure]
        for metric, limits in statement.ranges.items():
            samples = [Sample(results.task(statement.task), metric, select=chosen) for chosen in ("all", select)]
            measured, selected = (measure(sample, statement.stages) for sample in samples)
            evidence += _rows(statement.number, statement.measure, statement.task, metric, limits, measured, selected)
        findings.append(Finding(statement, evidence, overall(row.verdict for row in evidence if row.role == "decides")))
    return findings


def judge(interval: Interval, limits: tuple[float, float]) -> str:
    """Verdict on a quantity: its interval lies wholly inside the limits, wholly outside, or neither."""
    if limits[0] <= interval.low and interval.high <= limits[1]:
        return "supported"
    return "not supported" if interval.high < limits[0] or interval.low > limits[1] else "undecided"


def overall(verdicts: Iterable[str]) -> str:
    """Verdict on a statement from those on the quantities that decide."""
    return min(verdicts, key=("not supported", "undecided", "supported", "").index)


def failures(results: Results) -> list[ClaimEvidence]:
    """Share of initialisations that failed, per task and activation, with Wilson's interval.

    Failed: diverged, or best validation metric below 0.9 x the best of the configuration.
    """
    rows = []
    for task in TASK_METRICS:
        groups = results.task(task).configurations()
        for activation in dict.fromkeys(activation for _, activation in groups):
            chosen = [members for (_, a), members in groups.items() if a == activation]
            n, n_failed = sum(len(m.trials) for m in chosen), sum(m.n_failed for m in chosen)
            interval = wilson_interval(n_failed, n)
            n_grid = sum(a == activation for _, a in dict.fromkeys([*published_results(task), *groups]))
            measured = Quantity(activation, "beside", interval, n, n_failed, len(chosen), n_grid)
            rows += _rows("failed", "share", task, "failed", None, [measured])
    return rows


def _verdict(measured: Quantity, limits: tuple[float, float] | None) -> str:
    if limits is None:
        return ""
    # what holds for a few configurations need not hold for the grid
    return judge(measured.interval, limits) if 2 * measured.n_configurations >= measured.n_expected else "undecided"


def _rows(
    claim: str,
    measure: str,
    task: int,
    metric: str,
    limits: tuple[float, float] | None,
    measured: Iterable[Quantity],
    selected: Iterable[Quantity] = (),
) -> list[ClaimEvidence]:
    """What was measured on all networks, with the same group of the selected ones beside."""
    beside = {(one.group, one.role): one for one in selected}
    rows = []
    for one in measured:
        chosen = beside.get((one.group, one.role))
        interval = chosen.interval if chosen else _NOTHING
        judged = limits if one.role != "beside" else None
        rows.append(
            ClaimEvidence(
                claim=claim,
                measure=measure,
                task=task,
                metric=metric,
                group=one.group,
                role=one.role,
                estimate=one.interval.estimate,
                low=one.interval.low,
                high=one.interval.high,
                n_networks=one.n_networks,
                n_failed=one.n_failed,
                n_configurations=one.n_configurations,
                n_expected=one.n_expected,
                verdict=_verdict(one, judged),
                selected_estimate=interval.estimate,
                selected_low=interval.low,
                selected_high=interval.high,
                n_selected=chosen.n_networks if chosen else 0,
                selected_verdict=_verdict(chosen, judged) if chosen else "",
            )
        )
    return rows
