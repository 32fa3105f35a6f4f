"""The MEME format (https://meme-suite.org/meme/doc/meme-format.html), and the text output of MEME and STREME."""

import re
from collections.abc import Iterator

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.motifs.matrices import (
    DEFAULT_N_SITES,
    RNA,
    SUM_TOLERANCE,
    Block,
    LineError,
    MotifRecord,
    log_odds_to_pwm,
    number_words,
    to_numbers,
)

MAX_SUM_ERROR = 0.1  # a row further off is no rounding

_UNIFORM = (0.25,) * 4
_MOTIF = re.compile(r"MOTIF(\s|$)")
_PROBABILITIES, _LOG_ODDS = "letter-probability matrix", "log-odds matrix"


def meme_blocks(lines: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[Block]]:
    """Split numbered lines into a header, and a block for each motif."""
    header: list[tuple[int, str]] = []
    blocks: list[Block] = []
    for number, line in lines:
        if _MOTIF.match(line):
            blocks.append(Block([]))
        elif not blocks and line.lower().startswith((_PROBABILITIES, _LOG_ODDS)):
            raise LineError(number, "expected a MOTIF line before this matrix")
        (blocks[-1].lines if blocks else header).append((number, line))
    return header, blocks


def meme_background(lines: list[tuple[int, str]]) -> tuple[float, ...] | None:
    """Frequencies of A, C, G and T in the file; None if it has none.

    Raises
    ------
    LineError
        If the alphabet is not that of DNA, or the frequencies are not probabilities.
    """
    for number, line in lines:
        if line.startswith("ALPHABET"):
            letters = line.removeprefix("ALPHABET").lstrip(" =\t")
            if letters.upper() != "ACGT" and "DNA" not in letters:  # "DNA" and DNA-LIKE head the long form
                advice = RNA if letters.upper() == "ACGU" or "RNA" in letters else ""
                raise LineError(number, f"expected the DNA alphabet ACGT, got {letters!r}{advice}")
    start = next((i for i, (_, line) in enumerate(lines) if line.startswith("Background letter frequencies")), None)
    if start is None:
        return None
    number = lines[start][0]
    text = " ".join(line for _, line in lines[start + 1 : start + 5])
    if not re.search(r"\d", text):
        return None
    pairs = re.findall(r"\b([ACGTacgt])\s+([\d.,]+(?:[eE][-+]?\d+)?)", text)
    found = {letter.upper(): _frequency(value) for letter, value in pairs}
    values = tuple(found.get(base, -1.0) for base in "ACGT")
    if min(values) < 0 or abs(sum(values) - 1) > MAX_SUM_ERROR:
        raise LineError(
            number, f"expected frequencies of A, C, G and T that sum to 1 below this line, got {text[:60]!r}"
        )
    return tuple(value / sum(values) for value in values)


def _frequency(text: str) -> float:
    try:
        return float(text.strip(",").replace(",", "."))
    except ValueError:
        return -1.0


def meme_motif(block: Block, background: tuple[float, ...] | None, following: str | None) -> MotifRecord:
    """The motif of a block, from its probabilities, or from log-odds if it has no probabilities.

    Parameters
    ----------
    block : Block
    background : four floats, optional
        Background of log-odds; uniform by default.
    following : str, optional
        The line after the block, for messages.

    Raises
    ------
    LineError
        If there is no id or matrix, or the matrix does not fit its header.
    """
    motif_id, name = _names(*block.lines[0])
    scores = None
    for i, (number, line) in enumerate(block.lines):
        if line.lower().startswith(_PROBABILITIES):
            n_sites, rows = _matrix(block, i, motif_id, following)
            pwm = np.array([_probabilities(number, row, motif_id) for number, row in rows]).T
            return MotifRecord(motif_id, name, pwm, n_sites)
        if line.lower().startswith(_LOG_ODDS) and scores is None:
            scores = i
    if scores is not None:
        n_sites, rows = _matrix(block, scores, motif_id, following)
        matrix = np.array([row for _, row in rows]).T
        try:
            pwm, base = _scores_to_pwm(matrix, background or _UNIFORM)
        except InputError as error:
            raise LineError(block.lines[scores][0], f"motif {motif_id}: {error}") from None
        return MotifRecord(motif_id, name, pwm, n_sites, base)
    if following is None:
        raise LineError(block.last, f"expected the matrix of motif {motif_id}, got the end of the file")
    raise LineError(block.last + 1, f"expected the matrix of motif {motif_id} before the next motif")


def _scores_to_pwm(matrix: np.ndarray, background: tuple[float, ...]) -> tuple[np.ndarray, str]:
    """MEME prints hundredths of a bit; others print bits."""
    try:
        return log_odds_to_pwm(matrix / 100, background)
    except InputError:
        return log_odds_to_pwm(matrix, background)


def _names(number: int, line: str) -> tuple[str, str]:
    """Return id and name; MEME's text output has statistics after them, on the same line."""
    words = re.sub(r"\s+width\s*=.*", "", line).split(maxsplit=2)
    if len(words) == 1:
        raise LineError(number, "expected an id after MOTIF")
    return words[1], words[-1]


def _matrix(
    block: Block, start: int, motif_id: str, following: str | None
) -> tuple[int, list[tuple[int, list[float]]]]:
    """Number of sites, and the rows of four numbers below the header of a matrix."""
    number, header = block.lines[start]
    fields = dict(re.findall(r"(\w+)\s*=\s*(\S+)", header))
    if (letters := _field(number, fields, "alength", 4)) != 4:
        raise LineError(number, f"expected the DNA alphabet of 4 letters, got alength= {letters}")
    width = _field(number, fields, "w", None)
    n_sites = _field(number, fields, "nsites", DEFAULT_N_SITES)
    rows: list[tuple[int, list[float]]] = []
    end = number
    for end, line in _rows(block.lines[start + 1 :]):
        if len(rows) == width:
            raise LineError(end, f"motif {motif_id}: expected w= {width} rows, got one more")
        try:
            words = number_words(line)
        except InputError as error:
            raise LineError(end, f"motif {motif_id}: {error}") from None
        row = to_numbers(words, end, f"motif {motif_id}")
        if len(row) != 4:
            raise LineError(end, f"motif {motif_id}: expected 4 columns (A C G T), got {len(row)}")
        rows.append((end, row))
    if not rows or (width is not None and len(rows) != width):
        after = next((line for number, line in block.lines if number > end), following)
        got = "the end of the file" if after is None else repr(after)
        expected = f"motif {motif_id}: expected {width or 'some'} rows of 4 probabilities"
        raise LineError(end + 1, f"{expected}, got {len(rows)} before {got}")
    return (n_sites if n_sites and n_sites > 0 else DEFAULT_N_SITES), rows


def _rows(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in lines:
        if not re.match(r"[-+]?(\d|\.\d|nan\b|inf\b)", line, re.IGNORECASE):
            return
        yield number, line


def _probabilities(number: int, row: list[float], motif_id: str) -> list[float]:
    total = sum(row)
    if not (all(0 <= p <= 1 for p in row) and abs(total - 1) <= MAX_SUM_ERROR):
        raise LineError(number, f"motif {motif_id}: expected probabilities that sum to 1, got {row}")
    return row if abs(total - 1) <= SUM_TOLERANCE else [p / total for p in row]


def _field(number: int, fields: dict[str, str], key: str, default: int | None) -> int | None:
    try:
        return int(float(fields[key])) if key in fields else default
    except (ValueError, OverflowError):
        raise LineError(number, f"expected a number after {key}=, got {fields[key]!r}") from None
