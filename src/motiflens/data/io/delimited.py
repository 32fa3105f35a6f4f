"""Delimited tables: the separator, and the header line."""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from motiflens.basics.errors import InputError
from motiflens.basics.files import text_lines

_SEPARATORS = {"\t": "a tab", ";": "a semicolon", ",": "a comma", "|": "a bar", " ": "spaces"}
_LETTERS = re.compile(r"[ACGTUNacgtun]+")
_DNA = re.compile(r"[ACGTUNacgtun]{8,}")


def read_rows(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read a table with a header line, separated by tabs, semicolons or commas, as the header shows.

    If a header has none of these, bars or spaces, as in tables from R, separate its names. Lines before the header that
    begin with ``#``, and Excel's ``sep=;``, are ignored; the header itself may begin with ``#``. A first column without
    a name, such as an index from pandas or R, is called "". Empty last columns and rows, as Excel writes them, are
    ignored.

    Returns
    -------
    columns : list of str
    rows : list of (int, list of str)
        Line number, and one field for each column, without surrounding white space.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, is not text, has no header, or a row has another number of fields.
    """
    path = Path(path)
    lines, header = _begin(path)
    separator = next((one for one in _SEPARATORS if one in header.strip(" ")), ",")
    numbers: list[int] = []
    reader = csv.reader(_counted(lines, numbers, runs=separator == " "), delimiter=separator)
    try:
        table = [(numbers[-1], [field.strip() for field in row]) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}, line {numbers[-1]}: {error}") from error
    if len(table) < len(numbers):  # the first row that ends on another line than it should
        broken = next((i for i, (number, _) in enumerate(table) if number != numbers[i]), len(table) - 1)
        raise InputError(f"{path}, line {numbers[broken]}: a field begins with a quote that does not end on its line")
    (first, columns), rows = table[0], [(number, row) for number, row in table[1:] if any(row)]
    columns, rows = _without_empty_ends(columns, rows)
    if rows and all(len(row) == len(columns) + 1 and not _LETTERS.fullmatch(row[0]) for _, row in rows):
        columns = ["", *columns]  # R leaves out the name of row names
    _check_columns(columns, path, first)
    for number, row in rows:
        if len(row) != len(columns):
            raise InputError(
                f"{path}, line {number}: expected {len(columns)} fields, got {len(row)} "
                f"(fields are separated by {_SEPARATORS[separator]}, as in the first line)"
            )
    if not rows:
        raise InputError(f"{path} has a header line, but no row")
    return columns, rows


def _without_empty_ends(
    columns: list[str], rows: list[tuple[int, list[str]]]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Leave out last columns without a name or a field, and empty fields behind the last column."""
    n = len(columns)
    while n > 1 and columns[n - 1] == "" and not any(len(row) >= n and row[n - 1] for _, row in rows):
        n -= 1
    return columns[:n], [(number, row[:n] if len(row) > n and not any(row[n:]) else row) for number, row in rows]


def _begin(path: Path) -> tuple[Iterator[tuple[int, str]], str]:
    """Lines from the header on, and the header."""
    lines = text_lines(path)
    comment: tuple[int, str] | None = None
    for number, line in lines:
        if line.startswith("#"):
            comment = (number, line)
            continue
        if re.fullmatch(r'"?sep=.?"?', line.strip("\r ")):
            continue  # for Excel
        if comment is not None and _names_columns(comment[1][1:], line):
            header = (comment[0], comment[1].lstrip("# "))
            return chain([header, (number, line)], lines), header[1]
        return chain([(number, line)], lines), line
    if comment is not None:
        raise InputError(f"{path}: expected a header line, got only lines that begin with '#'")
    raise InputError(f"{path} is empty: expected a header line")


def _names_columns(comment: str, following: str) -> bool:
    """Say whether a comment has a name for each field of the line below, which looks like data."""
    separator = next((one for one in _SEPARATORS if one in following), ",")
    fields = following.split(separator)
    return len(comment.split(separator)) == len(fields) and any(_DNA.fullmatch(field.strip()) for field in fields)


def _check_columns(columns: list[str], path: Path, line: int) -> None:
    if any(_DNA.fullmatch(column) for column in columns):
        raise InputError(
            f"{path}, line {line}: the first line looks like data, not like names of columns: add a line such as "
            "sequence,label"
        )
    if len(set(columns)) < len(columns) or "" in columns[1:] or (columns == [""]):
        raise InputError(f"{path}: expected different column names in the first line, got {', '.join(columns)[:80]!r}")


def _counted(lines: Iterator[tuple[int, str]], numbers: list[int], *, runs: bool) -> Iterator[str]:
    """Lines, whose numbers are kept; in which runs of spaces are one space."""
    for number, line in lines:
        numbers.append(number)
        yield re.sub(" +", " ", line.strip()) if runs else line
