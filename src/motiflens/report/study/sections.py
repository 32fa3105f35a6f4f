"""What the page of a study shows, as plain values for its template: one function per section."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from motiflens.basics.plots import logo_svg
from motiflens.basics.store import Record
from motiflens.basics.words import look
from motiflens.report.galleries import VERDICTS, gallery_of_record, saliency_pair
from motiflens.study.findings import Effect, FilterNumber, SummaryRow, activation_effects
from motiflens.study.records import TASK_METRICS, find_metric, stage1, validation_metric
from motiflens.study.results import Results, TaskResults

_QUESTIONS = {1: "do first-layer filters learn motifs?", 2: "do saliency maps find the motifs?"}

_GALLERY_BYTES = 600_000  # of logos in one page


_STUDY_PROTOCOLS = {"PAPER", "REFERENCE"}  # of `protocol`, which needs PyTorch


def other_protocols(results: Results) -> str:
    """Names of the protocols that are not the study's; "" where there is none."""
    used = {((one.get("config") or {}).get("protocol") or {}).get("name") for one in results.records}
    return ", ".join(sorted(map(str, used - _STUDY_PROTOCOLS - {None})))


def effects_by_label(results: Results) -> list[tuple[str, Effect]]:
    """Label and effect of each metric that does not count by the paper's list, per stage 1."""
    return [
        (metric.label, effect)
        for task in results.tasks
        for metric in TASK_METRICS[task]
        if not metric.name.endswith("_listed")
        for effect in activation_effects(results.task(task), metric.name)
    ]


def filter_number_rows(rows: Sequence[FilterNumber]) -> list[tuple[str, FilterNumber]]:
    """Label and row of each metric that does not count by the paper's list."""
    return [(find_metric(row.task, row.metric).label, row) for row in rows if not row.metric.endswith("_listed")]


def selection_rule(task: int, select: str) -> str:
    """Which networks count, in words."""
    share = "0.3 n" if task == 1 else "n / 2"
    return {
        "valid": f"the best ⌈{share}⌉ of n that trained, by validation metric",
        "published": f"the best ⌈{share}⌉ of n that trained, by test metric, as published",
        "all": "all that trained",
    }[select]


def task_section(rows: Sequence[SummaryRow], picture: Markup, task: int, select: str) -> dict[str, Any]:
    """Table and figure of one task."""
    return {
        "number": task,
        "question": _QUESTIONS[task],
        "alt": f"ReLU against exponential on task {task}, the numbers of the table below",
        "rule": selection_rule(task, select),
        "metrics": TASK_METRICS[task],
        "rows": rows,
        "figure": picture,
    }


def galleries(results: Results) -> tuple[list[dict[str, Any]], list[str]]:
    """Filter galleries of the best networks, one entry per architecture, until the page is full."""
    galleries: list[dict[str, Any]] = []
    left_out = []
    n_bytes = 0
    for task in results.tasks:
        networks = {key: record for key, record in results.task(task).best().items() if record.get("filters")}
        for architecture in dict.fromkeys(name for name, _ in networks):
            chosen = [_gallery(record) for (name, _), record in networks.items() if name == architecture]
            size = sum(len(tile["svg"]) + 200 for network in chosen for tile in network["tiles"])
            if n_bytes + size > _GALLERY_BYTES:
                left_out.append(f"task {task} {architecture}")
                continue
            n_bytes += size
            first = not galleries
            galleries.append({"task": task, "architecture": architecture, "networks": chosen, "open": first})
    return galleries, left_out


def _gallery(record: Record) -> dict[str, Any]:
    matches = gallery_of_record(record)
    counts = {verdict: sum(match.verdict == verdict for match in matches) for verdict in VERDICTS}
    return {
        "activation": record["activation"],
        "label": look(record["activation"])[0],
        "member": record["member"],
        "counts": ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count),
        "tiles": [
            {
                "svg": Markup(logo_svg(match.pwm, min_bits=0.06, defs=False)),
                "verdict": match.verdict,
                "name": match.factor if match.other_name else match.target_name,
                "best": match.other_name,
                "id": match.target_id,
                "q": f"{match.q_value:.0e}",
                "filter": match.filter,
            }
            for match in matches
        ],
    }


def saliency_pairs(task: TaskResults) -> dict[str, list[Record]]:
    """Per stage 1, the networks whose saliency logos are shown."""
    stages = dict.fromkeys(stage1(architecture) for architecture, _ in task.configurations())
    pairs = {stage: saliency_pair(task, stage) for stage in stages}
    return {stage: pair for stage, pair in pairs.items() if pair}


def undefined(results: Results) -> str:
    """How many test sequences saliency could not be scored on, in a sentence; empty if on all."""
    blocks = [record.get("attribution") or {} for record in results.records]
    found = [block["n_undefined"] for block in blocks if block.get("n_undefined")]
    if not found:
        return ""
    of = _plural(len(found), "network")
    return (
        f"Saliency could not be scored on {_span(found)} sequences of {of}, where the ground truth has no motif or "
        "no background; the means leave them out."
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def failed_networks(results: Results) -> list[tuple[str, str]]:
    """Key and reason of every failed network."""
    failures = []
    for task in results.tasks:
        for members in results.task(task).configurations().values():
            failures += [(record["key"], record.get("reason") or "no reason stored") for record in members.diverged]
            best = max(map(validation_metric, members.trained), default=math.nan)
            failures += [
                (
                    record["key"],
                    f"best validation metric {validation_metric(record):.3f}, below 0.9 × {best:.3f}",
                )
                for record in members.low
            ]
    return failures


def provenance(results: Results) -> list[tuple[str, str]]:
    """Facts about the run, per task where they may differ."""
    facts = []
    for task in results.tasks:
        mine = results.task(task).records
        facts += [
            (f"Task {task}: networks", str(len(mine))),
            (f"Task {task}: protocol", _distinct(record.get("protocol") for record in mine)),
            (
                f"Task {task}: data",
                _distinct(map(_data, mine)),
            ),
            (f"Task {task}: data seeds", _distinct(record.get("data_seed") for record in mine)),
            (f"Task {task}: network seed", _distinct(record.get("seed") for record in mine)),
            (f"Task {task}: initialisations", _span([record["member"] for record in mine])),
            (f"Task {task}: epochs", _span([r["n_epochs"] for r in mine if r.get("n_epochs") is not None])),
        ]
    hours = sum((record.get("timings") or {}).get("fit_s") or 0.0 for record in results.records) / 3600
    facts += [
        ("Versions", _distinct(_plain(record.get("versions") or {}) for record in results.records)),
        ("Device", _distinct(record.get("device") for record in results.records)),
        ("Training time, all networks", f"{hours:.2f} h"),
    ]
    return facts


def _data(record: Record) -> str:
    config = record.get("config") or {}
    return _plain({**(config.get("data") or {}), **(config.get("audit") or {})})


def _distinct(values: Iterable[object]) -> str:
    return "; ".join(dict.fromkeys(map(str, values)))


def _plain(mapping: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value if isinstance(value, str | int | float) else json.dumps(value)}"
        for key, value in mapping.items()
    )


def _span(values: Sequence[int]) -> str:
    if not values:
        return "–"
    return str(values[0]) if min(values) == max(values) else f"{min(values)} to {max(values)}"
