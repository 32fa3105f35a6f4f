"""Checks of the arrays of a data set."""

from typing import Any

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.sequence import UNKNOWN
from motiflens.data.splits import SPLITS
from motiflens.motifs.truth import Truth


def check_dataset(data: Any) -> None:
    """Check types, shapes and values of the arrays of a `SequenceDataset`.

    Raises
    ------
    ValueError
        The message says what does not fit.
    """
    _check_codes(data.codes)
    _check_y(data.y, len(data.codes), data.label_names)
    _check_split(data.split_codes, len(data.codes))
    _check_truth(data.truth, data.codes.shape)
    _check_names(data.names, len(data.codes))


def _check_codes(codes: np.ndarray) -> None:
    if not isinstance(codes, np.ndarray) or codes.dtype != np.uint8 or codes.ndim != 2 or not codes.shape[1]:
        got = f"{codes.dtype} {tuple(codes.shape)}" if hasattr(codes, "dtype") else type(codes).__name__
        raise InputError(f"codes must be a uint8 array of shape (N, L), got {got}; see from_arrays")
    if codes.size and codes.max() > UNKNOWN:
        raise InputError(f"codes must be 0 to {UNKNOWN}, got {codes.max()}")


def _check_y(y: np.ndarray, n: int, label_names: tuple[str, ...]) -> None:
    if not isinstance(y, np.ndarray) or y.dtype != np.float32 or y.ndim != 2:
        got = f"{y.dtype} {tuple(y.shape)}" if hasattr(y, "dtype") else type(y).__name__
        raise InputError(f"y must be a float32 array of shape (N, n_outputs), got {got}; see from_arrays")
    if len(y) != n:
        raise InputError(f"expected one row of y for each of {n} sequences, got {len(y)}")
    if isinstance(label_names, str) or len(label_names) != y.shape[1]:
        raise InputError(f"expected {y.shape[1]} label names, got {label_names!r}")
    if np.isinf(y).any():
        raise InputError(
            f"y must be finite, or NaN where missing, got infinity in row {int(np.isinf(y).any(1).argmax())}"
        )


def _check_split(split_codes: np.ndarray, n: int) -> None:
    if not isinstance(split_codes, np.ndarray) or split_codes.shape != (n,) or split_codes.dtype != np.uint8:
        got = f"{getattr(split_codes, 'dtype', type(split_codes).__name__)} {np.shape(split_codes)}"
        raise InputError(f"expected a uint8 split code for each of {n} sequences, got {got}; see from_arrays")
    if n and split_codes.max() >= len(SPLITS):
        raise InputError(f"split codes must be 0 to 2 (train, valid, test), got {split_codes.max()}")


def _check_truth(truth: Truth | None, shape: tuple[int, ...]) -> None:
    if truth is not None and (len(truth), truth.length) != shape:
        raise InputError(
            f"expected truth of {shape[0]} sequences of length {shape[1]}, got {len(truth)} of {truth.length}"
        )


def _check_names(names: np.ndarray | None, n: int) -> None:
    if names is None:
        return
    if not isinstance(names, np.ndarray) or names.dtype != object or names.shape != (n,):
        got = f"{getattr(names, 'dtype', type(names).__name__)} {np.shape(names)}"
        raise InputError(f"expected one name for each of {n} sequences as an object array, got {got}; see from_arrays")
    if not all(isinstance(name, str) for name in names):
        raise InputError("names must be text, got another type")
