"""Windows of a genome in UCSC's .2bit format, which has two bits for each base, and blocks of N.

The layout is that of https://genome.ucsc.edu/FAQ/FAQformat.html#format7.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.data.io.intervals import Intervals

SIGNATURE = 0x1A412743
_BLOCK = 2**24  # bases at once
_BASES = np.array([3, 1, 0, 2], dtype=np.uint8)  # T, C, A, G as the file numbers them, in codes of A, C, G, T
#: Four codes of each byte, the first base in the highest bits, shape=(256, 4).
_OF_BYTE = _BASES[(np.arange(256)[:, None] >> np.array([6, 4, 2, 0])) & 3]


class _Record(NamedTuple):
    """One chromosome."""

    length: int
    n_starts: np.ndarray  # int64, (n_blocks,), sorted
    n_ends: np.ndarray
    offset: int  # of the packed bases


def is_two_bit(path: Path) -> bool:
    """Whether a file begins as .2bit files do, in either byte order."""
    with path.open("rb") as file:
        start = file.read(4)
    return start in (struct.pack("<I", SIGNATURE), struct.pack(">I", SIGNATURE))


class TwoBitFile:
    """A genome in .2bit format; lower case (masked repeats) becomes upper case.

    Parameters
    ----------
    path : path

    Raises
    ------
    ValueError
        If the file is truncated or of a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                self._records = _read_records(data)
            except (struct.error, ValueError, IndexError) as error:
                raise InputError(f"{path}: is not a complete .2bit file: {error}") from error
        self.lengths = {name: record.length for name, record in self._records.items()}

    def blocks(self, intervals: Intervals, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield indices of intervals of one width, shape=(n,), and their codes on the plus strand, shape=(n, width)."""
        step = max(1, _BLOCK // width)
        data = np.memmap(self.path, dtype=np.uint8, mode="r")
        for contig, rows in intervals.rows_by_contig().items():
            record = self._records[contig]
            for first in range(0, len(rows), step):
                part = rows[first : first + step]
                yield part, _windows(data, record, intervals.start[part], width)


def _windows(data: np.ndarray, record: _Record, start: np.ndarray, width: int) -> np.ndarray:
    """Codes of windows within a chromosome, shape=(n, width)."""
    n_bytes = (width + 3) // 4 + 1
    first, shift = record.offset + start // 4, start % 4
    place = np.minimum(first[:, None] + np.arange(n_bytes), len(data) - 1)  # the last byte may lie behind the file
    packed = _OF_BYTE[data[place]].reshape(len(start), -1)  # n, 4 * n_bytes
    codes = np.empty((len(start), width), dtype=np.uint8)
    for offset in range(4):
        rows = shift == offset
        codes[rows] = packed[rows, offset : offset + width]
    low = np.searchsorted(record.n_ends, start, side="right")
    high = np.searchsorted(record.n_starts, start + width, side="left")
    for row in np.flatnonzero(high > low):
        for block in range(low[row], high[row]):
            begin, end = record.n_starts[block] - start[row], record.n_ends[block] - start[row]
            codes[row, max(begin, 0) : end] = UNKNOWN
    return codes


def _read_records(data: mmap.mmap) -> dict[str, _Record]:
    order = "<" if struct.unpack_from("<I", data)[0] == SIGNATURE else ">"
    version, n, _ = struct.unpack_from(f"{order}III", data, 4)
    if version > 1:
        raise InputError(f"expected version 0 or 1, got {version}")
    offset_format, place = f"{order}{'Q' if version else 'I'}", 16
    records: dict[str, _Record] = {}
    for _ in range(n):
        size = data[place]
        name = data[place + 1 : place + 1 + size].decode("utf-8", "replace")
        place += 1 + size
        offset = struct.unpack_from(offset_format, data, place)[0]
        place += struct.calcsize(offset_format)
        if name in records:
            raise InputError(f"{name!r} occurs twice")
        records[name] = _read_record(data, offset, order)
    return records


def _read_record(data: mmap.mmap, place: int, order: str) -> _Record:
    length, n_blocks = struct.unpack_from(f"{order}II", data, place)
    numbers = np.frombuffer(data[place + 8 : place + 8 + 8 * n_blocks], dtype=f"{order}u4").astype(np.int64)
    starts, sizes = numbers[:n_blocks], numbers[n_blocks:]
    place += 8 + 8 * n_blocks
    n_masks = struct.unpack_from(f"{order}I", data, place)[0]
    place += 4 + 8 * n_masks + 4
    if len(numbers) != 2 * n_blocks or place + (length + 3) // 4 > len(data):
        raise InputError("it ends before its bases do")
    return _Record(length, starts, starts + sizes, place)
