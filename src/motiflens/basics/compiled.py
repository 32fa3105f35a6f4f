"""The kernels' library, compiled on first use where there is a C compiler.

Without one everything works as well, through PyTorch's own operations, and about half as fast. The library lies in the
user's cache folder, named by its source, compiler and processor, so that machines that share a home folder do not meet
each other's. `MOTIFLENS_KERNELS=0` in the environment leaves the kernels out.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from motiflens.basics.errors import InputError

_FOLDER = Path(__file__).parents[1] / "models" / "kernels"
_SOURCES = [_FOLDER / name for name in ("first_layer.c", "lstm.c", "attention.c", "encoder.c")]
_HEADERS = [_FOLDER / name for name in ("vectors.h", "attention.h")]
# No -ffast-math: NaN must stay NaN, and linking with it would change the rounding of the whole process.
_ARITHMETIC = ["-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-ffp-contract=fast"]
_FLAGS = ["-std=gnu11", "-O3", "-march=native", *_ARITHMETIC, "-fPIC", "-shared"]
_TYPES = {torch.float32: "float", torch.float64: "double"}


def has_kernels(tensor: torch.Tensor) -> bool:
    """Whether there are compiled kernels for the type and device of a tensor."""
    return kernels_for(tensor) is not None


def describe_kernels() -> str:
    """The compiler of the kernels that this process uses, or "none" and why."""
    if _left_out():
        return "none: left out by MOTIFLENS_KERNELS=0"
    library, words = _load("float")
    return f"none: {words}" if library is None else words


def kernels_for(tensor: torch.Tensor) -> ctypes.CDLL | None:
    """Compiled kernels for the type and device of a tensor; None where there are none."""
    if tensor.device.type != "cpu" or tensor.dtype not in _TYPES or _left_out():
        return None
    return _load(_TYPES[tensor.dtype])[0]


def _left_out() -> bool:
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


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "motiflens"


@cache
def _compiler_version(command: str) -> str:
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout


@cache
def _load(real: str) -> tuple[ctypes.CDLL | None, str]:
    """The library for a type, with its compiler; or None, with what is missing."""
    command = compiler()
    if command is None:
        return None, "no C compiler (cc, gcc or clang) found"
    sources = [path.read_text() for path in (*_HEADERS, *_SOURCES)]
    what = "\n".join([*sources, *_FLAGS, real, _compiler_version(command), _processor()])
    name = f"kernels-{real}-{hashlib.sha256(what.encode()).hexdigest()[:16]}.so"
    try:
        path = _cache_folder() / name
        if not path.is_file():
            _compile(command, real, path)
        return _declared(ctypes.CDLL(str(path))), _compiler_version(command).splitlines()[0]
    except (OSError, RuntimeError) as error:  # no home, no place to write, nothing that loads: PyTorch does the same
        return None, str(error)


def _compile(command: str, real: str, path: Path) -> None:
    """Compile to a path, whole or not at all: several processes may do so at once.

    Raises
    ------
    OSError
        If the folder cannot be written, or the compiler fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        new = Path(folder) / path.name
        call = [command, *_FLAGS, f"-DREAL={real}", "-o", str(new), *map(str, _SOURCES), "-lm"]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{command} could not compile the kernels: {done.stderr.strip()[-500:]}")
        new.replace(path)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """State argument types, so that a number cannot be taken for a pointer."""
    i, p, d = ctypes.c_int, ctypes.c_void_p, ctypes.c_double
    signatures = {
        "pooled_forward": [i] * 5 + [p] * 4,
        "pooled_backward": [i] * 5 + [p] * 4,
        "patch_counts": [i] * 3 + [p] * 2,
        "lstm_forward": [i] * 4 + [p] * 7,
        "lstm_backward": [i] * 4 + [p] * 11,
        "attention_forward": [i] * 5 + [p] * 6,
        "attention_backward": [i] * 5 + [p] * 9,
        "encoder_forward": [i] * 5 + [d] + [p] * 3 + [i, d] + [p] * 2,
        "encoder_backward": [i] * 5 + [p] * 3 + [i, d] + [p] * 4,
    }
    for name, arguments in signatures.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, i
    for name in ("attention_saved", "encoder_saved"):
        function = getattr(library, name)
        function.argtypes, function.restype = [i] * 5, ctypes.c_size_t
    return library


def address(tensor: torch.Tensor) -> int:
    """Where a contiguous tensor's values begin."""
    if not tensor.is_contiguous():
        raise InputError(f"kernels take contiguous tensors, got shape {tuple(tensor.shape)}, strides {tensor.stride()}")
    return tensor.data_ptr()


def addresses(tensors: Sequence[torch.Tensor]) -> ctypes.Array[Any]:
    """`address` of each of several tensors, as an array in C."""
    return (ctypes.c_void_p * len(tensors))(*(address(tensor) for tensor in tensors))


def call(name: str, like: torch.Tensor, *arguments: Any) -> None:
    """Call a kernel of the type of a tensor.

    Raises
    ------
    RuntimeError
        If there are none: `has_kernels` tells.
    MemoryError
        If it finds no memory for its scratch space.
    """
    library = kernels_for(like)
    if library is None:
        raise RuntimeError(f"no compiled kernels for {like.dtype} on {like.device}: {describe_kernels()}")
    if getattr(library, name)(*arguments):
        raise MemoryError(f"the compiled kernel {name} found no memory for its scratch space")


def saved_size(name: str, like: torch.Tensor, sizes: tuple[int, ...]) -> int:
    """How many numbers a forward kernel keeps for its backward kernel."""
    library = kernels_for(like)
    return 0 if library is None else getattr(library, name)(*sizes)
