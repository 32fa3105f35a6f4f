"""Ground truth of sequences: sites of motifs, which are expanded to matrices when needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.motifs.sets import Motif

UNIFORM = 0.25  # probability of each base outside of motifs

Rows = np.ndarray | Sequence[int] | slice


@by_fields
class SiteTable(NamedTuple):
    """One row per implanted motif, sorted by sequence; every column has shape=(n_sites,)."""

    sequence: np.ndarray  # row of the dataset
    motif: np.ndarray  # index into the list of motifs
    strand: np.ndarray  # +1, or -1 where the reverse complement was placed
    start: np.ndarray  # first position, counted from 0 on the forward strand


@dataclass(frozen=True, eq=False, repr=False)
class SiteTruth:
    """Sites of implanted motifs; elsewhere all bases are equally likely.

    Parameters
    ----------
    sequence, motif, strand, start : np.ndarray, integers, shape=(n_sites,)
        As in :class:`SiteTable`; sorted by sequence, and by start within a sequence.
    motifs : sequence of Motif
        Motifs to which ``motif`` refers.
    n_sequences : int
        Number of sequences, including those without a site.
    length : int
        Length of the sequences.

    Raises
    ------
    ValueError
        If columns differ in length, rows are not sorted, an index or strand is out of range, or a site overlaps another
        or reaches beyond the sequence.
    """

    sequence: np.ndarray
    motif: np.ndarray
    strand: np.ndarray
    start: np.ndarray
    motifs: Sequence[Motif]
    n_sequences: int
    length: int

    def __post_init__(self) -> None:
        columns = {"sequence": np.int32, "motif": np.int32, "strand": np.int8, "start": np.int32}
        for name, dtype in columns.items():
            column = np.asarray(getattr(self, name))
            if column.ndim != 1 or not (column.size == 0 or np.issubdtype(column.dtype, np.integer)):
                raise InputError(f"{name} must be integers of shape (n_sites,), got {column.dtype} {column.shape}")
            object.__setattr__(self, name, column.astype(dtype, copy=False))
        object.__setattr__(self, "motifs", list(self.motifs))
        _check_sites(self)

    def __len__(self) -> int:
        return self.n_sequences

    def __repr__(self) -> str:
        sites, motifs = len(self.sequence), len(self.motifs)
        return f"SiteTruth({sites:,} sites of {motifs} motifs in {self.n_sequences:,} x {self.length} bp)"

    def table(self) -> SiteTable:
        """Return the sites as columns."""
        return SiteTable(self.sequence, self.motif, self.strand, self.start)

    def subset(self, rows: Rows) -> "SiteTruth":
        """Return the truth of some sequences, numbered from 0 in the order of rows."""
        indices = as_indices(rows, self.n_sequences)
        sites, sequence = self._sites_of(indices)
        columns = (self.motif[sites], self.strand[sites], self.start[sites])
        return SiteTruth(sequence, *columns, self.motifs, len(indices), self.length)

    def matrix(self, rows: Rows | None = None) -> np.ndarray:
        """Expand to the probability of every base at every position.

        Parameters
        ----------
        rows : int array, bool array, sequence of int or slice, optional
            Which sequences; all by default.

        Returns
        -------
        probabilities : np.ndarray, float32, shape=(n, 4, length)
        """
        indices = as_indices(slice(None) if rows is None else rows, self.n_sequences)
        matrix = np.full((len(indices), 4, self.length), UNIFORM, dtype=np.float32)
        sites, sequence = self._sites_of(indices)
        origin = sequence * 4 * self.length + self.start[sites]
        columns = site_columns(self.motifs, self.motif[sites], self.strand[sites], origin)
        flat = matrix.reshape(-1)  # a view
        for base, probabilities in enumerate(column_bank(self.motifs).astype(np.float32).T):
            flat[columns.place + base * self.length] = probabilities[columns.row]
        return matrix

    def _sites_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sites in these sequences, and for each the position of its sequence within rows."""
        bounds = np.searchsorted(self.sequence, np.arange(self.n_sequences + 1))
        counts = np.diff(bounds)[rows]
        return np.repeat(bounds[rows], counts) + ranges(counts), np.repeat(np.arange(len(rows)), counts)


@dataclass(frozen=True, eq=False, repr=False)
class MatrixTruth:
    """Ground truth as matrices, for data from elsewhere.

    Parameters
    ----------
    probabilities : np.ndarray, shape=(N, 4, L)
        Probability of each base; 0.25 outside of motifs. Kept as float32.

    Raises
    ------
    ValueError
        If the shape is wrong or a column does not hold probabilities that sum to 1 (within 1e-2).
    """

    probabilities: np.ndarray

    def __post_init__(self) -> None:
        values = np.asarray(self.probabilities).astype(np.float32, copy=False)
        if values.ndim != 3 or values.shape[1] != 4:
            hint = "; transpose it" if values.ndim == 3 and values.shape[2] == 4 else ""
            raise InputError(f"expected probabilities of shape (N, 4, L), got {values.shape}{hint}")
        if not ((values >= 0).all() and (np.abs(values.sum(axis=1) - 1) <= 1e-2).all()):
            raise InputError(
                "expected base probabilities that sum to 1 at every position, got other values; "
                "normalise them, and give 0.25 to every base outside of motifs"
            )
        object.__setattr__(self, "probabilities", values)

    def __len__(self) -> int:
        return len(self.probabilities)

    def __repr__(self) -> str:
        n, _, length = self.probabilities.shape
        return f"MatrixTruth({n:,} x {length} bp)"

    @property
    def length(self) -> int:
        """Length of the sequences."""
        return int(self.probabilities.shape[2])

    def subset(self, rows: Rows) -> "MatrixTruth":
        """Return the truth of some sequences, in the order of rows."""
        return MatrixTruth(self.matrix(rows))

    def matrix(self, rows: Rows | None = None) -> np.ndarray:
        """Return the matrices of some sequences, float32, shape=(n, 4, L); of all by default."""
        return self.probabilities[as_indices(slice(None) if rows is None else rows, len(self))]


Truth = SiteTruth | MatrixTruth


@by_fields
class Columns(NamedTuple):
    """The motif columns of all sites, one entry for each covered position."""

    place: np.ndarray  # the site's origin plus 0, 1, 2, ...
    row: np.ndarray  # which column: a row of column_bank


def column_bank(motifs: Sequence[Motif]) -> np.ndarray:
    """Stack the columns of all motifs, then those of their reverse complements, shape=(n_columns, 4)."""
    forward = [motif.pwm.T for motif in motifs]
    return np.concatenate([np.zeros((0, 4)), *forward, *(columns[::-1, ::-1] for columns in forward)])


def site_columns(motifs: Sequence[Motif], motif: np.ndarray, strand: np.ndarray, origin: np.ndarray) -> Columns:
    """Concatenate the columns of S sites; motif and strand as in SiteTable, origin is the first position: (S,)."""
    widths = np.array([one.width for one in motifs], dtype=np.int64)
    first = np.cumsum(widths) - widths  # row of the bank where a motif begins
    counts = widths[motif]
    step = ranges(counts)
    first_row = first[motif] + np.where(strand < 0, widths.sum(), 0)
    return Columns(np.repeat(origin, counts) + step, np.repeat(first_row, counts) + step)


def ranges(counts: np.ndarray) -> np.ndarray:
    """Concatenate 0..counts[0]-1, 0..counts[1]-1 and so on, for counts of shape=(n,)."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def as_indices(rows: Rows, n: int) -> np.ndarray:
    """Convert a selection of n rows into indices from 0 on, shape=(n_chosen,).

    Raises
    ------
    ValueError
        If rows are neither integers nor n booleans, or one is out of range.
    """
    if isinstance(rows, slice):
        return np.arange(n)[rows]
    indices = np.asarray(rows)
    if indices.ndim == 1 and indices.dtype == bool and len(indices) == n:
        return np.flatnonzero(indices)
    if indices.ndim == 1 and indices.size == 0:
        return indices.astype(np.int64)
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise InputError(
            f"expected a slice, integers or {n} booleans to choose rows, got {indices.dtype} {indices.shape}"
        )
    if indices.min() < -n or indices.max() >= n:
        raise InputError(f"expected rows below {n}, got {indices.min()} to {indices.max()}")
    return np.where(indices < 0, indices + n, indices)


def _check_sites(truth: SiteTruth) -> None:
    sequence, motif, start = truth.sequence, truth.motif, truth.start
    lengths = {name: len(column) for name, column in truth.table()._asdict().items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"expected columns of one length, got {lengths}")
    if not len(sequence):
        return
    if sequence.min() < 0 or sequence.max() >= truth.n_sequences:
        raise InputError(f"expected sequence in 0 to {truth.n_sequences - 1}, got {sequence.min()} to {sequence.max()}")
    if motif.min() < 0 or motif.max() >= len(truth.motifs):
        raise InputError(f"expected motif in 0 to {len(truth.motifs) - 1}, got {motif.min()} to {motif.max()}")
    if not (np.abs(truth.strand) == 1).all():
        raise InputError(f"expected strand +1 or -1, got {np.unique(truth.strand).tolist()}")
    end = start + np.array([one.width for one in truth.motifs])[motif]
    if start.min() < 0 or end.max() > truth.length:
        raise InputError(f"expected sites within 0 to {truth.length}, got one from {start.min()}, one to {end.max()}")
    same = sequence[1:] == sequence[:-1]
    if (sequence[1:] < sequence[:-1]).any() or (same & (start[1:] < end[:-1])).any():
        raise InputError("expected sites sorted by sequence and start that do not overlap; sort the columns")
