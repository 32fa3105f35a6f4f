"""The study: a grid of tasks, architectures, activations and initialisations, run, resumed and stored.

Every trained network leaves one record in the store. Running the same study again does what is missing. Any number of
runs may share a folder: each takes what no other is working on.
"""

import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.basics.choices import difference
from motiflens.basics.errors import InputError
from motiflens.basics.files import write_bytes
from motiflens.basics.locks import Locks, remove_if_empty
from motiflens.basics.runners import JobError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.study.grid.grid import StudyConfig, plan, shard
from motiflens.study.grid.jobs import Ended, Finished, Job, Progress, checkpoint_folder, work
from motiflens.study.grid.trial import Trial
from motiflens.study.machines import Machines
from motiflens.study.records import problem, variant_of
from motiflens.training.member import Checkpoints

_STALE_S = 3600.0  # age at which a half-written file is nobody's any more


class StudyResult(NamedTuple):
    """What a run left behind."""

    records: list[Record]
    n_skipped: int  # finished earlier
    damaged: list[Damaged]  # records that could not be read and were done again
    errors: list[JobError]  # trials that could not be finished
    n_left: int = 0  # networks that have no record yet
    n_elsewhere: int = 0  # of those, networks that another run on the same folder was training
    out_of_time: bool = False  # whether the budget ended the run


def missing(trials: Iterable[Trial], records: dict[str, Record]) -> list[Trial]:
    """Trials, or parts of them, that have no record yet.

    Raises
    ------
    ValueError
        If a record of the same task was made under other conditions: protocol, data, seed or database.
    """
    left = []
    compared: set[int] = set()  # tasks: all trials of a task share its conditions, so one comparison does for them
    for trial in trials:
        wanted = trial.config()
        own = {trial.key(member) for member in trial.members}
        for key, record in records.items():
            found = record.get("config") or {}  # a failed record may lack it
            if key in own:
                check_same(key, found, wanted)
            elif record["task"] == trial.task and trial.task not in compared:
                check_same(key, _conditions(found), _conditions(wanted))
        compared.add(trial.task)
        members = tuple(m for m in trial.members if trial.key(m) not in records)
        if members:
            left.append(dataclasses.replace(trial, members=members))
    return left


def check_same(key: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise a ValueError that names what differs unless a stored configuration is the one wanted."""
    if different := difference(found, wanted):
        raise InputError(f"the folder holds {key} from another configuration ({different}): choose another folder")


def _conditions(config: dict[str, Any]) -> dict[str, Any]:
    """What all networks of a task must share for one table: everything but the network itself, and its variant."""
    shared = {name: part for name, part in config.items() if name != "model"}
    return {**shared, "model": {"variant": variant_of(config)}}


def run_study(
    config: StudyConfig,
    folder: str | Path,
    *,
    runner: str = "local",
    address: str | None = None,
    n_workers: int | None = None,
    device: str = "auto",
    gpu_share: float = 1.0,
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    save_weights: bool = True,
    on_start: Callable[[list[Trial], int, list[Damaged]], None] | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> StudyResult:
    """Run what is missing of a study and store a record per network.

    Parameters
    ----------
    config : StudyConfig
    folder : path
        Holds `records/`, one JSONL file per task, `weights/`, and `checkpoints/` while running.
    runner : str
        "local": processes on this machine. "ray": the nodes of a Ray cluster, which need not share the folder.
    address : str, optional
        Of the Ray cluster; see `run_ray`.
    n_workers : int, optional
        Local processes, one thread each; by default one per core, and a single one on a GPU. With Ray, trials at
        once; by default as many as the cluster has room for.
    device : str
        "auto", "cpu", "cuda", ...
    gpu_share : float
        Of a GPU, for each trial, where a Ray cluster has any.
    part : (int, int)
        Do only part k of n, (1, 1) being the whole; see `grid.shard`.
    budget : float, optional
        Seconds after which no trial is begun, and those under way stop at the end of their epoch.
    save_weights : bool
        Whether to keep the trained networks.
    on_start : callable, optional
        Told the trials to do, the number of networks done earlier, and damaged records.
    on_progress : callable
        Told of every epoch and record.

    Returns
    -------
    StudyResult
        With all records of this study, or of the part, that the folder now holds.

    Raises
    ------
    ValueError
        If the folder holds records of another configuration.
    """
    deadline = None if budget is None else time.time() + budget
    machines = Machines(runner=runner, address=address, n_workers=n_workers, device=device, gpu_share=gpu_share)
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder)
    records, damaged = read_records(store)
    trials = shard(plan(config), *part)
    to_do = missing(trials, records)
    n_skipped = _n_networks(trials) - _n_networks(to_do)
    if on_start is not None:
        on_start(to_do, n_skipped, damaged)
    with Locks(folder / "checkpoints") as locks:
        desk = _Desk(store, locks, on_progress)
        jobs = desk.jobs(to_do, str(folder), device, save_weights, deadline, sends=runner == "ray")
        try:
            errors = machines.run(work, jobs, renew=desk.rest, on_message=desk.hear)
        finally:
            store.export()
        records, _ = read_records(store)
        _tidy(store, locks, trials, records)
    left = missing(trials, records)
    keys = sorted(trial.key(member) for trial in trials for member in trial.members)
    return StudyResult(
        [records[key] for key in keys if key in records],
        n_skipped,
        damaged,
        errors,
        n_left=_n_networks(left),
        n_elsewhere=len(desk.elsewhere - records.keys()),
        out_of_time=bool(left) and deadline is not None and time.time() >= deadline,
    )


class _Desk:
    """Hands out jobs to workers and takes in what they send: the driver's side of a run."""

    def __init__(self, store: Store, locks: Locks, on_progress: Callable[[Progress], None]) -> None:
        self.store, self.locks, self.on_progress = store, locks, on_progress
        self.elsewhere: set[str] = set()  # keys of networks that another run had taken
        self.disk_failed = False

    def jobs(
        self,
        trials: Iterable[Trial],
        folder: str,
        device: str,
        save_weights: bool,
        deadline: float | None,
        *,
        sends: bool,
    ) -> Iterator[Job]:
        """Jobs, each made when it is asked for: what then is still to do, and nothing after the deadline."""
        for trial in trials:
            if self.disk_failed or (deadline is not None and time.time() >= deadline):
                return
            members = tuple(member for member in trial.members if self._take(trial, member))
            if members:
                yield Job(dataclasses.replace(trial, members=members), folder, device, save_weights, deadline, sends)

    def _take(self, trial: Trial, member: int) -> bool:
        key = trial.key(member)
        if not self.locks.take(key):
            self.elsewhere.add(key)
            return False
        record = self.store.intact(key)
        if record is None or problem(record):
            return True
        self.locks.release(key)  # another run has finished it meanwhile
        check_same(key, record["config"], trial.config())
        return False

    def hear(self, message: Progress | Finished | Ended) -> None:
        """Take what a worker emitted."""
        if isinstance(message, Progress):
            self.on_progress(message)
        elif isinstance(message, Finished):
            self._store(*message)
        else:
            self.disk_failed |= message.disk_failed
            for member in message.trial.members:
                self.locks.release(message.trial.key(member))

    def _store(self, record: Record, weights: dict[str, bytes]) -> None:
        folder = self.store.folder / "weights" / record["key"]
        for name, content in weights.items():
            folder.mkdir(parents=True, exist_ok=True)
            write_bytes(content, folder / name)
        self.store.write(record)
        self.on_progress(Progress(record["key"], record["n_epochs"], float("nan"), record["status"]))

    def rest(self, job: Job) -> Job | None:
        """What is left to do of a job that was lost."""
        trial = job.trial
        members = tuple(member for member in trial.members if self.store.intact(trial.key(member)) is None)
        return dataclasses.replace(job, trial=dataclasses.replace(trial, members=members)) if members else None


def read_records(store: Store) -> tuple[dict[str, Record], list[Damaged]]:
    """Read a study's records; those that lack what reports need are damaged too.

    A damaged single file whose record stands intact in the exported JSONL is written anew from there.
    """
    records, damaged = store.read()
    for key, record in list(records.items()):
        if reason := problem(record):
            damaged.append(Damaged(key, reason, key))
            del records[key]
    for place in damaged:
        if place.key in records:
            store.write(records[place.key])
    return records, damaged


def _n_networks(trials: Iterable[Trial]) -> int:
    return sum(len(trial.members) for trial in trials)


def _tidy(store: Store, locks: Locks, trials: Iterable[Trial], records: dict[str, Record]) -> None:
    """Remove what killed processes left: checkpoints of networks that have their record, and half-written files."""
    for trial in trials:
        if not (checkpoints := checkpoint_folder(store.folder, trial)).is_dir():
            continue
        for member in trial.members:
            key = trial.key(member)
            if key in records and locks.take(key):
                Checkpoints(checkpoints, "").remove(member)
                locks.release(key)
    for top in (locks.folder, store.folder / "records"):
        for path, _, names in os.walk(top, topdown=False):
            for name in names:
                _remove_if_stale(Path(path) / name)
            remove_if_empty(Path(path), top)


def _remove_if_stale(path: Path) -> None:
    with suppress(FileNotFoundError):  # another run does the same
        if path.suffix == ".tmp" and time.time() - path.stat().st_mtime > _STALE_S:
            path.unlink()
