"""Formats whose columns are named: TRANSFAC (and STAMP, RSAT), CIS-BP, and any table with a header A C G T.

TRANSFAC: https://meme-suite.org/meme/doc/transfac-format.html. CIS-BP: http://cisbp.ccbr.utoronto.ca.
"""

import re
from itertools import pairwise

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.motifs.matrices import RNA, Block, LineError, MotifRecord, number_words, to_numbers, to_record

_TRANSFAC_HEADER = re.compile(r"P[0O]\s+[A-Z](\s+[A-Z]){3}\s*$", re.IGNORECASE)
_TABLE_HEADER = re.compile(r"([\w#.]{2,}\s+|#\s*|\d\s+)?[A-Z](\s+[A-Z]){3}", re.IGNORECASE)
_FIELD = re.compile(r"([A-Z]{2})(?:\s+(.*))?$")
_CISBP_FIELD = re.compile(r"(TF Name|TF|Gene|Motif|Family|Species)\t(.*)$")


def is_transfac_header(line: str) -> bool:
    """Say whether a line names the columns of a TRANSFAC matrix."""
    return _TRANSFAC_HEADER.match(line) is not None


def is_table_header(line: str) -> bool:
    """Say whether a line names four columns, with or without one for the position before them."""
    return not is_transfac_header(line) and _TABLE_HEADER.fullmatch(" ".join(_columns(line))) is not None


def _columns(line: str) -> list[str]:
    """Names in a header, between tabs, spaces, commas or semicolons, without quotes."""
    return re.sub(r"[,;]", " ", line.replace('"', "")).split()


def transfac_blocks(lines: list[tuple[int, str]]) -> list[Block]:
    """Split lines into entries, which end with ``//``; other lines, such as the version at the top, are ignored.

    Without ``//``, as in STAMP's files, a second matrix or a field of names begins the next entry.
    """
    blocks: list[Block] = [Block([])]
    for number, line in lines:
        if line.startswith("//") or _begins_anew(line, blocks[-1]):
            blocks.append(Block([]))
        if line and not line.startswith(("XX", "//")):
            blocks[-1].lines.append((number, line))
    return [block for block in blocks if block.lines and not block.lines[0][1].startswith("VV")]


def _begins_anew(line: str, block: Block) -> bool:
    """Say whether a line has what the block has already: an id or a name below a matrix, or the head of a matrix."""
    keys = [text.split(maxsplit=1)[0] for _, text in block.lines]
    if is_transfac_header(line):
        return any(is_transfac_header(text) for _, text in block.lines)
    key = line.split(maxsplit=1)[0] if line else ""
    return key in ("AC", "ID", "NA", "DE") and key in keys and any(re.match(r"\d+\s", text) for _, text in block.lines)


def transfac_motif(block: Block, stem: str) -> MotifRecord:
    """The motif of an entry: AC (else ID, NA, DE) is its id, NA (else ID, DE) its name.

    Raises
    ------
    LineError
        If there is no matrix, a column has no name, or a value is not a number.
    """
    fields: dict[str, str] = {}
    for _, line in block.lines:
        if (found := _FIELD.match(line)) and found[2]:
            fields.setdefault(found[1], found[2].strip())
    given = [fields[key] for key in ("AC", "ID", "NA", "DE") if key in fields]
    motif_id = given[0].split()[0] if given else stem
    name = next((fields[key] for key in ("NA", "ID", "DE") if key in fields), motif_id)
    letters, start = "ACGT", -1
    for i, (number, line) in enumerate(block.lines):
        if is_transfac_header(line):
            letters, start = _letters(line.split()[1:], number, motif_id), i
    rows = [
        (number, _words(line, number, motif_id)[1:5])
        for number, line in block.lines[start + 1 :]
        if re.match(r"\d+\s+[-+.\d]", line)
    ]
    return _from_rows(block, motif_id, name, letters, rows)


def table_blocks(lines: list[tuple[int, str]]) -> list[Block]:
    """Split lines into tables, each of which begins with a header and the lines of names (CIS-BP) above it."""
    blocks: list[Block] = []
    above: list[tuple[int, str]] = []
    for number, line in lines:
        field = _CISBP_FIELD.match(line)
        if field is not None and any(text.startswith(field[1] + "\t") for _, text in above):
            blocks.append(Block(above))  # fields of a motif without a matrix
            above = []
        if is_table_header(line):
            blocks.append(Block([*above, (number, line)]))
            above = []
        elif blocks and not above and re.match(r'"?[-+.\d]', line):
            blocks[-1].lines.append((number, line))
        elif line:
            above.append((number, line))
    return [*blocks, *([Block(above)] if any(map(_CISBP_FIELD.match, (line for _, line in above))) else [])]


def table_motif(block: Block, stem: str) -> MotifRecord:
    """The motif of a table; its id is CIS-BP's ``Motif``, the line above it, or the file's name.

    Raises
    ------
    LineError
        If there is no position, a column has no name, or a value is not a number.
    """
    start = next((i for i, (_, line) in enumerate(block.lines) if is_table_header(line)), len(block.lines))
    above = [line for _, line in block.lines[:start]]
    fields = {found[1]: found[2].strip() for line in above if (found := _CISBP_FIELD.match(line))}
    if fields:
        motif_id, name = fields.get("Motif", fields.get("TF", stem)), fields.get("TF Name", fields.get("TF", stem))
    else:
        words = above[-1].lstrip("#>; \t").split(maxsplit=1) if above else []
        motif_id, name = (words[0], words[-1]) if words else (stem, stem)
    if start == len(block.lines):
        raise LineError(block.last, f"motif {motif_id}: expected a matrix below the names, got none")
    number, header = block.lines[start]
    letters = _letters([name for name in _columns(header) if len(name) == 1 and name.isalpha()][-4:], number, motif_id)
    rows = [(number, _words(line, number, motif_id)) for number, line in block.lines[start + 1 :]]
    has_position = len(_columns(header)) == 5 or _have_positions([words for _, words in rows])
    rows = [(number, words[has_position:]) for number, words in rows]
    return _from_rows(block, motif_id, name, letters, rows)


def _words(line: str, number: int, motif_id: str) -> list[str]:
    try:
        return number_words(line)
    except InputError as error:
        raise LineError(number, f"motif {motif_id}: {error}") from None


def _have_positions(rows: list[list[str]]) -> bool:
    """Say whether rows of five numbers begin with whole ones that rise, as those of positions do."""
    if not rows or not all(len(row) == 5 and row[0].isdecimal() for row in rows):
        return False
    return all(int(after[0]) > int(before[0]) for before, after in pairwise(rows))


def _letters(words: list[str], number: int, motif_id: str) -> str:
    letters = "".join(words[:4]).upper()
    if sorted(letters) != list("ACGT"):
        advice = RNA if sorted(letters) == list("ACGU") else ""
        raise LineError(number, f"motif {motif_id}: expected columns A C G T, got {' '.join(words[:4])}{advice}")
    return letters


def _from_rows(block: Block, motif_id: str, name: str, letters: str, rows: list[tuple[int, list[str]]]) -> MotifRecord:
    if not rows:
        raise LineError(block.last, f"motif {motif_id}: expected a row for each position, got none")
    values = []
    for number, words in rows:
        row = to_numbers(words, number, f"motif {motif_id}")
        if len(row) != 4:
            raise LineError(number, f"motif {motif_id}: expected 4 numbers ({' '.join(letters)}), got {len(row)}")
        values.append(row)
    matrix = np.array(values).T[[letters.index(base) for base in "ACGT"]]  # 4, width
    try:
        return to_record(motif_id, name, matrix)
    except InputError as error:
        raise LineError(block.first, f"motif {motif_id}: {error}") from None
