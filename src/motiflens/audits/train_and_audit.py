"""From data to audits: train what is missing, and audit every network."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from motiflens.audits.candidate import Candidate, audit_candidate
from motiflens.audits.options import AuditOptions
from motiflens.audits.stored import NotStored, only_stored
from motiflens.basics.choices import check_members
from motiflens.basics.errors import InputError, UnfinishedError
from motiflens.basics.runners import Emit, JobError, n_cores, run_local
from motiflens.data.dataset import SequenceDataset
from motiflens.models.devices import resolve_device
from motiflens.models.ensemble import Member
from motiflens.models.hybrid import NetworkConfig
from motiflens.models.saved import load_ensemble
from motiflens.training.folder import fit_to_folder
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE, Protocol
from motiflens.training.suitability import check_fit


class Stage(NamedTuple):
    """Progress of the audit of a candidate, and its next stage."""

    candidate: str
    share: float
    stage: str


class _Job(NamedTuple):
    name: str
    folder: Path
    config: NetworkConfig
    dataset: SequenceDataset
    n_members: int
    protocol: Protocol
    device: str
    options: AuditOptions


def train_and_audit(
    dataset: SequenceDataset,
    folder: str | Path,
    configs: Mapping[str, NetworkConfig],
    options: AuditOptions | None = None,
    *,
    n_members: int = 5,
    protocol: Protocol = REFERENCE,
    device: str = "auto",
    n_workers: int | None = None,
    on_news: Callable[[News | Stage], None] = lambda news: None,
) -> list[Candidate]:
    """Train the missing networks of several configurations, and audit all networks.

    Each configuration has its own folder below the given one, in the form of `motiflens.training.folder`. The same call
    resumes after an interruption. On CPUs, configurations run in parallel.

    Parameters
    ----------
    dataset : SequenceDataset
    folder : path
    configs : mapping of str to NetworkConfig
        By name, which is also the name of the folder.
    options : AuditOptions, optional
        Options of the audit. Its seed is also that of initial weights and batches.
    n_members : int
        Number of initialisations of each.
    protocol, device
        As for :func:`motiflens.training.ensemble.fit`.
    n_workers : int, optional
        Processes; by default one per core on CPUs, else one.
    on_news : callable
        Called with every epoch, with the end of training and the beginning of the audit of a candidate, and with its
        progress.

    Returns
    -------
    candidates : list of Candidate
        In the order of the configurations.

    Raises
    ------
    InputError
        If configurations or options do not fit the data.
    UnfinishedError
        If workers met an error that a user can correct, such as a full disk.
    RuntimeError
        If a worker fails otherwise; the error holds its traceback.
    """
    if not configs:
        raise InputError("expected at least one configuration to train, got none")
    check_members(n_members)
    options = options or AuditOptions()
    options.check_data(dataset)
    _check_folder(Path(folder))
    for config in configs.values():
        check_fit(config, dataset, protocol)
    jobs = [
        _Job(name, Path(folder) / name, config, dataset, n_members, protocol, device, options)
        for name, config in configs.items()
    ]
    done: dict[str, Candidate] = {}

    def receive(message: News | Stage | Candidate) -> None:
        if isinstance(message, Candidate):
            done[message.name] = message
        else:
            on_news(message)

    if n_workers is None:
        n_workers = n_cores() if resolve_device(device).type == "cpu" else 1
    if min(n_workers, len(jobs)) == 1:
        for job in jobs:
            _train_and_audit(job, receive)
    else:
        jobs = [job for job in jobs if not _read_stored(job, receive)]
        errors = run_local(_train_and_audit, jobs, n_workers=n_workers, on_news=receive)
        if errors:
            _raise(errors)
    return [done[name] for name in configs]


def _read_stored(job: _Job, emit: Emit) -> bool:
    """Whether all that a job asks for was made before; then it is read, which costs less than to start a worker."""
    told: list[Any] = []
    try:
        trained = load_ensemble(job.folder).members
    except (OSError, ValueError):  # `fit_to_folder` says what is wrong
        return False
    if not set(range(job.n_members)) <= {member.index for member in trained}:
        return False
    try:
        with only_stored():
            _train_and_audit(job, told.append)
    except NotStored:
        return False
    for message in told:
        emit(message)
    return True


def _raise(errors: Sequence[JobError]) -> NoReturn:
    """Tell what stopped the workers: what a user can mend in a line, the rest with where it happened."""
    message = "; ".join(f"{error.job.name}: {error.message}" for error in errors)
    if all(error.mendable for error in errors):
        raise UnfinishedError(message)
    raise RuntimeError("\n".join([message, *(error.details for error in errors)]))


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"expected a folder to write to, but {folder} is a file: name another place")


def _train_and_audit(job: _Job, emit: Emit) -> None:
    def tell(member: Member) -> None:
        if member.status == "training":
            emit(News.of_epoch(job.name, member))

    ensemble = fit_to_folder(
        job.folder,
        job.config,
        job.dataset,
        job.n_members,
        protocol=job.protocol,
        seed=job.options.seed,
        device=job.device,
        on_news=tell,
    )
    emit(News(job.name, status="ok"))

    def tell_stage(share: float, stage: str = "") -> None:
        emit(Stage(job.name, share, stage))

    known: dict[str, Any] = {"members": ensemble.members, "protocol": ensemble.protocol, "folder": job.folder}
    emit(audit_candidate(job.name, list(ensemble), job.dataset, job.options, **known, on_progress=tell_stage))
