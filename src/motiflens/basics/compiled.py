"""Libraries in C: prebuilt in the wheel, or compiled on first use. Without them everything works, but more slowly.

A wheel holds each library for several kinds of processor. The fastest that this processor can run is loaded. A source
tree or an sdist holds no libraries. There a library is compiled on first use, if there is a compiler, and kept in the
user's cache folder. Its file name is made from its sources, the compiler and the processor, so that machines that share
a home folder do not use each other's. The name ends with a digest of the content. A file that a full disk cut short
would crash every process that loads it; because its digest does not fit, it is compiled again. Only the user may write
to the folder, because the code in it is run.

The environment variable `MOTIFLENS_KERNELS` chooses: `0` uses no library, `compile` compiles even if there is a
prebuilt one, and `baseline`, `avx2` or `avx512` takes the prebuilt one of that name.
"""

import ctypes
import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from motiflens.basics.files import write_bytes
from motiflens.basics.recipes import Recipe, compiler, recipes_in, usable_levels

LEFT_OUT = "left out by MOTIFLENS_KERNELS=0"
PREBUILT = Path(__file__).parents[1] / "resources" / "libraries"


@dataclass(frozen=True, eq=False)
class Library:
    """A shared library and its functions.

    Attributes
    ----------
    recipe : Recipe
        How it is built.
    signatures : mapping of str to (result type, argument types)
        Of its functions; they keep a number from being passed as a pointer.
    """

    recipe: Recipe
    signatures: Mapping[str, tuple[Any, Sequence[Any]]]

    @classmethod
    def listed(cls, folder: Path, name: str, signatures: Mapping[str, tuple[Any, Sequence[Any]]]) -> "Library":
        """The library with this name in the `libraries.toml` of a folder."""
        return cls(recipes_in(folder)[name], signatures)

    def load(self) -> tuple[ctypes.CDLL | None, str]:
        """Return the library and where it comes from, or None and what is missing."""
        return (None, LEFT_OUT) if left_out() else _load(self, os.environ.get("MOTIFLENS_KERNELS", ""))


def left_out() -> bool:
    """Whether the user has switched all libraries off."""
    return os.environ.get("MOTIFLENS_KERNELS") == "0"


def _processor() -> str:
    """What -march=native depends on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().split("\n\n")[0].splitlines() if cpuinfo.is_file() else []
    kept = [line for line in lines if line.split("\t")[0] in ("model name", "flags", "Features", "CPU part")]
    return "\n".join([platform.machine(), platform.processor(), *kept])


def cache_folder() -> Path:
    """The user's cache folder; what is in it can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "motiflens"


@cache
def _compiler_version(command: tuple[str, ...]) -> str:
    return subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout


@cache
def _load(library: Library, wish: str) -> tuple[ctypes.CDLL | None, str]:
    try:
        if wish != "compile":
            for level in usable_levels():
                path = library.recipe.prebuilt(PREBUILT, level)
                if wish in ("", level.name) and path.is_file():
                    return _declared(ctypes.CDLL(str(path)), library), f"prebuilt, {level.name}"
        if wish not in ("", "compile"):
            return None, f"no prebuilt library {wish!r} (MOTIFLENS_KERNELS) that this processor can run"
        return _compiled(library)
    except (OSError, RuntimeError, ValueError) as error:  # nowhere to write, nothing that loads: the fallback does it
        return None, str(error)


def _compiled(library: Library) -> tuple[ctypes.CDLL | None, str]:
    command = compiler()
    if command is None:
        own = os.environ.get("CC", "").strip()
        return None, f"CC is {own!r}, which is no command" if own else "no C compiler (cc, gcc or clang) found"
    version = _compiler_version(command)
    name = f"{library.recipe.name}-{library.recipe.digest(version, _processor())}"
    loaded = _declared(_found_or_compiled(command, library.recipe, name), library)
    return loaded, (version.splitlines() or [" ".join(command)])[0]


def _found_or_compiled(command: tuple[str, ...], recipe: Recipe, name: str) -> ctypes.CDLL:
    """Load what lies in the cache, or else compile it; what is damaged or does not load is removed."""
    folder = _own_folder()
    for path in sorted(folder.glob(f"{name}-*.so")):
        with suppress(OSError):  # of another system's libraries, say
            if path == _place(folder, name, path.read_bytes()):
                return ctypes.CDLL(str(path))
        path.unlink(missing_ok=True)
    content = recipe.compile(command)
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


def _declared(loaded: ctypes.CDLL, library: Library) -> ctypes.CDLL:
    for name, (result, arguments) in library.signatures.items():
        function = getattr(loaded, name)
        function.argtypes, function.restype = list(arguments), result
    return loaded
