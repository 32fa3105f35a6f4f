"""From data to the page of an audit: train what is missing, audit every network, write tables and page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from motiflens.audits.candidate import Candidate, audit_candidate
from motiflens.audits.network import audit
from motiflens.basics.errors import InputError, UnfinishedError
from motiflens.basics.runners import Emit, JobError, n_cores, run_local
from motiflens.data.dataset import SequenceDataset
from motiflens.models.devices import resolve_device
from motiflens.models.hybrid import HybridConfig, blank_network
from motiflens.training.folder import fit_to_folder
from motiflens.training.member import Member
from motiflens.training.protocol import REFERENCE, Protocol
from motiflens.training.suitability import check_fit

_N_REHEARSED = 16


class Epoch(NamedTuple):
    """News of a network in training, or, with `number` None, of a candidate whose audit begins."""

    candidate: str
    number: int | None = None
    n_epochs: int = 0
    valid_loss: float = 0.0
    valid_metric: float = 0.0


class _Job(NamedTuple):
    name: str
    folder: Path
    config: HybridConfig
    dataset: SequenceDataset
    n_members: int
    protocol: Protocol
    seed: int
    device: str
    options: dict[str, Any]  # of the audit


def train_and_audit(
    dataset: SequenceDataset,
    folder: str | Path,
    configs: Mapping[str, HybridConfig],
    *,
    n_members: int = 5,
    protocol: Protocol = REFERENCE,
    seed: int = 0,
    device: str = "auto",
    n_workers: int | None = None,
    on_epoch: Callable[[Epoch], None] = lambda news: None,
    **options: Any,
) -> list[Candidate]:
    """Train what is missing of several configurations and audit all their networks.

    Each configuration has a folder of its own, below the given one, which `motiflens.training.folder` reads; the same
    call goes on where it was interrupted. On CPUs configurations are worked on side by side.

    Parameters
    ----------
    dataset : SequenceDataset
    folder : path
    configs : mapping of str to HybridConfig
        By name, which is that of the folder too.
    n_members : int
        Initialisations of each.
    protocol, seed, device
        As for :func:`motiflens.training.ensemble.fit`.
    n_workers : int, optional
        Processes; by default one per core on CPUs, else one.
    on_epoch : callable
        Called with every `Epoch`.
    **options
        Of :func:`motiflens.audits.network.audit`; its seed is `seed`.

    Returns
    -------
    candidates : list of Candidate
        In the order of the configurations.

    Raises
    ------
    InputError
        If configuration and data do not fit together, there is no test sequence, or as `audit`.
    UnfinishedError
        If workers met what a user can mend, such as a full disk.
    RuntimeError
        If a worker fails otherwise; holds its traceback.
    """
    if not configs:
        raise InputError("expected at least one configuration to train, got none")
    if len(dataset.test) == 0:
        raise InputError("the data have no test sequences to audit on")
    _check_folder(Path(folder))
    options = {"seed": seed, **options}
    for config in configs.values():
        check_fit(config, dataset, protocol)
    _rehearse(next(iter(configs.values())), dataset, options)
    jobs = [
        _Job(name, Path(folder) / name, config, dataset, n_members, protocol, seed, device, options)
        for name, config in configs.items()
    ]
    done: dict[str, Candidate] = {}

    def receive(message: Epoch | Candidate) -> None:
        if isinstance(message, Candidate):
            done[message.name] = message
        else:
            on_epoch(message)

    if n_workers is None:
        n_workers = n_cores() if resolve_device(device).type == "cpu" else 1
    if min(n_workers, len(jobs)) == 1:
        for job in jobs:
            _train_and_audit(job, receive)
    else:
        errors = run_local(_train_and_audit, jobs, n_workers=n_workers, on_message=receive)
        if errors:
            _raise(errors)
    return [done[name] for name in configs]


def _raise(errors: Sequence[JobError]) -> NoReturn:
    """Tell what stopped the workers: what a user can mend in a line, the rest with where it happened."""
    message = "; ".join(f"{error.job.name}: {error.message}" for error in errors)
    if all(error.mendable for error in errors):
        raise UnfinishedError(message)
    raise RuntimeError("\n".join([message, *(error.details for error in errors)]))


def _rehearse(config: HybridConfig, dataset: SequenceDataset, options: Mapping[str, Any]) -> None:
    """Audit an untrained network on a few sequences: a wrong option is to be told before the training, not after."""
    few = replace(dataset.test.subset(slice(_N_REHEARSED)), truth=None)
    cheap = {name: min(options.get(name, 0), 0) for name in ("n_ablation", "n_decoys")}
    audit(blank_network(config), few, **{**options, **cheap})


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"expected a folder to write to, but {folder} is a file: name another place")


def _train_and_audit(job: _Job, emit: Emit) -> None:
    def tell(member: Member) -> None:
        loss, metric = (member.history[name][-1] for name in ("valid_loss", "valid_metric"))
        emit(Epoch(job.name, member.index, member.n_epochs, loss, metric))

    ensemble = fit_to_folder(
        job.folder,
        job.config,
        job.dataset,
        job.n_members,
        protocol=job.protocol,
        seed=job.seed,
        device=job.device,
        on_epoch=tell,
    )
    emit(Epoch(job.name))
    emit(audit_candidate(job.name, list(ensemble), job.dataset, members=ensemble.members, **job.options))
