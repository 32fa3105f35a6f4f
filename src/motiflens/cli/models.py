"""Which architectures there are, and how a model is read."""

from pathlib import Path
from typing import Annotated

import click

from motiflens.basics.errors import InputError
from motiflens.cli.commands import Argument, Commands, Option
from motiflens.cli.loading import load_any_model, one_thread
from motiflens.cli.messages import print_json
from motiflens.cli.options import DataFile, FirstLayer, Json, joined

app = Commands("List architectures; find out how a model is read.")


@app.register("list")
def models_list(
    pattern: Annotated[str, Argument(help="Only names that match, such as 'C4*' or 'Deep*'.")] = "*",
    as_json: Json = False,
) -> None:
    """List the architectures that train builds: blocks as filters/kernel, and positions after each pool as @number."""
    from motiflens.models.hybrid import list_models, outline

    names = list_models(pattern)
    if not names:
        raise InputError(f"no architecture has a name like {pattern!r}: motiflens models list shows all")
    outlines = (outline(name) for name in names)
    if as_json:
        print_json([one._asdict() for one in outlines])
        return
    for one in outlines:
        sizes = f"{one.length:>6} bp  {one.n_outputs:>3} outputs  {one.n_parameters:>11,} parameters"
        click.echo(f"{one.name:16} {sizes}  {one.blocks}")


@app.register("check")
def models_check(
    model: Annotated[
        str,
        Argument(
            help="Folder of a saved network, or module:function or file.py:function that makes one, whose code is run."
        ),
    ],
    data: DataFile,
    weights: Annotated[Path | None, Option(help="State dictionary of the model, .pt or .safetensors.")] = None,
    layout: Annotated[str, Option(help="Axes of its input: auto, N4L, NL4, N14L, ..., or codes.")] = "auto",
    bases: Annotated[str, Option(help="Order of the bases in its channels, such as AGCT.")] = "ACGT",
    first_layer: FirstLayer = None,
    output: Annotated[str, Option(help="What it returns: auto, logits or probabilities.")] = "auto",
    as_json: Json = False,
) -> None:
    """Print in ten lines how a model is run and which analyses are possible."""
    from motiflens.audits.model_check import check_model
    from motiflens.data.io import read_hdf5

    one_thread()
    network, dataset = load_any_model(model, weights), read_hdf5(data)
    found = check_model(network, dataset, layout=layout, bases=bases, first_layer=joined(first_layer), output=output)
    if as_json:
        print_json(found.facts)
        return
    for line in found.lines():
        click.echo(line)
