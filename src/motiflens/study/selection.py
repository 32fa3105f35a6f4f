"""The networks of a study by configuration, and which of them count: all, or the best by one of two rules."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.choices import check_choice
from motiflens.basics.errors import InputError
from motiflens.study.published_tables import published_results
from motiflens.study.records import (
    ACTIVATIONS,
    METRICS,
    Metric,
    Record,
    metric_value,
    n_filters,
    validation_metric,
    variant_of,
)

#: How members are chosen: by validation metric, as published (by test metric, though it leaks), or all.
SELECTIONS = ("valid", "published", "all")

_FAILED_BELOW = 0.9  # of the configuration's best validation metric


class Members(NamedTuple):
    """The records of one configuration, sorted by what became of them."""

    trials: list[Record]
    diverged: list[Record]
    low: list[Record]  # trained, but below 0.9 x the best validation metric of the configuration
    selected: list[Record]

    @property
    def trained(self) -> list[Record]:
        """Members that did not diverge, low ones included."""
        return [record for record in self.trials if record["status"] == "ok"]

    @property
    def n_failed(self) -> int:
        """Members that diverged or stayed low."""
        return len(self.diverged) + len(self.low)


#: Members by (architecture, activation).
Groups = Mapping[tuple[str, str], Members]


def configurations(records: Iterable[Record], task: int, *, select: str = "valid") -> dict[tuple[str, str], Members]:
    """Group the records of a task by architecture and activation, and choose the members that count.

    Of n members that did not diverge, the best ceil(0.3 n) count on task 1 and the best ceil(n / 2) on task 2
    (3 and 5 of 10, as in the study's released code). This holds for records of either protocol, although the text,
    which PAPER follows, keeps the top 3 of 10 on both tasks (and the caption of its Figure 3 says 5).

    Parameters
    ----------
    records : iterable of record
        Records of other tasks are left aside.
    task : int
        1 or 2.
    select : {"valid", "published", "all"}
        Choose by the protocol's validation metric; by test AUPR (task 1) or test AUROC (task 2), as the
        published tables did, which lets the test set choose; or keep all.

    Returns
    -------
    members : dict of (architecture, activation) to Members
        In the order of the published tables, unknown architectures after them by name.

    Raises
    ------
    ValueError
        If task or select is unknown, a key occurs twice, or records of different settings (protocol, data or
        seed) or numbers of filters are mixed.
    """
    check_choice("task", task, tuple(METRICS))
    check_choice("select", select, SELECTIONS)
    grouped: dict[tuple[str, str], list[Record]] = defaultdict(list)
    seen: set[str] = set()
    for record in records:
        if record["task"] != task:
            continue
        if record["key"] in seen:
            raise InputError(f"expected one record per key, got {record['key']} twice; drop one of them")
        seen.add(record["key"])
        grouped[record["architecture"], record["activation"]].append(record)
    for (architecture, activation), group in grouped.items():
        if len(sizes := sorted({n_filters(record) for record in group})) > 1:
            raise InputError(
                f"expected networks of one number of filters, got {' and '.join(map(str, sizes))} of {architecture} "
                f"{activation}, task {task}; `motiflens.study.findings.filter_numbers` compares them"
            )
    check_one_setting((record for group in grouped.values() for record in group), task)
    order = sorted(grouped, key=_published_order)
    return {key: _choose(sorted(grouped[key], key=lambda r: r["member"]), task, select) for key in order}


def best_networks(records: Iterable[Record], task: int) -> dict[tuple[str, str], Record]:
    """Per architecture and activation, the trained network with the best validation metric."""
    groups = configurations(records, task, select="all")
    return {key: max(members.trained, key=validation_metric) for key, members in groups.items() if members.trained}


def metric_values(groups: Groups, metric: Metric) -> dict[tuple[str, str], np.ndarray]:
    """Values of a metric in the selected members, shape=(n,) each; configurations without any are left out."""
    found = {}
    for key, members in groups.items():
        values = np.array([metric_value(record, metric) for record in members.selected], dtype=np.float64)
        found[key] = values[~np.isnan(values)]
    return {key: values for key, values in found.items() if values.size}


def check_one_setting(records: Iterable[Record], task: int, *, besides: Sequence[str] = ()) -> None:
    """Raise a ValueError that names what differs unless all records share protocol, data and seed.

    Names in `besides`, such as "data.data_seed", may differ.
    """
    settings = [_setting(record) for record in records]
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for setting in settings for name in setting if name not in besides):
        values = sorted({setting.get(name, "the default") for setting in settings})
        if len(values) > 1:
            found[name] = values
    if "protocol" in found:  # a name says it all
        found = {name: values for name, values in found.items() if not name.startswith("protocol.")}
    if found:
        listed = "; ".join(f"{name} {' and '.join(values)}" for name, values in found.items())
        raise InputError(f"expected records of one setting for task {task}, got {listed}; tabulate them one by one")


def _setting(record: Record) -> dict[str, str]:
    """What all records of a task must share, as text by name, e.g. "data.data_seed"."""
    config = record.get("config") or {}
    blocks = {block: config.get(block) or {} for block in ("protocol", "data", "audit")}
    fields = {f"{block}.{name}": value for block, items in blocks.items() for name, value in items.items()}
    named = {"protocol": record.get("protocol"), "seed": record.get("seed"), "variant": variant_of(config), **fields}
    return {name: str(value) for name, value in named.items()}


def _choose(trials: list[Record], task: int, select: str) -> Members:
    diverged = [record for record in trials if record["status"] != "ok"]
    trained = [record for record in trials if record["status"] == "ok"]
    best = max(map(validation_metric, trained), default=0.0)
    low = [record for record in trained if validation_metric(record) < _FAILED_BELOW * best]
    if select == "all":
        return Members(trials, diverged, low, trained)
    rank = validation_metric if select == "valid" else _test_metric
    ranked = sorted(trained, key=rank, reverse=True)
    n = len(trained)
    n_selected = -(-3 * n // 10) if task == 1 else -(-n // 2)  # whole numbers: 0.3 * n is not exact
    return Members(trials, diverged, low, ranked[:n_selected])


def _test_metric(record: Record) -> float:
    """Test metric by which the published tables chose; -inf for an undefined one, so that it ranks last."""
    value = record["metrics"].get("test_aupr" if record["task"] == 1 else "test_auroc")
    return -math.inf if value is None else float(value)


def architecture_order(architecture: str) -> tuple[int, str]:
    """Key that sorts architectures as the published tables do, unknown ones after them by name."""
    known = [*dict.fromkeys(name for name, _ in published_results(1))]
    return known.index(architecture) if architecture in known else len(known), architecture


def _published_order(key: tuple[str, str]) -> tuple[int, str, int, str]:
    architecture, activation = key
    rank = ACTIVATIONS.index(activation) if activation in ACTIVATIONS else len(ACTIVATIONS)
    return *architecture_order(architecture), rank, activation
