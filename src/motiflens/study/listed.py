"""The course of a study whose work is a plain list, one record for each piece: the experiments, the patients."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from motiflens.basics.runners import JobError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.basics.tables import by_fields
from motiflens.study.driver import AnyWork, Driver, Listener, RunWork, Started, left_to_do, read_and_repair
from motiflens.study.grid import check_shard
from motiflens.study.machines import Machines


@by_fields
class ListedRun(NamedTuple):
    """What a run left behind."""

    records: list[Record]  # of its part of the list
    n_left: int  # pieces without a record yet
    damaged: list[Damaged]
    errors: list[JobError]


def run_listed(
    works: Sequence[AnyWork],
    store: Store,
    problem: Callable[[Record], str | None],
    run: RunWork,
    *,
    machines: Machines,
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    on_news: Listener = lambda news: None,
    prepare: Callable[[dict[str, Record]], None] = lambda records: None,
) -> ListedRun:
    """Make the records of a list of work that are missing.

    Parameters
    ----------
    works : sequence of Work, each with one key
    store : Store
    problem, run
        As for :class:`motiflens.study.driver.Driver`.
    machines, part, budget, on_news
        As for `study.run_study`.
    prepare : callable
        Given the records that are there, by key, before any work begins; raises where these do not go with it.

    Returns
    -------
    ListedRun

    Raises
    ------
    InputError
        If there is no such part, or the folder holds records of another configuration.
    """
    number, n_parts = part
    check_shard(number, n_parts)
    deadline = None if budget is None else time.time() + budget
    store.folder.mkdir(parents=True, exist_ok=True)
    records, damaged = read_and_repair(store, problem)
    mine = works[number - 1 :: n_parts]
    to_do = left_to_do(mine, records)
    prepare(records)
    on_news(Started(to_do, len(mine) - len(to_do), damaged))
    errors = Driver(store, problem, run, machines=machines, deadline=deadline, on_news=on_news).do(to_do)
    records, _ = read_and_repair(store, problem)
    done = [records[key] for work in mine for key in work.keys if key in records]
    return ListedRun(done, len(mine) - len(done), damaged, errors)
