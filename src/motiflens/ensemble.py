"""Train many initialisations of one architecture.

Member i of an ensemble has a seed of its own, derived from `seed` and i, that rules its initial weights and its
dropout; the order of the batches follows `data_seed` and is the same for all members. So a member becomes the same
network, within floating-point rounding, whatever other members are trained beside it, now or later.
"""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from motiflens.dataset import SequenceDataset
from motiflens.engine import TrainedMember, new_network, stacked_logits, train_epoch
from motiflens.metrics import aupr, auroc
from motiflens.models.config import HybridConfig
from motiflens.models.hybrid import HybridNetwork
from motiflens.predict import predict, resolve_device
from motiflens.protocol import REFERENCE, Protocol
from motiflens.schedule import Schedule
from motiflens.store import write_atomically

ENSEMBLE_FILE = "ensemble.json"
HISTORY = ("train_loss", "valid_loss", "valid_metric", "learning_rate")


@dataclass
class Member:
    """What became of one initialisation."""

    index: int  # its number in the ensemble, from 0
    seed: int  # its own, derived from the ensemble's seed and its number
    status: str = "training"  # then "ok" or "failed"
    reason: str | None = None  # why it failed
    history: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in HISTORY})
    best_epoch: int = 0  # counted from 1
    n_epochs: int = 0
    metrics: dict[str, float] = field(default_factory=dict)  # valid_auroc, valid_aupr, test_auroc, test_aupr
    network: HybridNetwork | None = None  # in evaluation mode, on the CPU; None if training failed
    fit_seconds: float = 0.0  # process CPU time; that of a stack is shared evenly among its members


@dataclass
class Ensemble(Sequence[HybridNetwork]):
    """Result of `fit`: `ensemble[i]` is a plain `HybridNetwork`, `ensemble.members` says how each fared."""

    config: HybridConfig
    protocol: Protocol
    members: list[Member]

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, i: int) -> HybridNetwork:  # type: ignore[override]
        member = self.members[i]
        if member.network is None:
            raise ValueError(f"member {member.index} failed and has no network: {member.reason}")
        return member.network

    def __iter__(self) -> Iterator[HybridNetwork]:
        """Networks of the members that did not fail."""
        return (member.network for member in self.members if member.network is not None)

    def save(self, folder: str | Path) -> None:
        """Write each network into `member_000`, ... and what became of the members into `ensemble.json`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for member in self.members:
            if member.network is not None:
                member.network.save(folder / f"member_{member.index:03d}")
        summary = {
            "config": self.config.to_dict(),
            "protocol": self.protocol.to_dict(),
            "members": [{**vars(member), "network": None} for member in self.members],
        }
        write_atomically(folder / ENSEMBLE_FILE, json.dumps(summary, indent=1) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> "Ensemble":
        """Read an ensemble that `save` wrote.

        Raises
        ------
        FileNotFoundError, ValueError
            If a file is missing or not what `save` wrote.
        """
        path = Path(folder) / ENSEMBLE_FILE
        if not path.is_file():
            raise FileNotFoundError(f"expected {ENSEMBLE_FILE} in {folder}: name a folder that Ensemble.save wrote")
        try:
            summary = json.loads(path.read_text())
            members = [Member(**values) for values in summary["members"]]
            config, protocol = HybridConfig.from_dict(summary["config"]), Protocol(**summary["protocol"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not what Ensemble.save wrote: {error!r}") from error
        for member in members:
            if member.status == "ok":
                member.network = HybridNetwork.load(Path(folder) / f"member_{member.index:03d}")
        return cls(config, protocol, members)


def member_seed(seed: int, index: int) -> int:
    """Seed of one member, derived from the ensemble's seed and the member's number."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def batch_order(n_sequences: int, data_seed: int, epoch: int) -> torch.Tensor:
    """Order in which an epoch (from 0) meets the training sequences; the same for every member."""
    generator = np.random.default_rng([data_seed, epoch])
    return torch.from_numpy(generator.permutation(n_sequences))


def classification_metrics(logits: torch.Tensor, y: np.ndarray) -> dict[str, float]:
    """AUROC and AUPR, micro-averaged over all labels; NaN if only one class is present."""
    labels, scores = np.asarray(y).ravel(), logits.double().numpy().ravel()
    return {"auroc": float(auroc(labels, scores)), "aupr": float(aupr(labels, scores))}


def check_fit(config: HybridConfig, dataset: SequenceDataset, protocol: Protocol) -> None:
    """Check that a network of this configuration can be trained on the data.

    Raises
    ------
    ValueError
        Says what does not fit and what to change.
    """
    if dataset.length != config.length:
        raise ValueError(
            f"the configuration is for sequences of length {config.length}, the data have {dataset.length}: "
            f"build it with length={dataset.length}"
        )
    if dataset.n_outputs != config.n_outputs:
        raise ValueError(
            f"the configuration has {config.n_outputs} outputs, the data have {dataset.n_outputs} labels: "
            f"build it with n_outputs={dataset.n_outputs}"
        )
    for name, part in (("training", dataset.train), ("validation", dataset.valid)):
        if len(part) == 0:
            raise ValueError(f"the data have no {name} sequences")
        values = np.unique(part.y)
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"labels must be 0 or 1 for classification, got values such as {values[:3]}")
        if len(values) < 2:
            raise ValueError(f"all labels of the {name} sequences are {values[0]:g}: both 0 and 1 are needed")
    if len(dataset.train) < protocol.batch_size:
        raise ValueError(
            f"{len(dataset.train)} training sequences do not fill one batch of {protocol.batch_size}: "
            "use a protocol with a smaller batch_size"
        )


class _Trainee:
    """One member on its way: network, schedule, and the weights of its best epoch so far."""

    def __init__(self, config: HybridConfig, protocol: Protocol, index: int, seed: int, device: torch.device) -> None:
        self.member = Member(index, member_seed(seed, index))
        self.protocol = protocol
        self.schedule = Schedule(protocol)
        network = new_network(config, protocol, self.member.seed).to(device)
        self.trained = TrainedMember(network, protocol, self.member.seed)
        self.best_weights: dict[str, torch.Tensor] | None = None

    def finish_epoch(self, train_loss: float, valid_loss: float, metric: float) -> None:
        """Take an epoch's results: move the schedule on, keep the best weights, notice divergence."""
        for which, loss in (("training", train_loss), ("validation", valid_loss)):
            if not math.isfinite(loss):
                self.member.status = "failed"
                self.member.reason = f"the {which} loss became {loss} in epoch {self.schedule.epoch + 1}"
                return
        values = (train_loss, valid_loss, metric, self.schedule.learning_rate)
        for name, value in zip(HISTORY, values, strict=True):
            self.member.history[name].append(value)
        if self.schedule.update(metric) and self.protocol.restore_best:
            state = self.trained.network.state_dict()
            self.best_weights = {name: value.detach().clone() for name, value in state.items()}
        self.member.n_epochs, self.member.best_epoch = self.schedule.epoch, self.schedule.best_epoch

    @property
    def finished(self) -> bool:
        """Whether training is over, by failure or by the schedule."""
        return self.member.status != "training" or self.schedule.finished

    def finish(self, dataset: SequenceDataset) -> Member:
        """Restore the best weights and measure the network; returns the finished member."""
        if self.member.status == "training":
            network = self.trained.release()
            if self.best_weights is not None:
                network.load_state_dict(self.best_weights)
            self.member.metrics = evaluate(network, dataset)
            self.member.network = network.cpu()
            self.member.status = "ok"
        return self.member

    def state(self) -> dict[str, Any]:
        """Everything needed to go on from here."""
        return {
            "member": {**vars(self.member), "network": None},
            "schedule": vars(self.schedule) | {"protocol": None},
            "network": self.trained.network.state_dict(),
            "optimizer": self.trained.optimizer.state_dict(),
            "dropout": self.trained.dropout_state(),
            "best_weights": self.best_weights,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.member = Member(**state["member"])
        vars(self.schedule).update(state["schedule"] | {"protocol": self.protocol})
        self.trained.network.load_state_dict(state["network"])
        self.trained.optimizer.load_state_dict(state["optimizer"])
        self.trained.set_dropout_state(state["dropout"])
        self.best_weights = state["best_weights"]


def fit(
    config: HybridConfig,
    dataset: SequenceDataset,
    n_members: int = 10,
    *,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    data_seed: int = 0,
    members: Sequence[int] | None = None,
    device: str = "auto",
    checkpoint_dir: str | Path | None = None,
    on_epoch: Callable[[Member], None] | None = None,
    on_member: Callable[[Member], None] | None = None,
) -> Ensemble:
    """Train several initialisations of one architecture on one data set, all at once.

    Each member has its own learning-rate decay, early stopping, best weights and failure; a finished member leaves
    the stack and the others go on.

    Parameters
    ----------
    config : HybridConfig
        Its `length` and `n_outputs` must be those of the data.
    dataset : SequenceDataset
        With training and validation sequences; test metrics are left out if it has no test sequences.
    n_members : int
        Members 0 to n_members - 1 are trained.
    protocol : Protocol
    seed : int
        Rules, with a member's number, its initial weights and dropout.
    data_seed : int
        Rules the order of the batches, shared by all members.
    members : sequence of int, optional
        Train these members instead, e.g. `range(10, 20)` to add to an earlier ensemble.
    device : str
        "auto", "cpu", "cuda", ...
    checkpoint_dir : path, optional
        After every epoch the state of each member is kept in this folder; the same call goes on from there. They
        are removed when the whole fit ends.
    on_epoch, on_member : callable, optional
        Called with a member after each of its epochs, and once when it has finished or failed.

    Returns
    -------
    Ensemble
        In the order of the members asked for. A member that diverges is marked as failed, with its reason.

    Raises
    ------
    ValueError
        If configuration and data do not fit together, or a checkpoint is of another fit.
    """
    check_fit(config, dataset, protocol)
    indices = list(range(n_members)) if members is None else list(members)
    if not indices or len(set(indices)) != len(indices) or min(indices) < 0:
        raise ValueError(f"expected at least one member, each once and numbered from 0, got {indices}")
    target = resolve_device(device)
    trainees = [_Trainee(config, protocol, index, seed, target) for index in indices]
    checkpoints = _Checkpoints(checkpoint_dir, (config, protocol, seed, data_seed, _fingerprint(dataset)))
    for trainee in trainees:
        checkpoints.load(trainee)
    train, valid = dataset.train, dataset.valid
    codes, y = torch.as_tensor(train.codes).to(target), torch.as_tensor(train.y).to(target)
    valid_codes, valid_y = torch.as_tensor(valid.codes).to(target), torch.as_tensor(valid.y)
    monitor = protocol.monitor(config.n_outputs)
    unfinished = list(trainees)
    while unfinished:
        for trainee in [t for t in unfinished if t.finished]:
            unfinished.remove(trainee)
            trainee.finish(dataset)
            if on_member is not None:
                on_member(trainee.member)
        if not unfinished:
            break
        started = time.process_time()
        # After a resume some members may be an epoch behind: they catch up first.
        epoch = min(trainee.schedule.epoch for trainee in unfinished)
        stack = [trainee for trainee in unfinished if trainee.schedule.epoch == epoch]
        for trainee in stack:
            trainee.trained.set_learning_rate(trainee.schedule.learning_rate)
        trained = [trainee.trained for trainee in stack]
        losses = train_epoch(trained, codes, y, batch_order(len(codes), data_seed, epoch), protocol.batch_size)
        logits = stacked_logits([member.network for member in trained], valid_codes).cpu()
        seconds = (time.process_time() - started) / len(stack)
        for trainee, loss, own_logits in zip(stack, losses.tolist(), logits, strict=True):
            valid_loss = float(F.binary_cross_entropy_with_logits(own_logits, valid_y))
            metric = classification_metrics(own_logits, valid.y)[monitor] if math.isfinite(valid_loss) else math.nan
            trainee.finish_epoch(loss, valid_loss, metric)
            trainee.member.fit_seconds += seconds
            checkpoints.save(trainee)
            if on_epoch is not None and trainee.member.status == "training":
                on_epoch(trainee.member)
    checkpoints.remove(trainees)
    return Ensemble(config, protocol, [trainee.member for trainee in trainees])


class _Checkpoints:
    """One file per member in a folder, or nothing at all without a folder."""

    def __init__(self, folder: str | Path | None, identity: tuple[Any, ...]) -> None:
        self.folder = None if folder is None else Path(folder)
        self.identity = repr(identity)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    def _path(self, index: int) -> Path:
        if self.folder is None:
            raise ValueError("no checkpoint folder was given")
        return self.folder / f"member_{index:03d}.ckpt"

    def save(self, trainee: _Trainee) -> None:
        if self.folder is None:
            return
        path = self._path(trainee.member.index)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            torch.save({"identity": self.identity, **trainee.state()}, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def load(self, trainee: _Trainee) -> None:
        if self.folder is None or not (path := self._path(trainee.member.index)).exists():
            return
        state = torch.load(path, weights_only=True)
        if state.pop("identity") != self.identity:
            raise ValueError(
                f"{path} belongs to a fit with another configuration, protocol, seed or data: "
                "choose another checkpoint_dir, or remove it to start anew"
            )
        trainee.load_state(state)

    def remove(self, trainees: Sequence[_Trainee]) -> None:
        if self.folder is not None:
            for trainee in trainees:
                self._path(trainee.member.index).unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()


def _fingerprint(dataset: SequenceDataset) -> str:
    """A short text that differs between data sets."""
    digest = hashlib.sha256()
    for array in (dataset.codes, dataset.y, dataset.split_codes):
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def evaluate(network: HybridNetwork, dataset: SequenceDataset) -> dict[str, float]:
    """AUROC and AUPR on the validation and, if there are any, the test sequences.

    Returns
    -------
    metrics : dict
        valid_auroc, valid_aupr, test_auroc, test_aupr.
    """
    metrics = {}
    for name, part in (("valid", dataset.valid), ("test", dataset.test)):
        if len(part):
            scores = classification_metrics(predict(network, part.codes), part.y)
            metrics.update({f"{name}_{metric}": value for metric, value in scores.items()})
    return metrics
