"""Command line: each command wraps one library call; only here do exceptions become messages.

Imports that cost time stand inside the commands, so that `--help` answers at once.
"""

import sys
import traceback
import warnings
from typing import Annotated, Any

import typer

from motiflens.basics.errors import explained
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
from motiflens.cli.messages import Session

app = typer.Typer(
    help="Train hybrid networks on regulatory DNA and audit what they learned.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("simulate")(simulate.simulate)
app.command("train")(train.train)
app.command("predict")(predict.predict)
app.command("audit")(audit.audit)
app.command("compare")(compare.compare)
app.command("filters")(model.filters)
app.command("attribute")(model.attribute)
app.command("interactions")(interactions.interactions)
app.command("tomtom")(motifs.tomtom_files)
app.command("doctor")(doctor.doctor)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.add_typer(motifs.app, name="motifs")
app.add_typer(study.app, name="study")

FAULT = "this is a fault of motiflens, not of what you gave it: please report it with the lines above"


def main() -> None:
    """Run the command line; what a user can mend becomes one line on standard error, and the exit code is 1.

    Anything else is a fault of ours: it shows its traceback, and a line that says so. `--debug` shows all tracebacks.
    """
    session = Session()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _tell_warning
            app(obj=session)
    except Exception as error:
        words = explained(error)
        if words is None or session.debug:
            traceback.print_exception(error)
        typer.echo(f"error: {FAULT if words is None else words}", err=True)
        sys.exit(1)


def _tell_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning as one line: where in our code it came up helps nobody in a shell."""
    typer.echo(f"warning: {getattr(message, 'in_shell', message)}", err=True)


@app.callback(invoke_without_command=True)
def _start(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of every error.")] = False,
) -> None:
    ctx.ensure_object(Session).debug = debug
    if version:
        from motiflens import __version__

        typer.echo(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit
