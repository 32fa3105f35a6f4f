"""Both repositories as one data set with a table of its edits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.basics.errors import InputError, MissingFileError
from motiflens.basics.tables import by_fields
from motiflens.data.crx.counts import MIN_PLASMID, LibraryActivity, read_library
from motiflens.data.crx.edits import check_edits
from motiflens.data.crx.elements import MIN_SHARED, K, split_elements
from motiflens.data.crx.joined import MeasuredActivity, library_shifts
from motiflens.data.crx.names import parse_name
from motiflens.data.crx.published import PublishedActivity, correlation_with, read_activities, read_site_pairs
from motiflens.data.crx.rows import EditEffect, SequenceRow, edit_effects, sequence_rows
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import fasta_records
from motiflens.data.splits import SPLITS
from motiflens.motifs.motif import Motif
from motiflens.motifs.sets import load_motifs

CRX_LIBRARIES = ("3", "4", "5", "6", "7", "9a", "9b")
REFERENCE_LIBRARY = "1"  # library whose shift is 0: one of the published
FRACTIONS = (0.5, 0.1, 0.4)  # so much for the test that its intervals are narrow

_LENGTH = 164
_ACTIVE, _INFORMATION = "CRX-Active-Learning", "CRX-Information-Content"


@by_fields
class CrxData(NamedTuple):
    """Sequences with activities, edits with effects, and results of the checks."""

    dataset: SequenceDataset
    sequences: list[SequenceRow]
    edits: list[EditEffect]
    motifs: list[Motif]  # published with the data: what filters may have learned
    report: dict[str, Any]


def read_crx(folder: str | Path, *, fractions: Sequence[float] = FRACTIONS, seed: int = 0) -> CrxData:
    """Read the reporter assays of both repositories.

    Activities are log2 of RNA per plasmid, relative to the promoter alone. They are on one scale, because the shift of
    each library relative to library 1 is subtracted. A sequence in several libraries has the mean. Effects are
    differences within one library if it measured both sequences, else differences between libraries on the common
    scale.

    Parameters
    ----------
    folder : path
        Holds clones of both repositories, ``CRX-Active-Learning`` and ``CRX-Information-Content``.
    fractions : sequence of float
        Shares of train, valid and test.
    seed : int
        Seed of the split.

    Returns
    -------
    CrxData

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or not as expected; the message says which.
    """
    top = Path(folder)
    for name in (_ACTIVE, _INFORMATION):
        if not (top / name / "Data").is_dir():
            raise MissingFileError(f"expected a clone of {name} in {top}, with its folder Data")
    published = read_activities(_file(top / _INFORMATION / "Data" / "rhoActivityJoinedAnnotated.txt"))
    libraries = [read_library(top / _ACTIVE / "Data" / "Measurements" / f"Library{name}") for name in CRX_LIBRARIES]
    measured = [*_of_published(published), *(one for library in libraries for one in _of_library(library))]
    shifts = library_shifts(measured, REFERENCE_LIBRARY)
    codes = _sequences(top)
    kept, left_out = _usable(measured, codes)
    parsed = [parse_name(name) for name in kept]
    matrix = np.stack([codes[name] for name in kept])
    elements = [name if one is None else one.element for name, one in zip(kept, parsed, strict=True)]
    wild = np.array([one is not None and not one.edits for one in parsed])
    split = split_elements(matrix, elements, wild, fractions=fractions, seed=seed)
    checked = check_edits([one for one in parsed if one is not None], {name: codes[name] for name in kept})
    rows = sequence_rows(kept, elements, split, shifts)
    table = edit_effects(checked, kept, rows, split, shifts)
    pairs = read_site_pairs(_file(top / _INFORMATION / "Data" / "wildtypeMutantPolylinkerActivityAnnotated.txt"))
    report = {
        "libraries": [_library_report(library, shifts, published) for library in libraries],
        "shifts": shifts,
        "n_sequences": len(kept),
        "left_out": left_out,
        "n_unparsed": sum(one is None for one in parsed) + left_out["name not parsed"],
        "n_mixed": int(split.mixed.sum()),
        "n_clusters": int(split.clusters.max()) + 1,
        "checks": checked.counts,
        "found_by_sequence": sum(one.found_by == "sequence" for one in checked.edits),
        "n_edits": {name: sum(row.split == name for row in table) for name in SPLITS},
        "published_pairs": _pair_report(pairs, table),
        "settings": {"min_plasmid": MIN_PLASMID, "word": K, "min_shared": MIN_SHARED, "seed": seed},
    }
    used = [row for row, is_mixed in zip(rows, split.mixed, strict=True) if not is_mixed]
    motifs = load_motifs(_file(top / _ACTIVE / "Data" / "Downloaded" / "eLifeMotifs.meme"))
    return CrxData(_dataset(used, codes, shifts), used, table, motifs, report)


def _dataset(
    rows: Sequence[SequenceRow], codes: Mapping[str, np.ndarray], shifts: Mapping[str, float]
) -> SequenceDataset:
    return SequenceDataset.from_arrays(
        np.stack([codes[row.name] for row in rows]),
        np.array([row.activity for row in rows]),
        label_names=["activity"],
        split=np.array([row.split for row in rows]),
        names=[row.name for row in rows],
        metadata={
            "source": {"reader": "read_crx", "repositories": [_ACTIVE, _INFORMATION]},
            "unit": "log2 of the promoter alone",
            "shifts": dict(shifts),
        },
    )


def _file(path: Path) -> Path:
    """The file of this name, or gzipped beside it."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.exists() and not path.exists() else path


def _of_published(published: Mapping[str, PublishedActivity]) -> list[MeasuredActivity]:
    return [
        MeasuredActivity(
            name, one.library, one.activity, one.replicate_sd, one.n_replicates, 0,
            one.replicate_sd / max(one.n_replicates, 1) ** 0.5,
        )
        for name, one in published.items()
    ]  # fmt: skip


def _of_library(library: LibraryActivity) -> list[MeasuredActivity]:
    n_replicates = len(library.replicates)
    columns = (library.names, library.activity, library.replicate_sd, library.n_barcodes)
    return [
        MeasuredActivity(
            name, library.library, float(value), float(sd), n_replicates, int(n), library.barcode_sd / n**0.5
        )
        for name, value, sd, n in zip(*columns, strict=True)
    ]


def _sequences(top: Path) -> dict[str, np.ndarray]:
    """Codes by name, of all FASTA files.

    Raises
    ------
    ValueError
        If two files have one name with different sequences.
    """
    found: dict[str, np.ndarray] = {}
    fasta = top / _ACTIVE / "Data" / "Sequences" / "Fasta"
    paths = [_file(top / _INFORMATION / "Data" / "library1And2.fasta")]
    paths += [_file(fasta / f"library{name}.fasta") for name in CRX_LIBRARIES]
    for path in paths:
        for record in fasta_records(path):
            earlier = found.setdefault(record.header, record.codes)
            if earlier.tobytes() != record.codes.tobytes():
                raise InputError(f"{path}: {record.header[:80]} has another sequence than in an earlier file")
    return found


def _usable(
    measured: Sequence[MeasuredActivity], codes: Mapping[str, np.ndarray]
) -> tuple[dict[str, list[MeasuredActivity]], dict[str, int]]:
    """Measurements by name, of sequences that are known and of the right length; the others counted."""
    kept: dict[str, list[MeasuredActivity]] = {}
    left_out: Counter[str] = Counter({"no sequence": 0, "another length": 0, "name not parsed": 0})
    for one in measured:
        if one.name in kept:
            kept[one.name].append(one)
        elif one.name not in codes:
            left_out["no sequence"] += 1
        elif len(codes[one.name]) != _LENGTH:
            left_out["another length"] += 1
            left_out["name not parsed"] += parse_name(one.name) is None
        else:
            kept[one.name] = [one]
    return kept, dict(left_out)


def _library_report(
    library: LibraryActivity, shifts: Mapping[str, float], published: Mapping[str, PublishedActivity]
) -> dict[str, Any]:
    n_shared, r = correlation_with(published, library.names, library.activity)
    return {
        "library": library.library,
        "n_sequences": len(library.names),
        "n_replicates": len(library.replicates),
        "replicate_r": library.replicate_r,
        "barcode_sd": library.barcode_sd,
        "shift": shifts[library.library],
        "n_published": n_shared,
        "published_r": r,
    }


def _pair_report(pairs: Sequence[Any], table: Sequence[EditEffect]) -> dict[str, Any]:
    """How many published pairs there are, and how the effects here agree with them."""
    published = {f"{pair.label}_MUT-allCrxSites": pair.effect for pair in pairs}
    shared = [(row.effect, published[row.name]) for row in table if row.name in published]
    r = float(np.corrcoef(np.transpose(shared))[0, 1]) if len(shared) > 2 else float("nan")
    return {"n_published": len(published), "n_shared": len(shared), "r": r}
