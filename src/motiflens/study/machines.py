"""Where the jobs of a study run (processes of this machine, or the nodes of a Ray cluster), and with what."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import motiflens
from motiflens.basics.choices import check_choice, check_count
from motiflens.basics.errors import InputError
from motiflens.basics.ray_runner import run_ray
from motiflens.basics.runners import JobError, JobFunction, run_local
from motiflens.models.devices import resolve_device
from motiflens.models.kernels import describe_kernels

RUNNERS = ("local", "ray")


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Where the jobs of a study run.

    Parameters
    ----------
    runner : str
        "local": processes on this machine. "ray": the nodes of a Ray cluster, which need not share the folder.
    address : str, optional
        Of the Ray cluster; see `run_ray`.
    n_workers : int, optional
        Local processes, one thread each; by default one per core, and a single one on a GPU. With Ray, trials at
        once; by default as many as the cluster has room for.
    device : str
        "auto", "cpu", "cuda", ...
    gpu_share : float
        Of a GPU, for each trial, where a Ray cluster has any.

    Raises
    ------
    ValueError
        If the runner is unknown, a number is out of range, or this machine is to use a device that it does not have.
    """

    runner: str = "local"
    address: str | None = None
    n_workers: int | None = None
    device: str = "auto"
    gpu_share: float = 1.0

    def __post_init__(self) -> None:
        """Check before any work begins."""
        check_choice("runner", self.runner, RUNNERS)
        if self.n_workers is not None:
            check_count("n_workers", self.n_workers, most=10_000)
        if not 0 <= self.gpu_share <= 1:
            raise InputError(f"gpu_share must be from 0 to 1, got {self.gpu_share}")
        if self.runner == "local":
            resolve_device(self.device)

    @property
    def n_processes(self) -> int | None:
        """Trials at once, None where that is as many as there is room for: one process has a local GPU to itself."""
        on_gpu = self.runner == "local" and resolve_device(self.device).type != "cpu"
        return 1 if on_gpu and self.n_workers is None else self.n_workers

    def run(
        self,
        function: JobFunction,
        jobs: Iterable[Any],
        *,
        renew: Callable[[Any], Any],
        on_news: Callable[[Any], None],
    ) -> list[JobError]:
        """Run all jobs; `renew` says what is left of a job that was lost with its Ray node, see `run_ray`."""
        if self.runner == "local":
            return run_local(function, jobs, n_workers=self.n_processes, on_news=on_news)
        return run_ray(
            function,
            jobs,
            address=self.address,
            n_workers=self.n_processes,
            gpu_share=0.0 if self.device == "cpu" else self.gpu_share,
            renew=renew,
            on_news=on_news,
        )


def versions() -> dict[str, str]:
    """What results depend on beside configuration, seed and device, as records state it."""
    return {
        "motiflens": motiflens.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "kernels": describe_kernels(),
    }


def describe_device(device: str) -> str:
    """Where a network was finished and audited, as records state it: "cpu", or "cuda (NVIDIA H100 80GB HBM3)"."""
    chosen = resolve_device(device)
    return f"{chosen} ({torch.cuda.get_device_name(chosen)})" if chosen.type == "cuda" else str(chosen)
