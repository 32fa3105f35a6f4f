"""The sections of a page on the claims and on the published tables, as plain values for its template."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from motiflens.basics.stats import Interval
from motiflens.basics.words import look, with_interval
from motiflens.basics.words import signed as signed_number
from motiflens.study.findings import (
    BLOCKS,
    TITLES,
    TOGETHER,
    Agreement,
    ClaimEvidence,
    DrawShare,
    Finding,
    PublishedComparison,
    SecondStageEffect,
)
from motiflens.study.records import TASK_METRICS, stage1
from motiflens.study.selection import SELECTIONS

_LABELS = {metric.name: metric.label for metrics in TASK_METRICS.values() for metric in metrics}
_LABELS["classification_aupr_shallow"] = "Classification AUPR, without 4 encoder layers"

_SIGNED = ("difference", "depth", "shares", "correlation")  # measures for which 0 is the point of reference

#: Figure below a claim, by its number: its name, its class, and what it shows for those who do not see it.
_FIGURES = {
    1: ("claims-differences", "f2", "Differences between the activations for each architecture with their intervals"),
    4: ("claims-variance", "narrow", "Shares of the variance by source, for each metric"),
    5: ("claims-correlation", "narrow", "Filter TPR against saliency AUROC for each network"),
}


def claims_section(
    findings: Sequence[Finding], failures: Sequence[ClaimEvidence], pictures: Mapping[str, Markup]
) -> dict[str, Any]:
    """Claims with their statements, verdicts and deciding numbers, and how many statements got which verdict."""
    claims = []
    for claim, title in TITLES.items():
        mine = [finding for finding in findings if finding.statement.number.startswith(str(claim))]
        name, width, alt = _FIGURES.get(claim, ("", "", ""))
        claims.append(
            {
                "number": claim,
                "title": title,
                "parts": [_part(finding) for finding in mine],
                "figure": pictures.get(name),
                "width": width,
                "alt": alt,
                "notes": _notes(claim, mine),
            }
        )
    verdicts = [finding.verdict for finding in findings if finding.verdict]
    counts = {verdict: verdicts.count(verdict) for verdict in ("supported", "not supported", "undecided")}
    coverage = {}
    for task in dict.fromkeys(row.task for row in failures):
        rows = [row for row in failures if row.task == task]
        coverage[task] = f"{sum(row.n_configurations for row in rows)} of {sum(row.n_expected for row in rows)}"
    return {"claims": claims, "n": len(verdicts), "counts": counts, "coverage": coverage}


def is_half_there(failures: Sequence[ClaimEvidence]) -> bool:
    """Whether at least half of the configurations that the claims are about have networks, on one of the tasks."""
    tasks = {row.task for row in failures}
    found = {task: [row for row in failures if row.task == task] for task in tasks}
    return any(2 * sum(r.n_configurations for r in rows) >= sum(r.n_expected for r in rows) for rows in found.values())


def _notes(claim: int, findings: Sequence[Finding]) -> list[str]:
    """What the deciding numbers would hide: the two blocks of claim 4, the correlation over all networks of claim 5."""
    if claim == 4:
        names = "; ".join(f"{block.name} ({block.n_configurations} configurations)" for block in BLOCKS)
        return [
            f"Shares are taken in two balanced blocks: {names}. The second has networks without BiLSTM or attention, "
            "so that what the second stage changes counts for more there."
        ]
    if claim != 5:
        return []
    notes = []
    for row in (row for finding in findings for row in finding.evidence):
        if row.group == TOGETHER and not math.isnan(row.estimate):
            within = next(one for one in findings[0].evidence if (one.metric, one.role) == (row.metric, "decides"))
            notes.append(
                f"{_LABELS[row.metric]}: the rank correlation with filter TPR is {row.estimate:.2f} over all networks, "
                f"and {within.estimate:.2f} among networks of one stage 1 and activation. Over all networks it is that "
                "of the groups: stage 1 and activation change both measures."
            )
    return notes


def second_stage_tables(effects: Sequence[SecondStageEffect]) -> list[dict[str, Any]]:
    """A table per metric: exponential minus ReLU, a row per second stage, a column per stage 1, published beside."""
    tables = []
    for task, metric in dict.fromkeys((row.task, row.metric) for row in effects):
        own = {(row.stage1, row.second_stage): row for row in effects if (row.task, row.metric) == (task, metric)}
        stages = [*dict.fromkeys(stage for stage, _ in own)]
        rows = [
            {"second_stage": name, "cells": [_effect_cell(own.get((stage, name))) for stage in stages]}
            for name in dict.fromkeys(name for _, name in own)
        ]
        tables.append({"task": task, "label": _LABELS[metric], "stages": stages, "rows": rows})
    return tables


def _effect_cell(row: SecondStageEffect | None) -> dict[str, Any]:
    if row is None:
        return {"here": "–", "published": "–", "sign": 0}
    here = with_interval(Interval(row.difference, row.low, row.high), signed=True)
    return {"here": here, "published": signed_number(row.published_difference), "sign": row.sign}


def _part(finding: Finding) -> dict[str, Any]:
    rows = [row for row in finding.evidence if row.role == "decides"]
    return {
        "number": finding.statement.number,
        "sentence": finding.statement.sentence,
        "verdict": finding.verdict,
        "rows": [_row(row, finding.evidence) for row in rows],
    }


def _row(row: ClaimEvidence, evidence: Iterable[ClaimEvidence]) -> dict[str, Any]:
    parts = [other for other in evidence if other.role == "part" and other.metric == row.metric and other.verdict]
    if row.measure == "difference":
        parts = [other for other in parts if stage1(other.group) == row.group]
    agreeing = sum(other.verdict == "supported" for other in parts)
    return {
        "metric": _LABELS[row.metric],
        "group": _group_label(row),
        "all": interval_text(row.estimate, row.low, row.high, signed=row.measure in _SIGNED),
        "selected": interval_text(
            row.selected_estimate, row.selected_low, row.selected_high, signed=row.measure in _SIGNED
        ),
        "parts": f"{agreeing} of {len(parts)}" if parts else "",
        "configurations": f"{row.n_configurations} of {row.n_expected}",
        "n_networks": row.n_networks,
        "n_failed": row.n_failed,
        "verdict": row.verdict,
    }


def _group_label(row: ClaimEvidence) -> str:
    if row.measure != "shares":
        return row.group
    block = next(block for block in reversed(BLOCKS) if row.group.endswith(block.suffix))
    return f"difference of the shares: {block.name}"


def failure_rows(failures: Iterable[ClaimEvidence]) -> list[dict[str, Any]]:
    """Share of initialisations that failed, per task and activation."""
    return [
        {
            "task": row.task,
            "activation": look(row.group)[0],
            "failed": f"{row.n_failed} of {row.n_networks}",
            "share": f"{row.estimate:.1%}",
            "interval": f"{row.low:.1%} to {row.high:.1%}",
        }
        for row in failures
    ]


def draw_rows(shares: Iterable[DrawShare]) -> list[dict[str, Any]]:
    """SDs between data draws and between initialisations, and the draw's share, 0 where its estimate is below."""
    return [
        {
            "task": share.task,
            "metric": _LABELS[share.metric],
            "draw": math.sqrt(max(share.draw_variance, 0.0)),
            "initialisation": math.sqrt(share.initialisation_variance),
            "share": max(share.share, 0.0),
            "n_draws": share.n_draws,
            "n_networks": share.n_networks,
        }
        for share in shares
        if share.architecture == "all" and not share.metric.endswith("_listed")
    ]


def published_section(
    comparisons: Sequence[PublishedComparison],
    agreements: Iterable[Agreement],
    picture: Markup | None,
    select: str,
) -> dict[str, Any]:
    """Agreement of every metric for each way to choose networks, and the configurations that differ."""
    by_metric: dict[tuple[int, str], dict[str, Agreement]] = {}
    for row in agreements:
        by_metric.setdefault((row.task, row.metric), {})[row.selection] = row
    differing = [row for row in comparisons if row.differs and row.selection == select]
    tested = [row for row in comparisons if not math.isnan(row.p_value) and row.selection == select]
    return {
        "selections": (select, *(name for name in SELECTIONS if name != select)),
        "rows": [
            {"task": task, "label": _LABELS[metric], "agreements": rows, "any": rows[select]}
            for (task, metric), rows in by_metric.items()
        ],
        "differing": [{"label": _LABELS[row.metric], "row": row} for row in differing],
        "n_tested": len(tested),
        "figure": picture,
    }


def interval_text(estimate: float, low: float, high: float, *, signed: bool) -> str:
    """An estimate with its interval; a dash without one."""
    return "–" if math.isnan(estimate) else with_interval(Interval(estimate, low, high), signed=signed)
