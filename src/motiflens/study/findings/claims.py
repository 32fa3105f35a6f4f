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
from motiflens.study.findings.statements import STATEMENTS, Statement
from motiflens.study.published_tables import published_results
from motiflens.study.records import TASK_METRICS
from motiflens.study.results import Results

_NOTHING = Interval(math.nan, math.nan, math.nan)


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
