"""What every benchmark prints: first machine, threads and versions, then a line per race for the speed page.

With RACES=file in the environment each line is also appended to that file, as JSON with machine and versions;
`python scripts/make_speed_page.py` makes the table from results/races.jsonl.
"""

import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from motiflens.models.kernels import describe_kernels

_PEERS: list[str] = []  # packages that the script has named


def print_setting(*peers: str) -> None:
    """Print processor, threads, kernels, and versions of the packages that a time depends on; peers by their names."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"# {_processor()}, {cores} cores, {platform.system()} {platform.machine()}; load {_load()}")
    print(f"# OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}; kernels: {describe_kernels()}")
    print(
        f"# Python {platform.python_version()}; " + ", ".join(f"{name} {_version(name)}" for name in _packages(*peers))
    )
    _PEERS.extend(peers)


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
    script, took = Path(sys.argv[0]).name, f"{peer}, {path}" if path else peer
    print(f"| `{script}` | {what} | {ours:.3g} | {took} | {theirs:.3g} | {theirs / ours:.2f}x |")
    if "RACES" in os.environ:
        race = {
            "script": script, "what": what, "seconds": float(f"{ours:.4g}"), "peer": took,
            "peer_seconds": float(f"{theirs:.4g}"), "processor": _processor(), "load": _load(),
            "kernels": describe_kernels(),
            "versions": {name: _version(name) for name in _packages(*_PEERS)},
        }  # fmt: skip
        with Path(os.environ["RACES"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(race) + "\n")


def _load() -> float | None:
    """Processes that wait for a core or have one, over the last minute: other work makes CPU seconds longer, too."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _packages(*peers: str) -> tuple[str, ...]:
    return ("motiflens", "torch", "numpy", *peers)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
