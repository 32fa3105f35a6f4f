"""The grid of a study: which networks are trained, in which order, and how they are divided among machines."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from motiflens.basics.choices import check_count, check_known, check_members, check_seeds
from motiflens.basics.errors import InputError
from motiflens.models.hybrid import ARCHITECTURES, TASK_SIZES, list_hybrids, model_config
from motiflens.study.grid.trial import MOTIF_COUNTS, STUDY_DATABASE, Trial
from motiflens.training.protocol import PAPER, REFERENCE, Protocol


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
    database: str = STUDY_DATABASE  # that filters are compared with
    n_filters: tuple[int, ...] = ()  # of the first layer, beside each task's own, against which they are held
    stack_size: int = 5  # members trained at once by one worker

    def __post_init__(self) -> None:
        """Check names and numbers before anything is run."""
        for task in self.tasks:
            for architecture in self.architectures:
                for activation in self.activations:
                    model_config(architecture, activation=activation, task=task, variant=self.variant)
        check_members(self.n_members)
        check_members(self.stack_size, "stack_size")
        check_seeds(self, "seed", "data_seed")
        check_count("n_sequences_task1", self.n_sequences_task1)
        check_count("n_sequences_task2", self.n_sequences_task2)
        for field in ("tasks", "architectures", "activations"):
            names = getattr(self, field)
            if not names or len(set(names)) < len(names):
                raise InputError(f"{field} must name at least one, each once, got {', '.join(map(str, names))}")
        if min(self.n_filters, default=1) < 1 or len(set(self.n_filters)) < len(self.n_filters):
            numbers = ", ".join(map(str, self.n_filters))
            raise InputError(f"n_filters must be whole numbers of at least 1, each once, got {numbers}")
        check_count("n_filters", max(self.n_filters, default=1), most=10_000)
        if self.motif_counts not in MOTIF_COUNTS:
            raise InputError(f"motif_counts must be one of {', '.join(MOTIF_COUNTS)}, got {self.motif_counts!r}")

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

# What the number of first-layer filters changes, with one wide pool and with small ones.
FILTERS_PRESET = StudyConfig(architectures=("C24", "C4C6"), n_members=3, n_filters=(8, 16, 32, 64, 128))

STUDY_PRESETS: dict[str, StudyConfig] = {
    "quick": QUICK_PRESET,
    "paper": PAPER_PRESET,
    "paper-text": TEXT_PRESET,
    "filters": FILTERS_PRESET,
}

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
    check_known("preset", name, STUDY_PRESETS)
    return STUDY_PRESETS[name]


def match_architectures(patterns: Iterable[str]) -> tuple[str, ...]:
    """Architectures that match any of the names or shell patterns, in the study's order.

    Raises
    ------
    ValueError
        If one of them matches nothing.
    """
    found: set[str] = set()
    for pattern in patterns:
        names = list_hybrids(pattern)
        if not names:
            model_config(pattern)  # raises, with close matches
        found.update(names)
    return tuple(name for name in ARCHITECTURES if name in found)


def plan_trials(config: StudyConfig) -> list[Trial]:
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
            n_filters=n_filters,
        )
        for first in range(0, config.n_members, config.stack_size)
        for task in config.tasks
        for architecture in config.architectures
        for activation in config.activations
        for n_filters in (None, *(n for n in config.n_filters if n != _n_filters(task)))
    ]
    return sorted(trials, key=lambda trial: (trial.members[0], -cost(trial)))


def _n_filters(task: int) -> int:
    """First-layer filters of the paper's networks."""
    return TASK_SIZES[task]["n_filters"]


def total_cost(trial: Trial) -> float:
    """Expected cost of an epoch of all members."""
    return cost(trial) * len(trial.members)


def cost(trial: Trial) -> float:
    """Expected cost of an epoch of one member, relative to C24 on 21,000 training sequences."""
    seconds = _COSTS[trial.architecture] * trial.n_sequences / 30_000 * (1 if trial.task == 1 else 0.6)
    # Measured with C24 and C4C6: fewer filters save little, more cost about in proportion.
    return seconds if trial.n_filters is None else seconds * max(0.7, trial.n_filters / _n_filters(trial.task))


def check_shard(number: int, n_shards: int) -> None:
    """Raise a ValueError unless there is a part of that number."""
    if not 1 <= number <= n_shards:
        raise InputError(f"a shard is numbered from 1 to the number of shards, got {number}/{n_shards}")


def shard(trials: Sequence[Trial], number: int, n_shards: int) -> list[Trial]:
    """One of several parts of about equal cost into which trials are divided, always in the same way.

    Parameters
    ----------
    trials : sequence of Trial
        The whole plan, whatever of it is done already: only then do the shards fit together.
    number : int
        Of the part, from 1.
    n_shards : int
        Parts in all.

    Raises
    ------
    ValueError
        If there is no part of that number.
    """
    check_shard(number, n_shards)
    # The next most expensive stack always goes to the part with the least so far.
    loads = [0.0] * n_shards
    chosen = set()
    for i in sorted(range(len(trials)), key=lambda i: -total_cost(trials[i])):
        part = loads.index(min(loads))
        loads[part] += total_cost(trials[i])
        if part == number - 1:
            chosen.add(i)
    return [trials[i] for i in sorted(chosen)]
