"""Libraries in C, compiled on first use where there is a compiler; without one everything works as well, more slowly.

A library lies in the user's cache folder, named by its sources, compiler and processor, so that machines that share a
home folder do not meet each other's. Its name ends with the digest of its content: one that was cut by a full disk or a
crash would end every process that loads it, and is compiled again instead. The folder is the user's alone, because what
lies in it is run. `MOTIFLENS_KERNELS=0` in the environment leaves all libraries out.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from motiflens.basics.files import write_bytes

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


def compiler() -> tuple[str, ...] | None:
    """The C compiler that is used: `CC` of the environment (such as "ccache gcc"), or cc, gcc, clang; None without."""
    commands = [shlex.split(os.environ["CC"])] if os.environ.get("CC") else [["cc"], ["gcc"], ["clang"]]
    return next(((path, *rest) for name, *rest in commands if (path := shutil.which(name))), None)


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
def _compiler_version(command: tuple[str, ...]) -> str:
    return subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout


@cache
def _load(library: Library) -> tuple[ctypes.CDLL | None, str]:
    try:
        command = compiler()
        if command is None:
            return None, "no C compiler (cc, gcc or clang) found"
        version = _compiler_version(command)
        texts = [path.read_text() for path in library._paths([*library.headers, *library.sources])]
        what = "\n".join([*texts, *library._flags(), version, _processor()])
        name = f"{library.name}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
        loaded = _declared(_found_or_compiled(command, library, name), library)
        return loaded, (version.splitlines() or [" ".join(command)])[0]
    except (OSError, RuntimeError, ValueError) as error:  # nowhere to write, nothing that loads: the fallback does it
        return None, str(error)


def _found_or_compiled(command: tuple[str, ...], library: Library, name: str) -> ctypes.CDLL:
    """Load what lies in the cache, or else compile it; what is damaged or does not load is removed."""
    folder = _own_folder()
    for path in sorted(folder.glob(f"{name}-*.so")):
        with suppress(OSError):  # of another system's libraries, say
            if path == _place(folder, name, path.read_bytes()):
                return ctypes.CDLL(str(path))
        path.unlink(missing_ok=True)
    content = _compile(command, library)
    path = _place(folder, name, content)
    write_bytes(content, path)
    return ctypes.CDLL(str(path))


def _place(folder: Path, name: str, content: bytes) -> Path:
    return folder / f"{name}-{hashlib.sha256(content).hexdigest()[:32]}.so"


def _own_folder() -> Path:
    """Where libraries lie, made if need be.

    Raises
    ------
    PermissionError
        If anybody else can write to it.
    """
    folder = cache_folder() / "libraries"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if os.name == "posix" and (found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022):
        raise PermissionError(f"others can write to {folder}, whose content is run: remove it, or chmod 700 it")
    return folder


def _compile(command: tuple[str, ...], library: Library) -> bytes:
    """The content of the library.

    Raises
    ------
    OSError
        If the compiler fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "new.so"
        call = [*command, *library._flags(), "-o", str(new), *map(str, library._paths(library.sources)), "-lm"]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)} could not compile the kernels: {done.stderr.strip()[-500:]}")
        return new.read_bytes()


def _declared(loaded: ctypes.CDLL, library: Library) -> ctypes.CDLL:
    for name, (result, arguments) in library.signatures.items():
        function = getattr(loaded, name)
        function.argtypes, function.restype = list(arguments), result
    return loaded
