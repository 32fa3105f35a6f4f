"""BED, narrowPeak, BED12, and tables of intervals with a header, as from MACS and R."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.files import text_lines
from motiflens.basics.tables import by_fields
from motiflens.data.io.intervals import MOST_DIGITS, STRANDS, Intervals, intervals_from
from motiflens.data.io.label_text import in_column, to_labels

_NARROW_PEAK_COLUMNS = 10
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_FLOAT = re.compile(r"\d+\.0*|\d(\.\d+)?[eE]\+\d\d")  # 1000.0 of pandas, 1e+05 of R
_HEADER = (re.compile(r"(.*[^a-z])?(chrom)?start|begin"), re.compile(r"(.*[^a-z])?(chrom)?(end|stop)"))
_LENGTHS = ("width", "length", "size", "len")


@by_fields
class BedFile(NamedTuple):
    """The content of a BED or narrowPeak file."""

    intervals: Intervals
    summit: np.ndarray  # int64, (n,), distance from start; -1 where there is none
    values: np.ndarray | None  # float64, (n,), of the column that was asked for; (n, n_columns) of several
    labels: list[str] | None = None  # text of the column of labels that was asked for
    read_as: Mapping[str, str] = {}  # how the values of a column were read, where that is worth telling
    counts_from: int | None = None  # 0 or 1, what the first base is called; None without a header


class _Layout(NamedTuple):
    """What a header says of the columns below it; BED's own without one."""

    first_base: int = 0  # 1 in tables of MACS and R
    summit: int | None = None  # column of the summit's position
    strand: int = 5
    has_row_names: bool = False


_Line = tuple[int, str, list[str]]
_Row = tuple[str, int, int, int, int, tuple[str, ...], str]


def read_bed_file(
    path: str | Path,
    *,
    value_column: int | Sequence[int] | None = None,
    label_column: int | None = None,
    stranded: bool = False,
) -> BedFile:
    """Read the intervals of a BED or narrowPeak file, plain or gzip.

    Lines that begin with ``#``, ``track`` or ``browser`` are ignored. A line has a summit if columns 7 to 10 are those
    of narrowPeak: three numbers, then a whole number or -1. Any number of columns may follow, as in IDR's files. BED12,
    and intervals appended by `bedtools closest`, are not taken for narrowPeak.

    The first line may name the columns, if chromosome, start and end are the first three. Positions then count from 1
    if a column of lengths shows it, or if the file is from MACS (``abs_summit``, whose summits are used) or R
    (``seqnames``). Otherwise they count from 0.

    Parameters
    ----------
    path : path
    value_column : int or sequence of int, optional
        Columns, counted from 1, with a real value or label of each interval, such as 7 (narrowPeak's signal). Missing
        values (empty, NA, nan, .) become NaN.
    label_column : int, optional
        Column with text, counted from 1, such as the name of a cell type.
    stranded : bool
        Read the strand in column 6 (``+``, ``-``, ``.`` or ``*``); else all strands are 0.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, is not BED, or a line does not fit; the message says which.
    """
    path = Path(path)
    columns = () if value_column is None else (value_column,) if isinstance(value_column, int) else tuple(value_column)
    _check_columns(columns, label_column)
    lines = _lines(path)
    first = next(lines, None)
    layout: _Layout | None = None
    if first is not None and _is_header(first[2]):
        second = next(lines, None)
        layout = _layout(first[2], second)
        first = second
    if first is None:
        raise InputError(f"{path} is empty: expected BED, at least a line of chromosome, start and end")
    numbers: list[int] = []
    rows: list[_Row] = []
    for number, line, fields in chain([first], lines):
        used = fields[1:] if layout is not None and layout.has_row_names else fields
        rows.append(_parse(used, line, f"{path}, line {number}", columns, label_column, stranded, layout or _Layout()))
        numbers.append(number)
    contig, start, end, strand, summit, texts, label = zip(*rows, strict=True)
    values, read_as = _values(list(zip(*texts, strict=True)), columns, path, numbers)
    return BedFile(
        intervals_from(contig, start, end, strand),
        np.array(summit, dtype=np.int64),
        None if not columns else values[:, 0] if isinstance(value_column, int) else values,
        None if label_column is None else list(label),
        read_as,
        None if layout is None else layout.first_base,
    )


def _check_columns(numbers: Sequence[int], label_column: int | None) -> None:
    for name, column in [*(("value_column", one) for one in numbers), ("label_column", label_column)]:
        if column is not None and column < 4:
            raise ArgumentError(
                f"got column {column}",
                "{column} counts from 1, and the first three are the interval",
                column=(name, "--" + name.replace("_", "-")),
            )
    if twice := [column for column in numbers if numbers.count(column) > 1]:
        raise ArgumentError(f"expected different columns, got {twice[0]} twice", "mend {value_column}")


def _lines(path: Path) -> Iterator[_Line]:
    """Numbers, text and fields of the lines that are no comment."""
    for number, line in text_lines(path):
        fields = [field.strip() for field in (line.rstrip("\r").split("\t") if "\t" in line else line.split())]
        if line.startswith("#") or fields[0].split(maxsplit=1)[:1] in (["track"], ["browser"]):
            continue
        yield number, line, [field.strip('"') for field in fields] if '"' in line else fields


def _is_header(fields: Sequence[str]) -> bool:
    return len(fields) > 2 and all(
        pattern.fullmatch(field.lower()) for pattern, field in zip(_HEADER, fields[1:3], strict=True)
    )


def _layout(header: Sequence[str], line: _Line | None) -> _Layout:
    """What a header says, with the first line below it."""
    names = [name.lower() for name in header]
    row = [] if line is None else line[2]
    has_row_names = len(row) == len(header) + 1
    row = row[has_row_names:]
    first_base = int("abs_summit" in names or names[0] == "seqnames")
    for name in _LENGTHS:
        place = names.index(name) if name in names else len(row)
        if place < len(row) and all(_whole(one) is not None for one in (row[1], row[2], row[place])):
            first_base = int((_whole(row[2]) or 0) - (_whole(row[1]) or 0) + 1 == _whole(row[place]))
    summit = names.index("abs_summit") if "abs_summit" in names else None
    return _Layout(first_base, summit, names.index("strand") if "strand" in names else 5, has_row_names)


def _values(
    texts: Sequence[Sequence[str]], columns: Sequence[int], path: Path, numbers: Sequence[int]
) -> tuple[np.ndarray, dict[str, str]]:
    """Values of the columns that were asked for, (n, n_columns), and how they were read."""
    found = np.empty((len(numbers), len(columns)))
    read_as: dict[str, str] = {}
    for i, column in enumerate(columns):
        found[:, i], how = to_labels(texts[i], in_column(path, numbers, str(column)))
        read_as |= {f"column {column}": how} if how else {}
    return found, read_as


def _parse(
    fields: Sequence[str],
    line: str,
    where: str,
    numbers: Sequence[int],
    label: int | None,
    stranded: bool,
    layout: _Layout,
) -> _Row:
    if len(fields) < 3:
        raise InputError(f"{where}: expected chromosome, start and end, got {line[:40]!r}{_other_format(fields, line)}")
    start, end = (_position(text, fields, line, where) for text in fields[1:3])
    start -= layout.first_base
    if end <= start or start < 0:
        raise InputError(f"{where}: expected an end above the start, got {fields[1]} to {fields[2]}")
    strand = 0
    if stranded:
        column = layout.strand
        if len(fields) <= column or fields[column] not in STRANDS:
            got = repr(fields[column]) if len(fields) > column else f"{len(fields)} columns"
            raise InputError(f"{where}: expected a strand +, - or . in column {column + 1}, got {got}")
        strand = STRANDS[fields[column]]
    if layout.summit is not None and layout.summit < len(fields):
        position = _whole(fields[layout.summit])
        text = fields[layout.summit] if position is None else str(position - layout.first_base - start)
        summit = _summit(text, start, end, where)
    else:
        summit = _summit(fields[9], start, end, where) if _is_narrow_peak(fields, start, end) else -1
    for column in (*numbers, *([] if label is None else [label])):
        if len(fields) < column:
            raise InputError(f"{where}: expected a value in column {column}, got {len(fields)} columns")
    texts = tuple(fields[column - 1] for column in numbers)
    return fields[0], start, end, strand, summit, texts, "" if label is None else fields[label - 1]


def _is_narrow_peak(fields: Sequence[str], start: int, end: int) -> bool:
    """Say whether columns 7 to 10 are signal, p, q and summit."""
    if len(fields) < _NARROW_PEAK_COLUMNS or not all(map(_is_number, fields[6:9])) or _is_whole(fields[5]):
        return False
    if not (fields[9] == "-1" or _whole(fields[9]) is not None):
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
        float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        return False
    return True


def _position(text: str, fields: Sequence[str], line: str, where: str) -> int:
    position = _whole(text)
    if position is None:
        advice = _other_format(fields, line) or ": is it a BED file?"
        raise InputError(f"{where}: expected whole numbers in columns 2 and 3, got {text[:30]!r}{advice}")
    return position


def _other_format(fields: Sequence[str], line: str) -> str:
    """What a line that is no BED looks like, and what to do."""
    if line.startswith(">"):
        return ": this is FASTA"
    if re.match(r"[^\s:]+:[\d,]+-[\d,]+", line) or (len(fields) < 3 and line.count(",") > 1):
        return ": write chromosome, start and end between tabs"
    if len(fields) > 4 and all(map(_is_whole, fields[3:5])):
        return ": columns 4 and 5 look like an interval of GFF or GTF, which count from 1: convert the file to BED"
    if len(fields) > 3 and (all(map(_is_whole, fields[2:4])) or _is_header(fields[1:])):
        return ": columns 2 to 4 look like the interval: make them the first three, as positions that count from 0"
    return ""


def _summit(text: str, start: int, end: int, where: str) -> int:
    if text == "-1":
        return -1
    summit = _whole(text)
    if summit is None or summit >= end - start:
        advice = "" if summit is None or not start <= summit < end else f": it counts from the start, {start}"
        raise InputError(
            f"{where}: expected a summit within the {end - start} bp of the peak (or -1) in column 10 of a narrowPeak, "
            f"got {text[:30]!r}{advice}"
        )
    return summit


def _whole(text: str) -> int | None:
    """A whole number of 0 or more, also as 1,000 or as R (1e+05) and pandas (1000.0) write it; None if it is none."""
    if _is_whole(text):
        return int(text)
    if _THOUSANDS.fullmatch(text):
        return int(text.replace(",", ""))
    if _FLOAT.fullmatch(text) and len(text) <= MOST_DIGITS and float(text).is_integer():
        return int(float(text))
    return None


def _is_whole(text: str) -> bool:
    return len(text) <= MOST_DIGITS and text.isascii() and text.isdigit()
