"""Files of named arrays other than HDF5: NumPy's .npz, and MATLAB's before version 7.3."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from motiflens.basics.errors import InputError, MissingPackageError


class NamedArray:
    """An array with a name, as in HDF5; the axes of MATLAB's arrays are reversed."""

    def __init__(self, name: str, values: Any, *, turned: bool = False) -> None:
        self.name = name
        self.values = values
        self.turned = turned
        self.dtype = values.dtype
        self.shape = values.shape[::-1] if turned else values.shape
        self.ndim = len(self.shape)

    def __getitem__(self, rows: Any) -> np.ndarray:
        if not self.turned:
            return np.asarray(self.values[rows])
        whole = (slice(None),) * (self.ndim - 1)
        return np.asarray(self.values[(*whole, slice(None) if rows is ... else rows)]).transpose()


def array_file(path: Path) -> dict[str, NamedArray] | None:
    """The arrays of such a file by name; None if it is of neither kind.

    Raises
    ------
    ImportError
        If it is a MATLAB file and scipy is not installed.
    ValueError
        If it is damaged, or holds Python objects.
    """
    with path.open("rb") as file:
        start = file.read(10)
    if start == b"MATLAB 5.0":
        return _matlab(path)
    if start.startswith(b"PK") and zipfile.is_zipfile(path):
        return _numpy(path)
    return None


def _matlab(path: Path) -> dict[str, NamedArray]:
    try:
        from scipy.io import loadmat  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingPackageError(f"{path}: MATLAB files of this version need scipy: pip install scipy") from error
    return {key: NamedArray(key, value) for key, value in loadmat(path).items() if not key.startswith("_")}


def _numpy(path: Path) -> dict[str, NamedArray] | None:
    with zipfile.ZipFile(path) as file:
        if not all(name.endswith(".npy") for name in file.namelist()):
            return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: NamedArray(key, arrays[key]) for key in arrays.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read ({error}): save arrays of numbers") from error
