"""Load saved networks and ensembles."""

import json
import math
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import nn

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import InputError, MissingFileError, warn
from motiflens.basics.inputs import NetworksLike, as_network_list
from motiflens.models.any_model.source import load_model
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid.network import CONFIG_FILE, WEIGHTS_FILE, HybridNetwork
from motiflens.models.hybrid.registry import config_from_dict
from motiflens.models.published import PublishedNetwork, is_preset, load_preset

ENSEMBLE_FILE = "ensemble.json"


@checks_arguments
def load(path: str | Path, *, weights: str | Path | None = None) -> Ensemble | nn.Module:
    """Load a network or an ensemble.

    Parameters
    ----------
    path : str or path
        Folder of an ensemble or of a network, as `fit` and ``motiflens train`` write them; or ``"file.py:name"`` or
        ``"package.module:name"``, where name is a model, or a function or class without arguments that makes one. Such
        a file is run.
    weights : path, optional
        State dictionary of such a model; see :func:`motiflens.models.any_model.load_model`.

    Returns
    -------
    Ensemble or nn.Module
        On the CPU, in evaluation mode.

    Raises
    ------
    ValueError
        If there is no network at the path, or a file is damaged.
    FileNotFoundError
        If a file is missing.

    Examples
    --------
    >>> import tempfile
    >>> import motiflens as ml
    >>> folder = tempfile.mkdtemp()
    >>> ml.build_model("C24", length=200, n_outputs=1).save(folder)
    >>> ml.load(folder).config.length
    200
    """
    if (Path(path) / ENSEMBLE_FILE).is_file():
        if weights is not None:
            raise InputError(f"{path} holds its own weights: leave out {weights}")
        return load_ensemble(path)
    return load_model(path, weights=weights)


def load_ensemble(folder: str | Path) -> Ensemble:
    """Read an ensemble that `training.folder` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or damaged.
    """
    return read_ensemble(Path(folder))[0]


def read_ensemble(folder: Path, *, skip_damaged: bool = False) -> tuple[Ensemble, dict[str, Any]]:
    """An ensemble and its origin (seeds, fingerprint of the data).

    With `skip_damaged`, members with damaged files are left out with a warning; otherwise they are an error.
    """
    path = folder / ENSEMBLE_FILE
    if not path.is_file():
        raise MissingFileError(f"expected {ENSEMBLE_FILE} in {folder}: name a folder of a trained ensemble")
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        members = [Member(**values) for values in summary["members"]]
        config, protocol = config_from_dict(summary["config"]), dict(summary["protocol"])
        origin, digests = dict(summary["origin"]), dict(summary.get("digests", {}))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not the file of a trained ensemble: {error!r}") from error
    intact = []
    for member in members:
        member.metrics = {name: math.nan if value is None else value for name, value in member.metrics.items()}
        try:
            if member.status == "ok":
                member.network = _read_member(member_folder(folder, member.index), digests.get(str(member.index)))
        except InputError as error:
            if not skip_damaged:
                raise InputError(f"{error}; the command or call that trained it trains this member again") from error
            warn(f"{error}: member {member.index} is trained again")
        else:
            intact.append(member)
    return Ensemble(config, protocol, intact), origin


def _read_member(folder: Path, digest: str | None) -> HybridNetwork | PublishedNetwork:
    network = load_saved(folder)
    if digest is not None and weights_digest(folder) != digest:
        raise InputError(f"{folder / WEIGHTS_FILE} is damaged: it is not what was saved")
    return network


def weights_digest(folder: Path) -> str:
    """SHA-256 digest of a saved network's weights, which reveals a damaged file."""
    return sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()


def load_saved(folder: Path) -> HybridNetwork | PublishedNetwork:
    """Read a hybrid or published network from its folder."""
    return load_preset(folder) if is_preset(folder) else HybridNetwork.load(folder)


def member_folder(folder: Path, index: int) -> Path:
    """Folder of a member of an ensemble."""
    return folder / f"member_{index:03d}"


def load_networks(folder: str | Path) -> list[nn.Module]:
    """Load the network of a folder, or the networks of an ensemble.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no network, or a file is damaged.
    """
    folder = Path(folder)
    if not (folder / ENSEMBLE_FILE).is_file():
        if not (folder / CONFIG_FILE).is_file() and ":" in str(folder):
            return [load_model(str(folder))]
        return [load_saved(folder)]
    members = load_ensemble(folder).members
    networks: list[nn.Module] = [member.network for member in members if member.network is not None]
    if not networks:
        raise InputError(f"{folder}: none of {len(members)} members has trained to its end")
    return networks


def as_networks(networks: NetworksLike) -> list[nn.Module]:
    """Convert anything that counts as networks into a list: one, several, an ensemble, or the folder of either.

    Raises
    ------
    InputError
        As :func:`motiflens.basics.inputs.as_network_list` and :func:`load_networks`.
    """
    return as_network_list(networks, load_networks)
