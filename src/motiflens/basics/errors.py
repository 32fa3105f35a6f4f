"""What can go wrong by no fault of the program: errors that a user can mend.

Library code raises `InputError` where what it was given cannot be used, and nothing else for that. So the command line
can tell it from a fault of its own: the one becomes a line, the other keeps its traceback.
"""

import errno
import sys

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
_OS_ERRORS = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    FileExistsError,
    ConnectionError,
)


class InputError(ValueError):
    """What was given cannot be used; says what was expected, what came and what to do."""


class MissingFileError(InputError, FileNotFoundError):
    """A file or folder that was named does not exist."""


class MissingPackageError(InputError, ImportError):
    """What was asked for needs a package that is not installed; says how to install it."""


class UnfinishedError(RuntimeError):
    """Some of the work could not be finished, the rest was; says where the details stand."""


def explained(error: BaseException) -> str | None:
    """One line about an error that a user can mend; None where it is a fault of the program.

    Beside `InputError` and `UnfinishedError` these are missing files, missing permissions, a disk or a memory that is
    full, and the like.
    """
    if isinstance(error, InputError | UnfinishedError):
        return " ".join(str(error).splitlines())
    if isinstance(error, MemoryError) or _is_memory_of_torch(error):
        reason = (str(error).strip().splitlines() or ["none is left"])[0]
        return f"not enough memory ({reason}): ask for fewer or shorter sequences, or fewer members at once"
    if isinstance(error, OSError) and (isinstance(error, _OS_ERRORS) or error.errno in _OF_THE_MACHINE):
        return str(error) if error.filename is None else f"{error.filename}: {error.strerror}"
    return None


def _is_memory_of_torch(error: BaseException) -> bool:
    """Whether PyTorch found no memory: on a GPU it says so by a class, on a CPU by words alone."""
    torch = sys.modules.get("torch")  # an error of its making needs it to be there
    if torch is None or not isinstance(error, RuntimeError):
        return False
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
