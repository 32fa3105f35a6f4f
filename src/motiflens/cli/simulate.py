"""Simulated data."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiflens.cli._shared import Json, print_json, split_names, whole_number

if TYPE_CHECKING:
    from motiflens.dataset import SequenceDataset


class Simulator(StrEnum):
    """Simulators by name."""

    multi_motif = "multi-motif"
    billboard = "billboard"


def simulate(
    simulator: Annotated[Simulator, typer.Argument(help="multi-motif: Task 1; billboard: Task 2 of the study.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="HDF5 file to write.")],
    n_sequences: Annotated[int | None, typer.Option("--n-sequences", "-n", help="Default: the study's.")] = None,
    length: Annotated[int, typer.Option(help="Length of a sequence.")] = 200,
    seed: Annotated[int, typer.Option(help="Same seed, same data.")] = 0,
    motifs: Annotated[
        str | None, typer.Option(help="Motif set or file to embed (core motifs of billboard). Default: the study's.")
    ] = None,
    background: Annotated[
        str | None, typer.Option(help="billboard: motif set or file of the negatives' background motifs.")
    ] = None,
    motif_counts: Annotated[
        str | None, typer.Option(help="Probability of each number of motifs, e.g. 1:.5,2:.5. Default: the study's.")
    ] = None,
    split: Annotated[str, typer.Option(help="Shares of training, validation and test.")] = "0.7,0.1,0.2",
    as_json: Json = False,
) -> None:
    """Simulate sequences with known motif sites, labels and splits."""
    from motiflens import simulate as simulators
    from motiflens.io import write_hdf5
    from motiflens.motifs import load_motifs

    embedded = None if motifs is None else load_motifs(motifs)
    options: dict[str, Any] = {"seed": seed, "length": length, "split": [float(x) for x in split_names(split) or ()]}
    if motif_counts is not None:
        pairs = [pair.partition(":") for pair in split_names(motif_counts) or ()]
        options["motif_counts"] = {whole_number(number): float(share) for number, _, share in pairs}
    if n_sequences is not None:
        options["n_sequences"] = n_sequences
    if simulator is Simulator.multi_motif:
        if background is not None:
            raise ValueError("--background belongs to billboard; multi-motif has no background motifs")
        dataset = simulators.multi_motif(motifs=embedded, **options)
    else:
        others = None if background is None else load_motifs(background)
        dataset = simulators.billboard(core=embedded, background=others, **options)
    write_hdf5(dataset, out)
    if as_json:
        print_json({"file": str(out), **_counts(dataset)})
    else:
        typer.echo(f"{out}: {dataset!r}")


def _counts(dataset: "SequenceDataset") -> dict[str, Any]:
    return {
        "n_train": len(dataset.train),
        "n_valid": len(dataset.valid),
        "n_test": len(dataset.test),
        "length": dataset.length,
        "label_names": list(dataset.label_names),
    }
