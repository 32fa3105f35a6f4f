"""Parsers of the two common motif formats: text in, plain records out, errors with the line.

MEME: https://meme-suite.org/meme/doc/meme-format.html. JASPAR: https://jaspar.elixir.no/faq/ ("PFM").
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.files import open_bytes

DEFAULT_N_SITES = 20  # what MEME assumes where a file does not say
SUM_TOLERANCE = 1e-5  # a column this close to 1 stays as printed, as in MEME
MAX_SUM_ERROR = 0.1  # a row further off is no rounding


class MotifRecord(NamedTuple):
    """A motif as a file has it; counts are already turned into probabilities."""

    id: str
    name: str
    pwm: np.ndarray  # 4, width
    n_sites: int


class _Lines:
    """The stripped lines of a file, one at a time, knowing where it is."""

    def __init__(self, text: str, source: str) -> None:
        self.lines = [line.strip() for line in text.splitlines()]
        self.source = source
        self.read = 0  # lines handed out so far, which is also the number of the current line

    def peek(self) -> str | None:
        """Return the next line without taking it, None at the end."""
        return self.lines[self.read] if self.read < len(self.lines) else None

    def next(self) -> str | None:
        """Take the next line, None at the end."""
        line = self.peek()
        self.read += line is not None
        return line

    def skip_blank(self) -> None:
        """Go to the next line with text, or the end."""
        while self.peek() == "":
            self.read += 1

    def error(self, message: str, line: int | None = None) -> ValueError:
        """Make an error that says where, by default at the current line."""
        return ValueError(f"{self.source}, line {self.read if line is None else line}: {message}")


def read_text(path: Path) -> str:
    """Return the text of a plain or gzip file, whatever its name says.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_bytes`.
    """
    with open_bytes(path) as file:
        return file.read().decode("utf-8-sig", errors="replace")


def parse_meme(text: str, source: str) -> list[MotifRecord]:
    """Parse MEME's minimal format, and the text output of MEME and STREME."""
    lines = _Lines(text, source)
    records: list[MotifRecord] = []
    waiting: tuple[str, str] | None = None  # id and name of a motif whose matrix has not come yet
    while (line := lines.next()) is not None:
        if line.startswith("ALPHABET"):
            _check_alphabet(lines, line)
        elif re.match(r"MOTIF(\s|$)", line):
            if waiting:
                raise lines.error(f"expected the matrix of motif {waiting[0]} before the next motif")
            waiting = _meme_names(lines, line)
        elif line.lower().startswith("letter-probability matrix"):
            if waiting is None:
                raise lines.error("expected a MOTIF line before this matrix")
            records.append(MotifRecord(*waiting, *_meme_matrix(lines, line, waiting[0])))
            waiting = None
    if waiting:
        raise lines.error(f"expected the matrix of motif {waiting[0]}, got the end of the file")
    if not records:
        raise InputError(f"{source}: expected motifs in MEME format, got no MOTIF line")
    return records


def parse_jaspar(text: str, source: str) -> list[MotifRecord]:
    """Parse JASPAR's format: ``>id name``, then four rows of counts, with or without letters and brackets."""
    lines = _Lines(text, source)
    records: list[MotifRecord] = []
    lines.skip_blank()
    while (line := lines.next()) is not None:
        if not line.startswith(">"):
            raise lines.error(f"expected a header such as '>MA0004.1 Arnt', got {line!r}")
        words = line[1:].split(maxsplit=1)
        if not words:
            raise lines.error("expected an id after '>'")
        pwm, n_sites = _jaspar_matrix(lines, words[0])
        records.append(MotifRecord(words[0], words[-1], pwm, n_sites))
        lines.skip_blank()
    if not records:
        raise InputError(f"{source}: expected motifs in JASPAR format, got an empty file")
    return records


def counts_to_pwm(counts: np.ndarray) -> tuple[np.ndarray, int]:
    """Normalise each column of counts, shape=(4, width); sites are the mean of the column sums, halves up.

    That is what the MEME Suite's converters write for a JASPAR matrix. A matrix whose columns sum to 1 holds
    probabilities, or a single site; its sites count as unknown.
    """
    sums = counts.sum(axis=0)
    if not (np.isfinite(counts).all() and (counts >= 0).all() and (sums > 0).all()):
        raise InputError("expected finite counts of 0 or more, and no column of zeros only")
    n_sites = int(np.floor(sums.mean() + 0.5))
    return counts / sums, n_sites if n_sites > 1 else DEFAULT_N_SITES


def _check_alphabet(lines: _Lines, line: str) -> None:
    letters = line.removeprefix("ALPHABET").lstrip(" =\t")
    if letters.upper() == "ACGT" or "DNA" in letters:  # "DNA" and DNA-LIKE head the long form
        return
    raise lines.error(f"expected the DNA alphabet ACGT, got {letters!r}")


def _meme_names(lines: _Lines, line: str) -> tuple[str, str]:
    """Return id and name; MEME's text output has statistics after them, on the same line."""
    words = re.sub(r"\s+width\s*=.*", "", line).split(maxsplit=2)
    if len(words) == 1:
        raise lines.error("expected an id after MOTIF")
    return words[1], words[-1]


def _meme_matrix(lines: _Lines, header: str, motif_id: str) -> tuple[np.ndarray, int]:
    fields = dict(re.findall(r"(\w+)\s*=\s*(\S+)", header))
    if (letters := _field(lines, fields, "alength", 4)) != 4:
        raise lines.error(f"expected the DNA alphabet of 4 letters, got alength= {letters}")
    width = _field(lines, fields, "w", None)
    n_sites = _field(lines, fields, "nsites", DEFAULT_N_SITES)
    rows: list[list[float]] = []
    lines.skip_blank()
    while (line := lines.peek()) is not None and _starts_with_number(line):
        if len(rows) == width:
            raise lines.error(f"motif {motif_id}: expected w= {width} rows, got one more", lines.read + 1)
        lines.next()
        rows.append(_meme_row(lines, line, motif_id))
        if width is not None and len(rows) < width:
            lines.skip_blank()
    if not rows or (width is not None and len(rows) != width):
        got = "the end of the file" if line is None else repr(line)
        expected = f"motif {motif_id}: expected {width or 'some'} rows of 4 probabilities"
        raise lines.error(f"{expected}, got {len(rows)} before {got}", lines.read + 1)
    return np.array(rows).T, n_sites if n_sites and n_sites > 0 else DEFAULT_N_SITES


def _meme_row(lines: _Lines, line: str, motif_id: str) -> list[float]:
    row = _numbers(lines, line.split(), f"motif {motif_id}")
    if len(row) != 4:
        raise lines.error(f"motif {motif_id}: expected 4 columns (A C G T), got {len(row)}")
    total = sum(row)
    if not (all(0 <= p <= 1 for p in row) and abs(total - 1) <= MAX_SUM_ERROR):
        raise lines.error(f"motif {motif_id}: expected probabilities that sum to 1, got {row}")
    return row if abs(total - 1) <= SUM_TOLERANCE else [p / total for p in row]


def _jaspar_matrix(lines: _Lines, motif_id: str) -> tuple[np.ndarray, int]:
    start = lines.read
    rows: dict[str, list[float]] = {}
    for default in "ACGT":  # rows without letters are in this order
        line = lines.next()
        if not line or line.startswith(">"):
            raise lines.error(f"motif {motif_id}: expected 4 rows (A C G T), got {len(rows)}")
        letter = line[0].upper() if line[0].isalpha() else default
        if letter not in "ACGT" or letter in rows:
            raise lines.error(f"motif {motif_id}: expected one row each for A C G T, got row {line[0]!r}")
        words = re.sub(r"^[A-Za-z]\b|[\[\]:|]", " ", line).split()
        rows[letter] = _numbers(lines, words, f"motif {motif_id}")
    widths = {len(row) for row in rows.values()}
    if len(widths) > 1 or widths == {0}:
        raise lines.error(f"motif {motif_id}: expected rows of one length, got {sorted(widths)}")
    try:
        return counts_to_pwm(np.array([rows[letter] for letter in "ACGT"]))
    except ValueError as error:
        raise lines.error(f"motif {motif_id}: {error}", start) from None


def _field(lines: _Lines, fields: dict[str, str], key: str, default: int | None) -> int | None:
    try:
        return int(float(fields[key])) if key in fields else default
    except (ValueError, OverflowError):
        raise lines.error(f"expected a number after {key}=, got {fields[key]!r}") from None


def _starts_with_number(line: str) -> bool:
    words = line.split(maxsplit=1)
    return bool(words) and re.fullmatch(r"[-+]?(\d.*|\.\d.*|nan|inf)", words[0], re.IGNORECASE) is not None


def _numbers(lines: _Lines, words: list[str], what: str) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise lines.error(f"{what}: expected numbers, {error}") from None
