"""Windows of a genome in FASTA or .2bit."""

import gzip
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.files import open_bytes
from motiflens.basics.sequence import INVALID, reverse_complement, translate_letters
from motiflens.data.io.fasta import fasta_records
from motiflens.data.io.intervals import Intervals
from motiflens.data.io.two_bit import TwoBitFile, is_two_bit

_BLOCK = 2**24  # bases handed out, or bytes searched, at once
_INDEX_SUFFIX = ".fai"


class _Place(NamedTuple):
    """Where the letters of a chromosome stand in the file: a row of a ``.fai`` index."""

    length: int
    offset: int
    line_bases: int
    line_bytes: int

    def byte(self, position: int) -> int:
        """Where the letter of a position stands."""
        lines, rest = divmod(position, self.line_bases)
        return self.offset + lines * self.line_bytes + rest


class Genome:
    """A genome in a FASTA file, plain or gzip (bgzip or other), or in UCSC's .2bit.

    From a plain file, only the requested windows are read, by an index: the ``.fai`` beside it if there is one that
    fits, else an index made in memory, which takes seconds for a human genome. A gzip file, or a file with lines of
    different lengths, is read from its start by each call, one chromosome at a time.

    Parameters
    ----------
    path : path

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, is not FASTA, is damaged, or has two chromosomes with the same name.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._two_bit: TwoBitFile | None = None
        self._places: dict[str, _Place] | None = None
        self.lengths: Mapping[str, int]
        if self.path.is_file() and is_two_bit(self.path):
            self._two_bit = TwoBitFile(self.path)
            self.lengths = self._two_bit.lengths
        else:
            self._open_fasta()
        if not any(self.lengths.values()):
            raise InputError(f"{self.path}: expected chromosomes with letters, got {len(self.lengths)} without any")

    def _open_fasta(self) -> None:
        with open_bytes(self.path) as file:
            compressed = isinstance(file, gzip.GzipFile)
        if not self.path.is_file():
            raise InputError(f"expected a file that can be read more than once, got {self.path}")
        self._places = None if compressed else _find_places(self.path)
        if self._places is not None:
            self.lengths = {name: place.length for name, place in self._places.items()}
        else:
            self.lengths = _lengths(self.path)

    def __repr__(self) -> str:
        return f"Genome({self.path.name}: {len(self.lengths)} contigs, {sum(self.lengths.values()):,} bp)"

    def windows(self, intervals: Intervals) -> np.ndarray:
        """Sequences of intervals of one width; those of strand -1 are reverse-complemented.

        Returns
        -------
        codes : np.ndarray, uint8, shape=(n, width)

        Raises
        ------
        ValueError
            As `blocks`.
        """
        codes = np.empty((len(intervals.start), _width(intervals)), dtype=np.uint8)
        for rows, block in self.blocks(intervals):
            codes[rows] = block
        return codes

    def blocks(self, intervals: Intervals) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield windows in blocks: indices of n intervals, shape=(n,), and their codes, shape=(n, width).

        Raises
        ------
        ValueError
            If widths differ, an interval is not within its chromosome, or the file has changed or is not DNA.
        """
        width = _width(intervals)
        self._check(intervals)
        reader = self._read_through if self._places is None else self._read_in_place
        if self._two_bit is not None:
            reader = self._two_bit.blocks
        for rows, codes in reader(intervals, width):
            minus = intervals.strand[rows] == -1
            if minus.any():
                codes = np.where(minus[:, None], reverse_complement(codes), codes)
            yield rows, codes

    def _check(self, intervals: Intervals) -> None:
        lengths = np.array([self.lengths.get(contig, -1) for contig in intervals.contig])
        outside = (intervals.start < 0) | (intervals.end > lengths)
        if outside.any():
            place = intervals.take(np.flatnonzero(outside)[:1]).names()[0]
            raise InputError(f"expected intervals within {self.path.name}, got {place}")

    def _read_in_place(self, intervals: Intervals, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        places = self._places or {}
        starts, ends = intervals.start.tolist(), intervals.end.tolist()
        step = max(1, _BLOCK // width)
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for first in range(0, len(starts), step):
                rows = range(first, min(first + step, len(starts)))
                letters = []
                for row in rows:
                    place = places[intervals.contig[row]]
                    letters.append(data[place.byte(starts[row]) : place.byte(ends[row] - 1) + 1])
                codes = translate_letters(b"".join(letters))
                if len(codes) != len(rows) * width or INVALID in codes:
                    raise InputError(
                        f"{self.path}: expected {width} nucleotide letters in each window, got others: "
                        f"is it DNA, and does {self.path.name}{_INDEX_SUFFIX} belong to it?"
                    )
                yield np.arange(rows.start, rows.stop), np.frombuffer(codes, dtype=np.uint8).reshape(-1, width)

    def _read_through(self, intervals: Intervals, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        step = max(1, _BLOCK // width)
        rows_of = intervals.rows_by_contig()
        for record in fasta_records(self.path, allow_empty=True):
            if record.name not in rows_of:
                continue
            if len(record.codes) != self.lengths[record.name]:
                raise self._changed(record.name)
            rows = rows_of.pop(record.name)
            views = np.lib.stride_tricks.sliding_window_view(record.codes, width)
            for first in range(0, len(rows), step):
                part = rows[first : first + step]
                yield part, views[intervals.start[part]]
        if rows_of:
            raise self._changed(next(iter(rows_of)))

    def _changed(self, contig: str) -> ValueError:
        return ValueError(
            f"{self.path}: expected {contig!r} with {self.lengths[contig]} bp, as when the file was opened, "
            "got another: open it again"
        )


def _width(intervals: Intervals) -> int:
    widths = intervals.end - intervals.start
    if not len(widths):
        raise InputError("expected at least one interval, got none")
    if (widths != widths[0]).any() or widths[0] < 1:
        raise InputError(f"expected intervals of one width, got {widths.min()} to {widths.max()} bp")
    return int(widths[0])


def _lengths(path: Path) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for record in fasta_records(path, allow_empty=True):
        if record.name in lengths:
            raise InputError(f"{path}: expected different names of chromosomes, got {record.name!r} twice")
        lengths[record.name] = len(record.codes)
    return lengths


def _find_places(path: Path) -> dict[str, _Place] | None:
    """Index a plain file; None if windows cannot be found by counting, or it may be no FASTA at all."""
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _read_index(path, data) or _scan(data)


def _read_index(path: Path, data: mmap.mmap) -> dict[str, _Place] | None:
    index = path.with_name(path.name + _INDEX_SUFFIX)
    if not index.is_file() or index.stat().st_mtime < path.stat().st_mtime:
        return None
    places = {}
    for line in index.read_text(encoding="utf-8", errors="replace").splitlines():
        name, *numbers = line.split("\t")
        if len(numbers) < 4 or not all(text.isascii() and text.isdigit() for text in numbers[:4]):
            return None
        place = _Place(*map(int, numbers[:4]))
        if place.length == 0:
            places[name] = place
            continue
        if not _fits(name, place, data):
            return None
        places[name] = place
    return places


def _fits(name: str, place: _Place, data: mmap.mmap) -> bool:
    """Say whether a row of an index leads from the header of that name to the end of its letters."""
    if not (0 < place.line_bases < place.line_bytes and place.length > 0):
        return False
    if not 0 < place.offset <= place.byte(place.length - 1) < len(data):
        return False
    header = data[data.rfind(b"\n", 0, place.offset - 1) + 1 : place.offset]
    if not (header.startswith(b">") and header.endswith(b"\n") and header[1:].split()[:1] == [name.encode()]):
        return False
    first_line_end = place.offset + min(place.length, place.line_bases)
    end = place.byte(place.length - 1) + 1
    return all(data[byte : byte + 3].lstrip(b"\r")[:1] in (b"\n", b"") for byte in (first_line_end, end)) and (
        data[end : end + 3].lstrip(b"\r\n")[:1] in (b">", b"")
    )


def _scan(data: mmap.mmap) -> dict[str, _Place] | None:
    places: dict[str, _Place] = {}
    header = 0
    while header < len(data):
        start = data.find(b"\n", header) + 1
        if data[header : header + 1] != b">" or not start:
            return None
        following = data.find(b"\n>", start - 1) + 1 or len(data)
        name = data[header + 1 : start].decode("utf-8", "replace").split()[:1]
        place = _measure(data, start, following)
        if place is None or not name or name[0] in places:
            return None
        places[name[0]] = place
        header = following
    return places


def _measure(data: mmap.mmap, start: int, end: int) -> _Place | None:
    """Measure the lines from start to end; None if they are not of one length, there are none, or blanks end them."""
    while end > start and data[end - 1] in b"\r\n":
        end -= 1
    if end == start:
        return _Place(0, start, 1, 2)  # a contig without letters
    line_bytes = data.find(b"\n", start, end) + 1 - start
    if line_bytes <= 0:  # one line
        return _Place(end - start, start, end - start, end - start + 1)
    line_bases = line_bytes - 1 - (data[start + line_bytes - 2] == ord("\r"))
    if data[start + line_bases - 1] in b" \t":
        return None
    n_breaks = sum(data[i : min(i + _BLOCK, end)].count(b"\n") for i in range(start, end, _BLOCK))
    if n_breaks != (end - start) // line_bytes or line_bases == 0:
        return None
    ends = np.frombuffer(data, dtype=np.uint8, count=end - start, offset=start)[line_bytes - 1 :: line_bytes]
    if not bool((ends == ord("\n")).all()):
        return None
    return _Place(end - start - n_breaks * (line_bytes - line_bases), start, line_bases, line_bytes)
