"""Simulated data."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.errors import InputError
from motiflens.cli.commands import Argument, Option
from motiflens.cli.messages import print_json
from motiflens.cli.options import Json, shares_of, split_names, writable_file

if TYPE_CHECKING:
    from motiflens.data.dataset import SequenceDataset


class Simulator(StrEnum):
    """Simulators by name."""

    multi_motif = "multi-motif"
    billboard = "billboard"
    spaced_grammar = "spaced-grammar"


class Labels(StrEnum):
    """What the labels of a grammar follow."""

    grammar = "grammar"
    additive = "additive"


_GRAMMAR = "Options of spaced-grammar"


def simulate(
    simulator: Annotated[
        Simulator,
        Argument(help="multi-motif: Task 1, billboard: Task 2 of the study; spaced-grammar: interacting pairs."),
    ],
    out: Annotated[Path, Option("--out", "-o", callback=writable_file, help="HDF5 file to write.")],
    n_sequences: Annotated[int | None, Option("--n-sequences", "-n", help="Default: the study's.")] = None,
    length: Annotated[int, Option(min=1, max=100_000_000, help="Length of a sequence.")] = 200,
    seed: Annotated[int, Option(min=0, help="Same seed, same data.")] = 0,
    motifs: Annotated[
        str | None, Option(help="Motif set or file to embed (core motifs of billboard). Default: the study's.")
    ] = None,
    background: Annotated[
        str | None, Option(help="billboard: motif set or file of the negatives' background motifs.")
    ] = None,
    motif_counts: Annotated[
        str | None, Option(help="Probability of each number of motifs, e.g. 1:.5,2:.5. Default: the study's.")
    ] = None,
    split: Annotated[str, Option(help="Shares of training, validation and test.")] = "0.7,0.1,0.2",
    level: Annotated[
        int | None,
        Option(help="Rule: 1 identity, 2 distance (default), 3 spacing and strands.", panel=_GRAMMAR),
    ] = None,
    n_motifs: Annotated[int | None, Option(help="Default: 20.", panel=_GRAMMAR)] = None,
    n_pairs: Annotated[int | None, Option(help="True pairs of motifs. Default: 40.", panel=_GRAMMAR)] = None,
    n_decoys: Annotated[
        int | None,
        Option(help="Decoy pairs, placed as true ones but without effect. Default: half of --n-pairs.", panel=_GRAMMAR),
    ] = None,
    n_singles: Annotated[
        int | None,
        Option(help="Largest number of additional single motifs, levels 2 and 3. Default: 0.", panel=_GRAMMAR),
    ] = None,
    max_gap: Annotated[int | None, Option(help="Largest gap of a true pair, bp. Default: 20.", panel=_GRAMMAR)] = None,
    n_repress: Annotated[
        int | None,
        Option(help="True pairs in which both motifs cancel each other. Default: 0.", panel=_GRAMMAR),
    ] = None,
    n_redundant: Annotated[
        int | None,
        Option(help="True pairs in which either motif is enough. Default: 0.", panel=_GRAMMAR),
    ] = None,
    labels: Annotated[
        Labels | None, Option(help="grammar, or additive: no pair interacts. Default: grammar.", panel=_GRAMMAR)
    ] = None,
    background_sequences: Annotated[
        Path | None,
        Option(help="FASTA or HDF5 of sequences into which sites are placed.", panel=_GRAMMAR),
    ] = None,
    shuffle_background: Annotated[
        bool,
        Option(
            "--shuffle-background",
            help="Shuffle these sequences, with their dinucleotide counts unchanged.",
            panel=_GRAMMAR,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Simulate sequences with known motif sites, labels and splits."""
    from motiflens.data import simulate as simulators
    from motiflens.data.io import write_hdf5
    from motiflens.motifs.sets import load_motifs

    embedded = None if motifs is None else load_motifs(motifs)
    options: dict[str, Any] = {"seed": seed, "length": length, "split": shares_of(split, "--split")}
    if motif_counts is not None:
        options["motif_counts"] = _shares_of_numbers(motif_counts)
    if n_sequences is not None:
        options["n_sequences"] = n_sequences
    grammar: dict[str, Any] = {
        "level": level,
        "n_motifs": n_motifs,
        "n_pairs": n_pairs,
        "n_decoys": n_decoys,
        "n_singles": n_singles,
        "max_gap": max_gap,
        "n_repress": n_repress,
        "n_redundant": n_redundant,
        "labels": None if labels is None else labels.value,
        "background_sequences": background_sequences,
        "shuffle_background": shuffle_background or None,
    }
    grammar = {name: value for name, value in grammar.items() if value is not None}
    _check_belong(simulator, background, motif_counts, grammar)
    if simulator is Simulator.multi_motif:
        dataset = simulators.multi_motif(motifs=embedded, **options)
    elif simulator is Simulator.billboard:
        background_motifs = None if background is None else load_motifs(background)
        dataset = simulators.billboard(core=embedded, background=background_motifs, **options)
    else:
        path = grammar.pop("background_sequences", None)
        sequences = None if path is None else _read_sequences(path)
        dataset = simulators.spaced_grammar(motifs=embedded, background=sequences, **options, **grammar)
    write_hdf5(dataset, out)
    if as_json:
        print_json({"file": str(out), **_counts(dataset)})
    else:
        click.echo(f"{out}: {dataset!r}")


def _shares_of_numbers(text: str) -> dict[int, float]:
    """Shares by number of motifs, from text such as 1:.5,2:.5."""
    pairs = [pair.partition(":") for pair in split_names(text) or ()]
    try:
        return {int(number): float(share) for number, _, share in pairs}
    except ValueError:
        raise InputError(f"expected --motif-counts as numbers and shares, such as 1:.5,2:.5, got {text!r}") from None


def _check_belong(
    simulator: Simulator, background: str | None, motif_counts: str | None, grammar: dict[str, Any]
) -> None:
    if background is not None and simulator is not Simulator.billboard:
        raise InputError(f"--background belongs to billboard; {simulator.value} has no background motifs")
    if motif_counts is not None and simulator is Simulator.spaced_grammar:
        raise InputError("--motif-counts belongs to multi-motif and billboard; spaced-grammar has pairs, see --n-pairs")
    if grammar and simulator is not Simulator.spaced_grammar:
        names = ", ".join("--" + name.replace("_", "-") for name in grammar)
        raise InputError(f"only spaced-grammar takes {names}; got {simulator.value}")


def _read_sequences(path: Path) -> "SequenceDataset":
    from motiflens.data.io import read_fasta, read_hdf5

    return read_hdf5(path) if path.suffix in (".h5", ".hdf5") else read_fasta(path)


def _counts(dataset: "SequenceDataset") -> dict[str, Any]:
    return {
        "n_train": len(dataset.train),
        "n_valid": len(dataset.valid),
        "n_test": len(dataset.test),
        "length": dataset.length,
        "label_names": list(dataset.label_names),
    }
