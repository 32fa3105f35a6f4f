"""Reporter assays of CRX-bound elements: measured activities, and edits with measured effects."""

from motiflens.data.crx.counts import LibraryActivity, read_library
from motiflens.data.crx.edits import CheckedEdits, DesignedEdit, check_edits, place_ranges, places_of
from motiflens.data.crx.elements import ElementSplit, split_elements
from motiflens.data.crx.files import CrxFiles, crx_files, read_edits, write_crx
from motiflens.data.crx.joined import MeasuredActivity, library_shifts
from motiflens.data.crx.names import EDIT_KINDS, NamedEdit, ParsedName, parse_name
from motiflens.data.crx.read import CrxData, read_crx
from motiflens.data.crx.rows import EditEffect, SequenceRow

__all__ = [
    "CheckedEdits",
    "CrxData",
    "CrxFiles",
    "DesignedEdit",
    "EditEffect",
    "ElementSplit",
    "EDIT_KINDS",
    "LibraryActivity",
    "MeasuredActivity",
    "NamedEdit",
    "ParsedName",
    "SequenceRow",
    "check_edits",
    "crx_files",
    "library_shifts",
    "parse_name",
    "places_of",
    "place_ranges",
    "read_crx",
    "read_edits",
    "read_library",
    "split_elements",
    "write_crx",
]
