"""An ensemble's folder during training, by any number of processes at once.

The process that trains a member holds its lock, so no member is trained twice. `ensemble.json` is changed under a lock
of its own, so no member is lost.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from motiflens.basics.choices import difference
from motiflens.basics.errors import InputError, warn
from motiflens.basics.files import write_text
from motiflens.basics.json_values import without_nan
from motiflens.basics.locks import Locks
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import NetworkConfig
from motiflens.models.saved import ENSEMBLE_FILE, member_folder, read_ensemble, weights_digest
from motiflens.training.protocol import Protocol

_LOOK_AGAIN_S = 0.5
_DAMAGED_FILE = "ensemble.damaged.json"


def save_ensemble(ensemble: Ensemble, folder: str | Path, origin: dict[str, Any] | None = None) -> None:
    """Write each network into `member_000` and so on, and the outcome of training into `ensemble.json`.

    Parameters
    ----------
    ensemble : Ensemble
    folder : path
        Created if needed.
    origin : dict, optional
        Seeds and data of the ensemble as plain values, kept in the file.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    summary = _empty_summary(ensemble.config, ensemble.protocol, origin or {})
    for member in ensemble.members:
        _add(summary, member, folder)
    _write(summary, folder)


class Shelf:
    """Context manager around an ensemble's folder; its locks are released at the end.

    Parameters
    ----------
    folder : path
    config : NetworkConfig
    protocol : Protocol
    origin : dict
        Seeds and data of the networks as plain values. With configuration and protocol they identify the ensemble.

    Attributes
    ----------
    checkpoints : path
        Folder of the states of unfinished members, and of locks.
    """

    def __init__(self, folder: Path, config: NetworkConfig, protocol: Protocol, origin: dict[str, Any]) -> None:
        self.folder, self.checkpoints = folder, folder / "checkpoints"
        self._empty = _empty_summary(config, protocol.to_dict(), origin)
        self._locks = Locks(self.checkpoints)
        self._told = False

    def __enter__(self) -> "Shelf":
        return self

    def __exit__(self, *error: object) -> None:
        self._locks.release_all()

    def open(self) -> None:
        """Create the folder, and remove damaged members from `ensemble.json`, with a warning that names them.

        Raises
        ------
        InputError
            If the folder holds another ensemble.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            summary = self._summary()
            if not (self.folder / ENSEMBLE_FILE).exists():
                _write(summary, self.folder)
            intact = {member.index for member in read_ensemble(self.folder, skip_damaged=True)[0].members}
            if damaged := {entry["index"] for entry in summary["members"]} - intact:
                for index in damaged:
                    _remove(summary, index)
                _write(summary, self.folder)

    def indices(self) -> set[int]:
        """Numbers of the members that have finished or failed so far, in any process."""
        return {entry["index"] for entry in self._summary()["members"]}

    def take(self, wanted: Sequence[int]) -> list[int]:
        """Lock and return those members that no other process is training or has finished."""
        taken = [i for i in wanted if self._locks.take(_lock_of(i))]
        finished = self.indices()  # looked at when locked: what another finished before is seen
        for i in finished.intersection(taken):
            self._locks.release(_lock_of(i))
        return [i for i in taken if i not in finished]

    def wait(self) -> None:
        """Wait for other processes for a moment; the first time, a warning says for which members."""
        if not self._told:
            self._told = True
            warn(f"another process trains members of {self.folder}: waiting for its networks")
        time.sleep(_LOOK_AGAIN_S)

    def keep(self, member: Member) -> None:
        """Store a member that has finished or failed."""
        if member.network is not None:
            member.network.save(member_folder(self.folder, member.index))
        with self._alone():
            summary = self._summary()
            _add(summary, member, self.folder, saved=True)
            _write(summary, self.folder)

    def _summary(self) -> dict[str, Any]:
        """What `ensemble.json` holds, or would hold without members."""
        path = self.folder / ENSEMBLE_FILE
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            summary = {name: type(value)(found[name]) for name, value in self._empty.items()}
            for entry in summary["members"]:
                Member(**entry)
        except FileNotFoundError:
            return json.loads(json.dumps(self._empty))
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            path.replace(path.with_name(_DAMAGED_FILE))
            warn(f"{path} is damaged ({error!r}) and kept as {_DAMAGED_FILE}: its members are trained again")
            return json.loads(json.dumps(self._empty))
        if different := difference(_identity(summary), _identity(self._empty)):
            raise InputError(f"{self.folder} holds another ensemble ({different}): choose another folder")
        return summary

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._locks.wait("ensemble")
        try:
            yield
        finally:
            self._locks.release("ensemble")


def _lock_of(index: int) -> str:
    return f"member_{index:03d}"


def _empty_summary(config: NetworkConfig, protocol: Mapping[str, Any], origin: dict[str, Any]) -> dict[str, Any]:
    return {"config": config.to_dict(), "protocol": dict(protocol), "origin": origin, "digests": {}, "members": []}


def _identity(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {"config": summary["config"], "protocol": summary["protocol"], **summary["origin"]}


def _add(summary: dict[str, Any], member: Member, folder: Path, *, saved: bool = False) -> None:
    """Enter a member, in the place of an older one of its number, and save its network unless that is done."""
    _remove(summary, member.index)
    if member.network is not None:
        place = member_folder(folder, member.index)
        if not saved:
            member.network.save(place)
        summary["digests"][str(member.index)] = weights_digest(place)
    entry = {field.name: getattr(member, field.name) for field in fields(Member)}
    summary["members"] = sorted([*summary["members"], {**entry, "network": None}], key=lambda one: one["index"])


def _remove(summary: dict[str, Any], index: int) -> None:
    summary["members"] = [entry for entry in summary["members"] if entry["index"] != index]
    summary["digests"].pop(str(index), None)


def _write(summary: Mapping[str, Any], folder: Path) -> None:
    write_text(json.dumps(without_nan(summary), indent=1) + "\n", folder / ENSEMBLE_FILE)
