"""What a stored record of a trained network holds, and the published results beside.

A record is the plain dictionary that the study stores for one trained network; no network is needed here.
"""

import base64
import math
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.choices import check_choice
from motiflens.basics.errors import InputError
from motiflens.basics.store import Record

PAPER_ACTIVATIONS = ("relu", "exponential")

#: First-layer filters of the paper's networks by task, which records that say nothing of it have.
N_FILTERS = {1: 32, 2: 24}

#: What a filter can have matched: any true hit, only false ones, only ones that do not count, none.
OUTCOMES = ("true", "false", "not counted", "no hit", "dead")


class Metric(NamedTuple):
    """One measurement of a record: its column name, its label, and where the record keeps it."""

    name: str
    label: str
    block: str
    field: str
    published: str | None  # column of the published table, if it has one


#: The columns of each task. Those named `_listed` count by the paper's own list of accessions.
TASK_METRICS: dict[int, tuple[Metric, ...]] = {
    1: (
        Metric("classification_aupr", "Classification AUPR", "metrics", "test_aupr", "classification_aupr"),
        Metric("filter_tpr", "Filter TPR", "filters", "tpr", "filter_tpr"),
        Metric("filter_fpr", "Filter FPR", "filters", "fpr", "filter_fpr"),
        Metric("filter_no_hit", "Filters without a hit", "filters", "no_hit", None),
        Metric("filter_tpr_listed", "Filter TPR, paper's list", "filters", "published_tpr", "filter_tpr"),
        Metric("filter_fpr_listed", "Filter FPR, paper's list", "filters", "published_fpr", "filter_fpr"),
    ),
    2: (
        Metric("classification_auroc", "Classification AUROC", "metrics", "test_auroc", "classification_auroc"),
        Metric("interpretability_auroc", "Saliency AUROC", "attribution", "auroc", "interpretability_auroc"),
        Metric("interpretability_aupr", "Saliency AUPR", "attribution", "aupr", "interpretability_aupr"),
        Metric("interpretability_snr", "Saliency SNR", "attribution", "snr", "interpretability_snr"),
        Metric("filter_tpr", "Filter TPR", "filters", "tpr", None),
    ),
}


_LISTS_OF_FILTERS = ("best", "outcomes", "factors")  # one item per filter; the last two are missing in older records


def stage1(architecture: str) -> str:
    """First part of an architecture's name, up to the first hyphen: "C4" of "C4-LSTM-Att"."""
    return architecture.split("-", 1)[0]


def n_filters(record: Record) -> int:
    """First-layer filters of a record's network."""
    model = (record.get("config") or {}).get("model") or {}
    return int(model.get("n_filters", N_FILTERS[record["task"]]))


def variant_of(config: Mapping[str, Any]) -> str:
    """Which networks of the study these are: those of its text, or those of its code."""
    return str((config.get("model") or {}).get("variant", "text"))


def find_metric(task: int, name: str) -> Metric:
    """Metric of a task by name.

    Raises
    ------
    ValueError
        If there is no such task, or no metric of that name: close ones are listed.
    """
    check_choice("task", task, tuple(TASK_METRICS))
    check_choice("metric", name, [metric.name for metric in TASK_METRICS[task]])
    return next(metric for metric in TASK_METRICS[task] if metric.name == name)


def metric_value(record: Record, metric: Metric) -> float:
    """Value of a metric in a record, NaN where the record has none."""
    block = record.get(metric.block) or {}
    value = block.get(metric.field)
    return math.nan if value is None else float(value)


def problem(record: Record) -> str | None:
    """Why a record cannot be reported, in a few words; None if it can.

    A network that failed needs no more than its key, task, architecture, activation, member and status. One that
    trained needs its validation metric and its filters too, and the values that `TASK_METRICS` reads must be numbers or
    None (undefined).
    """
    for name in ("key", "architecture", "activation", "status"):
        if not isinstance(record.get(name), str) or not record[name]:
            return f"{name} must be a name, got {record.get(name)!r}"
    for name in ("task", "member"):
        if type(record.get(name)) is not int:  # True is an int, too
            return f"{name} must be a whole number, got {record.get(name)!r}"
    if record["task"] not in TASK_METRICS:
        return f"task must be one of {', '.join(map(str, TASK_METRICS))}, got {record['task']}"
    blocks: list[tuple[str, Mapping[str, Any]]] = [("config", record), ("versions", record), ("timings", record)]
    config = record.get("config")
    if isinstance(config, Mapping):
        blocks += [(name, config) for name in ("model", "protocol", "data", "audit")]
    for name, parent in blocks:
        if not isinstance(parent.get(name) or {}, Mapping):
            return f"{name} must be an object, got {parent[name]!r}"
    model = (config or {}).get("model") or {}
    if type(model.get("n_filters", 1)) is not int:
        return f"config.model.n_filters must be a whole number, got {model['n_filters']!r}"
    return _problem_of_trained(record) if record["status"] == "ok" else None


def _problem_of_trained(record: Record) -> str | None:
    for name in ("metrics", "filters", "attribution"):
        block = record.get(name)
        if name == "attribution" and block is None:
            continue  # saliency was not scored
        if not isinstance(block, Mapping):
            return f"{name} must be an object, got {block!r}"
        fields = [metric.field for metric in TASK_METRICS[record["task"]] if metric.block == name]
        for field in [*fields, _monitor(record)] if name == "metrics" else fields:
            if field not in block:
                return f"{name} lacks {field}"
            if isinstance(block[field], bool) or not isinstance(block[field], int | float | None):
                return f"{name}.{field} must be a number, got {block[field]!r}"
    if found := _problem_of_filters(record["filters"]):
        return found
    try:
        stored_pwms(record)
    except ValueError as error:
        return f"filters.pwms cannot be read: {error}"
    return None


def _problem_of_filters(block: Mapping[str, Any]) -> str | None:
    if not isinstance(block.get("pwms"), str):
        return "filters.pwms must be text"
    counts = block.get("counts")
    if not isinstance(counts, list) or any(type(count) is not int for count in counts):
        return "filters.counts must be a list of whole numbers"
    for name in _LISTS_OF_FILTERS:
        if name != "best" and name not in block:
            continue
        if not isinstance(block.get(name), list) or len(block[name]) != len(counts):
            return f"filters.{name} must be a list of {len(counts)}, one per filter"
    if not all(best is None or _is_match(best) for best in block["best"]):
        return "filters.best must hold lists of id, name, q and truth, or null"
    unknown = [outcome for outcome in block.get("outcomes", []) if outcome not in OUTCOMES]
    return f"filters.outcomes must be among {', '.join(OUTCOMES)}, got {unknown[0]!r}" if unknown else None


def _is_match(best: object) -> bool:
    if not isinstance(best, list) or len(best) != 4:
        return False
    return isinstance(best[0], str) and isinstance(best[1], str) and isinstance(best[2], int | float)


def validation_metric(record: Record) -> float:
    """Validation metric that the record's protocol watched; validation AUROC if it does not say.

    It is that of the weights which the metrics of the record belong to: of the best epoch, or of the last where the
    protocol does not restore the best. An undefined one (None) is -inf: such a network ranks last.

    Raises
    ------
    ValueError
        If the record holds no metric of that name.
    """
    name = _monitor(record)
    if name not in record["metrics"]:
        raise InputError(
            f"expected metric {name!r} in record {record['key']}, got {', '.join(sorted(record['metrics']))}"
        )
    value = record["metrics"][name]
    return -math.inf if value is None else float(value)


def stored_pwms(record: Record) -> np.ndarray:
    """First-layer filters of a record as matrices, shape=(F, 4, 20), columns summing to 1.

    They are stored as base64(zlib(uint8 of round(255 p))); the rounding is normalised away.

    Raises
    ------
    ValueError
        If the record has no filters, or their stored form is damaged.
    """
    block = record.get("filters")
    if not block:
        raise InputError(f"expected a record with filters, got {record['key']} ({record['status']})")
    n_filters = len(block["counts"])
    try:
        stored = np.frombuffer(zlib.decompress(base64.b64decode(block["pwms"])), dtype=np.uint8)
        pwms = stored.reshape(n_filters, 4, 20).astype(np.float64)
    except (zlib.error, ValueError) as error:
        raise InputError(f"filters of {record['key']} cannot be read ({error}); redo this trial") from error
    total = pwms.sum(axis=1, keepdims=True)
    return np.where(total > 0, pwms, 1.0) / np.where(total > 0, total, 4.0)


def _monitor(record: Record) -> str:
    """Name of the validation metric that the record's protocol watched."""
    protocol = (record.get("config") or {}).get("protocol") or {}
    field = "monitor_multi_label" if record["task"] == 1 else "monitor_single_label"
    return f"valid_{protocol.get(field, 'auroc')}"
