"""Files are written in one piece or not at all, and only where a file belongs."""

import os
import stat
import threading

import h5py
import numpy as np
import pytest

from motiflens.basics import files
from motiflens.basics.errors import InputError, MissingFileError
from motiflens.basics.files import check_writable, in_one_piece, write_bytes, write_npz, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_kind_comes_back(tmp_path):
    write_text("α\r\nb\n", tmp_path / "a.txt")
    write_bytes(b"\x00\xff", tmp_path / "b")
    write_npz({"x": np.arange(3), "y": np.zeros((2, 0))}, tmp_path / "c.other")
    with in_one_piece(tmp_path / "d.h5") as unfinished, h5py.File(unfinished, "w") as file:
        file["x"] = [1, 2]
    assert (tmp_path / "a.txt").read_bytes() == "α\r\nb\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    with np.load(tmp_path / "c.other") as arrays:
        assert sorted(arrays) == ["x", "y"]
        np.testing.assert_array_equal(arrays["x"], [0, 1, 2])
    with h5py.File(tmp_path / "d.h5") as file:
        np.testing.assert_array_equal(file["x"][...], [1, 2])
    assert names(tmp_path) == ["a.txt", "b", "c.other", "d.h5"]


def test_an_error_leaves_what_was_there_before(tmp_path):
    path = tmp_path / "a.txt"
    write_text("old", path)

    def write_half():
        with in_one_piece(path) as unfinished:
            unfinished.write_text("ne")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write_half()
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.txt"])


def test_the_content_is_on_the_disk_before_its_name_is_and_the_name_before_the_return(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace

    def record_fsync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else os.fstat(descriptor).st_size)
        fsync(descriptor)

    def record_replace(source, target):
        done.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    write_text("four", tmp_path / "a.txt")
    assert done == [4, "replace", "folder"]


def test_many_at_once_leave_one_whole_file(tmp_path):
    path = tmp_path / "a.txt"
    texts = [str(i) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write_text, args=(text, path)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert names(tmp_path) == ["a.txt"]


def test_a_link_goes_on_pointing_to_its_file(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "a.txt", tmp_path / "link"
    link.symlink_to(target)
    write_text("through a link to nothing yet", link)
    write_text("again", link)
    assert link.is_symlink()
    assert target.read_text() == "again"


def test_the_longest_name_is_no_trouble(tmp_path):
    write_text("a", tmp_path / ("ü" * 120 + ".html"))
    assert len(names(tmp_path)) == 1


def test_what_is_no_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link", "/dev/full", "/dev/null"):
        with pytest.raises(InputError, match=r"cannot write .*: it is a device, a pipe or a socket .*; name a file"):
            write_text("x", path)
    assert pipe.is_fifo()
    with pytest.raises(InputError, match="it is a folder; name a file in it"):
        check_writable(tmp_path)
    with pytest.raises(MissingFileError, match=r"no folder .*nowhere to write a to: make it first"):
        check_writable(tmp_path / "nowhere" / "a")


def test_there_is_one_writer():
    """Nothing else in the package opens a file to write, or gives one a name."""
    source = files.__file__.rsplit("/basics/", 1)[0]
    forbidden = (".write_text(", ".write_bytes(", "np.savez", ".savefig(", "os.replace(", 'open("w', "save_file(")
    allowed = {
        "basics/files.py",
        "basics/recipes.py",  # fills a wheel before anything is installed, the writer included
        "basics/compiled.py",  # a cache, with a digest beside each file
    }
    for folder, _, found in os.walk(source):
        for name in found:
            path = os.path.join(folder, name)
            if not name.endswith(".py") or os.path.relpath(path, source) in allowed:
                continue
            with open(path, encoding="utf-8") as file:
                lines = [line.strip() for line in file]
            for i, line in enumerate(lines):
                if any(mark in line for mark in forbidden) and not line.startswith((">>>", "...")):
                    around = " ".join(lines[max(i - 4, 0) : i + 1])
                    assert "in_one_piece(" in around or "buffer" in line, f"{path}: {line}"
