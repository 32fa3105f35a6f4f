"""Lock files, by which processes that share a folder know what each of them works on.

A lock ends when the process that took it ends, for whatever reason, so no lock is left behind.
"""

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

_LOOK_AGAIN_S = 0.02
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class Locks:
    """Context manager for locks named by keys such as "task1/C24/relu/003"; it releases all of them at its end.

    A lock keeps two processes from doing the same work. It does not protect files, which are replaced as a whole. So on
    a file system without locks, every lock counts as free.

    Parameters
    ----------
    folder : path
        Holds one small file per lock while it is taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: dict[str, int] = {}

    def __enter__(self) -> "Locks":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release_all()

    def release_all(self) -> None:
        """Release all locks."""
        for key in list(self._held):
            self.release(key)

    def take(self, key: str) -> bool:
        """Take a lock without waiting; False if another holds it."""
        if key in self._held:
            return True
        while (descriptor := self._open(key)) is not None:
            if _is_still(descriptor, self._path(key)):
                self._held[key] = descriptor
                return True
            os.close(descriptor)  # the file of a lock that was given back between opening and locking
        return False

    def wait(self, key: str) -> None:
        """Take a lock as soon as no other process holds it; meant for work that takes a moment."""
        while not self.take(key):
            time.sleep(_LOOK_AGAIN_S)

    def release(self, key: str) -> None:
        """Release a lock and remove its folders if they are empty; does nothing if the lock is not held."""
        descriptor = self._held.pop(key, None)
        if descriptor is None:
            return
        self._path(key).unlink(missing_ok=True)
        os.close(descriptor)
        remove_if_empty(self._path(key).parent, self.folder)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.lock"

    def _open(self, key: str) -> int | None:
        path = self._path(key)
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
                break
            except FileNotFoundError:  # another process removed the empty folder just now
                continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return descriptor
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return None
            raise
        return descriptor


def remove_if_empty(folder: Path, top: Path) -> None:
    """Remove a folder below `top`, the folders between them, and `top` itself, as long as they are empty."""
    while folder.is_relative_to(top):
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:  # not empty; asking first would leave room for another process
            return
        folder = folder.parent


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
