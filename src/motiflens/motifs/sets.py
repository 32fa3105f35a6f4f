"""Motifs: JASPAR releases by name, MEME and JASPAR files by path.

A motif is a matrix of base probabilities: rows ACGT, columns the positions.
"""

import difflib
import gzip
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, resources
from pathlib import Path

import numpy as np

from motiflens.basics.errors import InputError, MissingFileError, MissingPackageError
from motiflens.basics.metrics import information_content
from motiflens.motifs.formats import DEFAULT_N_SITES, SUM_TOLERANCE, counts_to_pwm, parse_jaspar, parse_meme, read_text

PACKAGED = ("JASPAR2016-vertebrates", "JASPAR2020")
JASPAR_RELEASES = (2014, 2016, 2018, 2020, 2022, 2024, 2026)
JASPAR_TAXA = (
    "cnidaria", "diatoms", "dictyostelium", "fungi", "insects", "nematodes", "oomycota", "plants",
    "protozoa", "trematodes", "urochordates", "vertebrates",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif as base probabilities.

    Parameters
    ----------
    id : str
        Accession with version where there is one, such as ``"MA0079.3"``.
    name : str
        Usually the factor, such as ``"SP1"``.
    pwm : np.ndarray, shape=(4, width)
        Base probabilities, rows ACGT; each column sums to 1 (within 1e-5). Kept as a read-only float64 copy.
    n_sites : int
        Number of sites that the matrix was made from; 20 where unknown.

    Raises
    ------
    ValueError
        If pwm has another shape, a negative value or a column that does not sum to 1, or n_sites is below 1.
    """

    id: str
    name: str
    pwm: np.ndarray
    n_sites: int = DEFAULT_N_SITES

    def __post_init__(self) -> None:
        pwm = np.array(self.pwm, dtype=np.float64)
        if pwm.ndim != 2 or pwm.shape[0] != 4 or pwm.shape[1] == 0:
            hint = "; transpose it" if pwm.ndim == 2 and pwm.shape[1] == 4 else ""
            raise InputError(f"motif {self.id}: expected pwm of shape (4, width), got {pwm.shape}{hint}")
        # The slack lets pass what a file with six decimals has right at the tolerance.
        fits = (np.abs(pwm.sum(axis=0) - 1) <= 1.1 * SUM_TOLERANCE) & (pwm >= 0).all(axis=0)
        if not fits.all():
            column = int(fits.argmin())
            raise InputError(
                f"motif {self.id}: expected columns of probabilities that sum to 1, "
                f"got {pwm[:, column].tolist()} in column {column}; normalise first"
            )
        if self.n_sites < 1:
            raise InputError(f"motif {self.id}: n_sites must be at least 1, got {self.n_sites}")
        pwm.setflags(write=False)
        object.__setattr__(self, "pwm", pwm)

    def __repr__(self) -> str:
        return f"Motif({self.id!r}, {self.name!r}, width={self.width}, n_sites={self.n_sites})"

    @property
    def width(self) -> int:
        """Number of positions."""
        return int(self.pwm.shape[1])

    def reverse_complement(self) -> "Motif":
        """Return the same motif read from the other strand: id, name and number of sites stay."""
        return Motif(self.id, self.name, self.pwm[::-1, ::-1], self.n_sites)


def distinct_names(motifs: Sequence[Motif]) -> list[str]:
    """Names of motifs, with the id beside where several have one name, or the id where there is none."""
    names = Counter(motif.name for motif in motifs)
    return [
        motif.id if not motif.name else motif.name if names[motif.name] == 1 else f"{motif.name} ({motif.id})"
        for motif in motifs
    ]


def load_motifs(name_or_path: str | Path) -> list[Motif]:
    """Load a set of motifs by the name of a JASPAR release, or from a file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"JASPAR2016-vertebrates"`` (CORE, latest version of each: 519) and ``"JASPAR2020"`` (CORE, all taxa,
        all versions: 1,964) come with the package. Any other release is read through pyjaspar, by the same
        rule: ``"JASPAR2024"`` is CORE with all taxa and all versions, ``"JASPAR2024-plants"`` the latest
        version of each matrix of one taxon. Anything else is the path of a MEME or JASPAR file, plain or gz.

    Returns
    -------
    motifs : list of Motif
        A list of your own: changing it changes no later call.

    Raises
    ------
    ValueError
        If a name is unknown (close ones are listed) or a file is malformed (with the line).
    FileNotFoundError
        If a path does not exist.
    ImportError
        If a release needs pyjaspar and it is not installed.
    """
    name = str(name_or_path)
    if name in PACKAGED:
        return list(_from_package(name))
    release = re.fullmatch(r"JASPAR(\d{4})(?:-(\w+))?", name)
    if release and int(release[1]) in JASPAR_RELEASES and release[2] in (None, *JASPAR_TAXA):
        return list(_from_pyjaspar(name, release[2]))
    path = Path(name_or_path)
    if path.exists():
        text = read_text(path)
        return _to_motifs((parse_jaspar if text.lstrip().startswith(">") else parse_meme)(text, name))
    if isinstance(name_or_path, Path) or re.search(r"[/\\]|\.\w+$", name):
        raise MissingFileError(f"no motif file at {name}")
    releases = [f"JASPAR{year}" for year in JASPAR_RELEASES]
    known = releases + [f"{one}-{taxon}" for one in releases for taxon in JASPAR_TAXA]
    raise InputError(f"unknown motif set {name!r}{_close(name, known)}; or give the path of a motif file")


def select_motifs(motifs: Iterable[Motif], ids: Sequence[str]) -> list[Motif]:
    """Pick motifs by id, in the order of ids.

    Raises
    ------
    ValueError
        If an id is not there (close ids, or the ids of the motifs of that name, are listed) or is ambiguous.
    """
    by_id: dict[str, list[Motif]] = {}
    ids_of_name: dict[str, list[str]] = {}
    for motif in motifs:
        by_id.setdefault(motif.id, []).append(motif)
        ids_of_name.setdefault(motif.name.lower(), []).append(motif.id)
    for wanted in ids:
        if wanted not in by_id:
            named = ids_of_name.get(wanted.lower())
            hint = f"; the id of that name is {', '.join(named)}" if named else _close(wanted, by_id)
            raise InputError(f"no motif with id {wanted!r} among {len(by_id)}{hint}")
        if len(by_id[wanted]) > 1:
            raise InputError(f"expected unique ids, got {len(by_id[wanted])} motifs with id {wanted!r}")
    return [by_id[wanted][0] for wanted in ids]


def trim_pwm(pwm: np.ndarray, threshold: float = 0.5, pad: int = 3) -> np.ndarray:
    """Cut uninformative flanks: keep the first to the last position above threshold, and pad more each side.

    Ghotra et al. 2021, filter analysis. A matrix without any position above the threshold stays whole.

    Parameters
    ----------
    pwm : np.ndarray, shape=(4, width)
        Base probabilities.
    threshold : float
        Bits; a position counts if its information is greater.
    pad : int
        Positions kept beyond, as far as there are any.

    Returns
    -------
    trimmed : np.ndarray, shape=(4, new_width)
        A view of pwm.

    Raises
    ------
    ValueError
        If pad is negative or pwm is no matrix of probabilities.
    """
    if pad < 0:
        raise InputError(f"pad must be 0 or more, got {pad}")
    informative = np.flatnonzero(information_content(pwm, axis=0) > threshold)
    if informative.size == 0:
        return pwm
    return pwm[:, max(informative[0] - pad, 0) : informative[-1] + pad + 1]


def read_meme(path: str | Path) -> list[Motif]:
    """Read every motif of a MEME file (minimal format, or the text output of MEME and STREME), plain or gz.

    A motif without nsites gets 20. Rows that miss 1 by more than 1e-5 (and at most 0.1) are normalised.

    Raises
    ------
    ValueError
        With the line: a truncated or over-long matrix, a value that is no probability, a wrong number of
        columns, another alphabet than DNA, a motif without matrix; or a file without motif.
    """
    return _to_motifs(parse_meme(read_text(Path(path)), str(path)))


def read_jaspar(path: str | Path) -> list[Motif]:
    """Read every motif of a JASPAR file of counts (``>id name`` and four rows), plain or gz.

    Columns are normalised each by its own sum; n_sites is the mean of these sums, rounded.

    Raises
    ------
    ValueError
        With the line: a missing row or header, rows of unequal length, a value that is no count, a column
        of zeros; or a file without motif.
    """
    return _to_motifs(parse_jaspar(read_text(Path(path)), str(path)))


def write_meme(path: str | Path, motifs: Iterable[Motif], *, digits: int = 6) -> None:
    """Write motifs in MEME's minimal format, compressed if the path ends in .gz.

    Reading the file gives back exactly the printed digits: where rounding to few digits would move the sum
    of a row so far that readers rescale it, the entries with the largest remainders take the difference.

    Raises
    ------
    ValueError
        If there is no motif, an id is empty, has a space or occurs twice, a name has a line break, or digits
        is not in 1 to 15.
    """
    motifs = list(motifs)
    if not motifs:
        raise InputError("expected at least one motif, got none: readers refuse an empty MEME file")
    if not 1 <= digits <= 15:
        raise InputError(f"digits must be 1 to 15, got {digits}")
    seen: set[str] = set()
    for motif in motifs:
        if not re.fullmatch(r"\S+", motif.id) or len(motif.name.splitlines()) > 1:
            raise InputError(f"expected an id without spaces and a name on one line, got {motif}")
        if motif.id in seen:
            raise InputError(f"expected unique ids, got {motif.id!r} twice: MEME programs drop the second")
        seen.add(motif.id)
    background = "Background letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"
    header = f"MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n{background}"
    data = (header + "".join(_meme_block(motif, digits) for motif in motifs)).encode()
    Path(path).write_bytes(gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)


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


def _to_motifs(records: Iterable[tuple[str, str, np.ndarray, int]]) -> list[Motif]:
    return [Motif(*record) for record in records]


@lru_cache
def _from_package(name: str) -> tuple[Motif, ...]:
    with resources.as_file(resources.files("motiflens") / "resources" / f"{name}.jaspar.gz") as path:
        return tuple(_as_printed(motif) for motif in read_jaspar(path))


@lru_cache
def _from_pyjaspar(name: str, taxon: str | None) -> tuple[Motif, ...]:
    try:
        pyjaspar = import_module("pyjaspar")
    except ImportError as error:
        raise MissingPackageError(f"{name} is read by pyjaspar: pip install 'motiflens[jaspar]'") from error
    release = name.partition("-")[0]
    if release not in pyjaspar.jaspar_releases:  # pyjaspar itself would print, and go on without a database
        offered = ", ".join(sorted(pyjaspar.jaspar_releases))
        raise InputError(f"the installed pyjaspar has no {release}, only {offered}; upgrade it")
    database = pyjaspar.jaspardb(release=release)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where nothing is found, which is an error here
            found = database.fetch_motifs(collection="CORE", tax_group=taxon, all_versions=taxon is None)
    finally:
        database.conn.close()
    if not found:
        raise InputError(f"{release} has no CORE matrix of taxon {taxon!r}")
    return tuple(
        _as_printed(
            Motif(motif.matrix_id, motif.name, *counts_to_pwm(np.array([motif.counts[base] for base in "ACGT"])))
        )
        for motif in found
    )


def _as_printed(motif: Motif) -> Motif:
    """Round to the six digits of a MEME file: TomTom on the set then equals the program on the set's MEME file.

    Its scores are binned, so that a difference in the seventh digit can move a p-value by percents.
    """
    return Motif(motif.id, motif.name, motif.pwm.round(6), motif.n_sites)


def _close(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest names, or nothing."""
    spelt = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), list(spelt), n=5)
    return f"; close: {', '.join(spelt[one] for one in close)}" if close else ""
