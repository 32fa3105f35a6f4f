"""What the command line shows of an error: a line, or the traceback of a fault of its own."""

import sys

import pytest

from motiflens import cli
from motiflens.basics.errors import InputError, UnfinishedError
from motiflens.motifs import sets


@pytest.fixture
def command(monkeypatch, capsys):
    """Run `motiflens motifs list` with an error on its way; exit code and what stands on standard error."""

    def run(error, *before):
        def load_motifs(source):
            raise error

        monkeypatch.setattr(sets, "load_motifs", load_motifs)
        monkeypatch.setattr(sys, "argv", ["motiflens", *before, "motifs", "list"])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError("expected a motif set"), "error: expected a motif set\n"),
        (UnfinishedError("2 trials\nare left"), "error: 2 trials are left\n"),
        (PermissionError(13, "Permission denied", "a.meme"), "error: a.meme: Permission denied\n"),
    ],
)
def test_what_a_user_can_mend_is_one_line(command, error, words):
    assert command(error) == (1, words)


@pytest.mark.parametrize("error", [ValueError("not enough values"), KeyError("id"), RuntimeError("sizes of tensors")])
def test_a_fault_of_ours_shows_its_traceback(command, error):
    code, shown = command(error)
    assert code == 1
    assert "Traceback" in shown
    assert "in load_motifs" in shown
    assert shown.splitlines()[-1] == f"error: {cli.FAULT}"


def test_debug_shows_every_traceback(command):
    code, shown = command(InputError("expected a motif set"), "--debug")
    assert code == 1
    assert "in load_motifs" in shown
    assert shown.splitlines()[-1] == "error: expected a motif set"


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "multi-motif", "-o", "a.h5", "--seed", "-1"),
        ("simulate", "multi-motif", "-o", "a.h5", "--length", "1000000000000"),
        ("train", "a.h5", "-o", "nets", "--seed", "-1"),
        ("audit", "a.h5", "-o", "page", "--seed", "-1"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_read(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["motiflens", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    message = capsys.readouterr().err
    assert stop.value.code == 2
    assert "Traceback" not in message
    assert "Invalid value" in message
    assert list(tmp_path.iterdir()) == []
