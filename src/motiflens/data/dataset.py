"""Sequences with labels, a split and, if they were simulated, the ground truth of every position.

Sequences are stored as uint8 codes, and the split as one byte each. One-hot arrays are made on access.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import Target, as_sequences, is_binary
from motiflens.basics.sequence import check_codes, codes_from_one_hot, one_hot
from motiflens.basics.tables import Table, Tabular, as_dataframe
from motiflens.data.dataset_checks import check_dataset
from motiflens.data.dataset_tables import sequences_table, splits_table
from motiflens.data.splits import SPLITS, random_split
from motiflens.motifs.truth import MatrixTruth, Rows, SiteTruth, Truth, as_indices

if TYPE_CHECKING:
    import pandas

__all__ = [
    "SPLITS",
    "MatrixTruth",
    "SequenceDataset",
    "SiteTruth",
    "Truth",
    "concatenate",
    "random_split",
]


@dataclass(frozen=True, eq=False, repr=False)
class SequenceDataset(Tabular):
    """DNA sequences of one length with labels.

    :meth:`from_arrays` makes a data set from arrays of any numeric type; the constructor takes exactly what is stored.

    Parameters
    ----------
    codes : np.ndarray, uint8, shape=(N, L)
        0 to 3 for ACGT, 4 for an unknown base.
    y : np.ndarray, float32, shape=(N, n_outputs)
        Labels or targets. NaN is a missing label; losses, scores and baselines ignore it, label by label.
    label_names : tuple of str
        One per output.
    split_codes : np.ndarray, uint8, shape=(N,)
        Index into ``SPLITS``; :attr:`split` returns the names.
    truth : SiteTruth or MatrixTruth, optional
        Ground truth of the same N sequences.
    metadata : mapping
        How the data were made, as JSON types.
    names : np.ndarray of str (dtype object), shape=(N,), optional
        Name of each sequence, such as ``chr1:1000-1500(+)``.

    Raises
    ------
    ValueError
        If a type, shape, number of sequences or value does not fit; the message says which.
    """

    #: What an error says where something else is given.
    MADE_BY: ClassVar[str] = "read_hdf5, read_bed, read_fasta, read_table and SequenceDataset.from_arrays make one"

    codes: np.ndarray
    y: np.ndarray
    label_names: tuple[str, ...]
    split_codes: np.ndarray
    truth: Truth | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    names: np.ndarray | None = None

    def __post_init__(self) -> None:
        check_dataset(self)

    @classmethod
    def from_arrays(
        cls,
        sequences: np.ndarray | torch.Tensor,
        y: np.ndarray | torch.Tensor | Sequence[float],
        *,
        label_names: Sequence[str] | None = None,
        split: Sequence[str] | np.ndarray | str = "train",
        truth: Truth | None = None,
        metadata: Mapping[str, Any] | None = None,
        names: Sequence[str] | np.ndarray | None = None,
    ) -> "SequenceDataset":
        """Make a dataset from arrays of any numeric type.

        Parameters
        ----------
        sequences : array, shape=(N, L) or (N, 4, L)
            Codes, or one-hot with channels ACGT.
        y : array, shape=(N,) or (N, n_outputs)
            Labels or targets.
        label_names : sequence of str, optional
            By default ``label_0``, ``label_1`` and so on.
        split : sequence of str, shape=(N,), or str
            ``"train"``, ``"valid"`` or ``"test"`` for each sequence, or one of them for all.
        truth, metadata
            As in the class.
        names : sequence of str, shape=(N,), optional

        Raises
        ------
        ValueError
            As the class.
        """
        array = np.asarray(sequences)
        codes = codes_from_one_hot(array) if array.ndim == 3 else _to_codes(array)
        targets = np.asarray(y, dtype=np.float32)
        targets = targets[:, None] if targets.ndim == 1 else targets  # N, n_outputs
        if isinstance(label_names, str):
            label_names = [label_names]
        if label_names is None and targets.ndim == 2:
            label_names = [f"label_{index}" for index in range(targets.shape[1])]
        splits = np.full(len(codes), split) if isinstance(split, str) else np.asarray(split)
        return cls(
            codes,
            targets,
            tuple(label_names or ()),
            _to_split_codes(splits),
            truth,
            dict(metadata or {}),
            None if names is None else np.array(names, dtype=object),
        )

    def __len__(self) -> int:
        return len(self.codes)

    def _table(self) -> Table:
        return splits_table(self)

    def to_dataframe(self) -> "pandas.DataFrame":
        """A row for each sequence: its name if it has one, split, bases and labels.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_dataframe(sequences_table(self))

    @property
    def length(self) -> int:
        """Length of the sequences."""
        return int(self.codes.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of labels or targets."""
        return int(self.y.shape[1])

    @property
    def n_missing(self) -> np.ndarray:
        """Number of sequences without each label, int64, shape=(n_outputs,)."""
        return np.isnan(self.y).sum(axis=0)

    @property
    def is_binary(self) -> bool:
        """Whether all labels are 0 or 1, that is, classes; missing labels (NaN) are ignored."""
        return is_binary(self.y)

    def label_of(self, target: Target | None) -> int:
        """Index of the label that a target names: by name, by index, or None for the first.

        A single label belongs to any output.

        Raises
        ------
        InputError
            If there is no such label.
        """
        return as_sequences(self).label_of(target)

    @property
    def split(self) -> np.ndarray:
        """``"train"``, ``"valid"`` or ``"test"`` for each sequence, shape=(N,)."""
        return np.array(SPLITS)[self.split_codes]

    @property
    def X(self) -> torch.Tensor:
        """One-hot sequences, float32, shape=(N, 4, L), computed at each access: 16 bytes for each base."""
        return one_hot(self.codes)

    @property
    def train(self) -> "SequenceDataset":
        """The training sequences as a data set, which is copied at each access, as `valid` and `test` are."""
        return self.subset(self.split_codes == SPLITS.index("train"))

    @property
    def valid(self) -> "SequenceDataset":
        """The validation sequences."""
        return self.subset(self.split_codes == SPLITS.index("valid"))

    @property
    def test(self) -> "SequenceDataset":
        """The test sequences."""
        return self.subset(self.split_codes == SPLITS.index("test"))

    def __getitem__(self, rows: Rows | int) -> "SequenceDataset":
        """Some sequences, as :meth:`subset` gives them: `data[:20]`, `data[mask]`, or a single one, `data[3]`."""
        if isinstance(rows, int | np.integer):
            if not -len(self) <= rows < len(self):
                raise IndexError(f"expected a sequence in 0 ... {len(self) - 1}, got {rows}")
            rows = [int(rows) % len(self)]
        return self.subset(rows)

    def subset(self, rows: Rows) -> "SequenceDataset":
        """Select sequences with their labels, names and truth, in the order of rows.

        Parameters
        ----------
        rows : int array, bool array of shape=(N,), sequence of int or slice

        Raises
        ------
        ValueError
            If rows have another type or are out of range.
        """
        rows = as_indices(rows, len(self))
        truth = None if self.truth is None else self.truth.subset(rows)
        names = None if self.names is None else self.names[rows]
        return SequenceDataset(
            self.codes[rows], self.y[rows], self.label_names, self.split_codes[rows], truth, self.metadata, names
        )


def concatenate(parts: Sequence[SequenceDataset]) -> SequenceDataset:
    """Join datasets of the same length and labels, in their order; metadata are those of the first.

    Raises
    ------
    ValueError
        If there is no data set, lengths or labels differ, or one has ground truth, which the others would lack.
    """
    if not parts:
        raise InputError("expected at least one dataset, got none")
    first = parts[0]
    for part in parts:
        if (part.length, part.label_names) != (first.length, first.label_names):
            raise InputError(
                f"expected sequences of {first.length} bp with labels {first.label_names}, "
                f"got {part.length} bp with {part.label_names}"
            )
        if part.truth is not None:
            raise InputError("expected datasets without ground truth: it would not cover the other sequences")
    return SequenceDataset(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.y for part in parts]),
        first.label_names,
        np.concatenate([part.split_codes for part in parts]),
        metadata=first.metadata,
        names=_joined_names(parts),
    )


def _joined_names(parts: Sequence[SequenceDataset]) -> np.ndarray | None:
    if all(part.names is None for part in parts):
        return None
    return np.concatenate([np.full(len(part), "", object) if part.names is None else part.names for part in parts])


def _to_codes(array: np.ndarray) -> np.ndarray:
    check_codes(array)
    return array.astype(np.uint8, copy=False)


def _to_split_codes(names: np.ndarray) -> np.ndarray:
    unknown = sorted(set(np.unique(names).tolist()) - set(SPLITS), key=str)
    if unknown:
        raise InputError(f"expected split names {', '.join(SPLITS)}, got {unknown[:3]}")
    return np.select([names == name for name in SPLITS], range(3)).astype(np.uint8)
