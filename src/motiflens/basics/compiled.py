"""Libraries in C, compiled on first use where there is a compiler; without one everything works as well, more slowly.

A library lies in the user's cache folder, named by its sources, compiler and processor, so that machines that share a
home folder do not meet each other's. `MOTIFLENS_KERNELS=0` in the environment leaves all of them out.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# No -ffast-math: NaN must stay NaN, and linking with it would change the rounding of the whole process.
_IN_ORDER = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"]
_ARITHMETIC = [*_IN_ORDER, "-fno-signed-zeros", "-fassociative-math"]
_FLAGS = ["-std=gnu11", "-O3", "-march=native", "-fPIC", "-shared"]
LEFT_OUT = "left out by MOTIFLENS_KERNELS=0"


@dataclass(frozen=True, eq=False)
class Library:
    """Sources in C that make one shared library.

    Attributes
    ----------
    name : str
        The library's file name begins with it.
    folder : Path
        Where its sources and headers stand.
    sources, headers : sequence of str
    signatures : mapping of str to (result type, argument types)
        So that a number cannot be taken for a pointer.
    definitions : sequence of str
        For the preprocessor, such as "REAL=float".
    reorder : bool
        Whether the compiler may reorder sums; not where all must be rounded as elsewhere.
    """

    name: str
    folder: Path
    sources: Sequence[str]
    headers: Sequence[str]
    signatures: Mapping[str, tuple[Any, Sequence[Any]]]
    definitions: Sequence[str] = ()
    reorder: bool = True

    def load(self) -> tuple[ctypes.CDLL | None, str]:
        """The library, with its compiler; or None, with what is missing."""
        return (None, LEFT_OUT) if left_out() else _load(self)

    def _paths(self, names: Sequence[str]) -> list[Path]:
        return [self.folder / name for name in names]

    def _flags(self) -> list[str]:
        return [
            *_FLAGS,
            *(_ARITHMETIC if self.reorder else _IN_ORDER),
            *(f"-D{d}" for d in self.definitions),
        ]


def left_out() -> bool:
    """Whether the user wants none of the libraries."""
    return os.environ.get("MOTIFLENS_KERNELS") == "0"


def compiler() -> str | None:
    """The C compiler that is used: `CC` of the environment, or cc, gcc, clang; None if there is none."""
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    return next((path for name in names if (path := shutil.which(name))), None)


def _processor() -> str:
    """What -march=native depends on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().split("\n\n")[0].splitlines() if cpuinfo.is_file() else []
    kept = [line for line in lines if line.split("\t")[0] in ("model name", "flags", "Features", "CPU part")]
    return "\n".join([platform.machine(), platform.processor(), *kept])


def cache_folder() -> Path:
    """Folder of the user for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "motiflens"


@cache
def _compiler_version(command: str) -> str:
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout


@cache
def _load(library: Library) -> tuple[ctypes.CDLL | None, str]:
    command = compiler()
    if command is None:
        return None, "no C compiler (cc, gcc or clang) found"
    texts = [path.read_text() for path in library._paths([*library.headers, *library.sources])]
    what = "\n".join([*texts, *library._flags(), _compiler_version(command), _processor()])
    name = f"{library.name}-{hashlib.sha256(what.encode()).hexdigest()[:16]}.so"
    try:
        path = cache_folder() / name
        if not path.is_file():
            _compile(command, library, path)
        return _declared(ctypes.CDLL(str(path)), library), _compiler_version(command).splitlines()[0]
    except (OSError, RuntimeError) as error:  # no home, no place to write, nothing that loads: the fallback does it
        return None, str(error)


def _compile(command: str, library: Library, path: Path) -> None:
    """Compile to a path, whole or not at all: several processes may do so at once.

    Raises
    ------
    OSError
        If the folder cannot be written, or the compiler fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        new = Path(folder) / path.name
        call = [command, *library._flags(), "-o", str(new), *map(str, library._paths(library.sources)), "-lm"]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{command} could not compile the kernels: {done.stderr.strip()[-500:]}")
        new.replace(path)


def _declared(loaded: ctypes.CDLL, library: Library) -> ctypes.CDLL:
    for name, (result, arguments) in library.signatures.items():
        function = getattr(loaded, name)
        function.argtypes, function.restype = list(arguments), result
    return loaded
