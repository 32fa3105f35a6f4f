"""What the command line shows of an error: a line, or the traceback of a fault of its own."""

import sys

import pytest

from motiflens import cli
from motiflens.basics.errors import InputError, UnfinishedError
from motiflens.cli.errors import FAULT, with_options
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
    ("error", "told"),
    [
        (InputError("expected a motif set"), (2, "error: expected a motif set\n")),
        (PermissionError(13, "Permission denied", "a.meme"), (2, "error: a.meme: Permission denied\n")),
        (UnfinishedError("2 trials\nare left"), (1, "error: 2 trials are left\n")),
        (OSError(28, "No space left on device", "a.meme"), (1, "error: a.meme: No space left on device\n")),
    ],
)
def test_what_a_user_can_mend_is_one_line(command, error, told):
    assert command(error) == told


@pytest.mark.parametrize("error", [ValueError("not enough values"), KeyError("id"), RuntimeError("sizes of tensors")])
def test_a_fault_of_ours_shows_its_traceback(command, error):
    code, shown = command(error)
    assert code == 1
    assert "Traceback" in shown
    assert "in load_motifs" in shown
    assert shown.splitlines()[-1] == f"error: {FAULT}"


def test_debug_shows_every_traceback(command):
    code, shown = command(InputError("expected a motif set"), "--debug")
    assert code == 2
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
    assert message.startswith("error: Invalid value")
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train",), "error: Missing argument 'DATA' (see motiflens train -h)\n"),
        (("trian",), "error: No such command 'trian'. Did you mean 'train'? (see motiflens -h)\n"),
        (("motifs", "list", "--strct"), "error: No such option '--strct'"),
    ],
)
def test_a_call_that_cannot_be_read_is_told_in_a_line(arguments, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["motiflens", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    message = capsys.readouterr().err
    assert stop.value.code == 2
    assert message.startswith(words)
    assert message.count("\n") == 1


def test_a_group_without_a_command_shows_its_help(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["motiflens", "motifs"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    shown = capsys.readouterr()
    assert stop.value.code == 2
    assert "convert" in shown.out + shown.err


OPTIONS = {"n_null": "--n-null", "q": "--q", "n_members": "--members", "model": "--model"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("n_null must be at least 8, got 2", "--n-null must be at least 8, got 2"),
        ("q must be in (0, 1], got q", "--q must be in (0, 1], got q"),
        ("give n_null or n_members=3, not both", "give --n-null or --members=3, not both"),
        ("model my/n_null/n_null.h5 is 'n_null' of n_null.", "model my/n_null/n_null.h5 is 'n_null' of --n-null."),
        ("the q must be given", "the q must be given"),
    ],
)
def test_errors_name_options_where_the_library_names_arguments(words, told):
    assert with_options(words, OPTIONS) == told
