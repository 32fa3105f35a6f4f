"""Predictions for sequences in a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from motiflens.cli.loading import one_thread
from motiflens.cli.messages import print_json
from motiflens.cli.options import Json, writable_file


class Scale(StrEnum):
    """What is written."""

    auto = "auto"
    probability = "probability"
    raw = "raw"


def predict(
    model: Annotated[Path, typer.Argument(help="Folder of a saved network, or of an ensemble: OUT of train.")],
    fasta: Annotated[Path, typer.Argument(help="FASTA, plain or gzip, of the network's sequence length.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", callback=writable_file, help="TSV file. Default: standard output.")
    ] = None,
    scale: Annotated[
        Scale, typer.Option(help="probability; raw: logits, or the values of a regression; auto: as it was trained.")
    ] = Scale.auto,
    as_json: Json = False,
) -> None:
    """Predict the outputs of a network, or the mean and deviation of an ensemble, for each sequence of a FASTA file."""
    from motiflens.training.predictions import predict_fasta

    one_thread()
    predictions = predict_fasta(model, fasta, scale=scale.value)
    if out is not None:
        predictions.write_tsv(out)
    if as_json:
        columns = {name: values.tolist() for name, values in predictions.columns().items()}
        print_json({"file": None if out is None else str(out), "name": predictions.names, **columns})
    elif out is None:
        for line in predictions.lines():
            typer.echo(line)
    else:
        typer.echo(f"{out}: {len(predictions.names)} sequences")
