"""Map one function over jobs in local processes, one thread each.

A function is called as `function(job, emit)`. What it passes to `emit` reaches the driver's `on_news` at once; progress
and results are reported so. If a worker dies, only its job is lost. If the driver dies, its workers end.
`ray_runner.run_ray` does the same on the nodes of a cluster.
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, cast

from motiflens.basics.errors import InputError, explained

Emit = Callable[[Any], None]
JobFunction = Callable[[Any, Emit], None]

_NO_JOB = object()
# One thread per process: two in one process are slower on networks of this size.
_WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class JobError:
    """A job that raised an error or whose process died; the other jobs went on."""

    job: Any
    message: str  # one line
    details: str = ""  # traceback
    mendable: bool = False  # by the user; otherwise it is a fault of the program, or of the machine


def n_cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_local(
    function: JobFunction,
    jobs: Iterable[Any],
    *,
    n_workers: int | None = None,
    on_news: Callable[[Any], None] = lambda message: None,
) -> list[JobError]:
    """Run jobs in order of arrival on local processes.

    Parameters
    ----------
    function : callable
        Importable (it is sent to fresh processes), called as `function(job, emit)`.
    jobs : iterable
        Picklable. The next one is asked for when a worker is free, so an iterator may end the run early.
    n_workers : int, optional
        Processes; by default one per core.
    on_news : callable
        Called in this process with everything that jobs emit.

    Returns
    -------
    errors : list of JobError
        Empty if every job ended well.

    Raises
    ------
    KeyboardInterrupt
        On interruption, after the workers have been ended.
    """
    n_workers = n_cores() if n_workers is None else n_workers
    if n_workers < 1:
        raise InputError(f"n_workers must be at least 1, got {n_workers}")
    with _Workers(function, iter(jobs)) as workers:
        while len(workers) < n_workers and workers.start():
            pass
        while workers:
            workers.listen(on_news)
    return workers.errors


class _Workers:
    """Processes, each with the job it works on; ended on leaving the context."""

    def __init__(self, function: JobFunction, jobs: Iterator[Any]) -> None:
        self.function, self.jobs = function, jobs
        self.errors: list[JobError] = []
        self._running: dict[Connection, tuple[BaseProcess, Any]] = {}
        self._context = multiprocessing.get_context("spawn")

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            process.join()

    def __len__(self) -> int:
        return len(self._running)

    def start(self) -> bool:
        """Start a process for the next job; False if there is none."""
        if (job := next(self.jobs, _NO_JOB)) is _NO_JOB:
            return False
        here, there = self._context.Pipe()
        # The job goes by the line, when the worker asks for it: a worker that died before it had read a large job given
        # here would leave this process waiting for ever.
        process = self._context.Process(target=_work, args=(self.function, there), daemon=True)
        with environment(_WORKER_ENVIRONMENT):
            process.start()
        self._running[here] = (process, job)
        there.close()
        return True

    def listen(self, on_news: Callable[[Any], None]) -> None:
        """Wait for news from the workers and act on it."""
        for connection in cast(list[Connection], wait(list(self._running))):
            process, job = self._running[connection]
            try:
                kind, payload = connection.recv()
            except (EOFError, OSError):
                process.join()
                self.errors.append(JobError(job, f"its process ended with exit code {process.exitcode}"))
                self._dismiss(connection)
                self.start()
                continue
            if kind == "message":
                on_news(payload)
                continue
            if kind == "ready":
                self._send(connection, job)
                continue
            if kind == "error":
                self.errors.append(JobError(job, *payload))
            self._next_job(connection, process)

    def _next_job(self, connection: Connection, process: BaseProcess) -> None:
        if (job := next(self.jobs, _NO_JOB)) is _NO_JOB:
            self._dismiss(connection)  # the worker ends when it finds its line closed
            return
        self._running[connection] = (process, job)
        self._send(connection, job)

    def _send(self, connection: Connection, job: Any) -> None:
        with suppress(OSError):  # a worker that has died is noticed when it is listened to
            connection.send(job)

    def _dismiss(self, connection: Connection) -> None:
        process, _ = self._running.pop(connection)
        connection.close()
        process.join()


def _work(function: JobFunction, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt goes to the driver, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(1)
    connection.send(("ready", None))
    while True:
        try:
            job = connection.recv()
        except EOFError:  # there is no more to do
            return
        try:
            function(job, lambda message: connection.send(("message", message)))
        except Exception as error:
            connection.send(("error", describe(error)))
        else:
            connection.send(("done", None))


def _end_with_parent() -> None:
    """Wait for the end of the process that started this one, and end at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def describe(error: Exception) -> tuple[str, str, bool]:
    """Message and details of a `JobError`, and whether a user can mend it."""
    words = explained(error)
    message = f"{type(error).__name__}: {error}" if words is None else words
    return message, "".join(traceback.format_exception(error)), words is not None


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes started meanwhile; those that the user set are kept."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
