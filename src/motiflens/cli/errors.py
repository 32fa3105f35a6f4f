"""Errors as the shell tells them: one line that names options where the library names arguments, and an exit code."""

import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from motiflens.basics.errors import BAD_INPUT, explained

FAULT = "this is a fault of motiflens, not of what you gave it: please report it with the lines above"


def tell_error(error: Exception, app: click.Group, *, debug: bool) -> int:
    """Tell an error on standard error; the exit code that goes with it.

    It is 2 where what was given cannot be used, and 1 where the work could not be done or finished. A fault of the
    program shows its traceback, as with `debug` every error does.

    Parameters
    ----------
    error : Exception
    app : click.Group
        Whose command was called, with the arguments in `sys.argv`.
    debug : bool
    """
    if isinstance(error, click.UsageError):
        return _tell_usage(error)
    words = explained(error)
    if words is None or debug:
        import traceback

        traceback.print_exception(error)
    told = FAULT if words is None else with_options(words, options_of(app, sys.argv[1:]))
    click.echo(f"error: {told}", err=True)
    return 2 if isinstance(error, BAD_INPUT) else 1


def _tell_usage(error: Any) -> int:
    """What the parser of the command line says: of a missing command the help, else one line."""
    words = error.format_message()
    if error.ctx is None or "\n" in words or not words:
        error.show()
    else:
        click.echo(f"error: {words.rstrip('.')} (see {error.ctx.command_path} -h)", err=True)
    return int(error.exit_code)


def with_options(words: str, options: dict[str, str]) -> str:
    """The words of an error with options in the place of arguments: "n_null must be ..." to "--n-null must be ...".

    A name of one word is an argument only where it begins the line and must be something.

    Parameters
    ----------
    words : str
    options : dict of str to str
        How the shell writes an argument.
    """
    for name, option in options.items():
        if "_" in name:
            words = re.sub(rf"(?<![\w./'\"-]){name}(?![\w/'\"-]|\.\w)", option, words)
        else:
            words = re.sub(rf"^{name}(?= must )", option, words)
    return words


def in_shell(words: str) -> str:
    """Advice that names an argument and its option, "raise n_null (--n-null)", with the option alone."""
    return re.sub(r"\b\w+ \((--[\w-]+)\)", r"\1", words)


def options_of(app: click.Group, arguments: Sequence[str]) -> dict[str, str]:
    """Options of the command that was called, by the arguments' names."""
    command: Any = app
    for word in arguments:
        command = getattr(command, "commands", {}).get(word, command)
    return {one.name: one.opts[0] for one in command.params if one.opts[0].startswith("-")}
