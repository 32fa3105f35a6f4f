"""Positions in a genome: intervals, names of sequences, and windows of one width."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from motiflens.basics.choices import check_count
from motiflens.basics.sequence import LONGEST
from motiflens.basics.tables import by_fields

MOST_DIGITS = 12  # of a position: no chromosome is longer, and int64 is far
_NAME = re.compile(r"(?:.*::)?(?P<contig>.+):(?P<start>\d{1,12})-(?P<end>\d{1,12})(?:\((?P<strand>[-+.*])\))?")
# As variant libraries and others write it: chr1-1000-1500_mutant, chr2L_5587_5835_+.
_LOOSE_NAME = re.compile(
    r"(?P<contig>chr\w+?)[-_:](?P<start>\d{1,12})[-_](?P<end>\d{1,12})"
    r"(?:\((?P<strand>[-+.*])\))?(?:[-_ .|;:/](?!shuffled_).*)?"
)
_CONTIG = re.compile(r"(?:.*::)?(?P<contig>chr[0-9A-Za-z]{1,5})(?![0-9A-Za-z])")
_WITHIN = re.compile(r"\b(?P<contig>chr\w+):\d{1,12}-\d{1,12}\b")
#: How files write strands.
STRANDS = {"+": 1, "-": -1, ".": 0, "*": 0}  # R's GenomicRanges write * for no strand


@by_fields
class Intervals(NamedTuple):
    """Half-open intervals, counted from 0 as in BED; all arrays have shape (n,)."""

    contig: np.ndarray  # str (dtype object)
    start: np.ndarray  # int64
    end: np.ndarray  # int64
    strand: np.ndarray  # int8: 1, -1, or 0 where it is unknown or does not matter

    def take(self, rows: np.ndarray) -> "Intervals":
        """Choose intervals by indices, shape=(n,), or booleans, shape=(N,)."""
        return Intervals(*(column[rows] for column in self))

    def rows_by_contig(self) -> dict[str, np.ndarray]:
        """Indices of the intervals of each contig, shape=(n,).

        Names are compared as text, because NumPy's strings, as in ``contig == name``, lose a NUL at the end.
        """
        rows: dict[str, list[int]] = {}
        for row, contig in enumerate(self.contig.tolist()):
            rows.setdefault(contig, []).append(row)
        return {contig: np.array(own) for contig, own in rows.items()}

    def names(self) -> list[str]:
        """Names such as ``chr1:1000-1500(+)``, as from `bedtools getfasta -s`."""
        strands = {1: "(+)", -1: "(-)", 0: ""}
        rows = zip(self.contig, self.start.tolist(), self.end.tolist(), self.strand.tolist(), strict=True)
        return [f"{contig}:{start}-{end}{strands[strand]}" for contig, start, end, strand in rows]


def windows(places: Intervals, summit: np.ndarray, width: int) -> Intervals:
    """Intervals of one width around the summits, or around the centre if there is no summit.

    If the width is even, one more base is before the centre. They may begin below 0 or end beyond the chromosome.

    Parameters
    ----------
    places : Intervals
    summit : np.ndarray, int64, shape=(n,)
        Distance of the summit from the start; -1 if there is none.
    width : int
        In bases.

    Raises
    ------
    ValueError
        If width is below 1.
    """
    check_count("width", width, most=LONGEST)
    centre = np.where(summit >= 0, places.start + summit, (places.start + places.end) // 2)
    start = centre - width // 2
    return Intervals(places.contig, start, start + width, places.strand)


def intervals_of_names(names: Iterable[str]) -> tuple[np.ndarray, Intervals]:
    """Find names with a genomic position, such as ``chr1:1000-1500(+)`` or ``chr1-1000-1500_x``.

    Returns
    -------
    rows : np.ndarray, int64, shape=(n,)
        Indices of those names.
    intervals : Intervals
        Of these rows.
    """
    found = [(row, match) for row, name in enumerate(names) if (match := _match_place(name)) is not None]
    found = [(row, match) for row, match in found if int(match["start"]) < int(match["end"])]
    return np.array([row for row, _ in found], dtype=np.int64), intervals_from(
        [match["contig"] for _, match in found],
        [int(match["start"]) for _, match in found],
        [int(match["end"]) for _, match in found],
        [STRANDS[match["strand"] or "."] for _, match in found],
    )


def contigs_of_names(names: Iterable[str]) -> list[str | None]:
    """The chromosome in each name, as in ``chr1:1000-1500``, ``chr1-1000-1500_x`` or ``chr2R_1``; None without one.

    A name may be a whole header whose first word has no position, as in ``hg38_ct_peaks_1 range=chr1:1001-1500``.
    """
    found: list[str | None] = []
    for header in names:
        name = header.split(maxsplit=1)[0] if header.strip() else ""
        match = _match_place(name)
        if match is None:
            match = _CONTIG.match(name) or _WITHIN.search(header)
        found.append(None if match is None else match["contig"])
    return found


def _match_place(name: str) -> re.Match[str] | None:
    return _NAME.fullmatch(name) or _LOOSE_NAME.fullmatch(name)


def intervals_from(contig: Sequence[str], start: Sequence[int], end: Sequence[int], strand: Sequence[int]) -> Intervals:
    """Intervals from sequences of one length."""
    return Intervals(
        np.array(contig, dtype=object),
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(strand, dtype=np.int8),
    )
