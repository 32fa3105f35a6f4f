"""How the libraries in C are built: sources, flags, and the kinds of processor for which a wheel holds them.

A folder with C sources has a `libraries.toml` with one table for each library: `definitions` for the preprocessor, and
`reorder = false` if the compiler must keep the order of sums. All `*.c` of the folder belong to each of its libraries,
so a new source needs no entry.

The build of a wheel loads this file by its path, before anything is installed: it imports the standard library only.
"""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# No -ffast-math: NaN must stay NaN, and linking with it would change the rounding of the whole process.
_IN_ORDER = ("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast")
_ARITHMETIC = (*_IN_ORDER, "-fno-signed-zeros", "-fassociative-math")
_FLAGS = ("-std=gnu11", "-O3", "-fPIC", "-shared")
NATIVE = ("-march=native",)


@dataclass(frozen=True)
class Level:
    """A kind of processor.

    Attributes
    ----------
    name : str
    flags : tuple of str
        Flags for the compiler.
    needs : frozenset of str
        Features that /proc/cpuinfo must list; it lists only those that the operating system lets programs use.
    """

    name: str
    flags: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()


_AVX2 = ("avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "abm", "movbe", "popcnt")
_AVX512 = (*_AVX2, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
_SWITCHES = {"bmi1": "-mbmi", "abm": "-mlzcnt"}  # where the compiler's name is not the kernel's


def _level(name: str, features: Sequence[str], *more: str) -> Level:
    return Level(name, (*(_SWITCHES.get(one, f"-m{one}") for one in features), *more), frozenset(features))


#: Of each machine type, best first. The last one runs on every machine of the type.
PROCESSORS: dict[str, tuple[Level, ...]] = {
    "x86_64": (
        _level("avx512", _AVX512, "-mprefer-vector-width=512"),
        _level("avx2", _AVX2),
        Level("baseline"),
    ),
    "arm64": (Level("baseline"),),
}


@dataclass(frozen=True)
class Recipe:
    """One library: where its sources stand and how they are compiled.

    Attributes
    ----------
    name : str
        The library's file name begins with it.
    folder : Path
        All C sources and headers in it belong to the library.
    definitions : tuple of str
        For the preprocessor, such as "REAL=float".
    reorder : bool
        Whether the compiler may reorder sums; False if results must be rounded as they are without the library.
    """

    name: str
    folder: Path
    definitions: tuple[str, ...] = ()
    reorder: bool = True

    def sources(self) -> list[Path]:
        """The C sources, in the order of their names."""
        return sorted(self.folder.glob("*.c"))

    def flags(self, level: tuple[str, ...] = NATIVE) -> list[str]:
        """Flags of the compiler, with those for a kind of processor."""
        return [*_FLAGS, *level, *(_ARITHMETIC if self.reorder else _IN_ORDER), *(f"-D{d}" for d in self.definitions)]

    def digest(self, *more: str) -> str:
        """A digest of 16 digits that changes with sources, headers, flags, and anything else that is given."""
        texts = [path.read_text(encoding="utf-8") for path in (*sorted(self.folder.glob("*.h")), *self.sources())]
        return hashlib.sha256("\n".join([*texts, *self.flags(()), *more]).encode()).hexdigest()[:16]

    def prebuilt(self, folder: Path, level: Level) -> Path:
        """Path in a folder of the prebuilt library that was compiled from exactly these sources."""
        return folder / f"{self.name}-{self.digest(*level.flags)}-{level.name}.so"

    def compile(self, command: Sequence[str], level: tuple[str, ...] = NATIVE) -> bytes:
        """The content of the library.

        Raises
        ------
        OSError
            If the compiler fails.
        """
        with tempfile.TemporaryDirectory() as folder:
            new = Path(folder) / "new.so"
            call = [*command, *self.flags(level), "-o", str(new), *map(str, self.sources()), "-lm"]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise OSError(f"{' '.join(command)} could not compile the kernels: {done.stderr.strip()[-500:]}")
            return new.read_bytes()


def recipes_in(folder: Path) -> dict[str, Recipe]:
    """The libraries that the `libraries.toml` of a folder lists, by name."""
    listed = tomllib.loads((folder / "libraries.toml").read_text(encoding="utf-8"))
    return {
        name: Recipe(name, folder, tuple(entry.get("definitions", ())), entry.get("reorder", True))
        for name, entry in listed.items()
    }


def machine_type() -> str:
    """The machine's type, by the same name on all systems: x86_64, arm64, or another."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "aarch64": "arm64"}.get(name, name)


def features() -> frozenset[str]:
    """Features of this processor, by their names in /proc/cpuinfo; empty on systems without that file."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    return frozenset(next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), ()))


def usable_levels() -> tuple[Level, ...]:
    """Kinds of processor whose code this processor can run, the best first."""
    own = features()
    return tuple(level for level in PROCESSORS.get(machine_type(), ()) if level.needs <= own)


def compiler() -> tuple[str, ...] | None:
    """The C compiler: `CC` of the environment (such as "ccache gcc"), else cc, gcc or clang; None if none is found.

    Raises
    ------
    ValueError
        If a quote in `CC` has no end.
    """
    own = shlex.split(os.environ.get("CC", ""))
    commands = [own] if own else [["cc"], ["gcc"], ["clang"]]
    return next(((path, *rest) for name, *rest in commands if (path := shutil.which(name))), None)


def build_all(package: Path, into: Path) -> list[Path]:
    """Compile every library of a package for every kind of processor of this machine's type.

    Parameters
    ----------
    package : Path
        Searched for `libraries.toml`.
    into : Path
        Folder for the libraries, made if need be.

    Returns
    -------
    list of Path
        The libraries; none where there is no compiler.

    Raises
    ------
    OSError
        If the compiler fails.
    """
    command, written = compiler(), []
    for listed in sorted(package.rglob("libraries.toml")) if command else ():
        for recipe in recipes_in(listed.parent).values():
            for level in PROCESSORS.get(machine_type(), ()):
                path = recipe.prebuilt(into, level)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(recipe.compile(command or (), level.flags))
                written.append(path)
    return written
