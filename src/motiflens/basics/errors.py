"""Errors that a user can correct.

The library raises `InputError`, and no other error, if its input cannot be used. So the command line can tell wrong
input from a fault of the program: it prints one line for the first, and the traceback for the second.
"""

import errno
import re
import sys
import warnings
from types import FrameType
from typing import Any

#: Of an OSError: what the machine lacks or forbids, which no program can mend.
_OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EFBIG,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ENXIO,
    errno.EMFILE,
    errno.ENFILE,
}
#: What to do where a saved network was expected.
NAME_A_NETWORK = "name the folder of a saved network, such as OUT/member_000 of motiflens train"
_LIBRARY = __name__.split(".")[0]


class InputError(ValueError):
    """The input cannot be used; the message says what was expected, what was given and what to do."""


class ArgumentError(InputError):
    """The input cannot be used, but another value of an argument (in the shell, of an option) would help.

    Parameters
    ----------
    problem : str
        What was expected and what was given.
    advice : str
        What to do, with arguments in braces: ``"raise {max_unknown}"``.
    **names : (str, str)
        How arguments in the advice are written in Python and in the shell, if not as ``max_unknown`` and
        ``--max-unknown``.
    """

    def __init__(self, problem: str, advice: str, **names: tuple[str, str]) -> None:
        given = set(re.findall(r"\{(\w+)\}", advice))
        python = {name: names[name][0] if name in names else name for name in given}
        shell = {name: names[name][1] if name in names else "--" + name.replace("_", "-") for name in given}
        super().__init__(f"{problem}: {advice.format(**python)}")
        self.in_shell = f"{problem}: {advice.format(**shell)}"

    def within(self, where: str) -> "ArgumentError":
        """The same error, with the place where it occurred in front of the message."""
        return _restored(f"{where}: {self}", f"{where}: {self.in_shell}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (str(self), self.in_shell)


def _restored(python: str, shell: str) -> ArgumentError:
    error = ArgumentError.__new__(ArgumentError)
    InputError.__init__(error, python)
    error.in_shell = shell
    return error


class MissingFileError(InputError, FileNotFoundError):
    """A file or folder that was named does not exist."""


class MissingPackageError(InputError, ImportError):
    """A package that is needed is not installed; the message says how to install it."""


#: Errors that say that what was given cannot be used.
BAD_INPUT = (
    InputError,
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    FileExistsError,
)


class UnfinishedError(RuntimeError):
    """Part of the work could not be finished; the message says where the details are."""


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's code that led to the warning, because it can be corrected there."""
    frame: FrameType | None = sys._getframe(1)
    level, chosen = 2, 2  # 1 is the last line of this function
    while frame is not None:
        level += 1
        if frame.f_globals.get("__name__", "").split(".")[0] == _LIBRARY:
            chosen = level  # frames of other libraries may lie between ours
        frame = frame.f_back
    warnings.warn(message, category, stacklevel=chosen)


def warn_of(error: InputError, frame: str, category: type[Warning] = UserWarning) -> None:
    """Turn an error into a warning, in a frame such as ``"left out: {}"``; in the shell with the shell's wording."""
    warning = category(frame.format(error))
    warning.in_shell = frame.format(explained(error))  # type: ignore[attr-defined]
    warn(warning)


def explained(error: BaseException) -> str | None:
    """One line, for the shell, about an error that a user can correct; None for a fault of the program.

    Errors that a user can correct are `InputError`, `UnfinishedError`, missing files, missing permissions, a full disk,
    full memory, and the like.
    """
    if isinstance(error, ArgumentError):
        return " ".join(error.in_shell.splitlines())
    if isinstance(error, InputError | UnfinishedError):
        return " ".join(str(error).splitlines())
    if isinstance(error, MemoryError) or _is_memory_of_torch(error):
        reason = (str(error).strip().splitlines() or ["none is left"])[0]
        return f"not enough memory ({reason}): ask for fewer or shorter sequences, or fewer members at once"
    named = isinstance(error, (*BAD_INPUT, ConnectionError))
    if isinstance(error, OSError) and (named or error.errno in _OF_THE_MACHINE):
        return str(error) if error.filename is None else f"{error.filename}: {error.strerror}"
    return None


def _is_memory_of_torch(error: BaseException) -> bool:
    """Whether PyTorch found no memory: on a GPU it says so by a class, on a CPU by words alone."""
    torch = sys.modules.get("torch")  # an error of its making needs it to be there
    if torch is None or not isinstance(error, RuntimeError):
        return False
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
