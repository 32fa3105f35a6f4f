"""The study: a grid of tasks, architectures, activations and initialisations, run, resumed and stored.

Every trained network leaves one record in the store. Running the same study again does what is missing.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.ensemble_folder import difference
from motiflens.member import Member
from motiflens.models.registry import ARCHITECTURES, list_models, model_config
from motiflens.predict import resolve_device
from motiflens.protocol import PAPER, REFERENCE, Protocol
from motiflens.records import problem
from motiflens.runners import Emit, JobError, run_local
from motiflens.store import Damaged, Record, Store
from motiflens.trial import DATABASE, MOTIF_COUNTS, Trial, run_trial


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """What is run."""

    tasks: tuple[int, ...] = (1, 2)
    architectures: tuple[str, ...] = ARCHITECTURES
    activations: tuple[str, ...] = ("relu", "exponential")
    n_members: int = 10
    protocol: Protocol = REFERENCE
    n_sequences_task1: int = 30_000
    n_sequences_task2: int = 20_000
    seed: int = 0
    data_seed: int = 0
    variant: str = "text"
    motif_counts: str = "code"  # of Task 2: "code", or "paper" for the text's
    database: str = DATABASE  # that filters are compared with
    stack_size: int = 5  # members trained at once by one worker

    def __post_init__(self) -> None:
        """Check names and numbers before anything is run."""
        for task in self.tasks:
            for architecture in self.architectures:
                for activation in self.activations:
                    model_config(architecture, activation=activation, task=task, variant=self.variant)
        for field in ("n_members", "stack_size"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} must be at least 1, got {getattr(self, field)}")
        for field in ("tasks", "architectures", "activations"):
            names = getattr(self, field)
            if not names or len(set(names)) < len(names):
                raise ValueError(f"{field} must name at least one, each once, got {', '.join(map(str, names))}")
        if self.motif_counts not in MOTIF_COUNTS:
            raise ValueError(f"motif_counts must be one of {', '.join(MOTIF_COUNTS)}, got {self.motif_counts!r}")

    def replace(self, **changes: Any) -> "StudyConfig":
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


PAPER_PRESET = StudyConfig()

# What the paper's text says where its code, which made the published tables, does otherwise.
TEXT_PRESET = StudyConfig(
    protocol=PAPER, n_sequences_task1=25_000, motif_counts="paper", database="JASPAR2016-vertebrates"
)

# Enough to see the finding in minutes: fewer sequences, short training, the extremes of the grid.
QUICK_PRESET = StudyConfig(
    architectures=("C24", "C4C6", "C4C6-Att"),
    n_members=3,
    protocol=REFERENCE.replace(name="QUICK", max_epochs=24, early_stop_patience=6),
    n_sequences_task1=8_000,
    n_sequences_task2=6_000,
)

PRESETS: dict[str, StudyConfig] = {"quick": QUICK_PRESET, "paper": PAPER_PRESET, "paper-text": TEXT_PRESET}

# Seconds per epoch and network on Task 1, one core, rounded: they only order the work and weigh the progress bar.
_COSTS = {
    "C24": 1, "C24-Att": 2, "C24-LSTM-Att": 3.5, "C24-LSTM-Trans1": 4.5, "C24-LSTM-Trans2": 6,
    "C24-LSTM-Trans4": 9, "C4C6": 2, "C4C6-Att": 3.5, "C4C6-LSTM-Att": 5, "C4C6-LSTM-Trans1": 5.5,
    "C4C6-LSTM-Trans2": 7, "C4C6-LSTM-Trans4": 10, "C4-LSTM": 6.5, "C4-LSTM-Att": 7.5, "C4-LSTM-Trans1": 8,
    "C4-LSTM-Trans2": 10.5, "C4-LSTM-Trans4": 13,
}  # fmt: skip


def get_preset(name: str) -> StudyConfig:
    """Look a preset up by name.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in PRESETS:
        close = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(PRESETS)}"
        raise ValueError(f"unknown preset {name!r}; {hint}")
    return PRESETS[name]


def match_architectures(patterns: Iterable[str]) -> tuple[str, ...]:
    """Architectures that match any of the names or shell patterns, in the study's order.

    Raises
    ------
    ValueError
        If one of them matches nothing.
    """
    found: set[str] = set()
    for pattern in patterns:
        names = list_models(pattern)
        if not names:
            model_config(pattern)  # raises, with close matches
        found.update(names)
    return tuple(name for name in ARCHITECTURES if name in found)


class Progress(NamedTuple):
    """News from a worker about one network."""

    key: str
    n_epochs: int
    valid_metric: float
    status: str | None  # "ok" or "failed" when its record has been written


class StudyResult(NamedTuple):
    """What a run left behind."""

    records: list[Record]
    n_skipped: int  # finished earlier
    damaged: list[Damaged]  # records that could not be read and were done again
    errors: list[JobError]  # trials that could not be finished


def plan(config: StudyConfig) -> list[Trial]:
    """All trials of a study, in stacks of members.

    Every configuration's first members come before anyone's second stack; within that, the expensive ones first, so
    that workers finish together.
    """
    trials = [
        Trial(
            task=task,
            architecture=architecture,
            activation=activation,
            members=tuple(range(first, min(first + config.stack_size, config.n_members))),
            protocol=config.protocol,
            n_sequences=config.n_sequences_task1 if task == 1 else config.n_sequences_task2,
            seed=config.seed,
            data_seed=config.data_seed,
            variant=config.variant,
            motif_counts=config.motif_counts,
            database=config.database,
        )
        for first in range(0, config.n_members, config.stack_size)
        for task in config.tasks
        for architecture in config.architectures
        for activation in config.activations
    ]
    return sorted(trials, key=lambda trial: (trial.members[0], -cost(trial)))


def cost(trial: Trial) -> float:
    """Expected cost of an epoch of one member, relative to C24 on 21,000 training sequences."""
    return _COSTS[trial.architecture] * trial.n_sequences / 30_000 * (1 if trial.task == 1 else 0.6)


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
            if key in own:
                different = difference(record["config"], wanted)
            elif record["task"] == trial.task and trial.task not in compared:
                different = difference(_conditions(record["config"]), _conditions(wanted))
            else:
                continue
            if different:
                raise ValueError(
                    f"the folder holds {key} from another configuration ({different}): choose another folder"
                )
        compared.add(trial.task)
        members = tuple(m for m in trial.members if trial.key(m) not in records)
        if members:
            left.append(dataclasses.replace(trial, members=members))
    return left


def _conditions(config: dict[str, Any]) -> dict[str, Any]:
    """What all networks of a task must share for one table: everything but the network itself."""
    return {name: part for name, part in config.items() if name != "model"}


def run_study(
    config: StudyConfig,
    folder: str | Path,
    *,
    n_workers: int | None = None,
    device: str = "auto",
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
    n_workers : int, optional
        Local processes, one thread each; by default one per core, and a single one on a GPU.
    device : str
        "auto", "cpu", "cuda", ...
    save_weights : bool
        Whether to keep the trained networks.
    on_start : callable, optional
        Told the trials to do, the number of networks done earlier, and damaged records.
    on_progress : callable
        Told of every epoch and record.

    Returns
    -------
    StudyResult
        With all records of this study that the folder now holds.

    Raises
    ------
    ValueError
        If the folder holds records of another configuration.
    """
    if resolve_device(device).type != "cpu" and n_workers is None:
        n_workers = 1
    Path(folder).mkdir(parents=True, exist_ok=True)
    store = Store(Path(folder))
    records, damaged = read_records(store)
    trials = plan(config)
    to_do = missing(trials, records)
    n_networks = sum(len(trial.members) for trial in trials)
    n_skipped = n_networks - sum(len(trial.members) for trial in to_do)
    if on_start is not None:
        on_start(to_do, n_skipped, damaged)
    jobs = [(trial, str(folder), device, save_weights) for trial in to_do]
    try:
        errors = run_local(_work, jobs, n_workers=n_workers, on_message=on_progress)
    finally:
        store.export()
    _remove_empty_folders(Path(folder) / "checkpoints")  # those of trials that are not finished stay
    records, _ = read_records(store)
    wanted = {trial.key(member) for trial in trials for member in trial.members}
    return StudyResult([records[key] for key in sorted(wanted & records.keys())], n_skipped, damaged, errors)


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


def _remove_empty_folders(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _work(job: tuple[Trial, str, str, bool], emit: Emit) -> None:
    trial, folder, device, save_weights = job
    store = Store(Path(folder))

    def tell(member: Member) -> None:
        emit(Progress(trial.key(member.index), member.n_epochs, member.history["valid_metric"][-1], None))

    def keep(record: Record) -> None:
        store.write(record)
        emit(Progress(record["key"], record["n_epochs"], float("nan"), record["status"]))

    run_trial(
        trial,
        on_epoch=tell,
        on_record=keep,
        device=device,
        checkpoint_dir=Path(folder) / "checkpoints" / f"task{trial.task}" / trial.architecture / trial.activation,
        weights_dir=Path(folder) / "weights" if save_weights else None,
    )
