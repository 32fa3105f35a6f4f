"""Predictions for sequences in a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import click

from motiflens.cli.commands import Argument, Option
from motiflens.cli.loading import check_model, networks_of, one_thread
from motiflens.cli.messages import print_json
from motiflens.cli.options import AnyModel, Bases, Json, Layout, Output, Weights, writable_file


class Scale(StrEnum):
    """What is written."""

    auto = "auto"
    probability = "probability"
    raw = "raw"


def predict(
    model: AnyModel,
    fasta: Annotated[Path, Argument(help="FASTA, plain or gzip, of the network's sequence length.")],
    out: Annotated[
        Path | None, Option("--out", "-o", callback=writable_file, help="TSV file. Default: standard output.")
    ] = None,
    scale: Annotated[
        Scale, Option(help="probability; raw: logits, or the values of a regression; auto: as the model returns.")
    ] = Scale.auto,
    weights: Weights = None,
    layout: Layout = "auto",
    bases: Bases = "ACGT",
    output: Output = "auto",
    as_json: Json = False,
) -> None:
    """Predict the outputs of a network, or the mean and deviation of an ensemble, for each sequence of a FASTA file."""
    from motiflens.data.io import fasta_records
    from motiflens.training.predictions import predict_fasta

    check_model(model)
    one_thread()
    first = next(fasta_records(fasta)).codes[None]  # 1, L
    networks = networks_of(model, first, weights, {"layout": layout, "bases": bases, "output": output})
    predictions = predict_fasta(networks, fasta, scale=scale.value)
    if out is not None:
        predictions.write_tsv(out)
    if as_json:
        columns = {name: values.tolist() for name, values in predictions.columns().items()}
        print_json({"file": None if out is None else str(out), "name": predictions.names, **columns})
    elif out is None:
        for line in predictions.lines():
            click.echo(line)
    else:
        click.echo(f"{out}: {len(predictions.names)} sequences")
