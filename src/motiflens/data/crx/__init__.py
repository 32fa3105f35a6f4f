"""Reporter assays of CRX-bound elements: measured activities, and edits with measured effects."""

from motiflens.data.crx.counts import LibraryActivity, read_library
from motiflens.data.crx.edits import CheckedEdits, Edit, check_edits, places_of, ranges
from motiflens.data.crx.elements import ElementSplit, split_elements
from motiflens.data.crx.files import CrxFiles, crx_files, read_edits, write_crx
from motiflens.data.crx.joined import Measured, library_shifts
from motiflens.data.crx.names import KINDS, NamedEdit, ParsedName, parse_name
from motiflens.data.crx.read import CrxData, EditEffect, SequenceRow, read_crx

__all__ = [
    "CheckedEdits",
    "CrxData",
    "CrxFiles",
    "Edit",
    "EditEffect",
    "ElementSplit",
    "KINDS",
    "LibraryActivity",
    "Measured",
    "NamedEdit",
    "ParsedName",
    "SequenceRow",
    "check_edits",
    "crx_files",
    "library_shifts",
    "parse_name",
    "places_of",
    "ranges",
    "read_crx",
    "read_edits",
    "read_library",
    "split_elements",
    "write_crx",
]
