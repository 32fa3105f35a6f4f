"""Ensembles in a folder: saved, loaded, and trained member by member so that nothing finished is lost."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from motiflens.basics.choices import difference
from motiflens.basics.errors import InputError
from motiflens.basics.files import write_text
from motiflens.basics.json_values import without_nan
from motiflens.data.dataset import SequenceDataset
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import NetworkConfig
from motiflens.models.saved import ENSEMBLE_FILE, member_folder, read_ensemble
from motiflens.models.trained_on import fingerprint
from motiflens.training.ensemble import fit
from motiflens.training.protocol import REFERENCE, Protocol


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
            member.network.save(member_folder(folder, member.index))
    _write_summary(folder, ensemble.config, ensemble.protocol, ensemble.members, origin or {})


def fit_to_folder(
    folder: str | Path,
    config: NetworkConfig,
    dataset: SequenceDataset,
    n_members: int = 10,
    *,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    data_seed: int = 0,
    device: str = "auto",
    on_epoch: Callable[[Member], None] | None = None,
    progress: bool = False,
) -> Ensemble:
    """Train what is missing of an ensemble that lives in a folder.

    Every network is saved as soon as its member has finished. The same call goes on where it was interrupted, and does
    nothing when all is done; a larger `n_members` trains only the new ones.

    Parameters
    ----------
    folder : path
    config, dataset, n_members, protocol, seed, data_seed, device, on_epoch, progress
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
        present, present_origin = read_ensemble(folder)
        before = {"config": present.config.to_dict(), "protocol": dict(present.protocol), **present_origin}
        now = {"config": config.to_dict(), "protocol": protocol.to_dict(), **origin}
        if different := difference(before, now):
            raise InputError(f"{folder} holds another ensemble ({different}): choose another folder")
        done = {member.index: member for member in present.members}

    def keep(member: Member) -> None:
        if member.network is not None:
            member.network.save(member_folder(folder, member.index))
        done[member.index] = member
        _write_summary(folder, config, protocol.to_dict(), [done[i] for i in sorted(done)], origin)

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
            progress=progress,
        )
    return Ensemble(config, protocol.to_dict(), [done[i] for i in sorted(done)])


def _write_summary(
    folder: Path, config: NetworkConfig, protocol: Mapping[str, Any], members: list[Member], origin: dict[str, Any]
) -> None:
    summary = {
        "config": config.to_dict(),
        "protocol": dict(protocol),
        "origin": origin,
        "members": [{**vars(member), "network": None} for member in members],
    }
    write_text(json.dumps(without_nan(summary), indent=1) + "\n", folder / ENSEMBLE_FILE)
