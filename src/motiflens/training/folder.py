"""Ensembles in a folder: saved, loaded, and trained member by member so that nothing finished is lost."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from motiflens.basics.choices import difference
from motiflens.basics.errors import InputError, MissingFileError
from motiflens.basics.files import write_atomically
from motiflens.basics.json_values import without_nan
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import HybridConfig, HybridNetwork
from motiflens.training.ensemble import Ensemble, fingerprint, fit
from motiflens.training.member import Member
from motiflens.training.protocol import REFERENCE, Protocol

ENSEMBLE_FILE = "ensemble.json"


def save_ensemble(ensemble: Ensemble, folder: str | Path, origin: dict[str, Any] | None = None) -> None:
    """Write each network into `member_000`, ... and what became of the members into `ensemble.json`.

    Parameters
    ----------
    ensemble : Ensemble
    folder : path
        Created if need be.
    origin : dict, optional
        Plain data on where it comes from (seeds, data), kept in the file.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for member in ensemble.members:
        if member.network is not None:
            member.network.save(_member_folder(folder, member))
    _write_summary(folder, ensemble.config, ensemble.protocol, ensemble.members, origin or {})


def load_ensemble(folder: str | Path) -> Ensemble:
    """Read an ensemble that `save_ensemble` or `fit_to_folder` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or not what they wrote.
    """
    return _read(Path(folder))[0]


def fit_to_folder(
    folder: str | Path,
    config: HybridConfig,
    dataset: SequenceDataset,
    n_members: int = 10,
    *,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    data_seed: int = 0,
    device: str = "auto",
    on_epoch: Callable[[Member], None] | None = None,
) -> Ensemble:
    """Train what is missing of an ensemble that lives in a folder.

    Every network is saved as soon as its member has finished. The same call goes on where it was interrupted, and does
    nothing when all is done; a larger `n_members` trains only the new ones.

    Parameters
    ----------
    folder : path
    config, dataset, n_members, protocol, seed, data_seed, device, on_epoch
        As for `ensemble.fit`.

    Returns
    -------
    Ensemble
        All members that the folder holds.

    Raises
    ------
    ValueError
        If the folder holds another ensemble; says what differs.
    """
    folder = Path(folder)
    origin = {"seed": seed, "data_seed": data_seed, "data": fingerprint(dataset)}
    done: dict[int, Member] = {}
    if (folder / ENSEMBLE_FILE).exists():
        present, present_origin = _read(folder)
        before = {"config": present.config.to_dict(), "protocol": present.protocol.to_dict(), **present_origin}
        now = {"config": config.to_dict(), "protocol": protocol.to_dict(), **origin}
        if different := difference(before, now):
            raise InputError(f"{folder} holds another ensemble ({different}): choose another folder")
        done = {member.index: member for member in present.members}

    def keep(member: Member) -> None:
        if member.network is not None:
            member.network.save(_member_folder(folder, member))
        done[member.index] = member
        _write_summary(folder, config, protocol, [done[i] for i in sorted(done)], origin)

    missing = [i for i in range(n_members) if i not in done]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        fit(
            config,
            dataset,
            members=missing,
            protocol=protocol,
            seed=seed,
            data_seed=data_seed,
            device=device,
            checkpoint_dir=folder / "checkpoints",
            on_epoch=on_epoch,
            on_member=keep,
        )
    return Ensemble(config, protocol, [done[i] for i in sorted(done)])


def _member_folder(folder: Path, member: Member) -> Path:
    return folder / f"member_{member.index:03d}"


def _write_summary(
    folder: Path, config: HybridConfig, protocol: Protocol, members: list[Member], origin: dict[str, Any]
) -> None:
    summary = {
        "config": config.to_dict(),
        "protocol": protocol.to_dict(),
        "origin": origin,
        "members": [{**vars(member), "network": None} for member in members],
    }
    write_atomically(folder / ENSEMBLE_FILE, json.dumps(without_nan(summary), indent=1) + "\n")


def _read(folder: Path) -> tuple[Ensemble, dict[str, Any]]:
    path = folder / ENSEMBLE_FILE
    if not path.is_file():
        raise MissingFileError(f"expected {ENSEMBLE_FILE} in {folder}: name a folder of a trained ensemble")
    try:
        summary = json.loads(path.read_text())
        members = [Member(**values) for values in summary["members"]]
        config, protocol = HybridConfig.from_dict(summary["config"]), Protocol(**summary["protocol"])
        origin = dict(summary["origin"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not the file of a trained ensemble: {error!r}") from error
    for member in members:
        member.metrics = {name: math.nan if value is None else value for name, value in member.metrics.items()}
        if member.status == "ok":
            member.network = HybridNetwork.load(_member_folder(folder, member))
    return Ensemble(config, protocol, members), origin
