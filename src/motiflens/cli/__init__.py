"""Command line: each command wraps one library call; only here do exceptions become messages.

Imports that cost time stand inside the commands, so that `--help` answers at once.
"""

import atexit
import gc
import sys
import warnings
from typing import Annotated, Any

import click

from motiflens.cli import (
    audit,
    compare,
    data,
    doctor,
    interactions,
    model,
    models,
    motifs,
    predict,
    simulate,
    study,
    train,
)
from motiflens.cli.commands import Commands, Option
from motiflens.cli.errors import options_of, tell_error, with_options
from motiflens.cli.messages import Session


def _start(
    ctx: click.Context,
    version: Annotated[bool, Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, Option("--debug", help="Show the traceback of every error.")] = False,
) -> None:
    ctx.ensure_object(Session).debug = debug
    if version:
        from motiflens import __version__

        click.echo(__version__)
        raise click.exceptions.Exit
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        raise click.exceptions.Exit


app = Commands("Train hybrid networks on regulatory DNA and audit what they learned.", _start)
app.register("simulate")(simulate.simulate)
app.register("train")(train.train)
app.register("predict")(predict.predict)
app.register("audit")(audit.audit)
app.register("compare")(compare.compare)
app.register("filters")(model.filters)
app.register("attribute")(model.attribute)
app.register("interactions")(interactions.interactions)
app.register("tomtom")(motifs.tomtom_files)
app.register("doctor")(doctor.doctor)
app.add_command(data.app, "data")
app.add_command(models.app, "models")
app.add_command(motifs.app, "motifs")
app.add_command(study.app, "study")


def main() -> None:
    """Run the command line: of its errors a line, and an exit code (:func:`motiflens.cli.errors.tell_error`)."""
    session = Session()
    atexit.register(gc.freeze)  # nothing is left to collect: to look for it takes seconds on a busy machine
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _tell_warning
            code = app(obj=session, standalone_mode=False)
    except click.Abort:  # an interrupt, where nothing is left to go on with
        click.echo("interrupted", err=True)
        code = 130
    except Exception as error:
        code = tell_error(error, app, debug=session.debug)
    if code:
        sys.exit(code)


def _tell_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning as one line: where in our code it came up helps nobody in a shell."""
    words = str(getattr(message, "in_shell", message))
    click.echo(f"warning: {with_options(words, options_of(app, sys.argv[1:]))}", err=True)
