"""Command line: each command wraps one library call; only here do exceptions become messages.

Imports that cost time stand inside the commands, so that `--help` answers at once.
"""

import sys
import warnings
from typing import Annotated, Any

import typer

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
from motiflens.cli.errors import options_of, tell_error, with_options
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


def main() -> None:
    """Run the command line: of its errors a line, and an exit code (:func:`motiflens.cli.errors.tell_error`)."""
    session = Session()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _tell_warning
            code = app(obj=session, standalone_mode=False)
    except Exception as error:
        code = tell_error(error, app, debug=session.debug)
    if code:
        sys.exit(code)


def _tell_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """A warning as one line: where in our code it came up helps nobody in a shell."""
    words = str(getattr(message, "in_shell", message))
    typer.echo(f"warning: {with_options(words, options_of(app, sys.argv[1:]))}", err=True)


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
