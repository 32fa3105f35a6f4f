"""What every benchmark prints: first machine, threads and versions, last a line for the table of the speed page."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from motiflens.models.kernels import describe_kernels


def print_setting(*peers: str) -> None:
    """Print processor, threads, kernels, and versions of the packages that a time depends on; peers by their names."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"# {models[0] if models else platform.processor()}, {cores} cores, {platform.system()} {platform.machine()}")
    print(f"# OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}; kernels: {describe_kernels()}")
    print(f"# Python {platform.python_version()}; " + ", ".join(map(_version, ("motiflens", "torch", "numpy", *peers))))


def print_race(what: str, ours: float, peer: str, theirs: float, path: str = "") -> None:
    """Print a row for the table of the speed page, with the peer's seconds in a column of their own.

    Parameters
    ----------
    what : str
        What was computed.
    ours, theirs : float
        CPU seconds.
    peer : str
    path : str
        Which of its ways the peer took, where it has several.
    """
    took = f"{peer}, {path}" if path else peer
    print(f"| `{Path(sys.argv[0]).name}` | {what} | {ours:.3g} | {took} | {theirs:.3g} | {theirs / ours:.2f}x |")


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} (not installed)"
