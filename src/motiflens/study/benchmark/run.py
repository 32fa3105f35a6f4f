"""The interactions benchmark, run and resumed: one record per condition in the store.

Runners, store and locks are those of the study. Networks are kept as they finish, so that the same call goes on where
it was stopped; any number of runs may share a folder.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from motiflens.basics.locks import Locks
from motiflens.basics.runners import Emit, JobError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.models.ensemble import Member
from motiflens.study.benchmark.conditions import GROUP, Condition, at_level, preset_conditions
from motiflens.study.benchmark.scores import score_tables
from motiflens.study.benchmark.trial import run_condition
from motiflens.study.grid.grid import check_shard
from motiflens.study.grid.run import check_same
from motiflens.study.machines import Machines
from motiflens.study.rounds import TrialStopped

_N_BEST = 2  # designs that are run on the other levels, too
_SELECTED_BY = "insertion"


@dataclass(frozen=True)
class Job:
    """What a worker is told."""

    condition: Condition
    folder: str  # of the study, absolute
    device: str
    deadline: float | None  # seconds since 1970, by the clock of the worker's machine


class News(NamedTuple):
    """An epoch of one network, or a finished condition."""

    key: str
    member: int
    n_epochs: int
    valid_metric: float
    record: Record | None


class InteractionStudy(NamedTuple):
    """What a run left behind."""

    records: list[Record]
    n_skipped: int  # conditions finished earlier
    n_left: int  # without a record yet
    damaged: list[Damaged]
    errors: list[JobError]


class Listener(Protocol):
    """Told of every epoch and record, with the number of conditions done and of all."""

    def __call__(self, news: News, n_done: int, n_all: int) -> None:
        """Take news."""


def plan(preset: str, records: dict[str, Record] | None = None, **changes: Any) -> list[Condition]:
    """Conditions of a preset; once all of them have a record, also what follows from these.

    Parameters
    ----------
    preset : str
        A name in `PRESETS`.
    records : dict of key to record
        What the folder holds.
    **changes
        As for `preset_conditions`.
    """
    conditions = preset_conditions(preset, **changes)
    if preset != "interactions" or any(one.key not in (records or {}) for one in conditions):
        return conditions
    return [*conditions, *follow_up(conditions, records or {})]


def follow_up(conditions: Sequence[Condition], records: dict[str, Record]) -> list[Condition]:
    """Levels 1 and 3 for the designs with attention that did best on level 2, and their controls.

    Best is the largest recall of insertion, then the test AUROC of the networks. (The area under precision-recall also
    ranks pairs that networks have not learned, by chance.) The choice costs no honesty: other levels have other data.
    """

    def merit(condition: Condition) -> tuple[float, float]:
        rows = [row for row in score_tables([records[condition.key]]) if row.method == _SELECTED_BY]
        return (rows[0].recall, rows[0].test_auroc) if rows else (-1.0, -1.0)

    candidates = [one for one in conditions if one.has_attention and records[one.key]["status"] == "ok"]
    best = sorted(candidates, key=merit, reverse=True)[:_N_BEST]
    designs = [one for design in best for one in (design, design.control())]
    return list(dict.fromkeys(at_level(design, level) for level in (3, 1) for design in designs))


def run_interaction_study(
    preset: str,
    folder: str | Path,
    *,
    runner: str = "local",
    address: str | None = None,
    n_workers: int | None = None,
    device: str = "auto",
    gpu_share: float = 1.0,
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    on_news: Listener = lambda news, n_done, n_all: None,
    **changes: Any,
) -> InteractionStudy:
    """Run what is missing of a benchmark and store a record per condition.

    Parameters
    ----------
    preset : str
        A name in `conditions.PRESETS`.
    folder : path
        Holds `records/`, `interactions.jsonl` and `weights/`.
    runner, address, n_workers, device, gpu_share
        As for `study.run_study`. A Ray node that does not see the folder keeps its weights to itself.
    part : (int, int)
        Do only every n-th condition, from the k-th on. Levels that follow from all others are done by the calls that
        begin when all others have their record.
    budget : float, optional
        Seconds after which nothing is begun, and training stops at the end of an epoch.
    on_news : callable
    **changes
        Fields of `Condition` to set in all of them.

    Returns
    -------
    InteractionStudy

    Raises
    ------
    ValueError
        If a name is unknown, there is no such part, or the folder holds records of another configuration.
    """
    machines = Machines(runner=runner, address=address, n_workers=n_workers, device=device, gpu_share=gpu_share)
    number, n_parts = part
    check_shard(number, n_parts)
    deadline = None if budget is None else time.time() + budget
    store = Store(Path(folder).resolve())
    store.folder.mkdir(parents=True, exist_ok=True)
    records, damaged = store.read()
    n_skipped = sum(one.key in records for one in plan(preset, records, **changes)[number - 1 :: n_parts])
    errors: list[JobError] = []
    while True:
        conditions = plan(preset, records, **changes)[number - 1 :: n_parts]
        to_do = missing(conditions, records)
        if not to_do or errors or (deadline is not None and time.time() >= deadline):
            break
        with Locks(store.folder / "checkpoints") as locks:
            jobs = _jobs(to_do, store, locks, device, deadline)
            hear = _hearing(store, locks, conditions, records, on_news)
            try:
                errors = machines.run(work, jobs, renew=lambda job: job, on_message=hear)
            finally:
                store.export()
        before, (records, _) = len(records), store.read()
        if len(records) == before:  # out of time, or another run is at what is left
            break
    conditions = plan(preset, records, **changes)[number - 1 :: n_parts]
    done = [records[one.key] for one in conditions if one.key in records]
    return InteractionStudy(done, n_skipped, len(conditions) - len(done), damaged, errors)


def missing(conditions: Iterable[Condition], records: dict[str, Record]) -> list[Condition]:
    """Conditions that have no record yet.

    Raises
    ------
    ValueError
        If a record of the same key was made under another configuration.
    """
    left = []
    for condition in conditions:
        if condition.key not in records:
            left.append(condition)
        else:
            check_same(condition.key, records[condition.key]["config"], condition.config())
    return left


def _jobs(
    conditions: Iterable[Condition], store: Store, locks: Locks, device: str, deadline: float | None
) -> Iterator[Job]:
    """Jobs, each made when it is asked for: none after the deadline, or that another run has taken or finished."""
    for condition in conditions:
        if deadline is not None and time.time() >= deadline:
            return
        if not locks.take(condition.key):
            continue
        if store.intact(condition.key) is not None:
            locks.release(condition.key)
            continue
        yield Job(condition, str(store.folder), device, deadline)


def _hearing(
    store: Store, locks: Locks, conditions: Sequence[Condition], records: dict[str, Record], on_news: Listener
) -> Any:
    done = {one.key for one in conditions if one.key in records}

    def hear(news: News) -> None:
        if news.record is not None:
            store.write(news.record)
            locks.release(news.key)
            done.add(news.key)
        on_news(news, len(done), len(conditions))

    return hear


def work(job: Job, emit: Emit) -> None:
    """Run a job, as a function for `run_local` or `run_ray`: it emits `News`."""
    condition = job.condition

    def is_late() -> bool:
        return job.deadline is not None and time.time() >= job.deadline

    def tell(member: Member) -> None:
        emit(News(condition.key, member.index, member.n_epochs, member.history["valid_metric"][-1], None))

    with suppress(TrialStopped):
        record = run_condition(condition, _networks_folder(job), on_epoch=tell, should_stop=is_late, device=job.device)
        emit(News(condition.key, -1, 0, float("nan"), record))


def _networks_folder(job: Job) -> Path:
    """Where a condition's networks live: in the study's folder, if this machine sees it."""
    top = Path(job.folder)
    if not top.is_dir():
        name = sha256(job.folder.encode()).hexdigest()[:12]
        top = Path(tempfile.gettempdir()) / f"motiflens-{name}"
    return top / "weights" / job.condition.key


def is_interaction_record(record: Record) -> bool:
    """Whether a record is one of this benchmark."""
    return str(record.get("key", "")).startswith(f"{GROUP}/")
