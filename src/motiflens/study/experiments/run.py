"""The experiments, run and resumed: one record per network in the store.

Runners, store and locks are those of the study; any number of runs may share a folder.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from motiflens.basics.locks import Locks
from motiflens.basics.runners import Emit, JobError
from motiflens.basics.store import Record, Store
from motiflens.models.ensemble import Member
from motiflens.study.driver import check_same
from motiflens.study.experiments.ensembles import ensemble_records
from motiflens.study.experiments.networks import EXPERIMENTS, ExperimentNetwork, planned_networks
from motiflens.study.experiments.trial import BASELINES_KEY, baselines_record, read_experiment, run_experiment
from motiflens.study.grid.grid import check_shard
from motiflens.study.machines import Machines
from motiflens.study.rounds import TrialStopped


@dataclass(frozen=True)
class ExperimentJob:
    """What a worker is told."""

    network: ExperimentNetwork
    data: str  # HDF5 file, absolute
    folder: str  # of the study, absolute
    device: str
    deadline: float | None  # seconds since 1970


class ExperimentNews(NamedTuple):
    """An epoch of one network, or its record."""

    key: str
    n_epochs: int
    valid_metric: float
    record: Record | None


class ExperimentRun(NamedTuple):
    """What a run left behind."""

    records: list[Record]  # of networks
    n_left: int
    errors: list[JobError]


class ExperimentListener(Protocol):
    """Told of every epoch and record, with the number of networks done and of all."""

    def __call__(self, news: ExperimentNews, n_done: int, n_all: int) -> None:
        """Take news."""


def run_experiments(
    data: str | Path,
    folder: str | Path,
    *,
    machines: Machines = Machines(),  # noqa: B008
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    on_news: ExperimentListener = lambda news, n_done, n_all: None,
    **changes: Any,
) -> ExperimentRun:
    """Train and measure what is missing, then the ensembles of what is there.

    Parameters
    ----------
    data : path
        HDF5 file that ``motiflens data crx`` wrote, its tables beside it.
    folder : path
        Holds `records/` and `crx.jsonl`.
    machines, part, budget
        As for `study.run_study`.
    on_news : callable
    **changes
        As for `planned_networks`.

    Returns
    -------
    ExperimentRun

    Raises
    ------
    FileNotFoundError, ValueError
        If the data are missing, or the folder holds records of another configuration.
    """
    number, n_parts = part
    check_shard(number, n_parts)
    deadline = None if budget is None else time.time() + budget
    path, store = Path(data).resolve(), Store(Path(folder).resolve())
    everything = read_experiment(path)  # before any work: a wrong file shows at once
    store.folder.mkdir(parents=True, exist_ok=True)
    records = store.read()[0]
    networks = planned_networks(**changes)[number - 1 :: n_parts]
    to_do = left_to_train(networks, records)
    if BASELINES_KEY not in records:
        store.write(baselines_record(everything))
    errors: list[JobError] = []
    try:
        with Locks(store.folder / "checkpoints") as locks:
            jobs = _jobs(to_do, store, locks, path, machines.device, deadline)
            hear = _hearing(store, locks, networks, records, on_news)
            errors = machines.run(train_and_measure, jobs, renew=lambda job: job, on_message=hear)
    finally:
        store.export()
    for record in ensemble_records(list(store.read()[0].values()), everything.test):
        store.write(record)
    store.export()
    records = store.read()[0]
    done = [records[one.key] for one in networks if one.key in records]
    return ExperimentRun(done, len(networks) - len(done), errors)


def left_to_train(networks: Sequence[ExperimentNetwork], records: dict[str, Record]) -> list[ExperimentNetwork]:
    """Networks that have no record yet.

    Raises
    ------
    ValueError
        If a record of the same key was made under another configuration.
    """
    left = []
    for one in networks:
        if one.key not in records:
            left.append(one)
        else:
            check_same(one.key, records[one.key]["config"], one.config())
    return left


def _jobs(
    networks: Sequence[ExperimentNetwork], store: Store, locks: Locks, data: Path, device: str, deadline: float | None
) -> Iterator[ExperimentJob]:
    """Jobs, each made when it is asked for: none after the deadline, or that another run has taken or finished."""
    for one in networks:
        if deadline is not None and time.time() >= deadline:
            return
        if not locks.take(one.key):
            continue
        if store.intact(one.key) is not None:
            locks.release(one.key)
            continue
        yield ExperimentJob(one, str(data), str(store.folder), device, deadline)


def _hearing(
    store: Store,
    locks: Locks,
    networks: Sequence[ExperimentNetwork],
    records: dict[str, Record],
    on_news: ExperimentListener,
) -> Any:
    done = {one.key for one in networks if one.key in records}

    def hear(news: ExperimentNews) -> None:
        if news.record is not None:
            store.write(news.record)
            locks.release(news.key)
            done.add(news.key)
        on_news(news, len(done), len(networks))

    return hear


def train_and_measure(job: ExperimentJob, emit: Emit) -> None:
    """Run a job, as a function for `run_local` or `run_ray`: it emits `ExperimentNews`."""
    one = job.network

    def tell(member: Member) -> None:
        emit(ExperimentNews(one.key, member.n_epochs, member.history["valid_metric"][-1], None))
        if job.deadline is not None and time.time() >= job.deadline:
            raise TrialStopped

    checkpoints = Path(job.folder) / "checkpoints" / "states" / one.key if Path(job.folder).is_dir() else None
    with suppress(TrialStopped):
        data = read_experiment(job.data)
        record = run_experiment(one, data, checkpoints=checkpoints, on_epoch=tell, device=job.device)
        emit(ExperimentNews(one.key, 0, float("nan"), record))


def is_experiment_record(record: Record) -> bool:
    """Whether a record is one of the experiments."""
    return str(record.get("key", "")).startswith(f"{EXPERIMENTS}/")
