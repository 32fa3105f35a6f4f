"""Places in a genome: from BED and narrowPeak files, as names of sequences, as windows of one width."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.files import text_lines
from motiflens.basics.tables import by_fields
from motiflens.data.io.assemble import to_label

_NARROW_PEAK_COLUMNS = 10
_MOST_DIGITS = 12  # no chromosome is longer; positions stay far from the limits of int64
_NAME = re.compile(r"(?:.*::)?(?P<contig>.+):(?P<start>\d{1,12})-(?P<end>\d{1,12})(?:\((?P<strand>[-+.*])\))?")
# As variant libraries and others write it: chr1-1000-1500_mutant, chr2L_5587_5835_+.
_LOOSE_NAME = re.compile(
    r"(?P<contig>chr\w+?)[-_:](?P<start>\d{1,12})[-_](?P<end>\d{1,12})"
    r"(?:\((?P<strand>[-+.*])\))?(?:[-_ .|;:/](?!shuffled_).*)?"
)
_CONTIG = re.compile(r"(?:.*::)?(chr[0-9A-Za-z]{1,5})(?![0-9A-Za-z])")
_STRANDS = {"+": 1, "-": -1, ".": 0, "*": 0}  # R's GenomicRanges write * for no strand


@by_fields
class Intervals(NamedTuple):
    """Half-open intervals from 0 on, as BED has them; all arrays have shape (n,)."""

    contig: np.ndarray  # str (dtype object)
    start: np.ndarray  # int64
    end: np.ndarray  # int64
    strand: np.ndarray  # int8: 1, -1, or 0 where it is unknown or does not matter

    def take(self, rows: np.ndarray) -> "Intervals":
        """Choose intervals by indices or booleans."""
        return Intervals(*(column[rows] for column in self))

    def rows_by_contig(self) -> dict[str, np.ndarray]:
        """Indices of the intervals of each contig.

        Names are compared as text: NumPy's strings, as in ``contig == name``, lose a NUL at the end.
        """
        rows: dict[str, list[int]] = {}
        for row, contig in enumerate(self.contig.tolist()):
            rows.setdefault(contig, []).append(row)
        return {contig: np.array(own) for contig, own in rows.items()}

    def names(self) -> list[str]:
        """Names such as ``chr1:1000-1500(+)``, the ones that `bedtools getfasta -s` writes."""
        strands = {1: "(+)", -1: "(-)", 0: ""}
        rows = zip(self.contig, self.start.tolist(), self.end.tolist(), self.strand.tolist(), strict=True)
        return [f"{contig}:{start}-{end}{strands[strand]}" for contig, start, end, strand in rows]


@by_fields
class BedFile(NamedTuple):
    """What a BED or narrowPeak file says."""

    intervals: Intervals
    summit: np.ndarray  # int64, (n,), distance from start; -1 where there is none
    values: np.ndarray | None  # float64, (n,), of the column that was asked for; (n, n_columns) of several
    labels: list[str] | None = None  # text of the column of labels that was asked for


def read_bed_file(
    path: str | Path,
    *,
    value_column: int | Sequence[int] | None = None,
    label_column: int | None = None,
    stranded: bool = False,
) -> BedFile:
    """Read the intervals of a BED or narrowPeak file, plain or gzip.

    Lines that begin with ``#``, ``track`` or ``browser`` are left out. A line has a summit where columns 7 to 10 are
    narrowPeak's: three numbers, then a whole number or -1. However many columns may follow, as in IDR's files; but
    BED12 and the intervals that `bedtools closest` appends are told apart.

    Parameters
    ----------
    path : path
    value_column : int or sequence of int, optional
        Number, from 1 on, of columns with a real value or label of each interval, such as 7 (narrowPeak's signal).
        Missing values (empty, NA, nan, .) are NaN.
    label_column : int, optional
        Number of a column with text, such as the name of a cell type.
    stranded : bool
        Read the strand in column 6 (``+``, ``-``, ``.`` or ``*``); else all strands are 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, no BED, or a line does not fit; says which.
    """
    path = Path(path)
    numbers = () if value_column is None else (value_column,) if isinstance(value_column, int) else tuple(value_column)
    for name, column in [*(("value_column", one) for one in numbers), ("label_column", label_column)]:
        if column is not None and column < 4:
            raise ArgumentError(
                f"got column {column}",
                "{column} counts from 1, and the first three are the interval",
                column=(name, "--" + name.replace("_", "-")),
            )
    rows = [
        _parse(line, f"{path}, line {number}", numbers, label_column, stranded)
        for number, line in text_lines(path)
        if not line.startswith("#") and line.split(maxsplit=1)[0] not in ("track", "browser")
    ]
    if not rows:
        raise InputError(f"{path} is empty: expected BED, at least a line of chromosome, start and end")
    contig, start, end, strand, summit, value, label = zip(*rows, strict=True)
    values = np.array(value, dtype=np.float64)  # n, n_columns
    return BedFile(
        _intervals(contig, start, end, strand),
        np.array(summit, dtype=np.int64),
        None if not numbers else values[:, 0] if isinstance(value_column, int) else values,
        None if label_column is None else list(label),
    )


def windows(bed: BedFile, width: int) -> Intervals:
    """Intervals of one width around the summits, or around the middle where there is none.

    Of an even width one base more lies before the centre. They may begin below 0 or end behind the chromosome.

    Parameters
    ----------
    bed : BedFile
    width : int
        In bases.

    Raises
    ------
    ValueError
        If width is below 1.
    """
    if width < 1:
        raise InputError(f"width must be at least 1, got {width}")
    places = bed.intervals
    centre = np.where(bed.summit >= 0, places.start + bed.summit, (places.start + places.end) // 2)
    start = centre - width // 2
    return Intervals(places.contig, start, start + width, places.strand)


def intervals_of_names(names: Iterable[str]) -> tuple[np.ndarray, Intervals]:
    """Find the names that say where a sequence lies, such as ``chr1:1000-1500(+)`` or ``chr1-1000-1500_x``.

    Returns
    -------
    rows : np.ndarray, int64
        Indices of those names.
    intervals : Intervals
        Of these rows.
    """
    found = [(row, match) for row, name in enumerate(names) if (match := _match_place(name)) is not None]
    found = [(row, match) for row, match in found if int(match["start"]) < int(match["end"])]
    return np.array([row for row, _ in found], dtype=np.int64), _intervals(
        [match["contig"] for _, match in found],
        [int(match["start"]) for _, match in found],
        [int(match["end"]) for _, match in found],
        [_STRANDS[match["strand"] or "."] for _, match in found],
    )


def contigs_of_names(names: Iterable[str]) -> list[str | None]:
    """The chromosome that each name says, as in ``chr1:1000-1500``, ``chr1-1000-1500_x`` or ``chr2R_1``; else None."""
    found: list[str | None] = []
    for name in names:
        match = _match_place(name)
        loose = _CONTIG.match(name) if match is None else None
        found.append(match["contig"] if match is not None else None if loose is None else loose[1])
    return found


def _match_place(name: str) -> re.Match[str] | None:
    return _NAME.fullmatch(name) or _LOOSE_NAME.fullmatch(name)


def _intervals(contig: Sequence[str], start: Sequence[int], end: Sequence[int], strand: Sequence[int]) -> Intervals:
    return Intervals(
        np.array(contig, dtype=object),
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(strand, dtype=np.int8),
    )


_Row = tuple[str, int, int, int, int, tuple[float, ...], str]


def _parse(line: str, where: str, numbers: Sequence[int], label: int | None, stranded: bool) -> _Row:
    fields = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
    fields = [field.strip() for field in fields]
    if len(fields) < 3:
        raise InputError(f"{where}: expected chromosome, start and end, got {line[:40]!r}")
    start, end = _position(fields[1], where), _position(fields[2], where)
    if end <= start:
        raise InputError(f"{where}: expected an end above the start, got {start} to {end}")
    strand = 0
    if stranded:
        if len(fields) < 6 or fields[5] not in _STRANDS:
            got = repr(fields[5]) if len(fields) > 5 else f"{len(fields)} columns"
            raise InputError(f"{where}: expected a strand +, - or . in column 6, got {got}")
        strand = _STRANDS[fields[5]]
    summit = _summit(fields[9], end - start, where) if _is_narrow_peak(fields, start, end) else -1
    for column in (*numbers, *([] if label is None else [label])):
        if len(fields) < column:
            raise InputError(f"{where}: expected a value in column {column}, got {len(fields)} columns")
    values = tuple(to_label(fields[column - 1], f"{where}, column {column}") for column in numbers)
    return fields[0], start, end, strand, summit, values, "" if label is None else fields[label - 1]


def _is_narrow_peak(fields: Sequence[str], start: int, end: int) -> bool:
    """Say whether columns 7 to 10 are signal, p, q and summit."""
    if len(fields) < _NARROW_PEAK_COLUMNS or not all(map(_is_number, fields[6:9])) or _is_whole(fields[5]):
        return False
    if not (fields[9] == "-1" or _is_whole(fields[9])):
        return len(fields) == _NARROW_PEAK_COLUMNS  # is one, and damaged
    if all(map(_is_whole, fields[7:9])) and fields[6] == fields[0] and int(fields[7]) < int(fields[8]):
        return False  # another interval on chromosome 1, and its distance
    return not _is_bed12(fields, start, end)


def _is_bed12(fields: Sequence[str], start: int, end: int) -> bool:
    """Say whether columns 7 to 12 are a thick part, a colour, and blocks."""
    if len(fields) < 12 or not (_is_whole(fields[6]) and _is_whole(fields[7]) and _is_whole(fields[9])):
        return False
    sizes, starts = (field.rstrip(",").split(",") for field in fields[10:12])
    thick = start <= int(fields[6]) <= int(fields[7]) <= end
    return thick and len(sizes) == len(starts) == int(fields[9]) and all(map(_is_whole, (*sizes, *starts)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _position(text: str, where: str) -> int:
    if not _is_whole(text):
        raise InputError(f"{where}: expected whole numbers in columns 2 and 3, got {text[:30]!r}: is it a BED file?")
    return int(text)


def _summit(text: str, length: int, where: str) -> int:
    if text == "-1":
        return -1
    if not _is_whole(text) or int(text) >= length:
        raise InputError(
            f"{where}: expected a summit within the {length} bp of the peak (or -1) in column 10 of a narrowPeak, "
            f"got {text[:30]!r}"
        )
    return int(text)


def _is_whole(text: str) -> bool:
    return len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit()
