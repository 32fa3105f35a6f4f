"""Peaks in BED and a genome to datasets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.assemble import check_classes, draw_split
from motiflens.data.io.genome import Genome
from motiflens.data.io.intervals import BedFile, Intervals, read_bed_file, windows
from motiflens.data.splits import SPLITS, chromosome_split, close_names

Misfit = Literal["drop", "error"]


class _Windows(NamedTuple):
    """What is left of a BED file's intervals."""

    intervals: Intervals
    codes: np.ndarray  # n, width
    values: np.ndarray | None  # n
    n_unknown: int  # bases
    dropped: dict[str, int]


def read_bed(
    path: str | Path,
    genome: str | Path | Genome,
    *,
    width: int,
    negatives: str | Path | None = None,
    value_column: int | None = None,
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
    path : path
        BED or narrowPeak, plain or gzip.
    genome : path or Genome
        FASTA, plain or gzip.
    width : int
        Length of the sequences.
    negatives : path, optional
        BED of intervals with label 0; those at `path` then have label 1.
    value_column : int, optional
        Column, from 1 on, that holds labels or real values.
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
    if negatives is not None and value_column is not None:
        raise InputError("expected labels from one place, got both negatives and value_column")
    for option, value in (("past_end", past_end), ("missing", missing)):
        if value not in ("drop", "error"):
            raise InputError(f"expected drop or error for {option}, got {value!r}")
    genome = genome if isinstance(genome, Genome) else Genome(genome)
    rules = _Rules(genome, width, stranded, past_end, missing, max_unknown)
    parts = [rules.apply(Path(path), value_column)]
    y = np.ones(len(parts[0].codes)) if parts[0].values is None else parts[0].values
    if value_column is not None:
        check_classes(y[:, None], [f"column {value_column}"], str(path))
    if negatives is not None:
        parts.append(rules.apply(Path(negatives), None))
        y = np.concatenate([y, np.zeros(len(parts[1].codes))])
    contigs = np.concatenate([part.intervals.contig for part in parts])
    files = [Path(path).name, *([] if negatives is None else [Path(negatives).name])]
    if valid or test:
        split = np.array(SPLITS)[chromosome_split(contigs, valid, test)]
        how: dict[str, Any] = {"method": "chromosomes", "valid": list(valid), "test": list(test)}
    else:
        split, how = draw_split(len(contigs), fractions, seed)
    codes = parts[0].codes if len(parts) == 1 else np.concatenate([part.codes for part in parts])
    source: dict[str, Any] = {
        "reader": "read_bed",
        "files": files,
        "genome": genome.path.name,
        "width": width,
        "stranded": stranded,
        "split": how,
        "n_unknown_bases": sum(part.n_unknown for part in parts),
        "dropped": {file: part.dropped for file, part in zip(files, parts, strict=True)},
    }
    return SequenceDataset.from_arrays(
        codes,
        y,
        label_names=["positive" if value_column is None else "value"],
        split=split,
        metadata={"source": source},
        names=[name for part in parts for name in part.intervals.names()],
    )


class _Rules(NamedTuple):
    """How intervals become sequences."""

    genome: Genome
    width: int
    stranded: bool
    past_end: Misfit
    missing: Misfit
    max_unknown: float

    def apply(self, path: Path, value_column: int | None) -> _Windows:
        bed = read_bed_file(path, value_column=value_column, stranded=self.stranded)
        places = windows(bed, self.width)
        known = self._known(bed, path)
        within = known & self._within(places, known, path)
        dropped = {"missing_contig": int((~known).sum()), "past_end": int((known & ~within).sum())}
        rows = np.flatnonzero(within)
        if not rows.size:
            raise InputError(f"{path}: expected windows within {self.genome.path.name}, none of {len(known)} is")
        codes = self.genome.windows(places.take(rows))
        n_unknown = (codes == UNKNOWN).sum(axis=1)
        clear = n_unknown <= self.max_unknown * self.width
        dropped["unknown_bases"] = int((~clear).sum())
        if not clear.any():
            raise InputError(
                f"{path}: each of {len(rows)} windows has more than {self.max_unknown:.0%} unknown bases: "
                "raise max_unknown"
            )
        if not clear.all():
            rows, codes, n_unknown = rows[clear], codes[clear], n_unknown[clear]
        values = None if bed.values is None else bed.values[rows]
        counts = {name: n for name, n in dropped.items() if n}
        return _Windows(places.take(rows), codes, values, int(n_unknown.sum()), counts)

    def _known(self, bed: BedFile, path: Path) -> np.ndarray:
        contigs = bed.intervals.contig
        known = np.array([contig in self.genome.lengths for contig in contigs])
        if self.missing == "error" and not known.all():
            first = contigs[known.argmin()]
            raise InputError(
                f"{path}: {self.genome.path.name} lacks {first!r}: {close_names(first, self.genome.lengths)} "
                f"(to leave such intervals out, {int((~known).sum())} of {len(known)}, choose missing: drop)"
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
