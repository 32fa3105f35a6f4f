"""From numbers in motif files to base probabilities: counts, log-odds, and the orientation of a matrix."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields

#: What to do about motifs of RNA.
RNA = " of RNA, which has one strand: write T for U to compare it with DNA"
DEFAULT_N_SITES = 20  # what MEME assumes where a file does not say
SUM_TOLERANCE = 1e-5  # a column this close to 1 stays as printed, as in MEME

Orientation = Literal["bases", "positions"]  # what the rows of a matrix in a file are

_EQUAL_SUMS = 0.025  # relative range: four probabilities of two digits sum to 0.99 to 1.01
_LOG_ODDS_ERROR = 0.03  # of the sum of probabilities; scores are printed with two digits, or as whole hundredths
_DECIMAL_COMMA = re.compile(r"[-+]?(\d+|\d*,\d+)([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+")
_BASES = {"natural": np.e, "base-2": 2.0, "base-10": 10.0}


@by_fields
class MotifRecord(NamedTuple):
    """A motif from a file; counts and log-odds are already converted to probabilities."""

    id: str
    name: str
    pwm: np.ndarray  # 4, width
    n_sites: int
    scores: str = ""  # the logarithm's base where the file has log-odds


class Skipped(NamedTuple):
    """A motif of a file that could not be read."""

    id: str
    line: int
    reason: str


@by_fields
class Block(NamedTuple):
    """The lines of one motif in a file, stripped, without blank lines, with their line numbers."""

    lines: list[tuple[int, str]]

    @property
    def first(self) -> int:
        """Number of the first line."""
        return self.lines[0][0]

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.lines[-1][0]


class LineError(InputError):
    """An error at a line of a motif file."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


class EitherWayError(LineError):
    """Error: the rows of a matrix may be bases or positions."""


def counts_to_pwm(counts: np.ndarray) -> tuple[np.ndarray, int]:
    """Normalise each column of counts, shape=(4, width); the number of sites is the rounded mean of column sums.

    This equals the output of the MEME Suite's converters for a JASPAR matrix. If columns sum to 1, they are
    probabilities or a single site, and the number of sites is taken as unknown.

    Raises
    ------
    ValueError
        If a count is negative or not finite, or a column holds zeros only.
    """
    sums = counts.sum(axis=0)
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise InputError("expected finite counts of 0 or more")
    if not (sums > 0).all():
        raise InputError(f"expected no column of zeros only, got one at position {int((sums <= 0).argmax()) + 1}")
    n_sites = int(np.floor(sums.mean() + 0.5))
    return counts / sums, n_sites if n_sites > 1 else DEFAULT_N_SITES


def log_odds_to_pwm(scores: np.ndarray, background: Sequence[float] = (0.25,) * 4) -> tuple[np.ndarray, str]:
    """Turn log-odds, shape=(4, width), into probabilities: p = background * base ** score.

    The base (e, 2 or 10) is the one with which each column sums to 1. HOCOMOCO's matrices are natural logarithms
    against 0.25, and include its pseudocounts, which stay in the probabilities.

    Returns
    -------
    pwm : np.ndarray, shape=(4, width)
    base : {"natural", "base-2", "base-10"}

    Raises
    ------
    ValueError
        If there is no base with which columns sum to 1, so that the numbers are not log-odds.
    """
    share = np.asarray(background, dtype=np.float64)[:, None]
    errors = {}
    for name, base in _BASES.items():
        with np.errstate(over="ignore"):
            errors[name] = float(np.abs((share * base**scores).sum(axis=0) - 1).max())
    best = min(errors, key=lambda name: errors[name] if np.isfinite(errors[name]) else np.inf)
    if not errors[best] <= _LOG_ODDS_ERROR:
        raise InputError(
            "expected finite counts of 0 or more, probabilities, or log-odds against a background of "
            f"{', '.join(f'{one:g}' for one in background)}, got scores that are none of them: "
            "take the matrix of counts or probabilities"
        )
    pwm = share * _BASES[best] ** scores
    return pwm / pwm.sum(axis=0), best


def to_record(motif_id: str, name: str, matrix: np.ndarray) -> MotifRecord:
    """A record from counts, probabilities or log-odds, shape=(4, width).

    Raises
    ------
    ValueError
        As :func:`counts_to_pwm` and :func:`log_odds_to_pwm`.
    """
    if (matrix < 0).any():
        pwm, base = log_odds_to_pwm(matrix)
        return MotifRecord(motif_id, name, pwm, DEFAULT_N_SITES, base)
    return MotifRecord(motif_id, name, *counts_to_pwm(matrix))


def orientation(rows: Sequence[Sequence[float]]) -> Orientation | None:
    """Whether the rows of a matrix are bases or positions; None if four rows of four numbers could be both.

    Rows of four numbers are positions, unless there are four of them. Then sums decide, because the bases of every
    position have the same sum (1 or the number of sites), and the positions of a base do not.

    Raises
    ------
    ValueError
        If the rows do not form a matrix with four rows or four columns.
    """
    widths = {len(row) for row in rows}
    if len(rows) == 4 and len(widths) == 1 and widths != {0}:
        if widths != {4}:
            return "bases"
        matrix = np.array(rows, dtype=np.float64)
        rows_fit, columns_fit = sums_fit(matrix.T), sums_fit(matrix)
        return None if rows_fit == columns_fit else "positions" if rows_fit else "bases"
    if widths == {4}:
        return "positions"
    raise InputError(
        f"expected 4 rows (A C G T) of one length, or a row of 4 numbers for each position, got {len(rows)} rows "
        f"of {' or '.join(map(str, sorted(widths))) or 'no'} numbers"
    )


def sums_fit(matrix: np.ndarray) -> bool:
    """Whether the sums of the columns of (4, width) are those of positions of a motif."""
    if (matrix < 0).any():
        try:
            log_odds_to_pwm(matrix)
        except InputError:
            return False
        return True
    sums = matrix.sum(axis=0)
    return bool(np.ptp(sums) <= _EQUAL_SUMS * sums.mean())


def number_words(text: str) -> list[str]:
    """Split a row of numbers at spaces, tabs, semicolons or commas; decimal commas become points.

    Commas are decimal if every number between spaces or semicolons is whole or has one comma within.

    Raises
    ------
    ValueError
        If commas may also separate thousands, as in ``1,234 5,678``.
    """
    words = text.replace('"', "").replace(";", " ").split()
    with_comma = [word for word in words if "," in word]
    if not with_comma or len(words) < 2 or not all(map(_DECIMAL_COMMA.fullmatch, words)):
        return " ".join(words).replace(",", " ").split()
    if all(map(_THOUSANDS.fullmatch, with_comma)):
        raise InputError(f"{with_comma[0]!r} may be a decimal number or thousands: write numbers with decimal points")
    return [word.replace(",", ".") for word in words]


def to_numbers(words: Sequence[str], line: int, what: str) -> list[float]:
    """Convert words to numbers.

    Raises
    ------
    LineError
        If a word is not a number.
    """
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise LineError(line, f"{what}: expected numbers, {error}") from None
