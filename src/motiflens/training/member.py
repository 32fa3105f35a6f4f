"""One member of an ensemble in training, its checkpoint, and its outcome.

A `Part` lists the members of one configuration to train, a `Trainee` is one of them in training, and a `Member` its
outcome.
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motiflens.basics.errors import InputError, warn
from motiflens.basics.files import write_bytes
from motiflens.basics.locks import remove_if_empty
from motiflens.models.ensemble import HISTORY, Member
from motiflens.models.hybrid import NetworkConfig
from motiflens.training.protocol import Protocol
from motiflens.training.schedule import Schedule

#: Told of a member after each epoch and at its end; its `status` says which.
OnMember = Callable[[Member], None]

_DIGEST_SIZE = sha256().digest_size


def member_seed(seed: int, index: int) -> int:
    """Seed of one member, derived from the ensemble's seed and the member's number."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


@dataclass(frozen=True, kw_only=True)
class Part:
    """The members of one configuration in a fit.

    Attributes
    ----------
    config : HybridConfig or PublishedConfig
    members : sequence of int
        Numbers of the members, from 0.
    checkpoint_dir : path, optional
        Folder for the state of each member after every epoch, from which the same fit resumes. A member's file is
        removed when it has finished and `on_news` has returned, or when the fit ends.
    on_news : callable, optional
        Called with a member after each of its epochs, while its status is "training", and once when it has finished
        ("ok") or failed ("failed").

    Raises
    ------
    ValueError
        If there is no member, or one is named twice.
    """

    config: NetworkConfig
    members: Sequence[int] = tuple(range(10))
    checkpoint_dir: str | Path | None = None
    on_news: OnMember | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        indices = list(self.members)
        if not indices or len(set(indices)) != len(indices) or min(indices) < 0:
            raise InputError(f"expected at least one member, each once and numbered from 0, got {indices}")


class Trainee:
    """A member in training: its schedule, its history and the weights of its best epoch so far.

    Parameters
    ----------
    part : Part
    checkpoints : Checkpoints
        Those of the part.
    protocol : Protocol
    index : int
        The member's number.
    seed : int
        The ensemble's.
    """

    def __init__(self, part: Part, checkpoints: "Checkpoints", protocol: Protocol, index: int, seed: int) -> None:
        self.part, self.checkpoints, self.protocol = part, checkpoints, protocol
        self.member = Member(index, member_seed(seed, index))
        self.schedule = Schedule(protocol)
        self.best_weights: dict[str, torch.Tensor] | None = None

    def finish_epoch(self, train_loss: float, valid_loss: float, metric: float) -> bool:
        """Process the results of an epoch: detect divergence, or advance the schedule.

        Returns
        -------
        is_best : bool
            Whether this epoch is the best so far, so that its weights must be kept.
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

    def save(self, more: dict[str, Any]) -> None:
        """Save everything that is needed to resume this member, together with other state."""
        state = {
            "member": {**vars(self.member), "network": None},
            "schedule": {**vars(self.schedule), "protocol": None},
            "best_weights": self.best_weights,
        }
        self.checkpoints.save(self.member.index, {**state, **more})

    def resume(self) -> dict[str, Any] | None:
        """Resume from the saved state, and return it; None if there is none."""
        if (state := self.checkpoints.load(self.member.index)) is not None:
            self.member = Member(**state["member"])
            vars(self.schedule).update({**state["schedule"], "protocol": self.protocol})
            self.best_weights = state["best_weights"]
        return state


class Checkpoints:
    """One file for each member in a folder; nothing is saved without a folder.

    A file begins with the SHA-256 digest of the rest, because PyTorch reads damaged weights without an error.

    Parameters
    ----------
    folder : path or None
    identity : str
        Identity of the fit; a checkpoint with another identity is refused.
    """

    def __init__(self, folder: str | Path | None, identity: str) -> None:
        self.folder = None if folder is None else Path(folder)
        self.identity = identity
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except FileExistsError as error:
                raise InputError(f"expected a folder for checkpoints, but {self.folder} is a file") from error

    def _path(self, index: int) -> Path | None:
        return None if self.folder is None else self.folder / f"member_{index:03d}.ckpt"

    def save(self, index: int, state: dict[str, Any]) -> None:
        """Save a member's state, which replaces the one before."""
        if (path := self._path(index)) is None:
            return
        content = io.BytesIO()
        torch.save({"identity": self.identity, **state}, content)
        write_bytes(sha256(content.getbuffer()).digest() + content.getbuffer(), path)

    def load(self, index: int) -> dict[str, Any] | None:
        """Return a member's state, or None if there is none; a damaged file is ignored with a warning.

        Raises
        ------
        ValueError
            If the file belongs to another fit.
        """
        path = self._path(index)
        if path is None or not path.exists():
            return None
        digest, content = (found := path.read_bytes())[:_DIGEST_SIZE], found[_DIGEST_SIZE:]
        if sha256(content).digest() != digest:
            warn(f"checkpoint {path} cannot be read (it is damaged): member {index} starts again")
            return None
        state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        if state.pop("identity") != self.identity:
            raise InputError(
                f"{path} belongs to a fit with another configuration, protocol, seed, data or engine: "
                "choose another folder, or remove this file to start that member again"
            )
        return state

    def remove(self, index: int) -> None:
        """Remove a member's file, if there is one."""
        if (path := self._path(index)) is not None:
            path.unlink(missing_ok=True)

    def close(self, indices: Sequence[int]) -> None:
        """Remove the files of these members, and the folder if it is empty."""
        for index in indices:
            self.remove(index)
        if self.folder is not None:
            remove_if_empty(self.folder, self.folder)
