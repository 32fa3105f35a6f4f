"""The records of a study, checked once and grouped once, as everything that reads them takes them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from motiflens.basics.choices import check_choice
from motiflens.basics.errors import InputError, MissingFileError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.basics.tables import Table, Tabular, as_dataframe, by_fields, columns_of
from motiflens.study.records import (
    N_FILTERS,
    TASK_METRICS,
    find_metric,
    metric_value,
    n_filters,
    problem,
    validation_metric,
)
from motiflens.study.selection import SELECTIONS, Key, Members, check_one_setting, choose_members, published_order

if TYPE_CHECKING:
    import pandas


class Results(Tabular):
    """All records of a study. They are checked when it is made, and never changed.

    Parameters
    ----------
    records : iterable of record
        Of both tasks or one; the grid may be done in part.

    Raises
    ------
    ValueError
        If a record lacks what reports need, or a key occurs twice.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records = tuple(records)
        seen: set[str] = set()
        for record in self._records:
            if reason := problem(record):
                raise InputError(f"expected records of trained networks, got {record.get('key')!r}: {reason}")
            if record["key"] in seen:
                raise InputError(f"expected one record per key, got {record['key']} twice; drop one of them")
            seen.add(record["key"])

    @property
    def records(self) -> tuple[Record, ...]:
        """All of them, in the order in which they came."""
        return self._records

    def __len__(self) -> int:
        return len(self._records)

    def _table(self) -> Table:
        counts = ", ".join(f"task {n}: {len(self.task(n).records)}" for n in self.tasks)
        title = f"Results of {len(self)} networks{f' ({counts})' if counts else ''}"
        names = ("task", "architecture", "activation", "networks")
        groups = Counter((one["task"], one["architecture"], one["activation"]) for one in self._records)
        rows = [dict(zip(names, (*group, n), strict=True)) for group, n in groups.items()]
        return Table(title, columns_of(rows, names))

    def to_dataframe(self) -> "pandas.DataFrame":
        """A row per network: every single value of its record.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        plain = [{k: v for k, v in one.items() if not isinstance(v, dict | list)} for one in self._records]
        return as_dataframe(Table("records", columns_of(plain, ("key",))))

    @property
    def tasks(self) -> list[int]:
        """Numbers of the tasks that have records."""
        return [number for number, task in self._tasks.items() if task.records]

    def task(self, number: int) -> "TaskResults":
        """The results of one task.

        Raises
        ------
        ValueError
            If there is no such task.
        """
        check_choice("task", number, tuple(TASK_METRICS))
        return self._tasks[number]

    @cached_property
    def of_paper_size(self) -> "Results":
        """Networks with as many first-layer filters as the paper's: the only ones that its tables speak of."""
        own = [record for record in self._records if n_filters(record) == N_FILTERS[record["task"]]]
        return self if len(own) == len(self) else Results(own)

    @cached_property
    def _tasks(self) -> dict[int, "TaskResults"]:
        return {
            number: TaskResults(number, [record for record in self._records if record["task"] == number])
            for number in TASK_METRICS
        }


class TaskResults:
    """The records of one task, by configuration; made by `Results.task`, which has checked them."""

    def __init__(self, number: int, records: Iterable[Record]) -> None:
        self.number = number
        self.records = tuple(records)
        self._chosen: dict[str, dict[Key, Members]] = {}
        self._values: dict[tuple[str, str], dict[Key, np.ndarray]] = {}

    def configurations(self, select: str = "all") -> Mapping[Key, Members]:
        """Networks by architecture and activation, sorted into those that count and others.

        Of n networks that did not diverge, the best ceil(0.3 n) count on task 1 and the best ceil(n / 2) on task 2
        (3 and 5 of 10, as in the study's released code). This holds for records of either protocol, although the
        text, which PAPER follows, keeps the top 3 of 10 on both tasks (and the caption of its Figure 3 says 5).

        Parameters
        ----------
        select : {"valid", "published", "all"}
            Choose by the protocol's validation metric; by test AUPR (task 1) or test AUROC (task 2), as the
            published tables did, which lets the test set choose; or keep all.

        Returns
        -------
        members : mapping of (architecture, activation) to Members
            In the order of the published tables, unknown architectures after them by name.

        Raises
        ------
        ValueError
            If select is unknown, or records of different settings (protocol, data or seed) or numbers of filters
            are mixed.
        """
        check_choice("select", select, SELECTIONS)
        if select not in self._chosen:
            self._chosen[select] = {
                key: choose_members(trials, self.number, select) for key, trials in self._grouped.items()
            }
        return self._chosen[select]

    def values(self, metric: str, select: str = "all") -> Mapping[Key, np.ndarray]:
        """Values of a metric in the networks that count, shape=(n,) each; configurations without any are left out.

        Raises
        ------
        ValueError
            If the metric is unknown; and as `configurations`.
        """
        column = find_metric(self.number, metric)
        if (metric, select) not in self._values:
            found = {}
            for key, members in self.configurations(select).items():
                values = np.array([metric_value(record, column) for record in members.selected], dtype=np.float64)
                if (values := values[~np.isnan(values)]).size:
                    found[key] = values
            self._values[metric, select] = found
        return self._values[metric, select]

    def best(self) -> Mapping[Key, Record]:
        """Per architecture and activation, the trained network with the best validation metric."""
        return {
            key: max(members.trained, key=validation_metric)
            for key, members in self.configurations().items()
            if members.trained
        }

    @cached_property
    def by_n_filters(self) -> Mapping[int, "TaskResults"]:
        """The networks of each number of first-layer filters, in rising order."""
        found: dict[int, list[Record]] = {}
        for record in self.records:
            found.setdefault(n_filters(record), []).append(record)
        return {n: TaskResults(self.number, found[n]) for n in sorted(found)}

    @cached_property
    def _grouped(self) -> dict[Key, list[Record]]:
        """Records of each configuration by member, after a look at whether they may stand side by side."""
        grouped: dict[Key, list[Record]] = {}
        for record in self.records:
            grouped.setdefault((record["architecture"], record["activation"]), []).append(record)
        for (architecture, activation), group in grouped.items():
            if len(sizes := sorted({n_filters(record) for record in group})) > 1:
                raise InputError(
                    f"expected networks of one number of filters, got {' and '.join(map(str, sizes))} of "
                    f"{architecture} {activation}, task {self.number}; `motiflens.study.findings.filter_numbers` "
                    "compares them"
                )
        check_one_setting(self.records, self.number)
        return {key: sorted(grouped[key], key=lambda r: r["member"]) for key in sorted(grouped, key=published_order)}


@by_fields
class ResultsOfFolder(NamedTuple):
    """The results of a folder, and what of it could not be used."""

    results: Results
    damaged: list[Damaged]  # could not be read
    left_out: dict[str, str]  # key of a record to what it lacks


def read_results(folder: str | Path) -> ResultsOfFolder:
    """Read the results of a study from its folder, or from one of exported JSONL files.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no record that can be reported.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(f"there is no folder {folder}")
    records, damaged = Store(folder).read()
    found = {key: problem(record) for key, record in records.items()}
    left_out = {key: reason for key, reason in found.items() if reason}
    if len(left_out) == len(records):
        raise InputError(f"{folder} holds no records: expected *.jsonl or records/")
    return ResultsOfFolder(Results(records[key] for key in records if key not in left_out), damaged, left_out)


_N_PUBLISHED_INITIALISATIONS = 10


def default_selection(results: Results) -> str:
    """ "published" where every configuration has as many networks as each of the paper's, ten; else "valid"."""
    groups = [members for number in results.tasks for members in results.task(number).configurations().values()]
    whole = bool(groups) and all(len(members.trials) >= _N_PUBLISHED_INITIALISATIONS for members in groups)
    return "published" if whole else "valid"
