"""The experiments, run and resumed: one record per network in the store.

Driver, store and locks are those of the study; any number of runs may share a folder.
"""

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from motiflens.basics.runners import Emit
from motiflens.basics.store import Record, Store
from motiflens.study.driver import Finished, Job, Listener, read_and_repair
from motiflens.study.experiments.ensembles import ensemble_records
from motiflens.study.experiments.networks import (
    CONFIRMATION,
    EXPERIMENT_PRESETS,
    EXPERIMENTS,
    ExperimentNetwork,
    planned_networks,
)
from motiflens.study.experiments.trial import (
    BASELINES_KEY,
    ExperimentData,
    baselines_record,
    check_same_data,
    read_experiment,
    run_experiment,
)
from motiflens.study.listed import ListedRun, run_listed
from motiflens.study.machines import Machines


def run_experiments(
    data: str | Path,
    folder: str | Path,
    *,
    preset: str = EXPERIMENTS,
    machines: Machines = Machines(),  # noqa: B008
    part: tuple[int, int] = (1, 1),
    budget: float | None = None,
    on_news: Listener = lambda news: None,
    **changes: Any,
) -> ListedRun:
    """Train and measure what is missing, then the ensembles of what is there.

    Parameters
    ----------
    data : path
        HDF5 file that ``motiflens data crx`` wrote, its tables beside it.
    folder : path
        Holds `records/` and one JSONL file per preset.
    preset : str
        Of `EXPERIMENT_PRESETS`.
    machines, part, budget, on_news
        As for `study.run_study`.
    **changes
        As for `planned_networks`.

    Returns
    -------
    ListedRun

    Raises
    ------
    FileNotFoundError, ValueError
        If the data are missing, or the folder holds records of another configuration or of other data.
    """
    path, store = Path(data).resolve(), Store(Path(folder).resolve())
    everything = read_experiment(path)  # before any work: a wrong file shows at once
    networks = planned_networks(preset, data_file=str(path), **changes)

    def prepare(records: dict[str, Record]) -> None:
        check_same_data([records[one.key] for one in networks if one.key in records], everything)
        if preset == EXPERIMENTS and BASELINES_KEY not in records:
            store.write(baselines_record(everything))

    found = run_listed(
        networks, store, experiment_problem, run_network_job,
        machines=machines, part=part, budget=budget, on_news=on_news, prepare=prepare,
    )  # fmt: skip
    if preset in (EXPERIMENTS, CONFIRMATION):
        records, _ = read_and_repair(store, experiment_problem)
        _write_ensembles(store, list(records.values()), everything)
    return found


def _write_ensembles(store: Store, records: Sequence[Record], data: ExperimentData) -> None:
    for record in ensemble_records(records, data.test):
        store.write(record)
    store.export()


def run_network_job(job: Job, emit: Emit) -> None:
    """Train and measure the network of a job; `driver.Driver` sends it to workers."""
    one: ExperimentNetwork = job.work
    record = run_experiment(
        one, _read_once(one.data_file),
        checkpoints=_states_folder(job), on_news=emit, should_stop=lambda: job.is_late, device=job.device,
    )  # fmt: skip
    emit(Finished(record, {}))


@lru_cache(maxsize=1)
def _read_once(path: str) -> ExperimentData:
    """The data, read once by a process that trains several networks."""
    return read_experiment(path)


def _states_folder(job: Job) -> Path:
    """Where the state after each epoch is kept: in the study's folder, if this machine sees it."""
    if Path(job.folder).is_dir():
        return Path(job.folder) / "checkpoints" / "states" / job.work.key
    name = sha256(job.folder.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"motiflens-{name}" / job.work.key


def is_experiment_record(record: Record) -> bool:
    """Whether a record is one of the experiments, trials included."""
    return str(record.get("key", "")).split("/")[0] in EXPERIMENT_PRESETS


def experiment_problem(record: Record) -> str | None:
    """Why a record of a trained network cannot be reported, in a few words; None if it can."""
    if "member" not in record or record["status"] != "ok":
        return None
    needed = ("agreement",) if record["config"].get("split") == "valid" else (
        "agreement", "attributions", "untrained", "filters", "spike_in", "predictions",
    )  # fmt: skip
    missing = [name for name in needed if not isinstance(record.get(name), dict)]
    return f"{missing[0]} must be an object, got {record.get(missing[0])!r}" if missing else None
