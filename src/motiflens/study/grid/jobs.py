"""What the workers of a study do: run one trial, tell of every epoch, and store its records or send them."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from motiflens.basics.locks import Locks, remove_if_empty
from motiflens.basics.runners import Emit
from motiflens.basics.store import Record, Store
from motiflens.models.ensemble import Member
from motiflens.study.grid.run_trial import run_trial
from motiflens.study.grid.trial import Trial
from motiflens.study.rounds import TrialStopped


@dataclass(frozen=True)
class Job:
    """What a worker is told: a trial, and how to run it."""

    trial: Trial
    folder: str  # of the study, absolute
    device: str
    save_weights: bool
    deadline: float | None  # seconds since 1970, by the clock of the worker's machine
    sends: bool  # results to the driver, for the worker's machine may not see the folder


class Progress(NamedTuple):
    """News of one network."""

    key: str
    n_epochs: int
    valid_metric: float
    status: str | None  # "ok" or "failed" when its record has been written


class Finished(NamedTuple):
    """A record for the driver to store."""

    record: Record
    weights: dict[str, bytes]  # by file name; empty if they are not kept


class Ended(NamedTuple):
    """A job is over, well or not."""

    trial: Trial
    disk_failed: bool  # full, say; the next trial would meet it, too


def work(job: Job, emit: Emit) -> None:
    """Run a job, as a function for `run_local` or `run_ray`.

    It emits `Progress`, `Finished` where results are sent, and `Ended`. At the deadline it stops at the end of the
    epoch, without an error.
    """

    def is_late() -> bool:
        return job.deadline is not None and time.time() >= job.deadline

    disk_failed = False
    try:
        if is_late():
            return
        if job.sends:
            _run_and_send(job, emit, is_late)
        else:
            _run_and_store(job, emit, is_late)
    except TrialStopped:
        pass
    except Exception as error:
        if (failure := _os_error(error)) is None:
            raise
        disk_failed = True
        raise OSError(failure.errno, failure.strerror, failure.filename or job.folder) from error
    finally:
        emit(Ended(job.trial, disk_failed))


def _os_error(error: BaseException | None) -> OSError | None:
    """The OSError behind an error: PyTorch reports a full disk as a RuntimeError about its own format."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def checkpoint_folder(folder: Path, trial: Trial) -> Path:
    """Where the states of a trial's unfinished members are kept."""
    return folder / "checkpoints" / trial.name


def _run_and_store(job: Job, emit: Emit, is_late: Callable[[], bool]) -> None:
    folder = Path(job.folder)
    store = Store(folder)

    def keep(record: Record) -> None:
        store.write(record)
        emit(Progress(record["key"], record["n_epochs"], float("nan"), record["status"]))

    run_trial(
        job.trial,
        on_epoch=_teller(job, emit),
        on_record=keep,
        should_stop=is_late,
        device=job.device,
        checkpoint_dir=checkpoint_folder(folder, job.trial),
        weights_dir=folder / "weights" if job.save_weights else None,
    )


def _run_and_send(job: Job, emit: Emit, is_late: Callable[[], bool]) -> None:
    trial, folder = job.trial, _visible_folder(job)
    with tempfile.TemporaryDirectory(prefix="motiflens-") as weights, Locks(folder / "checkpoints") as locks:
        for member in trial.members:
            locks.take(trial.key(member))  # keeps other stacks from removing the folder, as the driver's locks do

        def send(record: Record) -> None:
            files = {path.name: path.read_bytes() for path in (Path(weights) / record["key"]).glob("*")}
            emit(Finished(record, files))

        run_trial(
            trial,
            on_epoch=_teller(job, emit),
            on_record=send,
            should_stop=is_late,
            device=job.device,
            checkpoint_dir=checkpoint_folder(folder, trial),
            weights_dir=Path(weights) if job.save_weights else None,
        )
    if folder != Path(job.folder):
        remove_if_empty(folder, folder)


def _teller(job: Job, emit: Emit) -> Callable[[Member], None]:
    def tell(member: Member) -> None:
        emit(Progress(job.trial.key(member.index), member.n_epochs, member.history["valid_metric"][-1], None))

    return tell


def _visible_folder(job: Job) -> Path:
    """Return the study's folder if this machine sees it, else one of its own: its checkpoints serve this machine."""
    if Path(job.folder).is_dir():
        return Path(job.folder)
    name = sha256(f"{job.folder} {job.trial.config_hash()}".encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"motiflens-{name}"
