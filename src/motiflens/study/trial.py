"""One configuration of the study: simulate, fit its initialisations, audit each, hand out a record per network."""

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from motiflens import ensemble
from motiflens.audit import Audit, SaliencyAudit, audit
from motiflens.dataset import SequenceDataset
from motiflens.filters import task_truth
from motiflens.machines import describe_device, versions
from motiflens.models.config import HybridConfig
from motiflens.models.registry import model_config
from motiflens.protocol import Protocol
from motiflens.sequence import decode
from motiflens.simulate import TASK2_MOTIF_COUNTS, TASK2_MOTIF_COUNTS_PAPER, billboard, multi_motif
from motiflens.store import SCHEMA, Record, without_nan
from motiflens.training.member import Member
from motiflens.truth import SiteTruth

DATABASE = "JASPAR2020"
_DIGITS = 5  # significant, of the numbers in a record
_N_EXAMPLES = 2


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
    variant: str = "text"  # of the networks: see `models.model_config`
    motif_counts: str = "code"  # of Task 2: "code", or "paper" for the text's
    database: str = DATABASE  # that filters are compared with
    n_filters: int | None = None  # of the first layer; None: the task's own

    @property
    def name(self) -> str:
        """What its members share, as the key says it; the task's own number of filters goes without saying."""
        sizes = () if self.n_filters is None else (f"{self.n_filters}-filters",)
        return "/".join((f"task{self.task}", self.architecture, self.activation, *sizes))

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
        if self.database != DATABASE:  # left out otherwise, so that older records keep their hash
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
    raise ValueError(f"task must be 1 or 2, got {task!r}")


class TrialStopped(Exception):
    """A trial ended before its members had finished, because it was asked to."""


def run_trial(
    trial: Trial,
    *,
    on_epoch: Callable[[Member], None] = lambda member: None,
    on_record: Callable[[Record], None],
    should_stop: Callable[[], bool] = lambda: False,
    device: str = "auto",
    checkpoint_dir: Path | None = None,
    weights_dir: Path | None = None,
) -> None:
    """Train and audit the members of a trial; each record is handed out as soon as its member has finished.

    Parameters
    ----------
    trial : Trial
    on_epoch : callable, optional
        Called with a member after each of its epochs.
    on_record : callable
        Called with each record.
    should_stop : callable
        Asked after each epoch; if it says so, the trial ends there. With checkpoints the same call goes on.
    device : str
        "auto", "cpu", "cuda", ...
    checkpoint_dir : path, optional
        Where the states of unfinished members are kept.
    weights_dir : path, optional
        Where trained networks are saved, each in a folder named by its key.

    Raises
    ------
    TrialStopped
        If it was stopped.
    """
    rounds = Rounds(trial.members)
    dataset = simulate_task(trial.task, trial.n_sequences, trial.data_seed, trial.motif_counts)

    def tell(member: Member) -> None:
        on_epoch(member)
        if rounds.completed_by(member) and should_stop():
            raise TrialStopped

    def finish(member: Member) -> None:
        rounds.leave(member)
        started = time.process_time()
        result = None
        if member.network is not None:
            # Saliency is the study's Task 2; several labels of Task 1 would need one map each.
            truth = task_truth(trial.task)
            target = 0 if trial.task == 2 else None
            result = audit(
                member.network, dataset, database=trial.database, truth=truth, target=target, n_ablation=0, n_decoys=0
            )
            if weights_dir is not None:
                member.network.save(weights_dir / trial.key(member.index))
        seconds = {"fit_s": round(member.fit_seconds, 1), "audit_s": round(time.process_time() - started, 2)}
        on_record(_record(trial, member, result, dataset, describe_device(device), seconds))

    ensemble.fit(
        trial.model(),
        dataset,
        protocol=trial.protocol,
        seed=trial.seed,
        data_seed=trial.data_seed,
        members=trial.members,
        device=device,
        checkpoint_dir=checkpoint_dir,
        on_epoch=tell,
        on_member=finish,
    )


class Rounds:
    """Tells when all members of a stack have reported an epoch: to stop before would leave them an epoch apart."""

    def __init__(self, members: tuple[int, ...]) -> None:
        self.left = list(members)
        self.epochs: dict[int, int] = {}  # reported last, by member

    def completed_by(self, member: Member) -> bool:
        """Take a member's report; whether it was the last that was due, as far as that can be known."""
        is_first = member.index not in self.epochs  # then it is not known who trains beside it
        self.epochs[member.index] = member.n_epochs
        if member.index == self.left[-1]:
            return True
        behind = any(self.epochs.get(i) == member.n_epochs - 1 for i in self.left)
        return not is_first and not behind

    def leave(self, member: Member) -> None:
        """Take note that a member has finished."""
        self.left.remove(member.index)


def _record(
    trial: Trial,
    member: Member,
    result: Audit | None,
    dataset: SequenceDataset,
    device: str,
    timings: dict[str, float],
) -> Record:
    record = {
        "schema": SCHEMA,
        "key": trial.key(member.index),
        "task": trial.task,
        "architecture": trial.architecture,
        "activation": trial.activation,
        "member": member.index,
        "seed": trial.seed,
        "member_seed": member.seed,
        "data_seed": trial.data_seed,
        "protocol": trial.protocol.name,
        "config_hash": trial.config_hash(),
        "status": member.status,
        "reason": member.reason,
        "config": trial.config(),
        "versions": versions(),
        "device": device,
        "timings": timings,  # process CPU seconds; a stack's are shared evenly among its members
        "n_epochs": member.n_epochs,
        "best_epoch": member.best_epoch,
        "history": {name: values for name, values in member.history.items() if name != "learning_rate"},
        "metrics": member.metrics or None,
        "filters": None if result is None else _filters_block(trial, result),
        "attribution": None
        if result is None or result.saliency is None
        else _attribution_block(result.saliency, dataset.test),
    }
    return without_nan(rounded(record))


def _filters_block(trial: Trial, result: Audit) -> dict[str, Any]:
    listed = result.matches.judged_by(task_truth(trial.task, "published"))
    quantised = np.round(255 * result.filters.pwms).astype(np.uint8)
    return {
        "tpr": result.matches.tpr,
        "fpr": result.matches.fpr,
        "no_hit": result.matches.no_hit_share,
        "n_dead": result.matches.n_dead,
        "published_tpr": listed.tpr,
        "published_fpr": listed.fpr,
        "pwms": base64.b64encode(zlib.compress(quantised.tobytes(), 9)).decode("ascii"),
        "counts": result.filters.counts.tolist(),
        "best": [
            None
            if row.best is None
            else [row.best.target_id, row.best.target_name, row.best.q_value, row.outcome == "true"]
            for row in result.matches.rows
        ],
        "outcomes": [row.outcome for row in result.matches.rows],
        "factors": [row.factor for row in result.matches.rows],
    }


def _attribution_block(found: SaliencyAudit, test: SequenceDataset) -> dict[str, Any]:
    means = found.interpretability.means()
    return {
        **{name: means[name] for name in ("auroc", "aupr", "snr")},
        "n_sequences": len(found.rows),
        "n_undefined": found.interpretability.n_undefined,
        "examples": [_example(found, test, i) for i in range(min(_N_EXAMPLES, len(found.rows)))],
    }


def _example(found: SaliencyAudit, test: SequenceDataset, i: int) -> dict[str, Any]:
    scores, row = found.scores[i], int(found.rows[i])
    scale = float(np.abs(scores).max()) / 127 or 1.0
    sites = []
    if isinstance(test.truth, SiteTruth):
        table = test.truth.subset([row]).table()
        motifs = test.truth.motifs
        sites = [
            [motifs[motif].name, int(strand), int(start), motifs[motif].width]
            for motif, strand, start in zip(table.motif, table.strand, table.start, strict=True)
        ]
    return {
        "sequence": decode(test.codes[row])[0],
        "scores": np.round(scores / scale).astype(int).tolist(),
        "scale": scale,
        "sites": sites,
    }


def rounded(value: Any, digits: int = _DIGITS) -> Any:
    """Round floats to a few significant digits."""
    if isinstance(value, dict):
        return {name: rounded(item, digits) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value
