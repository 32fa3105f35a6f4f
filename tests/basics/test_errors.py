"""Which errors a user can mend, and in what words."""

import errno
import linecache
import pickle

import numpy as np
import pytest
import torch

from motiflens.basics.errors import InputError, MissingFileError, MissingPackageError, UnfinishedError, explained
from motiflens.motifs.files import write_meme
from motiflens.motifs.sets import load_motifs


def test_they_are_the_classes_that_python_has_for_them():
    assert issubclass(InputError, ValueError)
    assert issubclass(MissingFileError, InputError | FileNotFoundError)
    assert issubclass(MissingFileError, OSError)
    assert issubclass(MissingPackageError, InputError)
    assert issubclass(MissingPackageError, ImportError)


@pytest.mark.parametrize("kind", [InputError, MissingFileError, MissingPackageError, UnfinishedError])
def test_they_keep_their_words_on_the_way_from_a_worker(kind):
    error = pickle.loads(pickle.dumps(kind("no file at\nhere")))
    assert type(error) is kind
    assert str(error) == "no file at\nhere"
    assert explained(error) == "no file at here"


def test_what_the_machine_lacks_is_told_with_the_file():
    assert explained(OSError(errno.ENOSPC, "No space left on device", "out.h5")) == "out.h5: No space left on device"
    assert explained(PermissionError(errno.EACCES, "Permission denied", "x")) == "x: Permission denied"
    assert explained(ConnectionError("no cluster answers")) == "no cluster answers"


def test_a_full_memory_is_told():
    with pytest.raises(MemoryError) as numpy_error:
        np.empty(2**45)
    with pytest.raises(RuntimeError) as torch_error:
        torch.empty(2**58)
    for found in (numpy_error, torch_error):
        assert "not enough memory (" in explained(found.value)
        assert "ask for fewer or shorter sequences" in explained(found.value)
    assert explained(MemoryError()).startswith("not enough memory (none is left)")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("too many values to unpack"),
        KeyError("x"),
        RuntimeError("shapes"),
        OSError(errno.EBADF, "bad", "x"),
        ImportError("x"),
    ],
)
def test_all_others_are_faults_of_the_program(error):
    assert explained(error) is None


def test_a_warning_stands_at_the_line_outside_the_library_that_led_to_it(tmp_path):
    path = tmp_path / "few.meme"
    write_meme(load_motifs("JASPAR2016-vertebrates")[:2], path)
    path.write_text(path.read_text() + "\nMOTIF broken\nletter-probability matrix: alength= 4 w= 1\n 9 9 9 9\n")
    with pytest.warns(UserWarning, match="skipped 1 motif") as caught:
        load_motifs(path)
    assert caught[0].filename == __file__
    line = linecache.getline(__file__, caught[0].lineno)
    assert line.strip() == "load_motifs(path)"
