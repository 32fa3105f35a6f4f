"""The command line as tests run it."""

import sys
import warnings

import pytest
from click.testing import CliRunner

from motiflens import cli
from motiflens.cli import app

runner = CliRunner()


def run(*arguments, **options):
    result = runner.invoke(app, [str(argument) for argument in arguments], **options)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def fails(capsys, monkeypatch, *arguments):
    """Exit code and message of a command that fails, as a user would see them."""
    monkeypatch.setattr(sys, "argv", ["motiflens", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return stop.value.code, message


def told(capsys, monkeypatch, *arguments):
    """Standard output and error of a command that succeeds, with its warnings as a user would see them."""
    monkeypatch.setattr(sys, "argv", ["motiflens", *map(str, arguments)])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        cli.main()
    return capsys.readouterr()
