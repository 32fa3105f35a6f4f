"""One member of an ensemble: what became of it, its course through training, and its checkpoint."""

import math
import os
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motiflens.models.hybrid import HybridNetwork
from motiflens.protocol import Protocol
from motiflens.schedule import Schedule

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


def member_seed(seed: int, index: int) -> int:
    """Seed of one member, derived from the ensemble's seed and the member's number."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


class Trainee:
    """A member on its way: its schedule, its history and the weights of its best epoch so far."""

    def __init__(self, protocol: Protocol, index: int, seed: int) -> None:
        self.member = Member(index, member_seed(seed, index))
        self.protocol = protocol
        self.schedule = Schedule(protocol)
        self.best_weights: dict[str, torch.Tensor] | None = None

    def finish_epoch(self, train_loss: float, valid_loss: float, metric: float) -> bool:
        """Take an epoch's results: notice divergence, or move the schedule on.

        Returns
        -------
        is_best : bool
            Whether the weights of this epoch are to be kept as the best so far.
        """
        for which, loss in (("training", train_loss), ("validation", valid_loss)):
            if not math.isfinite(loss):
                self.member.status = "failed"
                self.member.reason = f"the {which} loss became {loss} in epoch {self.schedule.epoch + 1}"
                return False
        values = (train_loss, valid_loss, metric, self.schedule.learning_rate)
        for name, value in zip(HISTORY, values, strict=True):
            self.member.history[name].append(value)
        is_best = self.schedule.update(metric)
        self.member.n_epochs, self.member.best_epoch = self.schedule.epoch, self.schedule.best_epoch
        return is_best and self.protocol.restore_best

    @property
    def finished(self) -> bool:
        """Whether training is over, by failure or by the schedule."""
        return self.member.status != "training" or self.schedule.finished

    def state(self) -> dict[str, Any]:
        """Everything but what the engine knows."""
        return {
            "member": {**vars(self.member), "network": None},
            "schedule": {**vars(self.schedule), "protocol": None},
            "best_weights": self.best_weights,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.member = Member(**state["member"])
        vars(self.schedule).update({**state["schedule"], "protocol": self.protocol})
        self.best_weights = state["best_weights"]


class Checkpoints:
    """One file per member in a folder, or nothing at all without a folder.

    Parameters
    ----------
    folder : path or None
    identity : str
        Tells one fit from another: a checkpoint of another identity is refused.
    """

    def __init__(self, folder: str | Path | None, identity: str) -> None:
        self.folder = None if folder is None else Path(folder)
        self.identity = identity
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    def _path(self, index: int) -> Path | None:
        return None if self.folder is None else self.folder / f"member_{index:03d}.ckpt"

    def save(self, index: int, state: dict[str, Any]) -> None:
        """Keep a member's state in place of the one before."""
        if (path := self._path(index)) is None:
            return
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                torch.save({"identity": self.identity, **state}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def load(self, index: int) -> dict[str, Any] | None:
        """Return a member's state, or None if none was kept; one that cannot be read is left aside with a warning.

        Raises
        ------
        ValueError
            If the file belongs to another fit.
        """
        path = self._path(index)
        if path is None or not path.exists():
            return None
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            identity = state.pop("identity")
        except (EOFError, RuntimeError, KeyError, AttributeError, pickle.UnpicklingError) as error:
            warnings.warn(
                f"checkpoint {path} cannot be read ({type(error).__name__}): member {index} starts anew", stacklevel=2
            )
            return None
        if identity != self.identity:
            raise ValueError(
                f"{path} belongs to a fit with another configuration, protocol, seed, data or engine: "
                "choose another folder, or remove this file to start that member anew"
            )
        return state

    def remove(self, index: int) -> None:
        """Remove a member's file, if there is one."""
        if (path := self._path(index)) is not None:
            path.unlink(missing_ok=True)

    def close(self, indices: Sequence[int]) -> None:
        """Remove what is left of these members, and the folder if nothing else is in it."""
        for index in indices:
            self.remove(index)
        if self.folder is not None and not any(self.folder.iterdir()):
            self.folder.rmdir()
