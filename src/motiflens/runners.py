"""Map one function over jobs in local processes, one thread each.

A job function is called as `function(job, emit)`; what it passes to `emit` reaches the driver's `on_message` at
once, which is how progress is shown and results are told of. A worker that dies takes only its own job with it.
"""

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

Emit = Callable[[Any], None]
JobFunction = Callable[[Any, Emit], None]

# One thread per process: two in one process are slower on networks of this size.
_WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class JobError:
    """A job that raised or whose process died; the other jobs went on."""

    job: Any
    message: str  # one line
    details: str = ""  # traceback


def n_cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_local(
    function: JobFunction,
    jobs: Iterable[Any],
    *,
    n_workers: int | None = None,
    on_message: Callable[[Any], None] = lambda message: None,
) -> list[JobError]:
    """Run jobs in order of arrival on local processes.

    Parameters
    ----------
    function : callable
        Importable (it is sent to fresh processes), called as `function(job, emit)`.
    jobs : iterable
        Picklable.
    n_workers : int, optional
        Processes; by default one per core.
    on_message : callable
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
        raise ValueError(f"n_workers must be at least 1, got {n_workers}")
    pending = deque(jobs)
    errors: list[JobError] = []
    workers: dict[Connection, tuple[BaseProcess, Any]] = {}
    context = multiprocessing.get_context("spawn")

    def start(job: Any) -> None:
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(function, there), daemon=True)
        with _environment(_WORKER_ENVIRONMENT):
            process.start()
        there.close()
        here.send(job)
        workers[here] = (process, job)

    def next_job(connection: Connection) -> None:
        process, _ = workers.pop(connection)
        if pending:
            job = pending.popleft()
            connection.send(job)
            workers[connection] = (process, job)
        else:
            connection.close()  # the worker ends when it finds its line closed
            process.join()

    try:
        while pending and len(workers) < n_workers:
            start(pending.popleft())
        while workers:
            for connection in cast(list[Connection], wait(list(workers))):
                process, job = workers[connection]
                try:
                    kind, payload = connection.recv()
                except (EOFError, OSError):
                    process.join()
                    errors.append(JobError(job, f"its process ended with exit code {process.exitcode}"))
                    del workers[connection]
                    if pending:
                        start(pending.popleft())
                    continue
                if kind == "message":
                    on_message(payload)
                else:
                    if kind == "error":
                        errors.append(JobError(job, *payload))
                    next_job(connection)
    finally:
        for process, _ in workers.values():
            process.terminate()
        for process, _ in workers.values():
            process.join()
    return errors


def _work(function: JobFunction, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt goes to the driver, which ends its workers
    import torch

    torch.set_num_threads(1)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            function(job, lambda message: connection.send(("message", message)))
        except BrokenPipeError:  # the driver is gone
            return
        except Exception as error:
            connection.send(("error", (f"{type(error).__name__}: {error}", traceback.format_exc())))
        else:
            connection.send(("done", None))


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes started meanwhile; those that the user set are kept."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
