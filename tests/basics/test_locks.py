import errno
import fcntl
import os
import subprocess
import sys

import pytest

from motiflens.basics.locks import Locks


def test_a_lock_has_one_holder(tmp_path):
    with Locks(tmp_path / "locks") as mine, Locks(tmp_path / "locks") as theirs:
        assert mine.take("task1/C24/000")
        assert mine.take("task1/C24/000")  # again is no harm
        assert not theirs.take("task1/C24/000")
        assert theirs.take("task1/C24/001")
        mine.release("task1/C24/000")
        assert theirs.take("task1/C24/000")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_ends_with_its_process_even_a_killed_one(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from motiflens.basics.locks import Locks
locks = Locks(Path({str(tmp_path)!r}))
print(locks.take("a"), flush=True)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        with Locks(tmp_path) as mine:
            assert not mine.take("a")
            process.kill()
            process.wait()
            assert (tmp_path / "a.lock").exists()
            assert mine.take("a")
    assert not (tmp_path / "a.lock").exists()


def test_a_file_removed_by_its_holder_between_opening_and_locking_is_no_lock(tmp_path, monkeypatch):
    theirs = Locks(tmp_path / "locks")
    theirs.take("a")
    flock, n_calls = fcntl.flock, []

    def release_first(descriptor, operation):
        n_calls.append(1)
        if len(n_calls) == 1:
            theirs.release("a")  # and its folder goes, too
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", release_first)
    with Locks(tmp_path / "locks") as mine:
        assert mine.take("a")
        assert len(n_calls) == 2
        assert not theirs.take("a")


def test_folders_with_other_files_stay(tmp_path):
    with Locks(tmp_path) as locks:
        locks.take("task1/C24/000")
        (tmp_path / "task1" / "member_000.ckpt").write_bytes(b"")
    assert [path.name for path in (tmp_path / "task1").iterdir()] == ["member_000.ckpt"]


def test_where_there_are_no_locks_all_is_free_and_other_errors_are_told(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    number = errno.ENOLCK
    with Locks(tmp_path) as mine, Locks(tmp_path) as theirs:
        assert mine.take("a")
        assert theirs.take("a")
    number = errno.EIO
    with Locks(tmp_path) as locks, pytest.raises(OSError, match=os.strerror(errno.EIO)):
        locks.take("b")
