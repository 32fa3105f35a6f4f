"""What drives a study, be it the grid or the benchmark: work is handed out, records come in, and nothing is lost.

A study is a list of work. Each piece of work makes one record or several; pieces that have theirs are skipped. Any
number of runs may share a folder: each takes what no other is working on. A full disk ends a run, damaged records are
restored or made again.
"""

import dataclasses
import os
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from motiflens.basics.choices import difference
from motiflens.basics.errors import InputError
from motiflens.basics.files import write_bytes
from motiflens.basics.locks import Locks, remove_if_empty
from motiflens.basics.runners import Emit, JobError
from motiflens.basics.store import Damaged, Record, Store
from motiflens.study.machines import Machines
from motiflens.study.rounds import TrialStopped
from motiflens.training.news import News

_STALE_S = 3600.0  # age at which a half-written file is nobody's any more


class Work(Protocol):
    """A piece of a study: what one worker does at once."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the records that it makes."""

    def config(self) -> dict[str, Any]:
        """Everything that its results depend on, as plain data."""

    def without(self, done: Container[str]) -> Any:
        """The same without what has its record; None if nothing is left."""


AnyWork = TypeVar("AnyWork", bound=Work)


class Started(NamedTuple):
    """What is to be done, told before it is begun."""

    works: Sequence[Any]
    n_skipped: int  # records that were there
    damaged: list[Damaged]


#: Told of everything that happens in a run.
Listener = Callable[[Started | News], None]


@dataclass(frozen=True)
class Job:
    """What a worker is told: a piece of work, who does it, and how."""

    work: Any
    run: "RunWork"
    folder: str  # of the study, absolute
    device: str
    save_weights: bool
    deadline: float | None  # seconds since 1970, by the clock of the worker's machine
    sends: bool  # results to the driver, for the worker's machine may not see the folder

    @property
    def is_late(self) -> bool:
        """Whether its deadline is over."""
        return self.deadline is not None and time.time() >= self.deadline


#: Does a job's work and emits `News` and, where results are sent, `Finished`; stops with `TrialStopped` if it is late.
RunWork = Callable[[Job, Emit], None]


class Finished(NamedTuple):
    """A record for the driver to store."""

    record: Record
    weights: dict[str, bytes]  # by file name; empty if they are not kept, or where they belong already


class Ended(NamedTuple):
    """A job is over, well or not."""

    keys: tuple[str, ...]
    disk_failed: bool  # full, say; the next job would meet it, too


def carry_out(job: Job, emit: Emit) -> None:
    """Do a job, as a function for `run_local` or `run_ray`.

    It emits what the work emits, and `Ended`. At the deadline it stops at the end of the epoch, without an error.
    """
    disk_failed = False
    try:
        if not job.is_late:
            job.run(job, emit)
    except TrialStopped:
        pass
    except Exception as error:
        if (failure := _os_error(error)) is None:
            raise
        disk_failed = True
        raise OSError(failure.errno, failure.strerror, failure.filename or job.folder) from error
    finally:
        emit(Ended(job.work.keys, disk_failed))


def _os_error(error: BaseException | None) -> OSError | None:
    """The OSError behind an error: PyTorch reports a full disk as a RuntimeError about its own format."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def check_same(key: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise an error that names what differs unless a stored configuration is the one wanted."""
    if different := difference(found, wanted):
        raise InputError(f"the folder holds {key} from another configuration ({different}): choose another folder")


def left_to_do(works: Iterable[AnyWork], records: dict[str, Record]) -> list[AnyWork]:
    """Pieces of work, or parts of them, that have no record yet.

    Raises
    ------
    InputError
        If a record of the same key was made under another configuration.
    """
    left = []
    for work in works:
        for key in work.keys:
            if key in records:
                check_same(key, records[key].get("config") or {}, work.config())
        if (rest := work.without(records)) is not None:
            left.append(rest)
    return left


def read_and_repair(store: Store, problem: Callable[[Record], str | None]) -> tuple[dict[str, Record], list[Damaged]]:
    """Read a study's records; those that lack what reports need are damaged too.

    A damaged single file whose record stands intact in the exported JSONL is written anew from there.
    """
    records, damaged = store.read()
    for key, record in list(records.items()):
        if reason := problem(record):
            damaged.append(Damaged(key, reason, key))
            del records[key]
    for place in damaged:
        if place.key in records:
            store.write(records[place.key])
    return records, damaged


class Driver:
    """Hands out jobs to workers and takes in what they send.

    Parameters
    ----------
    store : Store
    problem : callable
        Says what a record of this study lacks; None if nothing.
    run : callable
        Does a job, see `RunWork`; defined at the top of a module, for it is sent to other processes.
    machines : Machines
    deadline : float, optional
        Seconds since 1970 after which nothing is begun.
    save_weights : bool
    on_news : callable
    """

    def __init__(
        self,
        store: Store,
        problem: Callable[[Record], str | None],
        run: RunWork,
        *,
        machines: Machines,
        deadline: float | None = None,
        save_weights: bool = True,
        on_news: Listener = lambda news: None,
    ) -> None:
        self.store, self.problem, self.run, self.on_news = store, problem, run, on_news
        self.machines, self.deadline, self.save_weights = machines, deadline, save_weights
        self.locks = Locks(store.folder / "checkpoints")
        self.elsewhere: set[str] = set()  # keys that another run had taken
        self.disk_failed = False

    @property
    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return self.deadline is not None and time.time() >= self.deadline

    def do(self, works: Iterable[Work], *, tidy: Callable[[Locks], None] = lambda locks: None) -> list[JobError]:
        """Do what is left of a study, gather its records into JSONL files, and remove what killed processes left.

        `tidy` is called with the locks at the end, to remove what only the study itself knows.
        """
        with self.locks:
            try:
                errors = self.machines.run(carry_out, self.jobs(works), renew=self.rest, on_news=self.hear)
            finally:
                self.store.export()
            tidy(self.locks)
            remove_stale(self.locks.folder, self.store.folder / "records")
        return errors

    def jobs(self, works: Iterable[Work]) -> Iterator[Job]:
        """Jobs, each made when it is asked for: what then is still to do, and nothing after the deadline."""
        for work in works:
            if self.disk_failed or self.is_late:
                return
            rest = work.without({key for key in work.keys if not self._take(key, work)})
            if rest is not None:
                yield Job(
                    work=rest,
                    run=self.run,
                    folder=str(self.store.folder),
                    device=self.machines.device,
                    save_weights=self.save_weights,
                    deadline=self.deadline,
                    sends=self.machines.runner == "ray",
                )

    def _take(self, key: str, work: Work) -> bool:
        if not self.locks.take(key):
            self.elsewhere.add(key)
            return False
        record = self.store.intact(key)
        if record is None or self.problem(record):
            return True
        self.locks.release(key)  # another run has finished it meanwhile
        check_same(key, record["config"], work.config())
        return False

    def hear(self, message: News | Finished | Ended) -> None:
        """Take what a worker emitted."""
        if isinstance(message, News):
            self.on_news(message)
        elif isinstance(message, Finished):
            self._store(*message)
        else:
            self.disk_failed |= message.disk_failed
            for key in message.keys:
                self.locks.release(key)

    def _store(self, record: Record, weights: dict[str, bytes]) -> None:
        folder = self.store.folder / "weights" / record["key"]
        for name, content in weights.items():
            folder.mkdir(parents=True, exist_ok=True)
            write_bytes(content, folder / name)
        self.store.write(record)
        self.on_news(news_of_record(record))

    def rest(self, job: Job) -> Job | None:
        """What is left to do of a job that was lost."""
        done = {key for key in job.work.keys if self.store.intact(key) is not None}
        work = job.work.without(done)
        return None if work is None else dataclasses.replace(job, work=work)


def news_of_record(record: Record) -> News:
    """The news that a record has been written."""
    return News(record["key"], record.get("member", -1), record.get("n_epochs", 0), status=record["status"])


def remove_stale(*folders: Path) -> None:
    """Remove half-written files that are nobody's any more, and folders that are empty."""
    for top in folders:
        for path, _, names in os.walk(top, topdown=False):
            for name in names:
                with suppress(FileNotFoundError):  # another run does the same
                    file = Path(path) / name
                    if file.suffix == ".tmp" and time.time() - file.stat().st_mtime > _STALE_S:
                        file.unlink()
            remove_if_empty(Path(path), top)
