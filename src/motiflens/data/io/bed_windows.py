"""Windows around the peaks of a BED file that are within the genome, and their bases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.basics.tables import by_fields
from motiflens.data.io.bed_file import BedFile, read_bed_file
from motiflens.data.io.genome import Genome
from motiflens.data.io.intervals import Intervals, windows
from motiflens.data.splits import close_names

Misfit = Literal["drop", "error"]


@by_fields
class Placed(NamedTuple):
    """Windows of a BED file that lie within the genome."""

    intervals: Intervals
    values: np.ndarray | None  # n, n_columns
    labels: list[str] | None
    centres: dict[str, int]  # how many lie around a summit, and around a middle
    dropped: dict[str, int]
    read_as: Mapping[str, str]  # how values of a column were read, where that is worth telling
    counts_from: int | None  # 0 or 1, of a file with a header


class WindowRules(NamedTuple):
    """How intervals become sequences; see `bed.read_bed`."""

    genome: Genome
    width: int
    stranded: bool
    past_end: Misfit
    missing: Misfit
    max_unknown: float

    def place(self, path: Path, value_column: int | Sequence[int] | None, label_column: int | None) -> Placed:
        """Read windows and keep those that lie within the genome."""
        columns = (value_column,) if isinstance(value_column, int) else value_column
        bed = read_bed_file(path, value_column=columns, label_column=label_column, stranded=self.stranded)
        places = windows(bed.intervals, bed.summit, self.width)
        known = self._known(bed, path)
        within = known & self._within(places, known, path)
        rows = np.flatnonzero(within)
        if not rows.size:
            raise InputError(f"{path}: expected windows within {self.genome.path.name}, none of {len(known)} is")
        n_summits = int((bed.summit[rows] >= 0).sum())
        return Placed(
            places.take(rows),
            None if bed.values is None else bed.values[rows],
            None if bed.labels is None else [bed.labels[row] for row in rows],
            {"summit": n_summits, "middle": len(rows) - n_summits},
            {"missing_contig": int((~known).sum()), "past_end": int((known & ~within).sum())},
            bed.read_as,
            bed.counts_from,
        )

    def fetch(self, places: Intervals, source: str) -> tuple[Intervals, np.ndarray, int, np.ndarray]:
        """Windows with few unknown bases: their codes (n, width), the number of unknown bases, and a mask (N,)."""
        codes = self.genome.windows(places)
        n_unknown = (codes == UNKNOWN).sum(axis=1)
        clear = n_unknown <= self.max_unknown * self.width
        if not clear.any():
            raise ArgumentError(
                f"{source}: each of {len(clear)} windows has more than {self.max_unknown:.0%} unknown bases",
                "raise {max_unknown}",
            )
        if clear.all():
            return places, codes, int(n_unknown.sum()), clear
        return places.take(clear), codes[clear], int(n_unknown[clear].sum()), clear

    def _known(self, bed: BedFile, path: Path) -> np.ndarray:
        contigs = bed.intervals.contig
        known = np.array([contig in self.genome.lengths for contig in contigs])
        if self.missing == "error" and not known.all():
            first = contigs[known.argmin()]
            problem = f"{path}: {self.genome.path.name} lacks {first!r}"
            hint = close_names(first, self.genome.lengths)
            if not known.any():
                raise InputError(f"{problem}: {hint} (as are {len(known)} of {len(known)} intervals)")
            raise ArgumentError(
                f"{problem}: {hint}",
                f"to leave such intervals out, {int((~known).sum())} of {len(known)}, give {{missing}}",
                missing=('missing="drop"', "--skip-missing"),
            )
        return known

    def _within(self, places: Intervals, known: np.ndarray, path: Path) -> np.ndarray:
        lengths = np.array([self.genome.lengths.get(contig, 0) for contig in places.contig])
        within = (places.start >= 0) & (places.end <= lengths)
        if self.past_end == "error" and (known & ~within).any():
            row = int((known & ~within).argmax())
            raise InputError(
                f"{path}: the window {places.names()[row]} reaches beyond {places.contig[row]}, "
                f"which has {lengths[row]} bp in {self.genome.path.name}: is it the same assembly?"
            )
        return within
