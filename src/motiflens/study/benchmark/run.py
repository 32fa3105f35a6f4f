"""The interactions benchmark, run and resumed: one record per condition in the store.

Runners, store and locks are those of the study. Networks are kept as they finish, so that the same call goes on where
it was stopped; any number of runs may share a folder.
"""

import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.basics.runners import Emit, JobError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.basics.tables import by_fields
from motiflens.study.benchmark.conditions import Condition, at_level, preset_conditions
from motiflens.study.benchmark.records import interaction_problem
from motiflens.study.benchmark.scores import score_tables
from motiflens.study.benchmark.trial import run_condition
from motiflens.study.driver import Driver, Finished, Job, Listener, Started, left_to_do, read_and_repair
from motiflens.study.grid import check_shard
from motiflens.study.machines import Machines

_N_BEST = 2  # designs that are run on the other levels, too
_SELECTED_BY = "insertion"


@by_fields
class InteractionStudy(NamedTuple):
    """What a run left behind."""

    records: list[Record]
    n_skipped: int  # conditions finished earlier
    n_left: int  # without a record yet
    damaged: list[Damaged]
    errors: list[JobError]


def plan_conditions(preset: str, records: dict[str, Record] | None = None, **changes: Any) -> list[Condition]:
    """Conditions of a preset; once all of them have a record, also what follows from these.

    Parameters
    ----------
    preset : str
        A name in `BENCHMARK_PRESETS`.
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
    machines: Machines = Machines(),  # noqa: B008
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    on_news: Listener = lambda news: None,
    **changes: Any,
) -> InteractionStudy:
    """Run what is missing of a benchmark and store a record per condition.

    Parameters
    ----------
    preset : str
        A name in `BENCHMARK_PRESETS`.
    folder : path
        Holds `records/`, `interactions.jsonl` and `weights/`.
    machines : Machines
        Where it runs. A Ray node that does not see the folder keeps its weights to itself.
    part : (int, int)
        Do only every n-th condition, from the k-th on. Levels that follow from all others are done by the calls that
        begin when all others have their record.
    budget : float, optional
        Seconds after which nothing is begun, and training stops at the end of an epoch.
    on_news : callable
        Told what is to be done (`Started`), once more where levels follow, then of every epoch and record (`News`).
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
    number, n_parts = part
    check_shard(number, n_parts)
    deadline = None if budget is None else time.time() + budget
    store = Store(Path(folder).resolve())
    store.folder.mkdir(parents=True, exist_ok=True)
    records, damaged = read_and_repair(store, interaction_problem)

    def conditions() -> list[Condition]:
        return plan_conditions(preset, records, **changes)[number - 1 :: n_parts]

    n_skipped = sum(one.key in records for one in conditions())
    driver = Driver(
        store, interaction_problem, run_condition_job, machines=machines, deadline=deadline, on_news=on_news
    )
    errors: list[JobError] = []
    while (to_do := left_to_do(conditions(), records)) and not errors and not driver.is_late:
        on_news(Started(to_do, len(conditions()) - len(to_do), damaged))
        errors = driver.do(to_do)
        before, (records, _) = len(records), read_and_repair(store, interaction_problem)
        if len(records) == before:  # out of time, or another run is at what is left
            break
    done = [records[one.key] for one in conditions() if one.key in records]
    return InteractionStudy(done, n_skipped, len(conditions()) - len(done), damaged, errors)


def run_condition_job(job: Job, emit: Emit) -> None:
    """Run the condition of a job; `driver.Driver` sends it to workers."""
    record = run_condition(
        job.work, _networks_folder(job), on_news=emit, should_stop=lambda: job.is_late, device=job.device
    )
    emit(Finished(record, {}))


def _networks_folder(job: Job) -> Path:
    """Where a condition's networks live: in the study's folder, if this machine sees it."""
    top = Path(job.folder)
    if not top.is_dir():
        name = sha256(job.folder.encode()).hexdigest()[:12]
        top = Path(tempfile.gettempdir()) / f"motiflens-{name}"
    return top / "weights" / job.work.key
