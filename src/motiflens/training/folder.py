"""Ensembles in a folder, saved member by member so that no finished network is lost."""

from pathlib import Path

from motiflens.basics.choices import check_members
from motiflens.data.dataset import SequenceDataset
from motiflens.models.ensemble import Ensemble, Member
from motiflens.models.hybrid import NetworkConfig
from motiflens.models.saved import load_ensemble
from motiflens.models.trained_on import fingerprint
from motiflens.training.ensemble import fit
from motiflens.training.member import OnMember
from motiflens.training.protocol import REFERENCE, Protocol
from motiflens.training.shelf import Shelf
from motiflens.training.suitability import check_fit


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
    on_news: OnMember | None = None,
    progress: bool = False,
) -> Ensemble:
    """Train the missing members of an ensemble in a folder.

    Every network is saved as soon as it is trained. The same call resumes an interrupted training, and does nothing if
    all members are trained. With a larger `n_members`, only the new members are trained. Any number of processes may
    run at once: each trains members that no other process is training, and waits for the others. A member with a
    damaged file is named in a warning and trained again.

    Parameters
    ----------
    folder : path
    config, dataset, n_members, protocol, seed, data_seed, device, on_news, progress
        As for `ensemble.fit`.

    Returns
    -------
    Ensemble
        All members in the folder.

    Raises
    ------
    ValueError
        If the folder holds another ensemble; the message says what differs.
    """
    check_members(n_members)
    check_fit(config, dataset, protocol)
    origin = {"seed": seed, "data_seed": data_seed, "data": fingerprint(dataset)}
    with Shelf(Path(folder), config, protocol, origin) as shelf:
        shelf.open()

        def hear(member: Member) -> None:
            if member.status != "training":
                shelf.keep(member)
            if on_news is not None:
                on_news(member)

        while missing := [i for i in range(n_members) if i not in shelf.indices()]:
            if mine := shelf.take(missing):
                fit(
                    config,
                    dataset,
                    members=mine,
                    protocol=protocol,
                    seed=seed,
                    data_seed=data_seed,
                    device=device,
                    checkpoint_dir=shelf.checkpoints,
                    on_news=hear,
                    progress=progress,
                )
            else:
                shelf.wait()
    return load_ensemble(folder)
