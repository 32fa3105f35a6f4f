"""Map one function over jobs on the nodes of a Ray cluster, each job with one CPU or a share of a GPU.

It behaves as `runners.run_local` does; in addition, a job that is lost with its node is sent again. Needs the extra
`cluster`.
"""

import logging
import queue
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from motiflens.basics.errors import InputError, MissingPackageError
from motiflens.basics.runners import JobError, JobFunction, describe, environment

_NO_JOB = object()
_LOOK_AROUND_S = 5.0  # how often the cluster is asked for its size: nodes come and go
_PATIENCE_S = 20.0  # with a cluster that does not answer
_OBJECT_STORE_BYTES = 200_000_000  # of an instance of our own: messages are small
_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class _Attempt(NamedTuple):
    job: Any
    n_lost: int = 0  # earlier attempts that were lost


def run_ray(
    function: JobFunction,
    jobs: Iterable[Any],
    *,
    address: str | None = None,
    n_workers: int | None = None,
    gpu_share: float = 1.0,
    max_losses: int = 3,
    renew: Callable[[Any], Any | None] = lambda job: job,
    on_news: Callable[[Any], None] = lambda message: None,
) -> list[JobError]:
    """Run jobs on a Ray cluster, as many at once as it has room for.

    Parameters
    ----------
    function : callable
        Importable on the nodes, called there as `function(job, emit)`.
    jobs : iterable
        Picklable. The next one is asked for when there is room, so an iterator may end the run early.
    address : str, optional
        Address of the cluster: "auto" for the one that this machine belongs to, or "host:port". By default a cluster of
        this machine alone is started for the run.
    n_workers : int, optional
        Jobs at once; by default as many as the cluster has CPUs, or shares of GPUs.
    gpu_share : float
        Share of a GPU for each job, if the cluster has any GPU when the run begins; 0 for jobs that need none.
    max_losses : int
        How often a job is sent again after it was lost with its node or process.
    renew : callable
        Called with a lost job; returns the job to run instead, or None if nothing of it is left to do.
    on_news : callable
        Called in this process with everything that jobs emit.

    Returns
    -------
    errors : list of JobError
        Empty if every job ended well.

    Raises
    ------
    ImportError
        If Ray is not installed.
    ValueError
        If the address or a number is not valid.
    ConnectionError
        If no cluster answers at the address.
    KeyboardInterrupt
        On interruption, after the jobs have been ended.
    """
    if n_workers is not None and n_workers < 1:
        raise InputError(f"n_workers must be at least 1, got {n_workers}")
    if gpu_share < 0:
        raise InputError(f"gpu_share must not be negative, got {gpu_share}")
    with _connection(address, n_workers) as ray:
        share = gpu_share if ray.cluster_resources().get("GPU") else 0.0
        with _Crew(ray, function, share, n_workers) as crew:
            _run(crew, iter(jobs), max_losses, renew, on_news)
        return crew.errors


def _run(
    crew: "_Crew",
    jobs: Iterator[Any],
    max_losses: int,
    renew: Callable[[Any], Any | None],
    on_news: Callable[[Any], None],
) -> None:
    lost: deque[_Attempt] = deque()
    while True:
        while crew.has_room():
            if lost:
                crew.send(lost.popleft())
            elif (job := next(jobs, _NO_JOB)) is not _NO_JOB:
                crew.send(_Attempt(job))
            else:
                break
        if not crew.running:
            return
        for attempt in crew.listen(on_news):
            job = renew(attempt.job)
            if job is None:
                continue
            if attempt.n_lost == max_losses:
                crew.errors.append(JobError(job, f"lost with its node or process {attempt.n_lost + 1} times"))
            else:
                lost.append(_Attempt(job, attempt.n_lost + 1))


class _Crew:
    """Jobs on their way on a cluster; cancelled on leaving the context."""

    def __init__(self, ray: Any, function: JobFunction, gpu_share: float, n_workers: int | None) -> None:
        self.ray, self.gpu_share, self.n_workers = ray, gpu_share, n_workers
        self.errors: list[JobError] = []
        self.running: dict[Any, _Attempt] = {}  # by stream of messages
        self._function = ray.put(function)
        # Ray's own retries would repeat a job as it was; ours know what is left of it.
        self._task = ray.remote(_work).options(
            num_cpus=1, num_gpus=gpu_share, max_retries=0, num_returns="streaming", name="motiflens"
        )
        self._room, self._looked_at = 0, float("-inf")

    def __enter__(self) -> "_Crew":
        return self

    def __exit__(self, *error: object) -> None:
        for stream in self.running:
            self.ray.cancel(stream, force=True)

    def has_room(self) -> bool:
        """Whether one more job can run now; one is always sent, to wait for a node if need be."""
        if time.monotonic() - self._looked_at > _LOOK_AROUND_S:
            resources = self.ray.cluster_resources()
            room = resources.get("GPU", 0) / self.gpu_share if self.gpu_share else resources.get("CPU", 0)
            self._room = max(1, int(room if self.n_workers is None else min(room, self.n_workers)))
            self._looked_at = time.monotonic()
        return len(self.running) < self._room

    def send(self, attempt: _Attempt) -> None:
        self.running[self._task.remote(self._function, attempt.job)] = attempt

    def listen(self, on_news: Callable[[Any], None]) -> list[_Attempt]:
        """Wait for news for a while and act on it; returns what was lost."""
        lost = []
        ready, _ = self.ray.wait(list(self.running), timeout=_LOOK_AROUND_S)
        for stream in ready:
            try:
                kind, payload = self.ray.get(next(stream))
            except self.ray.exceptions.RayTaskError as error:  # not of the job, which are told of: it never began
                self.errors.append(JobError(self.running.pop(stream).job, *describe(error)))
            except self.ray.exceptions.RayError:
                self.ray.cancel(stream, force=True)  # in case only a message was lost, and not the job
                lost.append(self.running.pop(stream))
            else:
                if kind == "message":
                    on_news(payload)
                    continue
                attempt = self.running.pop(stream)
                if kind == "error":
                    self.errors.append(JobError(attempt.job, *payload))
        return lost


def _work(function: JobFunction, job: Any) -> Iterator[tuple[str, Any]]:
    """Run a job in a thread of its own and pass on what it emits, then how it ended."""
    import torch

    torch.set_num_threads(1)
    messages: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            function(job, lambda message: messages.put(("message", message)))
        except Exception as error:
            messages.put(("error", describe(error)))
        else:
            messages.put(("done", None))

    threading.Thread(target=run, daemon=True).start()
    kind = "message"
    while kind == "message":
        kind, payload = messages.get()
        yield kind, payload


@contextmanager
def _connection(address: str | None, n_workers: int | None) -> Iterator[Any]:
    """Ray, connected to a cluster; a connection that is there already is used and left open."""
    with environment(_ENVIRONMENT):
        try:
            import ray
        except ImportError as error:
            raise MissingPackageError(
                "the Ray runner needs the package ray: pip install 'motiflens[cluster]'"
            ) from error
        if ray.is_initialized():
            yield ray
            return
        options: dict[str, Any] = {"address": address}
        if address is None:
            options = {"address": "local", "num_cpus": n_workers, "object_store_memory": _OBJECT_STORE_BYTES}
        elif address != "auto":
            _check_answers(address)
        on_terminate = signal.getsignal(signal.SIGTERM)  # Ray sets its own
        try:
            ray.init(
                **options,
                include_dashboard=False,
                configure_logging=False,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
            yield ray
        finally:
            ray.shutdown()
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, on_terminate)


def _check_answers(address: str) -> None:
    """Raise an error at once where Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise InputError(f"address must be auto or host:port, as `ray start` tells it, got {address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE_S).close()
    except OSError as error:
        raise ConnectionError(
            f"no Ray cluster answers at {address} ({error}): run `ray start --head` there, or leave the address out"
        ) from error
