"""What this installation has, and what is missing: versions, compiled libraries, threads, GPU, cache, extras."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import torch

import motiflens
from motiflens.basics.compiled import cache_folder
from motiflens.basics.recipes import compiler, usable_levels
from motiflens.basics.runners import n_cores
from motiflens.basics.tables import by_fields
from motiflens.models.kernels import describe_kernels
from motiflens.motifs.compiled_scores import describe_library

NEEDED = ("torch", "numpy", "h5py", "safetensors", "click", "jinja2", "matplotlib")
#: Extras of the installation: the package that each brings, and what it is for.
EXTRAS = {
    "jaspar": ("pyjaspar", "JASPAR releases other than 2016, 2020 and 2026"),
    "deeplift": ("tangermeme", "attributions by DeepLIFT/SHAP"),
    "cluster": ("ray", "studies on a Ray cluster (--runner ray)"),
    "bigwig": ("pybigtools", "labels from bigWig tracks (data bed --bigwig)"),
    "pandas": ("pandas", "results as data frames (to_dataframe)"),
}


@by_fields
class Diagnosis(NamedTuple):
    """What `motiflens doctor` prints.

    Attributes
    ----------
    facts : dict of str to (str, int, dict or None)
    notes : list of str
        What makes motiflens slower than it could be, or unusable here, each with what to do.
    """

    facts: dict[str, Any]
    notes: list[str]

    def lines(self) -> list[str]:
        """The facts, a line each, then the notes."""
        shown = [f"{name:12} {_text(value)}" for name, value in self.facts.items()]
        found = [f"note: {note}" for note in self.notes]
        return [*shown, "", *(found or ["Nothing is missing that training and audits need."])]


def diagnose() -> Diagnosis:
    """Find out what motiflens has to work with on this machine.

    The compiled libraries are loaded, so they are compiled if they never were.

    Returns
    -------
    Diagnosis
    """
    facts = {
        "motiflens": f"{motiflens.__version__} in {Path(motiflens.__file__).parent}",
        "python": f"{platform.python_version()} in {sys.prefix}",
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in NEEDED},
        "kernels": describe_kernels(),
        "tomtom": describe_library(),
        "processor": " > ".join(level.name for level in usable_levels()) or "no prebuilt libraries for this type",
        "compiler": _compiler(),
        "threads": {"torch": torch.get_num_threads(), "cores": n_cores()},
        "gpu": _gpu(),
        "cache": _cache(),
        "extras": {name: _version(package) for name, (package, _) in EXTRAS.items()},
    }
    return Diagnosis(facts, _notes(facts))


def _notes(facts: dict[str, Any]) -> list[str]:
    found = []
    for name, cost in (("kernels", "training takes up to twice as long"), ("tomtom", "TomTom takes longer")):
        if facts[name].startswith("none"):
            found.append(f"{cost}, because there is no compiled library ({facts[name]}): {_cure(facts)}")
    if facts["system"].startswith("Windows"):
        found.append("motiflens is not tested on Windows, and its locks need a POSIX system: use it under WSL")
    threads = facts["threads"]
    if threads["torch"] > threads["cores"]:
        found.append(
            f"PyTorch takes {threads['torch']} threads on {threads['cores']} cores, which slows it down: "
            f"set OMP_NUM_THREADS={threads['cores']}"
        )
    found += [
        f"the extra {name} is not installed, which is needed for {EXTRAS[name][1]}: pip install 'motiflens[{name}]'"
        for name, installed in facts["extras"].items()
        if installed is None
    ]
    return found


def _cure(facts: dict[str, Any]) -> str:
    if os.environ.get("MOTIFLENS_KERNELS"):
        return "unset MOTIFLENS_KERNELS"
    return (
        "install a C compiler (gcc or clang), or a wheel for this platform"
        if facts["compiler"] is None
        else ("see what the compiler says above, or install a wheel for this platform")
    )


def _compiler() -> str | None:
    try:
        return " ".join(compiler() or ()) or None
    except ValueError as error:
        return f"none: CC is {os.environ.get('CC')!r}: {error}"


def _gpu() -> str | None:
    if not torch.cuda.is_available():
        return None
    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}, {memory:.0f} GiB, CUDA {torch.version.cuda}"


def _cache() -> str:
    folder = cache_folder()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return f"{folder}, {len(files)} files, {sum(path.stat().st_size for path in files) / 2**20:.1f} MiB"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(one)}" for name, one in value.items())
    return "not there" if value is None else str(value)
