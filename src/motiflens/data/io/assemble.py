"""Shared by all readers: sequences of one length, numeric labels that differ, a random split."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from motiflens.basics.choices import check_count
from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.sequence import LONGEST, UNKNOWN
from motiflens.data.dataset import SequenceDataset
from motiflens.data.import_report import source_of
from motiflens.data.splits import SPLITS, random_split


def fit_length(sequences: Sequence[np.ndarray], length: int | None, source: str) -> tuple[np.ndarray, dict[str, int]]:
    """Stack codes to (N, L), cropped or padded with unknown bases evenly on both sides, and count both.

    Raises
    ------
    ValueError
        If length is below 1, or not given and lengths differ.
    """
    lengths = np.array([len(codes) for codes in sequences])
    if length is None:
        if (lengths != lengths[0]).any():
            common = np.bincount(lengths).argmax()
            raise ArgumentError(
                f"{source}: expected sequences of one length, got {lengths.min()} to {lengths.max()}, most often "
                f"{common}",
                "choose a {length} to crop or pad them to",
            )
        length = int(lengths[0])
    check_count("length", length, most=LONGEST)
    if (lengths == length).all():
        stacked = np.concatenate(sequences).reshape(-1, length)
    else:
        stacked = np.full((len(sequences), length), UNKNOWN, dtype=np.uint8)
        for row, codes in zip(stacked, sequences, strict=True):
            spare = length - len(codes)
            if spare >= 0:
                row[spare // 2 : spare // 2 + len(codes)] = codes
            else:
                row[:] = codes[-spare // 2 :][:length]
    n_added = int(np.maximum(length - lengths, 0).sum())
    return stacked, {
        "n_unknown_bases": int((stacked == UNKNOWN).sum()) - n_added,
        "n_cropped": int((lengths > length).sum()),
        "n_padded": int((lengths < length).sum()),
    }


def settle_labels(
    y: np.ndarray, label_names: Sequence[str], source: str, *, drop: bool
) -> tuple[np.ndarray, dict[str, Any]]:
    """Rows of labels (N, n_outputs) to keep, and metadata on missing labels.

    Missing labels are NaN, which all later steps ignore; or sequences that lack a label are dropped.

    Raises
    ------
    ValueError
        If no row is left, or all labels are missing.
    """
    missing = np.isnan(y)
    if missing.all():
        raise InputError(f"{source}: expected labels, each of {len(y)} sequences lacks all of them")
    if not drop:
        counts = {name: int(n) for name, n in zip(label_names, missing.sum(axis=0), strict=True) if n}
        return np.arange(len(y)), {"missing_labels": counts} if counts else {}
    lacking = missing.any(axis=1)
    if lacking.all():
        raise ArgumentError(
            f"{source}: each of {len(y)} sequences lacks a label",
            "leave {drop_missing} out: missing labels then count in no loss and no score",
            drop_missing=("drop_missing", "--drop-missing"),
        )
    n = int(lacking.sum())
    return np.flatnonzero(~lacking), {"dropped": {source: {"missing_label": n}}} if n else {}


def settle_dataset(dataset: SequenceDataset, source: str, *, drop: bool) -> SequenceDataset:
    """A data set with metadata on missing labels, or without the sequences that lack one."""
    if not len(dataset) or not dataset.n_missing.any():
        return dataset
    rows, missing = settle_labels(dataset.y, dataset.label_names, source, drop=drop)
    where = {"reader": "read_hdf5", **source_of(dataset.metadata)}
    where.pop("missing_labels", None)
    dropped = {**where.get("dropped", {}), **missing.get("dropped", {})}
    where |= {**missing, **({"dropped": dropped} if dropped else {})}
    return replace(dataset[rows] if drop else dataset, metadata={**dataset.metadata, "source": where})


def check_classes(y: np.ndarray, label_names: Sequence[str], source: str) -> None:
    """Check that at least one label differs between sequences.

    Parameters
    ----------
    y : np.ndarray, shape=(N, n_outputs)
    label_names : sequence of str
    source : str
        Origin of the labels, for messages.

    Raises
    ------
    ValueError
        If there is nothing to learn, such as 0 positives or 0 negatives.
    """
    known = ~np.isnan(y)
    low, high = np.where(known, y, np.inf).min(axis=0), np.where(known, y, -np.inf).max(axis=0)
    if (low >= high).all():
        shown = [f"{name} = {value:g}" for name, value in zip(label_names, low, strict=True) if np.isfinite(value)]
        problem = {0.0: "0 positives", 1.0: "0 negatives"}.get(float(low[0]), "one value") if y.shape[1] == 1 else ""
        n = int(known.any(axis=1).sum())
        raise InputError(
            f"{source}: expected labels that differ, got {', '.join(shown[:8])} for all {n} sequences"
            + (f" ({problem})" if problem else "")
        )


def draw_split(n: int, fractions: Sequence[float], seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Draw a random split, and describe it for the metadata.

    Returns
    -------
    split : np.ndarray of str, shape=(n,)
    how : dict
    """
    how = {"method": "random", "fractions": [float(share) for share in fractions], "seed": seed}
    return np.array(SPLITS)[random_split(n, fractions, seed)], how
