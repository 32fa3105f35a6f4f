"""One configuration of the study: simulate, fit its initialisations, audit each, hand out a record per network."""

import dataclasses
import hashlib
import json
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.data.simulate import TASK2_MOTIF_COUNTS, TASK2_MOTIF_COUNTS_PAPER, billboard, multi_motif
from motiflens.models.hybrid import HybridConfig, model_config
from motiflens.training.protocol import Protocol

STUDY_DATABASE = "JASPAR2020"


MOTIF_COUNTS = {"code": TASK2_MOTIF_COUNTS, "paper": TASK2_MOTIF_COUNTS_PAPER}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Several initialisations of one architecture and activation, on one task: what a worker trains at once."""

    task: int
    architecture: str
    activation: str
    members: tuple[int, ...]
    protocol: Protocol
    n_sequences: int
    seed: int = 0  # of initial weights and dropout
    data_seed: int = 0  # of the simulated data and the order of batches
    variant: str = "text"  # of the networks: see `model_config`
    motif_counts: str = "code"  # of Task 2: "code", or "paper" for the text's
    database: str = STUDY_DATABASE  # that filters are compared with
    n_filters: int | None = None  # of the first layer; None: the task's own

    @property
    def name(self) -> str:
        """What its members share, as the key says it; the task's own number of filters goes without saying."""
        sizes = () if self.n_filters is None else (f"{self.n_filters}-filters",)
        return "/".join((f"task{self.task}", self.architecture, self.activation, *sizes))

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the records of all its members."""
        return tuple(map(self.key, self.members))

    def without(self, done: Container[str]) -> "Trial | None":
        """The same without the members whose keys are among `done`; None if nobody is left."""
        members = tuple(member for member in self.members if self.key(member) not in done)
        return dataclasses.replace(self, members=members) if members else None

    def key(self, member: int) -> str:
        """Key of one member's record."""
        return f"{self.name}/{member:03d}"

    def model(self) -> HybridConfig:
        """What its networks are built from."""
        sizes = {} if self.n_filters is None else {"n_filters": self.n_filters}
        return model_config(
            self.architecture, activation=self.activation, task=self.task, variant=self.variant, **sizes
        )

    def config(self) -> dict[str, Any]:
        """Everything that a result depends on, but for the member's number, as plain data."""
        model = self.model()
        config: dict[str, Any] = {
            "model": {"architecture": self.architecture, **model.to_dict()},
            "protocol": self.protocol.to_dict(),
            "data": {
                "task": self.task,
                "n_sequences": self.n_sequences,
                "length": model.length,
                "motif_counts": self.motif_counts,
                "data_seed": self.data_seed,
            },
            "seed": self.seed,
        }
        if self.database != STUDY_DATABASE:  # left out otherwise, so that older records keep their hash
            config["audit"] = {"database": self.database}
        return config

    def config_hash(self) -> str:
        """Short digest of `config`."""
        text = json.dumps(self.config(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=2)  # a worker meets the same data again and again
def simulate_task(task: int, n_sequences: int, data_seed: int, motif_counts: str = "code") -> SequenceDataset:
    """Simulate the data of a task.

    Parameters
    ----------
    task : int
        1 (`simulate.multi_motif`) or 2 (`simulate.billboard`).
    n_sequences : int
    data_seed : int
    motif_counts : str
        "code" or "paper": how many motifs a Task 2 sequence holds.
    """
    if task == 1:
        return multi_motif(n_sequences, seed=data_seed)
    if task == 2:
        return billboard(n_sequences, seed=data_seed, motif_counts=MOTIF_COUNTS[motif_counts])
    raise InputError(f"task must be 1 or 2, got {task!r}")
