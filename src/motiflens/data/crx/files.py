"""The joined data as files: HDF5 for training, tables of sequences and edits beside it."""

import json
from pathlib import Path
from typing import NamedTuple

from motiflens.basics.errors import InputError
from motiflens.basics.files import write_text, write_tsv
from motiflens.basics.json_values import without_nan
from motiflens.data.crx.read import CrxData
from motiflens.data.crx.rows import EditEffect, SequenceRow
from motiflens.data.io import read_rows, write_hdf5
from motiflens.motifs.files import write_meme


class CrxFiles(NamedTuple):
    """Paths of the files."""

    dataset: Path
    edits: Path
    sequences: Path
    motifs: Path
    report: Path


def crx_files(path: str | Path) -> CrxFiles:
    """Names of the files beside an HDF5 file: crx.h5, crx.edits.tsv, crx.sequences.tsv, crx.motifs.meme, crx.json."""
    path = Path(path)
    return CrxFiles(path, *(path.with_suffix(end) for end in (".edits.tsv", ".sequences.tsv", ".motifs.meme", ".json")))


def write_crx(data: CrxData, path: str | Path) -> CrxFiles:
    """Write everything that `read_crx` returns, the HDF5 file last.

    Parameters
    ----------
    data : CrxData
    path : path
        Path of the HDF5 file; the names of the others differ in their endings.
    """
    files = crx_files(path)
    write_tsv(data.edits, files.edits, kind=EditEffect)
    write_tsv(data.sequences, files.sequences, kind=SequenceRow)
    write_meme(data.motifs, files.motifs)
    write_text(json.dumps(without_nan(data.report), indent=1) + "\n", files.report)
    write_hdf5(data.dataset, files.dataset)
    return files


def read_edits(path: str | Path) -> list[EditEffect]:
    """Read a table of edits that `write_crx` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such table, or it is not a table of edits.
    """
    columns, rows = read_rows(path)
    if tuple(columns) != EditEffect._fields:
        raise InputError(f"{path} is not a table of edits: expected columns {', '.join(EditEffect._fields)}")
    kinds = EditEffect.__annotations__
    return [EditEffect(*(kinds[name](field) for name, field in zip(columns, row, strict=True))) for _, row in rows]
