"""Motif sets: JASPAR releases by name, files of any motif format by path."""

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module, resources
from pathlib import Path

import numpy as np

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.choices import close_hint
from motiflens.basics.errors import InputError, MissingFileError, MissingPackageError, warn
from motiflens.motifs.files import MotifSet, number_ids, read_motifs, write_meme
from motiflens.motifs.matrices import counts_to_pwm
from motiflens.motifs.motif import Motif, MotifList, distinct_names, select_motifs, trim_pwm

__all__ = [
    "Motif",
    "MotifSet",
    "distinct_names",
    "load_motifs",
    "named_motifs",
    "number_ids",
    "read_motifs",
    "select_motifs",
    "trim_pwm",
    "write_meme",
]

#: The taxa of JASPAR 2026 that come with the package.
TAXA = ("vertebrates", "plants", "insects", "fungi", "nematodes")
#: What filters and motifs are compared with unless another set is named.
DEFAULT_SET = "JASPAR2026-vertebrates"
PACKAGED = ("JASPAR2016-vertebrates", "JASPAR2020", *(f"JASPAR2026-{taxon}" for taxon in TAXA))
JASPAR_RELEASES = (2014, 2016, 2018, 2020, 2022, 2024, 2026)
JASPAR_TAXA = (
    "cnidaria", "diatoms", "dictyostelium", "fungi", "insects", "nematodes", "oomycota", "plants",
    "protozoa", "trematodes", "urochordates", "vertebrates",
)  # fmt: skip


@checks_arguments
def load_motifs(name_or_path: str | Path) -> MotifList:
    """Load a set of motifs by the name of a JASPAR release, or from a file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"JASPAR2016-vertebrates"`` (CORE, latest versions, 519 motifs) and ``"JASPAR2020"`` (CORE, all taxa, all
        versions: 1,964) come with the package, and of JASPAR 2026 the latest CORE versions of five taxa:
        ``"JASPAR2026-vertebrates"``, ``-plants``, ``-insects``, ``-fungi`` and ``-nematodes``. Any other release is
        read by pyjaspar: ``"JASPAR2024"`` is CORE with all taxa and all versions, ``"JASPAR2024-plants"`` the latest
        version of each matrix of one taxon. Anything else is the path of a motif file, which :func:`read_motifs` reads;
        a warning names motifs that are skipped.

    Returns
    -------
    motifs : MotifList
        A new list; changing it does not affect later calls.

    Raises
    ------
    ValueError
        If a name is unknown (similar names are listed) or no motif of a file can be read (with the line).
    FileNotFoundError
        If a path does not exist.
    ImportError
        If a release needs pyjaspar and it is not installed.

    Examples
    --------
    >>> import motiflens as ml
    >>> motifs = ml.load_motifs("JASPAR2016-vertebrates")
    >>> len(motifs), motifs[0].id
    (519, 'MA0004.1')
    """
    name = str(name_or_path)
    if name in PACKAGED:
        return MotifList(_from_package(name))
    release = re.fullmatch(r"JASPAR(\d{4})(?:-(\w+))?", name)
    if release and int(release[1]) in JASPAR_RELEASES and release[2] in (None, *JASPAR_TAXA):
        return MotifList(_from_pyjaspar(name, release[2]))
    path = Path(name_or_path)
    if path.exists():
        found = read_motifs(path)
        for note in found.notes():
            warn(f"{name}: {note}")
        return found
    if isinstance(name_or_path, Path) or re.search(r"[/\\]|\.\w+$", name):
        raise MissingFileError(f"no motif file at {name}")
    releases = [f"JASPAR{year}" for year in JASPAR_RELEASES]
    known = releases + [f"{one}-{taxon}" for one in releases for taxon in JASPAR_TAXA]
    raise InputError(f"unknown motif set {name!r}{close_hint(name, known)}; or give the path of a motif file")


def named_motifs(wanted: str | Sequence[Motif], database: Sequence[Motif]) -> list[Motif]:
    """Motifs that a user names: a file, a packaged set, names or ids in a database separated by commas, or motifs.

    If several motifs have the same name, such as versions, the last one is used.

    Raises
    ------
    InputError
        If a name is unknown (similar names are listed), or a file holds no motif.
    """
    if not isinstance(wanted, str):
        return list(wanted)
    if wanted in PACKAGED or Path(wanted).is_file() or re.search(r"[/\\]", wanted):
        return list(load_motifs(wanted))
    by_label = {label.lower(): motif for motif in database for label in (motif.name, motif.id) if label}
    found = []
    for name in (part.strip() for part in wanted.split(",")):
        if name.lower() not in by_label:
            hint = close_hint(name, [label for motif in database for label in (motif.name, motif.id)])
            raise InputError(f"expected a motif file, or names in the database, got {name!r}, which is neither{hint}")
        found.append(by_label[name.lower()])
    return found


@lru_cache
def _from_package(name: str) -> tuple[Motif, ...]:
    with resources.as_file(resources.files("motiflens") / "resources" / f"{name}.jaspar.gz") as path:
        return tuple(_as_printed(motif) for motif in read_motifs(path, format="jaspar", strict=True))


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
