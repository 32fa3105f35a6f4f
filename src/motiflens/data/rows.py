"""Which sequences of a data set an analysis looks at, and attribution maps of them by several methods."""

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset


def audited_rows(dataset: SequenceDataset) -> np.ndarray:
    """The test sequences, or all if there are none."""
    rows = np.flatnonzero(dataset.split == "test")
    return rows if len(rows) else np.arange(len(dataset))


def label_of(dataset: SequenceDataset, target: int) -> int:
    """The label that an output stands for: a single label serves any output.

    Raises
    ------
    ValueError
        If there are several labels and target is none of them.
    """
    if dataset.n_outputs == 1:
        return 0
    if not 0 <= target < dataset.n_outputs:
        raise InputError(f"target must be in 0 ... {dataset.n_outputs - 1}, the data's labels, got {target}")
    return target


def rows_of_class(dataset: SequenceDataset, target: int, *, positive: bool) -> np.ndarray:
    """Those of them with label 1, or 0; of a real-valued label the quarter with the highest values, or the lowest.

    Raises
    ------
    ValueError
        As :func:`label_of`.
    """
    rows = audited_rows(dataset)
    label = dataset.y[rows, label_of(dataset, target)]
    if np.isin(label, (0, 1)).all():
        return rows[label == positive]
    rank = (-label if positive else label).argsort(kind="stable")
    return np.sort(rows[rank[: len(rows) // 4]])


def checked_codes(codes: np.ndarray) -> np.ndarray:
    """Codes that were given in the place of a data set."""
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype != np.uint8:
        raise InputError(f"expected a SequenceDataset or uint8 codes of shape (N, L), got {codes.dtype} {codes.shape}")
    return codes
