"""Arrays of HDF5 files: which axis holds the bases, and which axes have length 1."""

from collections.abc import Iterator
from typing import Literal

import h5py
import numpy as np

from motiflens.basics.errors import ArgumentError, InputError
from motiflens.basics.sequence import codes_from_one_hot
from motiflens.data.io.label_text import to_labels

Channels = Literal["first", "last"]

_BLOCK = 2**24  # values held at once


def row_blocks(n: int, length: int) -> Iterator[slice]:
    """Divide n sequences into slices whose matrices are small."""
    step = max(1, _BLOCK // (4 * length))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def read_codes(array: h5py.Dataset, channels: Channels | None) -> tuple[np.ndarray, Channels]:
    """Read one-hot sequences as codes, shape=(N, L), with the axis of their bases.

    Columns of 0 and columns of 0.25 are unknown bases.

    Raises
    ------
    ValueError
        If the array is not one-hot DNA, or L is 4 and both of its axes could be the bases.
    """
    name = array.name.strip("/")
    shape = _three_axes(array)
    channels = channels or _find_channels(array, shape)
    if shape[1 if channels == "first" else 2] != 4:
        expected = "(N, 4, L)" if channels == "first" else "(N, L, 4)"
        raise InputError(f"{name}: expected sequences of shape {expected}, got {array.shape}")
    parts = [np.empty((0, shape[2] if channels == "first" else shape[1]), dtype=np.uint8)]
    for rows in row_blocks(shape[0], parts[0].shape[1]):
        try:
            parts.append(codes_from_one_hot(_clear_uniform(_read_rows(array, rows, shape, channels))))
        except ValueError as error:
            start = f", from sequence {rows.start} on" if rows.start else ""
            advice = "write unknown bases as columns of 0 or of 0.25, and probabilities under model_ instead of X_"
            raise InputError(f"{name}{start}: {error}: {advice}") from None
    return np.concatenate(parts), channels


def read_labels(array: h5py.Dataset) -> np.ndarray:
    """Read labels as float32, shape=(N, n_outputs).

    Raises
    ------
    ValueError
        If they are not numbers, or have more axes.
    """
    is_text = array.dtype.kind in "SOU"
    if not is_text:
        _check_numeric(array)
    shape = array.shape if array.ndim != 1 else (*array.shape, 1)
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 2:
        name = array.name.strip("/")
        raise InputError(f"{name}: expected labels of shape (N, n_outputs) or (N,), got {array.shape}")
    if is_text:
        return _labels_of_text(array).astype(np.float32).reshape(shape)
    with np.errstate(over="ignore"):  # infinity is refused later
        return array[...].astype(np.float32).reshape(shape)


def _labels_of_text(array: h5py.Dataset) -> np.ndarray:
    """Labels that are written as text, each column by itself, shape=(N, n_outputs)."""
    words = [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in np.ravel(array[...])]
    name, columns = array.name.strip("/"), np.array(words, dtype=object).reshape(array.shape[0], -1).T
    return np.column_stack([to_labels(list(column), lambda row: f"{name}, row {row + 1}")[0] for column in columns])


def read_model(array: h5py.Dataset, channels: Channels) -> np.ndarray:
    """Read probability matrices as float32, shape=(N, 4, L); `channels` decides if L is 4.

    Raises
    ------
    ValueError
        If the array has no axis of four bases.
    """
    shape = _three_axes(array)
    if 4 not in shape[1:]:
        raise _no_bases(array)
    if shape[1] != shape[2]:
        channels = "first" if shape[1] == 4 else "last"
    length = shape[2] if channels == "first" else shape[1]
    model = np.empty((shape[0], 4, length), dtype=np.float32)
    for rows in row_blocks(shape[0], length):
        model[rows] = _read_rows(array, rows, shape, channels)
    return model


def _read_rows(array: h5py.Dataset, rows: slice, shape: tuple[int, int, int], channels: Channels) -> np.ndarray:
    block = array[rows].reshape(-1, *shape[1:])
    return block if channels == "first" else block.transpose(0, 2, 1)  # n, 4, L


def _clear_uniform(block: np.ndarray) -> np.ndarray:
    """Turn columns of 0.25, the other way to write an unknown base, into zeros; changes block, shape=(n, 4, L)."""
    if block.dtype.kind == "f":
        uniform = block[:, 0] == 0.25  # n, L; one channel first, as most files have no such column
        if uniform.any():
            uniform &= (block[:, 1:] == 0.25).all(axis=1)
            block.transpose(0, 2, 1)[uniform] = 0
    return block


def _three_axes(array: h5py.Dataset) -> tuple[int, int, int]:
    """Shape of an array without axes of length 1, as far as there are more than three."""
    _check_numeric(array)
    shape = list(array.shape)
    while len(shape) > 3 and 1 in shape[1:]:
        del shape[shape.index(1, 1)]
    if len(shape) != 3:
        name = array.name.strip("/")
        raise InputError(f"{name}: expected shape (N, 4, L) or (N, L, 4), got {array.shape}")
    return shape[0], shape[1], shape[2]


def _find_channels(array: h5py.Dataset, shape: tuple[int, int, int]) -> Channels:
    if 4 not in shape[1:]:
        raise _no_bases(array)
    if shape[1] != shape[2]:
        return "first" if shape[1] == 4 else "last"
    block = array[...].reshape(shape)
    last_fits = bool((block.sum(axis=2) <= 1).all())
    if last_fits and bool((block.sum(axis=1) <= 1).all()):
        name = array.name.strip("/")
        raise ArgumentError(
            f"{name}: with L = 4 both axes could be the bases",
            "say {first} or {last}",
            first=('channels="first"', "--channels first"),
            last=('channels="last"', "--channels last"),
        )
    return "last" if last_fits else "first"


def _no_bases(array: h5py.Dataset) -> InputError:
    name = array.name.strip("/")
    return InputError(f"{name}: expected an axis of 4 bases, (N, 4, L) or (N, L, 4), got {array.shape}")


def _check_numeric(array: h5py.Dataset) -> None:
    if array.dtype.kind not in "biuf":
        advice = ": import text as a table or FASTA" if array.dtype.kind in "SOU" else ""
        raise InputError(f"{array.name.strip('/')}: expected numbers, got type {array.dtype}{advice}")
