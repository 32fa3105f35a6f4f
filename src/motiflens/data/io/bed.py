"""Data sets from peaks in BED files and a genome."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.assemble import check_classes, draw_split, settle_labels
from motiflens.data.io.bed_labels import bed_files, label_of_file, merge_files, merge_names
from motiflens.data.io.bed_windows import Misfit, Placed, WindowRules
from motiflens.data.io.genome import Genome
from motiflens.data.io.intervals import Intervals
from motiflens.data.io.signal import signal_labels
from motiflens.data.splits import SPLITS, absent_chromosomes, chromosome_split


class _Labelled(NamedTuple):
    """Windows with labels."""

    intervals: Intervals
    y: np.ndarray  # n, n_labels
    label_names: list[str]


@checks_arguments
def read_bed(
    path: str | Path | Sequence[str | Path],
    genome: str | Path | Genome,
    *,
    width: int,
    negatives: str | Path | None = None,
    value_column: int | Sequence[int] | None = None,
    label_column: int | None = None,
    bigwig: str | Path | Sequence[str | Path] | None = None,
    signal: str = "mean",
    uncovered: str = "zero",
    missing_value: float | None = None,
    drop_missing: bool = False,
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
    stranded: bool = False,
    past_end: Misfit = "drop",
    missing: Misfit = "error",
    max_unknown: float = 0.0,
) -> SequenceDataset:
    """Read windows of one width around the summits (narrowPeak) or centres (BED) of intervals in a genome.

    Without negatives or values, all sequences are positives (label 1). `negatives.add_gc_matched` or
    `negatives.add_shuffled` then add negatives. The metadata say how many intervals were dropped, and why.

    Parameters
    ----------
    path : path, or sequence of path
        BED or narrowPeak, plain or gzip. Several files, or a folder of them, give one label each; windows whose centres
        are within half a width of each other are merged (`bed_labels.merge_files`).
    genome : path or Genome
        FASTA, plain or gzip, or .2bit.
    width : int
        Length of the sequences.
    negatives : path, optional
        BED file of intervals with label 0; those of `path` then have label 1.
    value_column : int or sequence of int, optional
        Columns, counted from 1, with labels or real values.
    label_column : int, optional
        Column, counted from 1, with the name of an interval's label, or several names separated by commas (``K562`` or
        ``3,4``). Rows with the same window are merged.
    bigwig : path, or sequence of path, optional
        bigWig tracks (extra ``bigwig``): the signal of each track in the windows of the first file is a real-valued
        label.
    signal : {"mean", "max", "sum", "log_sum"}
        Statistic of the signal in a window; "log_sum" is log(1 + sum), as in BPNet's counts.
    uncovered : {"zero", "missing"}
        Whether bases without a signal count as 0 or are ignored. Windows on a chromosome that a track lacks have no
        label.
    missing_value : float, optional
        Number that stands for a missing value, such as -1.
    drop_missing : bool
        Leave out windows without a value, instead of keeping them with NaN.
    valid, test : sequence of str
        Chromosomes of the validation and test split; all others are for training. If both are empty, the split is
        random.
    fractions, seed
        Shares of train, valid and test, and the seed of a random split.
    stranded : bool
        Reverse-complement the sequences of intervals on the minus strand.
    past_end : {"drop", "error"}
        Whether to drop windows that reach beyond their chromosome, or to raise an error.
    missing : {"drop", "error"}
        Whether to drop intervals on chromosomes that the genome lacks, or to raise an error.
    max_unknown : float
        Largest share of unknown bases (N); windows with more are dropped.

    Returns
    -------
    dataset : SequenceDataset
        In the order of the files; names are ``chr1:1000-1500`` or, if stranded, ``chr1:1000-1500(+)``.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file cannot be read, a chromosome is missing (lists similar names), a window does not fit, none is left, or
        labels are the same for all.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import motiflens as ml
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "genome.fa").write_text(">chr1\\n" + "ACGTTGCA" * 20 + "\\n")
    >>> _ = (folder / "peaks.bed").write_text("chr1\\t10\\t30\\nchr1\\t100\\t120\\n")
    >>> data = ml.read_bed(folder / "peaks.bed", folder / "genome.fa", width=16)
    >>> data.codes.shape
    (2, 16)
    """
    _check_choices(negatives, value_column, label_column, bigwig, {"past_end": past_end, "missing": missing})
    genome = genome if isinstance(genome, Genome) else Genome(genome)
    rules = WindowRules(genome, width, stranded, past_end, missing, max_unknown)
    files = bed_files(path)
    placed = [rules.place(file, value_column, label_column) for file in files]
    more: dict[str, Any] = {}
    if bigwig is not None:
        tracks = [bigwig] if isinstance(bigwig, str | Path) else list(bigwig)
        y, names, more["signal"] = signal_labels(tracks, placed[0].intervals, genome.lengths, signal, uncovered)
        found = _Labelled(placed[0].intervals, y, names)
    else:
        found = _labelled(placed, files, value_column, label_column, width)
        n_placed = sum(len(one.intervals.start) for one in placed)
        if n_placed != len(found.y):
            more["merged"] = [n_placed, len(found.y)]
    found, lacking = _settled(found, files[0].name, missing_value, drop=drop_missing)
    if bigwig is not None:
        check_classes(found.y, found.label_names, str(files[0]))
    elif value_column is not None:
        columns = [value_column] if isinstance(value_column, int) else list(value_column)
        check_classes(found.y, [f"column {column}" for column in columns], str(files[0]))
    if negatives is not None:
        files.append(Path(negatives))
        placed.append(rules.place(files[-1], None, None))
        found = _with_negatives(found, placed[-1].intervals)
    names = _names_of(files)
    dropped = {name: {k: n for k, n in one.dropped.items() if n} for name, one in zip(names, placed, strict=True)}
    for reasons in lacking.pop("dropped", {}).values():
        dropped[names[0]] |= reasons
    intervals, codes, n_unknown, clear = rules.fetch(found.intervals, " and ".join(map(str, files)))
    _count_unclear(dropped, names, clear, len(placed[-1].intervals.start) if negatives is not None else 0)
    split, how = _split(intervals.contig, genome, valid, test, fractions, seed)
    source: dict[str, Any] = {
        "reader": "read_bed",
        "files": [file.name for file in files],
        "genome": genome.path.name,
        "width": width,
        "stranded": stranded,
        "centres": {name: one.centres for name, one in zip(names, placed, strict=True)},
        **_how_read(names, placed),
        "split": how,
        "n_unknown_bases": n_unknown,
        "dropped": dropped,
        **lacking,
        **more,
    }
    return SequenceDataset.from_arrays(
        codes,
        found.y[clear],
        label_names=found.label_names,
        split=split,
        metadata={"source": source},
        names=intervals.names(),
    )


def _check_choices(
    negatives: object, value_column: object, label_column: object, bigwig: object, misfits: Mapping[str, str]
) -> None:
    """Check that labels come from one place, and what misfits is dropped or an error."""
    places = [one is not None for one in (negatives, value_column, bigwig)]
    if sum(places) > 1 or (label_column is not None and any(places[1:])):
        raise ArgumentError(
            "expected labels from one place",
            "give only one of {negatives}, {value_column} and {bigwig}, or {label_column} without the last two",
        )
    for option, value in misfits.items():
        if value not in ("drop", "error"):
            raise InputError(f"expected drop or error for {option}, got {value!r}")


def _settled(
    found: _Labelled, source: str, missing_value: float | None, *, drop: bool
) -> tuple[_Labelled, dict[str, Any]]:
    """Labels with NaN for what is missing, or without the windows that lack one, and what the metadata say of it."""
    y = found.y if missing_value is None else np.where(found.y == missing_value, np.nan, found.y)
    rows, how = settle_labels(y, found.label_names, source, drop=drop)
    return _Labelled(found.intervals.take(rows), y[rows], found.label_names), how


def _with_negatives(found: _Labelled, negatives: Intervals) -> _Labelled:
    zeros = np.zeros((len(negatives.start), found.y.shape[1]))
    both = [np.concatenate(pair) for pair in zip(found.intervals, negatives, strict=True)]
    return _Labelled(Intervals(*both), np.concatenate([found.y, zeros]), found.label_names)


def _names_of(files: Sequence[Path]) -> list[str]:
    """Names of files, or their whole paths where two of them, in different folders, have one name."""
    names = [file.name for file in files]
    return names if len(set(names)) == len(names) else [f"{i + 1}. {file}" for i, file in enumerate(files)]


def _how_read(names: Sequence[str], placed: Sequence[Placed]) -> dict[str, Any]:
    """For the metadata: how values were read, and from which number on files with a header count."""
    found: dict[str, Any] = {"read_as": dict(placed[0].read_as)} if placed[0].read_as else {}
    counts = {name: one.counts_from for name, one in zip(names, placed, strict=True) if one.counts_from is not None}
    return found | ({"counts_from": counts} if counts else {})


def _count_unclear(dropped: dict[str, dict[str, int]], files: Sequence[str], clear: np.ndarray, n_last: int) -> None:
    """Add to what was dropped the windows with too many unknown bases, those of the negatives to the last file."""
    is_last = np.arange(len(clear)) >= len(clear) - n_last
    for file, rows in ((files[0], ~is_last), (files[-1], is_last)):
        if n := int((rows & ~clear).sum()):
            dropped[file]["unknown_bases"] = n


def _split(
    contigs: np.ndarray,
    genome: Genome,
    valid: Sequence[str],
    test: Sequence[str],
    fractions: Sequence[float],
    seed: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Split by chromosome if some are named, else at random."""
    if not (valid or test):
        return draw_split(len(contigs), fractions, seed)
    split = np.array(SPLITS)[chromosome_split(contigs, valid, test, known=genome.lengths)]
    how: dict[str, Any] = {"method": "chromosomes", "valid": list(valid), "test": list(test)}
    return split, how | absent_chromosomes(contigs, (*valid, *test))


def _labelled(
    placed: Sequence[Placed],
    files: Sequence[Path],
    value_column: int | Sequence[int] | None,
    label_column: int | None,
    width: int,
) -> _Labelled:
    """Labels from several files, a column of names, columns of values, or 1 for all."""
    first = placed[0]
    if len(placed) > 1:
        if value_column is not None or label_column is not None:
            raise ArgumentError(
                f"expected one file with columns of labels, got {len(placed)}, which are a label each",
                "leave {value_column} and {label_column} out",
            )
        windows, y = merge_files([one.intervals for one in placed], width)
        return _Labelled(windows, y, [label_of_file(file) for file in files])
    if first.labels is not None:
        rows, y, names = merge_names(first.intervals, first.labels)
        return _Labelled(first.intervals.take(rows), y, names)
    if first.values is None:
        return _Labelled(first.intervals, np.ones((len(first.intervals.start), 1)), ["positive"])
    columns = [value_column] if isinstance(value_column, int) else list(value_column or ())
    names = ["value"] if len(columns) == 1 else [f"column_{column}" for column in columns]
    return _Labelled(first.intervals, first.values, names)
