"""Command line: each command wraps one library call; only here do exceptions become messages.

Imports that cost time stand inside the commands, so that `--help` answers at once.
"""

import sys
from typing import Annotated

import typer

from motiflens.cli import audit, compare, data, interactions, model, motifs, predict, simulate, study, train

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
app.add_typer(data.app, name="data")
app.add_typer(motifs.app, name="motifs")
app.add_typer(study.app, name="study")


def main() -> None:
    """Run the command line; errors become one line on standard error and exit code 1."""
    try:
        app()
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(
    ctx: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from motiflens import __version__

        typer.echo(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit
