"""Motif files, which are read in any format and written in the MEME format."""

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import InputError
from motiflens.basics.files import write_bytes
from motiflens.basics.tables import Table
from motiflens.motifs.formats import ParsedFile, is_hdf5, parse_motifs, parse_patterns, read_text
from motiflens.motifs.matrices import SUM_TOLERANCE, Skipped
from motiflens.motifs.motif import Motif, MotifList

_UNIFORM = (0.25,) * 4


class MotifSet(MotifList):
    """The motifs of a file: a list with information on their origin.

    Attributes
    ----------
    format : str
        One of `formats.FORMATS`.
    background : four floats, or None
        Frequencies of A, C, G and T that the file gives.
    skipped : tuple of Skipped
        Motifs that could not be read: id, line, reason.
    log_odds : str
        Base of the logarithm if matrices were log-odds and were converted; else empty.
    """

    def __init__(
        self,
        motifs: Iterable[Motif],
        format: str,
        background: tuple[float, ...] | None = None,
        skipped: Sequence[Skipped] = (),
        log_odds: str = "",
    ) -> None:
        super().__init__(motifs)
        self.format = format
        self.background = background
        self.skipped = tuple(skipped)
        self.log_odds = log_odds

    def _table(self) -> Table:
        return super()._table()._replace(notes=self.notes())

    def notes(self) -> list[str]:
        """Notes on motifs that were skipped, and on log-odds that were converted."""
        found = []
        if self.skipped:
            n = len(self.skipped)
            reasons = "; ".join(f"{one.id}{_line(one.line)}: {one.reason}" for one in self.skipped[:3])
            more = f"; and {n - 3} more" if n > 3 else ""
            found.append(f"skipped {n} motif{'s' * (n > 1)} of {len(self) + n}: {reasons}{more}")
        if self.log_odds:
            found.append(f"converted {self.log_odds} log-odds to probabilities")
        return found


def _read(path: Path, format: str | None, *, strict: bool) -> ParsedFile:
    if format in (None, "modisco") and is_hdf5(path):
        return parse_patterns(path, strict=strict)
    return parse_motifs(read_text(path), str(path), format, strict=strict)


def _read_folder(folder: Path, format: str | None, *, strict: bool) -> ParsedFile:
    """The motifs of all files of a folder; a file without any counts as one motif that is skipped."""
    records, skipped, formats = [], [], set()
    files = sorted(one for one in folder.iterdir() if one.is_file() and one.name[0] != ".")
    for file in files:
        try:
            parsed = _read(file, format, strict=strict)
        except InputError as error:
            if strict:
                raise
            skipped.append(Skipped(file.name, 0, str(error).removeprefix(str(file)).lstrip(":, ")))
            continue
        records += parsed.records
        skipped += [Skipped(f"{file.name}: {one.id}", one.line, one.reason) for one in parsed.skipped]
        formats.add(parsed.format)
    if not records:
        reason = f": {skipped[0].id}: {skipped[0].reason}" if skipped else ""
        raise InputError(f"{folder}: expected a folder of motif files, none of {len(files)} files can be read{reason}")
    return ParsedFile(", ".join(sorted(formats)), records, skipped, None)


def _line(number: int) -> str:
    return f" (line {number})" if number else ""


@checks_arguments
def read_motifs(path: str | Path, format: str | None = None, strict: bool = False) -> MotifSet:
    """Read the motifs of a file, plain or gzip, in any of the formats of `formats.FORMATS`, or of a folder of files.

    The format is recognised. Counts become probabilities, column by column; the number of sites is the rounded mean of
    the column sums. It is 20 if a file has probabilities and no number of sites. Log-odds are recognised by negative
    scores, and converted if they give probabilities that sum to 1. Whether rows are bases or positions is decided by
    the format, by the other motifs of the file, or by the sums. A matrix for which none of these decides is refused.

    Parameters
    ----------
    path : str or Path
        A folder holds files of one motif each, as CIS-BP and HOCOMOCO are distributed.
    format : str, optional
        A name of `formats.FORMATS`, if the format should not be guessed.
    strict : bool
        Raise an error if any motif cannot be read. By default such motifs are skipped, and ``skipped`` has the reasons.

    Returns
    -------
    motifs : MotifSet

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the format is unknown or no motif can be read; if strict, if any cannot. The message has the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import motiflens as ml
    >>> path = Path(tempfile.mkdtemp()) / "gata.jaspar"
    >>> _ = path.write_text(">M1 GATA\\nA [0 9 0 9]\\nC [0 0 0 0]\\nG [9 0 0 0]\\nT [0 0 9 0]\\n")
    >>> len(ml.read_motifs(path))
    1
    """
    read = _read_folder if Path(path).is_dir() else _read
    parsed = read(Path(path), format, strict=strict)
    motifs = [Motif(record.id, record.name, record.pwm, record.n_sites) for record in parsed.records]
    scores = next((record.scores for record in parsed.records if record.scores), "")
    return MotifSet(motifs, parsed.format, parsed.background, parsed.skipped, scores)


def number_ids(motifs: Iterable[Motif]) -> tuple[list[Motif], dict[str, list[str]]]:
    """Make ids unique by numbers, and replace spaces by underscores, so that motifs can be written.

    Returns
    -------
    motifs : list of Motif
    renamed : dict
        The new ids of each id that occurs more than once.
    """
    motifs = list(motifs)
    ids = [re.sub(r"\s+", "_", motif.id.strip()) or "motif" for motif in motifs]
    counts, taken = Counter(ids), set(ids)
    renamed: dict[str, list[str]] = {}
    result = []
    for motif, motif_id in zip(motifs, ids, strict=True):
        new = motif_id
        if counts[motif_id] > 1:
            number = len(renamed.setdefault(motif_id, [])) + 1
            while (new := f"{motif_id}_{number}") in taken:
                number += 1
            taken.add(new)
            renamed[motif_id].append(new)
        result.append(motif if new == motif.id else Motif(new, motif.name, motif.pwm, motif.n_sites))
    return result, renamed


def write_meme(
    motifs: Iterable[Motif], path: str | Path, *, digits: int = 6, background: Sequence[float] | None = None
) -> None:
    """Write motifs in the minimal MEME format, compressed if the path ends in .gz.

    Reading the file returns exactly the printed digits. If rounding would change the sum of a row so much that readers
    rescale it, the difference is added to the entries with the largest remainders.

    Parameters
    ----------
    motifs : iterable of Motif
    path : str or Path
    digits : int
        After the decimal point.
    background : four floats, optional
        Frequencies of A, C, G and T to write; by default those that a `MotifSet` has, else 0.25.

    Raises
    ------
    ValueError
        If there is no motif; an id is empty, has a space or occurs twice; a name has a line break; the background is
        not four frequencies that sum to 1; or `digits` is not in 1 to 15.
    """
    if background is None:
        background = getattr(motifs, "background", None) or _UNIFORM
    motifs = list(motifs)
    if not motifs:
        raise InputError("expected at least one motif, got none: readers refuse an empty MEME file")
    if not 1 <= digits <= 15:
        raise InputError(f"digits must be 1 to 15, got {digits}")
    if len(background) != 4 or min(background) < 0 or abs(sum(background) - 1) > 1e-3:
        raise InputError(f"expected a background of four frequencies that sum to 1, got {tuple(background)}")
    seen: set[str] = set()
    for motif in motifs:
        if not re.fullmatch(r"\S+", motif.id) or len(motif.name.splitlines()) > 1:
            raise InputError(f"expected an id without spaces and a name on one line, got {motif}")
        if motif.id in seen:
            raise InputError(f"expected unique ids, got {motif.id!r} twice: MEME programs drop the second")
        seen.add(motif.id)
    frequencies = " ".join(f"{base} {value:.6g}" for base, value in zip("ACGT", background, strict=True))
    header = f"MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n{frequencies}\n"
    data = (header + "".join(_meme_block(motif, digits) for motif in motifs)).encode()
    write_bytes(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data, path)


def _meme_block(motif: Motif, digits: int) -> str:
    rows = _round_rows(motif.pwm.T, digits)
    return (
        f"\nMOTIF {motif.id} {motif.name}".rstrip()
        + f"\nletter-probability matrix: alength= 4 w= {motif.width} nsites= {motif.n_sites} E= 0\n"
        + "".join(" ".join(f"{p:.{digits}f}" for p in row) + "\n" for row in rows)
    )


def _round_rows(rows: np.ndarray, digits: int) -> np.ndarray:
    """Round probabilities, shape=(width, 4); rows pushed off 1 so far that readers rescale sum to 1 again."""
    scale = 10**digits
    rounded = np.round(rows * scale)
    for row in np.flatnonzero(np.abs(rounded.sum(axis=1) / scale - 1) > SUM_TOLERANCE / 2):
        exact = rows[row] / rows[row].sum() * scale
        rounded[row] = np.floor(exact)
        missing = round(scale - rounded[row].sum())
        rounded[row, np.argsort(rounded[row] - exact, kind="stable")[:missing]] += 1
    return rounded / scale
