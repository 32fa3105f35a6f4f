"""Formats with a name and rows of numbers: JASPAR, HOMER, HOCOMOCO, gimmemotifs, Cluster-Buster, UniPROBE, plain.

JASPAR: https://jaspar.elixir.no/faq/. HOMER: http://homer.ucsd.edu/homer/motif/creatingCustomMotifs.html.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.motifs.matrices import (
    RNA,
    Block,
    EitherWayError,
    LineError,
    MotifRecord,
    Orientation,
    number_words,
    orientation,
    sums_fit,
    to_numbers,
    to_record,
)

_LETTER = re.compile(r"([A-Za-z])(?![A-Za-z0-9.])\s*[:|\[=]?")
_NUMBER = re.compile(r"[-+]?(\d[\d.]*|\.\d+)(e[-+]?\d+)?|[-+]?inf|nan", re.IGNORECASE)
_MARKS = re.compile(r"[\[\]:|=]")
_COLUMNS = re.compile(r"[ACGT](\s+[ACGT]){3}", re.IGNORECASE)
#: Of a section in UniPROBE's files.
TITLE = re.compile(r"matrix|logo", re.IGNORECASE)


class _Matrix(NamedTuple):
    """What a block holds: its rows, with their letters where they have some."""

    id: str
    name: str
    letters: tuple[str, ...]
    rows: list[list[float]]
    lines: list[int]
    columns: str = ""  # bases of the columns, where a line names them


def headed_blocks(lines: list[tuple[int, str]]) -> list[Block]:
    """Split lines into motifs, each of which begins with ``>``.

    Raises
    ------
    LineError
        If the first line is not such a header.
    """
    if lines and not lines[0][1].startswith(">"):
        raise LineError(lines[0][0], f"expected a header such as '>MA0004.1 Arnt', got {lines[0][1][:60]!r}")
    blocks: list[Block] = []
    for number, line in lines:
        if line.startswith(">"):
            blocks.append(Block([]))
        blocks[-1].lines.append((number, line))
    return blocks


def plain_blocks(lines: list[tuple[int, str]]) -> list[Block]:
    """Split lines into matrices, which blank lines, ``//`` or titles separate."""
    blocks: list[Block] = []
    titles: list[tuple[int, str]] = []
    n_rows, lettered = 0, False
    for number, line in lines:
        if is_row(line):
            if n_rows == 0:
                blocks.append(Block(titles))
                titles = []
            lettered = bool(_LETTER.match(line))
            blocks[-1].lines.append((number, line))
            n_rows += 1
        elif not line or line.startswith("//"):
            if not (line == "" and lettered and n_rows < 4):
                n_rows = 0
        else:
            n_rows = 0
            titles.append((number, line))
    return [block for block in blocks if not _is_energy(block)]


def is_row(line: str) -> bool:
    """Say whether a line holds numbers, with or without a letter for the base."""
    try:
        words = _words(line)
    except InputError:
        return True  # refused where it is read
    return (
        bool(words) and re.fullmatch(r"[-+]?(\d[\d.]*|\.\d+)([eE][-+]?\d+)?|[-+]?inf|nan", words[0], re.I) is not None
    )


def matrix_motif(block: Block, names: tuple[str, str], rows_are: Orientation | None) -> MotifRecord:
    """The motif of a block.

    Parameters
    ----------
    block : Block
        With one header line, if it begins with ``>``.
    names : (str, str)
        Id and name.
    rows_are : {"bases", "positions"}, optional
        What rows without letters are; recognised by their number and sums if it is not given.

    Raises
    ------
    LineError
        If rows are missing, too many or of different lengths, a value is not a number, or four rows of four numbers
        could be either.
    """
    found = _read(block, names)
    if found.columns:
        matrix = _positions(found)[[found.columns.index(base) for base in "ACGT"]]
    elif found.letters and not (rows_are != "bases" and _has_consensus(found, rows_are)):
        matrix = _lettered(found)
    elif found.letters or (rows_are or _oriented(found)) == "positions":
        matrix = _positions(found)
    else:
        matrix = _bases(found, block)
    try:
        return to_record(found.id, found.name, matrix)
    except InputError as error:
        raise LineError(block.first, f"motif {found.id}: {error}") from None


def common_orientation(blocks: Sequence[Block]) -> Orientation | None:
    """What the rows of a file's matrices are, by their numbers, else by their sums; None if neither decides."""
    for by_sums in (False, True):
        votes = Counter(block_orientation(block, by_sums=by_sums) for block in blocks)
        votes.pop(None, None)
        if votes:
            return votes.most_common(1)[0][0]
    return None


def block_orientation(block: Block, *, by_sums: bool) -> Orientation | None:
    """What the rows of a block are; None if this cannot be decided, as for four rows of four without sums."""
    try:
        found = _read(block, ("", ""))
        if found.columns:
            return "positions"
        if found.letters:
            if set(found.letters) == set("ACGT") and len(found.rows) == 4:  # bases, or a consensus such as GATC
                return ("positions" if by_sums else None) if _has_consensus(found, "positions") else "bases"
            return "positions" if _has_consensus(found, None) else "bases"
        if not by_sums and len(found.rows) == 4 and {len(row) for row in found.rows} == {4}:
            return None
        return orientation(found.rows)
    except InputError:
        return None


def _read(block: Block, names: tuple[str, str]) -> _Matrix:
    letters: list[str] = []
    rows: list[list[float]] = []
    numbers: list[int] = []
    columns = ""
    body = block.lines[1:] if block.lines[0][1].startswith(">") else [one for one in block.lines if is_row(one[1])]
    for number, line in body:
        if not rows and _COLUMNS.fullmatch(line) and len({*line.upper().split()}) == 4:
            columns = "".join(line.upper().split())
            continue
        letter = _LETTER.match(line)
        if letter:
            letters.append(letter[1].upper())
        rows.append(_numbers(line, number, f"motif {names[0]}"))
        numbers.append(number)
    if len(letters) == len(rows) - 1 and _is_count(rows[0]) and not _LETTER.match(body[0][1]):
        rows, numbers = rows[1:], numbers[1:]  # the positions, above rows of bases
    return _Matrix(*names, tuple(letters), rows, numbers, columns)


def _is_count(row: Sequence[float]) -> bool:
    """Say whether numbers are 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool(row) and row[0] in (0, 1) and list(row) == [row[0] + i for i in range(len(row))]


def _has_consensus(found: _Matrix, rows_are: Orientation | None) -> bool:
    """Say whether the letter before each row is the consensus at a position, as ENCODE's motifs have it.

    A letter for each base says so only where rows are known to be positions; in either case they must have the sums of
    positions.
    """
    if len(found.letters) != len(found.rows) or {len(row) for row in found.rows} != {4}:
        return False
    if set(found.letters) == set("ACGT") and len(found.rows) == 4:
        return rows_are == "positions" and orientation(found.rows) == "positions"
    return sums_fit(np.array(found.rows).T)


def _numbers(line: str, number: int, what: str) -> list[float]:
    try:
        words = _words(line)
    except InputError as error:
        raise LineError(number, f"{what}: {error}") from None
    return to_numbers(words, number, what)


def _words(line: str) -> list[str]:
    return number_words(_MARKS.sub(" ", _LETTER.sub(" ", line, count=1) if _LETTER.match(line) else line))


def _lettered(found: _Matrix) -> np.ndarray:
    rows: dict[str, list[float]] = {}
    for i, row in enumerate(found.rows):
        letter = found.letters[i] if i < len(found.letters) else "?"
        if letter not in "ACGT" or letter in rows:
            advice = RNA if letter == "U" else ""
            message = f"motif {found.id}: expected one row each for A C G T, got row {letter!r}{advice}"
            raise LineError(found.lines[i], message)
        rows[letter] = row
    if len(rows) < 4:
        raise LineError(found.lines[-1] + 1, f"motif {found.id}: expected 4 rows (A C G T), got {len(rows)}")
    return _equal([rows[letter] for letter in "ACGT"], found)


def _bases(found: _Matrix, block: Block) -> np.ndarray:
    if len(found.rows) != 4:
        line = found.lines[4] if len(found.rows) > 4 else block.last + 1
        raise LineError(line, f"motif {found.id}: expected 4 rows (A C G T), got {len(found.rows)}")
    return _equal(found.rows, found)


def _positions(found: _Matrix) -> np.ndarray:
    if not found.rows:
        raise LineError(found.lines[-1] if found.lines else 0, f"motif {found.id}: expected rows of numbers, got none")
    for number, row in zip(found.lines, found.rows, strict=True):
        if len(row) != 4:
            raise LineError(number, f"motif {found.id}: expected 4 numbers (A C G T) in each row, got {len(row)}")
    return np.array(found.rows).T


def _oriented(found: _Matrix) -> Orientation:
    try:
        rows_are = orientation(found.rows)
    except InputError as error:
        line = (found.lines[-1] + 1) if found.lines else 0
        raise LineError(line, f"motif {found.id}: {error}") from None
    if rows_are is None:
        raise EitherWayError(
            found.lines[0],
            f"motif {found.id}: four rows of four numbers, whose sums do not tell if a row is a base or a position",
        )
    return rows_are


def _equal(rows: Sequence[Sequence[float]], found: _Matrix) -> np.ndarray:
    widths = {len(row) for row in rows}
    if len(widths) > 1 or widths == {0}:
        raise LineError(found.lines[-1], f"motif {found.id}: expected rows of one length, got {sorted(widths)}")
    return np.array(rows)


def _is_energy(block: Block) -> bool:
    """Say whether the title above a matrix, as in UniPROBE's files, says that it holds something else."""
    titles = [line for _, line in block.lines if not is_row(line) and TITLE.search(line)]
    return bool(titles) and not re.search(r"probab|frequen|count", titles[-1], re.IGNORECASE)
