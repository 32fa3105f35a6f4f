"""Recognise the format of a motif file, and parse it."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from motiflens.basics.choices import check_choice
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.file_kinds import kind_of_bytes
from motiflens.basics.files import open_bytes
from motiflens.basics.tables import by_fields
from motiflens.motifs.matrices import Block, EitherWayError, LineError, MotifRecord, Orientation, Skipped
from motiflens.motifs.matrix_formats import (
    block_orientation,
    common_orientation,
    headed_blocks,
    is_row,
    matrix_motif,
    plain_blocks,
)
from motiflens.motifs.matrix_names import header_names, is_homer_header, title_names
from motiflens.motifs.meme_format import meme_background, meme_blocks, meme_motif
from motiflens.motifs.other_formats import is_json, json_blocks, modisco_patterns
from motiflens.motifs.table_formats import (
    is_table_header,
    is_transfac_header,
    table_blocks,
    table_motif,
    transfac_blocks,
    transfac_motif,
)

#: What is read, and how one knows it.
FORMATS = {
    "meme": "MEME: minimal format, or the text output of MEME and STREME; 'MOTIF id name'",
    "jaspar": "JASPAR: '>id name', then a row for each base, with or without letters and brackets",
    "homer": "HOMER: '>consensus name threshold ...' between tabs, then a row for each position",
    "hocomoco": "HOCOMOCO (counts or log-odds), ENCODE: '>id', then a row for each position, also with its consensus",
    "hocomoco-json": "HOCOMOCO 12 and later: an object with 'name' and 'pcm' on each line, or a list of them",
    "gimme": "gimmemotifs: as hocomoco, with comments after '#'",
    "cluster-buster": "Cluster-Buster: as hocomoco",
    "cis-bp": "CIS-BP, and tables (CSV, too) with a header 'Pos A C G T' or 'A C G T', then a row for each position",
    "transfac": "TRANSFAC (also of JASPAR, STAMP, RSAT): 'AC', 'ID', 'P0 A C G T', '//'",
    "uniprobe": "UniPROBE: a line with the name, then rows 'A:', 'C:', 'G:', 'T:'",
    "plain": "four rows of numbers (A C G T), or a row of four numbers for each position, without a name",
    "modisco": "TF-MoDISco: the HDF5 file with its patterns",
}

_POSITIONS = ("homer", "hocomoco", "gimme", "cluster-buster")


@by_fields
class ParsedFile(NamedTuple):
    """The content of a file."""

    format: str
    records: list[MotifRecord]
    skipped: list[Skipped]
    background: tuple[float, ...] | None  # of A, C, G and T


def read_text(path: Path) -> str:
    """Return the text of a plain or gzip file, whatever its name says.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_bytes`, and if it holds no text.
    """
    with open_bytes(path) as file:
        data = file.read()
    kind = kind_of_bytes(data[:16])
    if kind or b"\0" in data[:4096]:
        raise InputError(f"{path}: expected a motif file, which is text, got {kind or 'a binary file'}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")  # as Windows writes accents, in names and comments


def is_hdf5(path: Path) -> bool:
    """Say whether a file begins as HDF5 does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


def parse_motifs(text: str, source: str, format: str | None = None, *, strict: bool = False) -> ParsedFile:
    """Parse the text of a motif file.

    Parameters
    ----------
    text : str
    source : str
        Name of the file in messages; its stem is the id of a matrix without a name.
    format : str, optional
        One of `FORMATS`; recognised if it is not given.
    strict : bool
        Raise an error if any motif cannot be read, instead of skipping it.

    Raises
    ------
    ValueError
        If the format is unknown, or no motif can be read; if strict, if any cannot. The message has the line.
    """
    if format is not None:
        check_choice("format", format, list(FORMATS))
        if format == "modisco":
            raise InputError(f"{source}: expected an HDF5 file of TF-MoDISco, got text")
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    chosen = format or detect_format(lines, source)
    stem = Path(source).name.split(".gz")[0].rpartition(".")[0] or Path(source).name
    try:
        # In a file whose format was not named, four rows of four numbers may be either, and may have to be asked about.
        entries_of = _headed if format is None and chosen in ("jaspar", "hocomoco") else _ENTRIES[chosen]
        background, entries = entries_of(_without_comments(lines, chosen), stem)
    except LineError as error:
        raise InputError(f"{source}, {error}") from None
    records, skipped = _read_all(entries, source, strict=strict)
    if not records:
        raise InputError(_nothing(source, chosen, bool(text.strip())))
    return ParsedFile(chosen, records, skipped, background)


def parse_patterns(path: Path, *, strict: bool = False) -> ParsedFile:
    """Read the patterns of TF-MoDISco's HDF5 file.

    Raises
    ------
    ValueError
        If it is another file or no pattern can be read; if strict, if any cannot.
    """
    entries = [(Block([(0, name)]), read) for name, read in modisco_patterns(path)]
    return ParsedFile("modisco", *_read_all(entries, str(path), strict=strict), None)


def _read_all(entries: list["_Entry"], source: str, *, strict: bool) -> tuple[list[MotifRecord], list[Skipped]]:
    """The motifs that can be read, and why others cannot."""
    records: list[MotifRecord] = []
    skipped: list[Skipped] = []
    for block, read in entries:
        try:
            records.append(read())
        except EitherWayError as error:
            raise ArgumentError(
                f"{source}, {error}",
                "say {jaspar} or {hocomoco}",
                jaspar=('format="jaspar"', "--format jaspar"),
                hocomoco=('format="hocomoco"', "--format hocomoco"),
            ) from None
        except LineError as error:
            if strict:
                raise InputError(f"{source}, {error}") from None
            skipped.append(Skipped(_id_of(block, error), error.line, re.sub(r"^motif \S+: ", "", error.message)))
    if skipped and not records:
        first = skipped[0]
        more = f" (and {len(skipped) - 1} more motifs that cannot be read)" if len(skipped) > 1 else ""
        where = f", line {first.line}" if first.line else ""
        raise InputError(f"{source}{where}: motif {first.id}: {first.reason}{more}")
    return records, skipped


def detect_format(lines: list[tuple[int, str]], source: str) -> str:
    """Name the format of the stripped lines of a file.

    Raises
    ------
    ValueError
        If it is none of them; the message says what it looks like, and which formats there are.
    """
    full = [line for _, line in lines if line]
    body = [line for line in full if not line.startswith(("#", ";"))]
    if not full:
        raise InputError(f"{source}: expected motifs, got an empty file")
    if any(re.match(r"MEME version|MOTIF(\s|$)", line) for line in body):
        return "meme"
    if is_json(full[0]):
        return "hocomoco-json"
    if any(map(is_transfac_header, body)) or re.match(r"(VV|AC|ID|NA|DE)\s", body[0] if body else ""):
        return "transfac"
    if body and body[0].startswith(">"):
        return _detect_headed(lines, body, source)
    if any(map(is_table_header, full)):
        return "cis-bp"
    if sum(map(is_row, body)) >= 4 or (body and all(map(is_row, body))):
        return "uniprobe" if any(re.match(r"[ACGT]\s*:", line) for line in body) else "plain"
    if full[0].startswith("<?xml"):
        raise InputError(
            f"{source}: expected motifs as text, got XML: MEME and STREME write the same motifs as text beside it, "
            "as meme.txt or streme.txt"
        )
    kind = "a web page" if full[0].startswith("<") else repr(full[0][:60])
    raise InputError(f"{source}: expected motifs in one of the formats {', '.join(FORMATS)}, got {kind}")


def _detect_headed(lines: list[tuple[int, str]], body: list[str], source: str) -> str:
    if all(map(is_homer_header, (line for line in body if line.startswith(">")))):
        return "homer"
    rows = [line for line in body if not line.startswith(">")]
    if rows and all(re.fullmatch(r"[ACGTNacgtn]{2,}", line) for line in rows):
        raise InputError(f"{source}: expected matrices, got sequences (FASTA)")
    blocks = headed_blocks([one for one in _without_comments(lines, "") if one[1]])
    return "hocomoco" if common_orientation(blocks) == "positions" else "jaspar"


_Entry = tuple[Block, Callable[[], MotifRecord]]
_Entries = tuple[tuple[float, ...] | None, list[_Entry]]


def _meme(lines: list[tuple[int, str]], stem: str) -> _Entries:
    header, blocks = meme_blocks([one for one in lines if one[1]])
    background = meme_background(header)
    following = [block.lines[0][1] for block in blocks[1:]] + [None]
    pairs = zip(blocks, following, strict=False)  # without a block there is no end of the last either
    return background, [(block, partial(meme_motif, block, background, after)) for block, after in pairs]


def _headed(lines: list[tuple[int, str]], stem: str, rows_are: Orientation | None = None) -> _Entries:
    blocks = headed_blocks([one for one in lines if one[1]])
    return None, _oriented(blocks, [partial(header_names, block) for block in blocks], rows_are)


def _jaspar(lines: list[tuple[int, str]], stem: str) -> _Entries:
    return _headed(lines, stem, "bases")


def _positions(lines: list[tuple[int, str]], stem: str) -> _Entries:
    return _headed(lines, stem, "positions")


def _plain(lines: list[tuple[int, str]], stem: str) -> _Entries:
    blocks = plain_blocks(lines)
    stems = [stem if len(blocks) == 1 else f"{stem}_{i + 1}" for i in range(len(blocks))]
    return None, _oriented(blocks, [partial(title_names, *pair) for pair in zip(blocks, stems, strict=True)], None)


def _oriented(
    blocks: list[Block], named: Sequence[Callable[[], tuple[str, str]]], rows_are: Orientation | None
) -> list[_Entry]:
    """Entries whose rows are what the format says, or else what their shape says, or else what those of others are."""
    common = rows_are or common_orientation(blocks)
    entries: list[_Entry] = []
    for block, names in zip(blocks, named, strict=True):
        own = rows_are or block_orientation(block, by_sums=False) or common
        entries.append((block, partial(_named_motif, block, names, own)))
    return entries


def _named_motif(block: Block, names: Callable[[], tuple[str, str]], rows_are: Orientation | None) -> MotifRecord:
    return matrix_motif(block, names(), rows_are)


def _transfac(lines: list[tuple[int, str]], stem: str) -> _Entries:
    return None, [(block, partial(transfac_motif, block, stem)) for block in transfac_blocks(lines)]


def _json(lines: list[tuple[int, str]], stem: str) -> _Entries:
    return None, json_blocks(lines)


def _table(lines: list[tuple[int, str]], stem: str) -> _Entries:
    return None, [(block, partial(table_motif, block, stem)) for block in table_blocks(lines)]


_ENTRIES: dict[str, Callable[[list[tuple[int, str]], str], _Entries]] = {
    "meme": _meme,
    "jaspar": _jaspar,
    **dict.fromkeys(_POSITIONS, _positions),
    "cis-bp": _table,
    "hocomoco-json": _json,
    "transfac": _transfac,
    **dict.fromkeys(("uniprobe", "plain"), _plain),
}


def _without_comments(lines: list[tuple[int, str]], format: str) -> list[tuple[int, str]]:
    """Lines without comments; of a table they may be its header."""
    if format in ("meme", "transfac", "hocomoco-json"):
        return lines
    return [(number, line) for number, line in lines if not line.startswith(("#", ";")) or is_table_header(line)]


def _id_of(block: Block, error: LineError) -> str:
    named = re.match(r"(?:expected the matrix of )?motif (\S+?)[:,]?\s", error.message + " ")
    if named:
        return named[1]
    words = block.lines[0][1].lstrip(">").removeprefix("MOTIF").split()
    return words[0] if words else "(no id)"


def _nothing(source: str, format: str, has_text: bool) -> str:
    if format == "meme":
        return f"{source}: expected motifs in MEME format, got no MOTIF line"
    return f"{source}: expected motifs in the format {format}, got {'none' if has_text else 'an empty file'}"
