"""Peaks in BED and a genome to datasets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.assemble import check_classes, draw_split
from motiflens.data.io.bed_labels import bed_files, label_of_file, merge_files, merge_names
from motiflens.data.io.genome import Genome
from motiflens.data.io.intervals import BedFile, Intervals, read_bed_file, windows
from motiflens.data.splits import SPLITS, absent_chromosomes, chromosome_split, close_names

Misfit = Literal["drop", "error"]


class _Placed(NamedTuple):
    """Windows of a BED file that lie within the genome."""

    intervals: Intervals
    values: np.ndarray | None  # n, n_columns
    labels: list[str] | None
    centres: dict[str, int]  # how many lie around a summit, and around a middle
    dropped: dict[str, int]


class _Labelled(NamedTuple):
    """Windows with labels."""

    intervals: Intervals
    y: np.ndarray  # n, n_labels
    label_names: list[str]


def read_bed(
    path: str | Path | Sequence[str | Path],
    genome: str | Path | Genome,
    *,
    width: int,
    negatives: str | Path | None = None,
    value_column: int | Sequence[int] | None = None,
    label_column: int | None = None,
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
    """Read windows of one width around the summits (narrowPeak) or middles (BED) of intervals in a genome.

    Without negatives or values all sequences are positives (label 1), to which `negatives.add_gc_matched` or
    `negatives.add_shuffled` can add others. How many intervals were dropped, and why, stands in the metadata.

    Parameters
    ----------
    path : path, or sequence of path
        BED or narrowPeak, plain or gzip. Several files, or a folder of them, give a label each, and windows are merged:
        those whose centres lie within half a width of each other become one (`bed_labels.merge_files`).
    genome : path or Genome
        FASTA, plain or gzip.
    width : int
        Length of the sequences.
    negatives : path, optional
        BED of intervals with label 0; those at `path` then have label 1.
    value_column : int or sequence of int, optional
        Columns, from 1 on, that hold labels or real values.
    label_column : int, optional
        Column, from 1 on, that names the label of an interval, or several between commas (``K562`` or ``3,4``). Rows of
        the same window become one.
    drop_missing : bool
        Leave out windows that lack a value, in place of keeping them with NaN.
    valid, test : sequence of str
        Chromosomes of these splits; all others train. If both are empty, the split is random.
    fractions, seed
        Shares of train, valid and test, and the seed of a random split.
    stranded : bool
        Reverse-complement the sequences of intervals on the minus strand.
    past_end : {"drop", "error"}
        What to do with windows that reach beyond their chromosome.
    missing : {"drop", "error"}
        What to do with intervals on chromosomes that the genome lacks.
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
        If a file cannot be read, a chromosome is missing (lists close names), a window misfits, none is left, or labels
        are the same for all.

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
    if sum(one is not None for one in (negatives, value_column)) > 1 or None not in (value_column, label_column):
        raise ArgumentError(
            "expected labels from one place",
            "give only one of {negatives} and {value_column}, or {label_column} without {value_column}",
        )
    for option, value in (("past_end", past_end), ("missing", missing)):
        if value not in ("drop", "error"):
            raise InputError(f"expected drop or error for {option}, got {value!r}")
    genome = genome if isinstance(genome, Genome) else Genome(genome)
    rules = _Rules(genome, width, stranded, past_end, missing, max_unknown)
    files = bed_files(path)
    placed = [rules.place(file, value_column, label_column) for file in files]
    found = _labelled(placed, files, value_column, label_column, width)
    if drop_missing:
        placed[0].dropped["missing_label"] = int(np.isnan(found.y).any(axis=1).sum())
        whole = ~np.isnan(found.y).any(axis=1)
        found = _Labelled(found.intervals.take(whole), found.y[whole], found.label_names)
    if value_column is not None:
        columns = [value_column] if isinstance(value_column, int) else list(value_column)
        check_classes(found.y, [f"column {column}" for column in columns], str(files[0]))
    if negatives is not None:
        files.append(Path(negatives))
        placed.append(rules.place(files[-1], None, None))
        zeros = np.zeros((len(placed[-1].intervals.start), found.y.shape[1]))
        both = [np.concatenate(pair) for pair in zip(found.intervals, placed[-1].intervals, strict=True)]
        found = _Labelled(Intervals(*both), np.concatenate([found.y, zeros]), found.label_names)
    intervals, codes, n_unknown, clear = rules.fetch(found.intervals, " and ".join(map(str, files)))
    if valid or test:
        split = np.array(SPLITS)[chromosome_split(intervals.contig, valid, test, known=genome.lengths)]
        how: dict[str, Any] = {"method": "chromosomes", "valid": list(valid), "test": list(test)}
        how |= absent_chromosomes(intervals.contig, (*valid, *test))
    else:
        split, how = draw_split(len(intervals.contig), fractions, seed)
    dropped = {file.name: {k: n for k, n in one.dropped.items() if n} for file, one in zip(files, placed, strict=True)}
    if not clear.all():
        is_negative = np.arange(len(clear)) >= len(clear) - (len(placed[-1].intervals.start) if negatives else 0)
        for name, rows in ((files[0].name, ~is_negative), (files[-1].name, is_negative)):
            if n := int((rows & ~clear).sum()):
                dropped[name]["unknown_bases"] = n
    source: dict[str, Any] = {
        "reader": "read_bed",
        "files": [file.name for file in files],
        "genome": genome.path.name,
        "width": width,
        "stranded": stranded,
        "centres": {file.name: one.centres for file, one in zip(files, placed, strict=True)},
        "split": how,
        "n_unknown_bases": n_unknown,
        "dropped": dropped,
    }
    return SequenceDataset.from_arrays(
        codes,
        found.y[clear],
        label_names=found.label_names,
        split=split,
        metadata={"source": source},
        names=intervals.names(),
    )


def _labelled(
    placed: Sequence[_Placed],
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


class _Rules(NamedTuple):
    """How intervals become sequences."""

    genome: Genome
    width: int
    stranded: bool
    past_end: Misfit
    missing: Misfit
    max_unknown: float

    def place(self, path: Path, value_column: int | Sequence[int] | None, label_column: int | None) -> _Placed:
        """Read windows and keep those that lie within the genome."""
        columns = (value_column,) if isinstance(value_column, int) else value_column
        bed = read_bed_file(path, value_column=columns, label_column=label_column, stranded=self.stranded)
        places = windows(bed, self.width)
        known = self._known(bed, path)
        within = known & self._within(places, known, path)
        rows = np.flatnonzero(within)
        if not rows.size:
            raise InputError(f"{path}: expected windows within {self.genome.path.name}, none of {len(known)} is")
        n_summits = int((bed.summit[rows] >= 0).sum())
        return _Placed(
            places.take(rows),
            None if bed.values is None else bed.values[rows],
            None if bed.labels is None else [bed.labels[row] for row in rows],
            {"summit": n_summits, "middle": len(rows) - n_summits},
            {"missing_contig": int((~known).sum()), "past_end": int((known & ~within).sum())},
        )

    def fetch(self, places: Intervals, source: str) -> tuple[Intervals, np.ndarray, int, np.ndarray]:
        """Windows with few unknown bases, their codes, the number of their unknown bases, and which of all they are."""
        codes = self.genome.windows(places)
        n_unknown = (codes == UNKNOWN).sum(axis=1)
        clear = n_unknown <= self.max_unknown * self.width
        if not clear.any():
            raise ArgumentError(
                f"{source}: each of {len(clear)} windows has more than {self.max_unknown:.0%} unknown bases",
                "raise {max_unknown}",
            )
        if clear.all():
            return places, codes, int(n_unknown.sum()), clear
        return places.take(clear), codes[clear], int(n_unknown[clear].sum()), clear

    def _known(self, bed: BedFile, path: Path) -> np.ndarray:
        contigs = bed.intervals.contig
        known = np.array([contig in self.genome.lengths for contig in contigs])
        if self.missing == "error" and not known.all():
            first = contigs[known.argmin()]
            problem = f"{path}: {self.genome.path.name} lacks {first!r}"
            hint = close_names(first, self.genome.lengths)
            if not known.any():
                raise InputError(f"{problem}: {hint} (as are {len(known)} of {len(known)} intervals)")
            raise ArgumentError(
                f"{problem}: {hint}",
                f"to leave such intervals out, {int((~known).sum())} of {len(known)}, give {{missing}}",
                missing=('missing="drop"', "--skip-missing"),
            )
        return known

    def _within(self, places: Intervals, known: np.ndarray, path: Path) -> np.ndarray:
        lengths = np.array([self.genome.lengths.get(contig, 0) for contig in places.contig])
        within = (places.start >= 0) & (places.end <= lengths)
        if self.past_end == "error" and (known & ~within).any():
            row = int((known & ~within).argmax())
            raise InputError(
                f"{path}: the window {places.names()[row]} reaches beyond {places.contig[row]}, "
                f"which has {lengths[row]} bp in {self.genome.path.name}: is it the same assembly?"
            )
        return within
