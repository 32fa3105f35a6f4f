"""The study: a grid of tasks, architectures, activations and initialisations, run, resumed and stored.

Every trained network leaves one record in the store. Running the same study again does what is missing. Any number of
runs may share a folder: each takes what no other is working on.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.basics.locks import Locks
from motiflens.basics.runners import JobError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.basics.tables import by_fields
from motiflens.study.driver import Driver, Listener, Started, check_same, left_to_do, read_and_repair
from motiflens.study.grid.grid import StudyConfig, plan_trials, shard
from motiflens.study.grid.jobs import checkpoint_folder, run_trial_job
from motiflens.study.grid.trial import Trial
from motiflens.study.machines import Machines
from motiflens.study.records import problem, variant_of
from motiflens.training.member import Checkpoints


@by_fields
class StudyResult(NamedTuple):
    """What a run left behind."""

    records: list[Record]
    n_skipped: int  # finished earlier
    damaged: list[Damaged]  # records that could not be read and were done again
    errors: list[JobError]  # trials that could not be finished
    n_left: int = 0  # networks that have no record yet
    n_elsewhere: int = 0  # of those, networks that another run on the same folder was training
    out_of_time: bool = False  # whether the budget ended the run


def unfinished_trials(trials: Sequence[Trial], records: dict[str, Record]) -> list[Trial]:
    """Trials, or parts of them, that have no record yet.

    Raises
    ------
    ValueError
        If a record of the same task was made under other conditions: protocol, data, seed or database.
    """
    left = left_to_do(trials, records)
    # All trials of a task share its conditions, so that one of each is compared.
    for trial in {trial.task: trial for trial in trials}.values():
        wanted = _conditions(trial.config())
        for key, record in records.items():
            if record["task"] == trial.task:
                check_same(key, _conditions(record.get("config") or {}), wanted)  # a failed record may lack it
    return left


def _conditions(config: dict[str, Any]) -> dict[str, Any]:
    """What all networks of a task must share for one table: everything but the network itself, and its variant."""
    shared = {name: part for name, part in config.items() if name != "model"}
    return {**shared, "model": {"variant": variant_of(config)}}


def run_study(
    config: StudyConfig,
    folder: str | Path,
    *,
    machines: Machines = Machines(),  # noqa: B008
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    save_weights: bool = True,
    on_news: Listener = lambda news: None,
) -> StudyResult:
    """Run what is missing of a study and store a record per network.

    Parameters
    ----------
    config : StudyConfig
    folder : path
        Holds `records/`, one JSONL file per task, `weights/`, and `checkpoints/` while running.
    machines : Machines
        Where it runs, and with how many processes.
    part : (int, int)
        Do only part k of n, (1, 1) being the whole; see `grid.shard`.
    budget : float, optional
        Seconds after which no trial is begun, and those under way stop at the end of their epoch.
    save_weights : bool
        Whether to keep the trained networks.
    on_news : callable
        Told what is to be done (`Started`), then of every epoch and record (`News`).

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
    store = Store(Path(folder).resolve())
    store.folder.mkdir(parents=True, exist_ok=True)
    records, damaged = read_records(store)
    trials = shard(plan_trials(config), *part)
    to_do = unfinished_trials(trials, records)
    n_skipped = _n_networks(trials) - _n_networks(to_do)
    on_news(Started(to_do, n_skipped, damaged))
    driver = Driver(
        store, problem, run_trial_job,
        machines=machines, deadline=deadline, save_weights=save_weights, on_news=on_news,
    )  # fmt: skip
    errors = driver.do(to_do, tidy=lambda locks: _remove_checkpoints(store, locks, trials))
    records, _ = read_records(store)
    left = unfinished_trials(trials, records)
    keys = sorted(key for trial in trials for key in trial.keys)
    return StudyResult(
        [records[key] for key in keys if key in records],
        n_skipped,
        damaged,
        errors,
        n_left=_n_networks(left),
        n_elsewhere=len(driver.elsewhere - records.keys()),
        out_of_time=bool(left) and driver.is_late,
    )


def read_records(store: Store) -> tuple[dict[str, Record], list[Damaged]]:
    """Read and repair the records of a grid: see `driver.read_and_repair`."""
    return read_and_repair(store, problem)


def _n_networks(trials: Iterable[Trial]) -> int:
    return sum(len(trial.members) for trial in trials)


def _remove_checkpoints(store: Store, locks: Locks, trials: Iterable[Trial]) -> None:
    """Remove checkpoints of networks that have their record, as killed processes leave them."""
    records, _ = read_records(store)
    for trial in trials:
        if not (checkpoints := checkpoint_folder(store.folder, trial)).is_dir():
            continue
        for member in trial.members:
            key = trial.key(member)
            if key in records and locks.take(key):
                Checkpoints(checkpoints, "").remove(member)
                locks.release(key)
