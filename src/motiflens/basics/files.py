"""Files on disk: plain or gzip, recognised by their content, and written completely or not at all."""

import codecs
import csv
import gzip
import io
import math
import os
import secrets
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from motiflens.basics.errors import InputError, MissingFileError
from motiflens.basics.file_kinds import kind_of_bytes

_CHUNK = 2**20  # bytes
_LONGEST_NAME = 60  # of a temporary name: with what is added, no file system finds it too long
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a plain or gzip file for reading; its content decides which it is, not its name.

    Text in UTF-16, as Excel's and Notepad's "Unicode" is, reads as UTF-8.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a folder, or, when the damaged part is read, a damaged or truncated gzip file.
    """
    if not path.exists():
        raise MissingFileError(f"no file at {path}")
    if path.is_dir():
        raise InputError(f"expected a file, got the folder {path}")
    with path.open("rb") as raw:
        if raw.peek(2)[:2] != b"\x1f\x8b":
            yield _as_utf8(raw)
            return
        try:
            with gzip.GzipFile(fileobj=raw) as file:
                yield _as_utf8(file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{path}: the gzip file is damaged or incomplete ({error}): fetch it again") from error


def _as_utf8(file: io.BufferedReader | gzip.GzipFile) -> BinaryIO:
    """The file itself, or its text as UTF-8 if it begins with the mark of UTF-16."""
    if file.peek(2)[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return cast(BinaryIO, file)
    data = file.read()
    try:
        return io.BytesIO(data.decode("utf-16").encode())
    except UnicodeError:
        return io.BytesIO(data)  # bytes of something else


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Read a file in chunks that end at the end of a line; line ends of Windows and old Macs become ``\n``."""
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
            kind = "" if number else kind_of_bytes(chunk[:16])
            if kind or b"\0" in chunk:
                raise InputError(f"{path}: expected text, got {kind or 'a binary file'}")
            try:
                text = chunk.decode("utf-8")
            except UnicodeDecodeError as error:
                at = number + 1 + chunk.count(b"\n", 0, error.start)
                raise InputError(
                    f"{path}, line {at}: expected text in UTF-8, got other bytes ({error.reason}): save it as UTF-8, "
                    "which Excel calls CSV UTF-8"
                ) from error
            for line in text.removesuffix("\n").split("\n"):
                number += 1
                if line.strip():
                    yield number, line


def check_writable(path: str | Path) -> None:
    """Raise an error if no file can be written at a path.

    Raises
    ------
    MissingFileError
        If its folder does not exist.
    InputError
        If the path is a folder, a device, a pipe or a socket, which the new file would replace.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise MissingFileError(f"no folder {path.parent} to write {path.name} to: make it first")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise InputError(f"cannot write {path}: it is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise InputError(f"cannot write {path}: it is a device, a pipe or a socket and would be replaced; name a file")


@contextmanager
def in_one_piece(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to; the complete file then takes its place under `path`, or nothing changes.

    This also holds for a power cut, because the content is on the disk before the file is renamed. A link is followed
    and keeps pointing to the file.

    Raises
    ------
    MissingFileError, InputError
        As `check_writable`.
    """
    check_writable(path)
    target = Path(path).resolve()
    # Random, because processes on different machines that share a folder may have the same number.
    unfinished = target.with_name(f".{target.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}.tmp")
    try:
        yield unfinished
        _to_disk(unfinished)
        unfinished.replace(target)
        if os.name == "posix":  # elsewhere folders cannot be opened
            _to_disk(target.parent)  # the new name, too
    finally:
        unfinished.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(data: bytes, path: str | Path) -> None:
    """Write a file, completely or not at all (see `in_one_piece`)."""
    with in_one_piece(path) as unfinished:
        unfinished.write_bytes(data)


def write_text(text: str, path: str | Path) -> None:
    """Write a text file in UTF-8, completely or not at all; line ends stay as they are."""
    write_bytes(text.encode(), path)


def write_npz(arrays: Mapping[str, Any], path: str | Path) -> None:
    """Write named arrays into one compressed file, completely or not at all."""
    import numpy as np

    with in_one_piece(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **arrays)


def write_tsv(
    rows: Sequence[Any], path: str | Path, *, comments: Iterable[str] = (), kind: type[Any] | None = None
) -> Path:
    """Write named tuples of one kind as tab-separated text, with six decimals; a missing value is an empty field.

    A field that is a mapping of names to named tuples becomes columns NAME_FIELD, after the others.

    Parameters
    ----------
    rows : sequence of named tuples
        Mappings in one field must have the same names in all rows.
    path : path
    comments : iterable of str
        Lines above the header, each of which begins with "# ".
    kind : type, optional
        The kind of named tuple; needed for the header if there are no rows.

    Raises
    ------
    ValueError
        If there are neither rows nor a kind.
    """
    path = Path(path)
    if not rows and kind is None:
        raise InputError(f"expected rows to write to {path}, or their kind, got neither")
    header = list(_columns(rows[0])) if rows else list(cast(type[Any], kind)._fields)
    text = io.StringIO()
    text.writelines(f"# {comment}\n" for comment in comments)
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in _columns(row).values()] for row in rows)
    write_text(text.getvalue(), path)
    return path


def _columns(row: Any) -> dict[str, Any]:
    """Values of a named tuple by column."""
    plain = {name: value for name, value in row._asdict().items() if not isinstance(value, Mapping)}
    spread = {
        f"{name}_{field}": number
        for value in row
        if isinstance(value, Mapping)
        for name, part in value.items()
        for field, number in part._asdict().items()
    }
    return plain | spread


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "" if math.isnan(value) else f"{value:.6f}"
