"""Which networks of a configuration count: all, or the best by one of two rules."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from motiflens.basics.errors import InputError
from motiflens.basics.store import Record
from motiflens.basics.tables import by_fields
from motiflens.study.published_tables import published_results
from motiflens.study.records import PAPER_ACTIVATIONS, validation_metric, variant_of

#: How members are chosen: by validation metric, as published (by test metric, though it leaks), or all.
SELECTIONS = ("valid", "published", "all")

Key = tuple[str, str]  # architecture, activation

_FAILED_BELOW = 0.9  # of the configuration's best validation metric


@by_fields
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


def choose_members(trials: list[Record], task: int, select: str) -> Members:
    """Sort the records of one configuration into those that count and others: see `TaskResults.configurations`."""
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


def _test_metric(record: Record) -> float:
    """Test metric by which the published tables chose; -inf for an undefined one, so that it ranks last."""
    value = record["metrics"].get("test_aupr" if record["task"] == 1 else "test_auroc")
    return -math.inf if value is None else float(value)


def architecture_order(architecture: str) -> tuple[int, str]:
    """Key that sorts architectures as the published tables do, unknown ones after them by name."""
    known = [*dict.fromkeys(name for name, _ in published_results(1))]
    return known.index(architecture) if architecture in known else len(known), architecture


def published_order(key: Key) -> tuple[int, str, int, str]:
    """Key that sorts configurations as the published tables do."""
    architecture, activation = key
    rank = PAPER_ACTIVATIONS.index(activation) if activation in PAPER_ACTIVATIONS else len(PAPER_ACTIVATIONS)
    return *architecture_order(architecture), rank, activation
