"""Data sets from files, and what is in them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.errors import InputError
from motiflens.cli.commands import Argument, Commands, Option
from motiflens.cli.messages import print_json
from motiflens.cli.options import DataFile, Json, shares_of, split_names, whole_numbers, writable_file

if TYPE_CHECKING:
    from motiflens.data.dataset import SequenceDataset
    from motiflens.data.summary import DataSummary

app = Commands("Import your own data, and look at them before training.")

Out = Annotated[Path, Option("--out", "-o", callback=writable_file, help="HDF5 file to write.")]
Shares = Annotated[str, Option("--split", help="Shares of training, validation and test, drawn at random.")]
Seed = Annotated[int, Option(min=0, help="Seed of the random split and of random negatives.")]
Length = Annotated[int | None, Option(min=1, help="Crop or pad all sequences to this length.")]
DropMissing = Annotated[bool, Option(help="Leave out sequences that lack a label (empty, NA, nan).")]
MissingValue = Annotated[float | None, Option(help="Number that stands for a missing label, such as -1.")]
Valid = Annotated[str | None, Option(help="Chromosomes (or folds) for validation, e.g. chr8,chr10.")]
Test = Annotated[str | None, Option(help="Chromosomes (or folds) for the test, e.g. chr9.")]
Shuffle = Annotated[int, Option(min=0, max=10_000, help="Add this many dinucleotide shuffles of each positive.")]


@app.register("fasta")
def data_fasta(
    sequences: Annotated[Path, Argument(help="FASTA, plain or gzip: positives, or all sequences.")],
    out: Out,
    negatives: Annotated[Path | None, Option(help="FASTA of the negatives.")] = None,
    labels: Annotated[
        Path | None, Option(help="TSV or CSV with a header: names, then a column for each label or value.")
    ] = None,
    label_columns: Annotated[
        str | None, Option(help="Columns of that table, e.g. a,b. Default: all but the first.")
    ] = None,
    label_pattern: Annotated[
        str | None,
        Option(help="Regular expression with a group for each label in the header, e.g. 'label=([01])'."),
    ] = None,
    valid: Valid = None,
    test: Test = None,
    missing_value: MissingValue = None,
    drop_missing: DropMissing = False,
    shuffle: Shuffle = 0,
    length: Length = None,
    split: Shares = "0.7,0.1,0.2",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Import sequences in FASTA with labels from two files, from a table, or from the headers."""
    from motiflens.data.io import read_fasta

    if negatives is None and labels is None and label_pattern is None and not shuffle:
        raise InputError("expected labels: give --negatives, --labels, --label-pattern or --shuffle")
    dataset = read_fasta(
        sequences,
        negatives=negatives,
        labels=labels,
        label_columns=split_names(label_columns),
        label_pattern=label_pattern,
        valid=split_names(valid) or (),
        test=split_names(test) or (),
        length=length,
        fractions=shares_of(split, "--split"),
        seed=seed,
        missing_value=missing_value,
        drop_missing=drop_missing,
    )
    _finish(_with_shuffles(dataset, shuffle, seed), out, as_json)


@app.register("bed")
def data_bed(
    peaks: Annotated[
        Path, Argument(help="BED or narrowPeak, plain or gzip; or a folder with one file for each label.")
    ],
    genome: Annotated[Path, Argument(help="FASTA of the genome, plain or gzip, or .2bit.")],
    out: Out,
    width: Annotated[int, Option(min=1, help="Length of the windows around summits or centres.")],
    also: Annotated[list[Path] | None, Option(help="BED of another label; may be given several times.")] = None,
    negatives: Annotated[Path | None, Option(help="BED of the negatives.")] = None,
    gc_matched: Annotated[
        int,
        Option(min=0, max=10_000, help="Add this many random windows for each positive as negatives, GC-matched."),
    ] = 0,
    avoid: Annotated[
        Path | None, Option(help="BED of regions, besides PEAKS, that GC-matched negatives must avoid.")
    ] = None,
    shuffle: Shuffle = 0,
    value_column: Annotated[
        str | None, Option(help="Columns, counted from 1, with a label or value, such as 7 of narrowPeak, or 4,5.")
    ] = None,
    label_column: Annotated[
        int | None,
        Option(help="Column, counted from 1, with the name of the label, or several names separated by commas."),
    ] = None,
    bigwig: Annotated[
        list[Path] | None, Option(help="bigWig whose signal in a window is a label; may be given several times.")
    ] = None,
    signal: Annotated[
        str, Option(help="Statistic of the signal: mean, max, sum, or log_sum, which is log(1 + sum).")
    ] = "mean",
    uncovered: Annotated[str, Option(help="How bases without a value in bigWig count: zero, or missing.")] = "zero",
    missing_value: MissingValue = None,
    drop_missing: DropMissing = False,
    valid: Valid = None,
    test: Test = None,
    split: Shares = "0.7,0.1,0.2",
    seed: Seed = 0,
    stranded: Annotated[bool, Option(help="Reverse-complement intervals of the minus strand.")] = False,
    skip_missing: Annotated[bool, Option(help="Leave out chromosomes that the genome lacks.")] = False,
    max_unknown: Annotated[float, Option(min=0, max=1, help="Leave out windows with a larger share of N.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Import windows around peaks in a genome, with negatives from a file, from the genome or by shuffling."""
    from motiflens.data.io import Genome, bed_files, check_classes, read_bed
    from motiflens.data.negatives import add_gc_matched

    files = [*bed_files(peaks), *(also or [])]
    has_labels = len(files) > 1 or any(one is not None for one in (label_column, negatives, value_column, bigwig))
    if not has_labels and not shuffle and not gc_matched:
        raise InputError(
            "expected negatives or values: give --negatives, --gc-matched, --shuffle, --value-column or --bigwig"
        )
    if avoid is not None and not gc_matched:
        raise InputError("--avoid is for windows drawn from the genome: give --gc-matched, too, or leave it out")
    columns = whole_numbers(value_column, "--value-column")
    sequences = Genome(genome)
    dataset = read_bed(
        files if len(files) > 1 else files[0],
        sequences,
        width=width,
        negatives=negatives,
        value_column=columns,
        label_column=label_column,
        bigwig=bigwig or None,
        signal=signal,
        uncovered=uncovered,
        missing_value=missing_value,
        drop_missing=drop_missing,
        valid=split_names(valid) or (),
        test=split_names(test) or (),
        fractions=shares_of(split, "--split"),
        seed=seed,
        stranded=stranded,
        missing="drop" if skip_missing else "error",
        max_unknown=max_unknown,
    )
    if not (shuffle or gc_matched):
        check_classes(dataset.y, dataset.label_names, " and ".join(map(str, files)))
    if gc_matched:
        places = [*files, *([] if avoid is None else [avoid])]
        dataset = add_gc_matched(dataset, sequences, ratio=gc_matched, avoid=places, max_unknown=max_unknown, seed=seed)
    _finish(_with_shuffles(dataset, shuffle, seed), out, as_json)


@app.register("table")
def data_table(
    table: Annotated[Path, Argument(help="TSV or CSV, plain or gzip, whose first line names the columns.")],
    out: Out,
    sequence: Annotated[str, Option(help="Column of the sequences.")] = "sequence",
    labels: Annotated[
        str | None, Option(help="Columns of labels or values, e.g. a,b. Default: all but sequence, split, name.")
    ] = None,
    valid_file: Annotated[
        Path | None, Option(help="Table of validation sequences; those of TABLE are then for training.")
    ] = None,
    test_file: Annotated[
        Path | None, Option(help="Table of test sequences; those of TABLE are then for training.")
    ] = None,
    split_column: Annotated[
        str, Option(help="Column with train, valid or test, or with folds (see --valid), if there is one.")
    ] = "split",
    name: Annotated[str, Option(help="Column of the sequences' names, if there is one.")] = "name",
    chromosome: Annotated[
        str | None, Option(help="Column of chromosomes, if it is not called chrom or the like.")
    ] = None,
    group: Annotated[
        str | None, Option(help="Column of groups, such as the locus; a group stays in one split.")
    ] = None,
    valid: Valid = None,
    test: Test = None,
    missing_value: MissingValue = None,
    drop_missing: DropMissing = False,
    shuffle: Shuffle = 0,
    length: Length = None,
    split: Shares = "0.7,0.1,0.2",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Import a table of sequences with labels or measured values."""
    from motiflens.data.io import read_table

    dataset = read_table(
        table,
        sequence=sequence,
        labels=split_names(labels),
        valid_file=valid_file,
        test_file=test_file,
        split=split_column,
        name=name,
        chromosome=chromosome,
        group=group,
        valid=split_names(valid) or (),
        test=split_names(test) or (),
        length=length,
        fractions=shares_of(split, "--split"),
        seed=seed,
        missing_value=missing_value,
        drop_missing=drop_missing,
    )
    _finish(_with_shuffles(dataset, shuffle, seed), out, as_json)


@app.register("crx")
def data_crx(
    folder: Annotated[
        Path, Argument(help="Holds clones of CRX-Active-Learning and CRX-Information-Content (barakcohenlab).")
    ],
    out: Out,
    split: Shares = "0.5,0.1,0.4",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Import reporter assays of CRX-bound elements: activities for training, and edits with measured effects.

    It also writes tables of the edits and of the sequences, and a report of every check.
    """
    from motiflens.data.crx import read_crx, write_crx
    from motiflens.data.summary import summary

    data = read_crx(folder, fractions=shares_of(split, "--split"), seed=seed)
    files = write_crx(data, out)
    more = {"file": str(files.dataset), "edits": str(files.edits), "report": str(files.report)}
    counts = {f"n_edits_{name}": n for name, n in data.report["n_edits"].items()}
    _tell(summary(data.dataset), {**more, **counts, "names not parsed": data.report["n_unparsed"]}, as_json)


@app.register("hdf5")
def data_hdf5(
    files: Annotated[list[Path], Argument(help="HDF5, .npz or .mat; several files hold one split each.")],
    out: Out,
    bases: Annotated[str | None, Option(help="Order of the bases in the file, e.g. AGCT. Default: ACGT.")] = None,
    channels: Annotated[str | None, Option(help="first: (N, 4, L), last: (N, L, 4). Default: found.")] = None,
    labels: Annotated[str | None, Option(help="Names of the labels, e.g. K562,HepG2.")] = None,
    split: Shares = "0.7,0.1,0.2",
    seed: Seed = 0,
    missing_value: MissingValue = None,
    drop_missing: DropMissing = False,
    as_json: Json = False,
) -> None:
    """Import one-hot sequences as Basset, DeepSEA and others write them, or with the bases in another order.

    A file with X and Y alone is split at random.
    """
    from motiflens.data.io import read_hdf5

    if channels not in (None, "first", "last"):
        raise InputError(f"expected --channels first or last, got {channels!r}")
    dataset = read_hdf5(
        files if len(files) > 1 else files[0],
        label_names=split_names(labels),
        channels=channels,  # type: ignore[arg-type]
        bases=bases,
        fractions=shares_of(split, "--split"),
        seed=seed,
        missing_value=missing_value,
        drop_missing=drop_missing,
    )
    _finish(dataset, out, as_json)


@app.register("summary")
def data_summary(data: DataFile, as_json: Json = False) -> None:
    """Count splits and labels, compare GC content, and warn of common faults of data sets."""
    from motiflens.data.io import read_hdf5
    from motiflens.data.summary import summary

    _tell(summary(read_hdf5(data)), {}, as_json)


def _with_shuffles(dataset: "SequenceDataset", ratio: int, seed: int) -> "SequenceDataset":
    from motiflens.data.negatives import add_shuffled

    return add_shuffled(dataset, ratio=ratio, seed=seed) if ratio else dataset


def _finish(dataset: "SequenceDataset", out: Path, as_json: bool) -> None:
    from motiflens.data.io import write_hdf5
    from motiflens.data.summary import summary

    write_hdf5(dataset, out)
    _tell(summary(dataset), {"file": str(out)}, as_json)


def _tell(result: "DataSummary", more: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({**more, **result.to_dict()})
        return
    for name, value in more.items():
        click.echo(f"{name}: {value}")
    click.echo(result.text())
