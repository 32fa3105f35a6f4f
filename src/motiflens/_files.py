"""Files on disk: plain or gzip, told by their content; written in one piece or not at all."""

import gzip
import os
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

_CHUNK = 2**20  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a plain or gzip file for reading, whatever its name says.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a folder, or gzip that is damaged or cut off, where it is read.
    """
    if not path.exists():
        raise FileNotFoundError(f"no file at {path}")
    if path.is_dir():
        raise ValueError(f"expected a file, got the folder {path}")
    with path.open("rb") as raw:
        if raw.peek(2)[:2] != b"\x1f\x8b":
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast(BinaryIO, file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: the gzip file is damaged or incomplete ({error}): fetch it again") from error


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Read a file in chunks that end where a line ends, with line ends of Windows and old Macs made plain."""
    at_start = True
    while chunk := file.read(_CHUNK) + file.readline():
        if at_start:
            chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
            at_start = False
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield chunk


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line of a text file that is not blank, without its end, and its number from 1 on.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_bytes`, and if the file is not text.
    """
    number = 0
    with open_bytes(path) as file:
        for chunk in whole_lines(file):
            if b"\0" in chunk:
                raise ValueError(f"{path}: expected text, got a binary file")
            try:
                text = chunk.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(f"{path}: expected text in UTF-8, got other bytes ({error.reason})") from error
            for line in text.removesuffix("\n").split("\n"):
                number += 1
                if line.strip():
                    yield number, line


@contextmanager
def in_one_piece(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; the file appears under its name only when all has gone well.

    Raises
    ------
    FileNotFoundError
        If the folder of path does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write {path.name} to: make it first")
    unfinished = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
