"""What every benchmark prints first: machine, threads, and the versions of ours and of the peers in the race."""

import os
import platform
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


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} (not installed)"
