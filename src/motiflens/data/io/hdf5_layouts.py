"""Which arrays of a file are the sequences, labels and matrices of each split, in the layouts of the field."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from motiflens.basics.errors import InputError, MissingPackageError
from motiflens.basics.tables import by_fields
from motiflens.data.io.hdf5_arrays import Channels, read_codes, read_labels, read_model
from motiflens.data.splits import SPLITS

_KEY = re.compile(r"(x|y|model)_(train|valid|val|validation|test)", re.IGNORECASE)
_BASSET = re.compile(r"(train|valid|test)_(in|out)")
_DEEPSEA = re.compile(r"(train|valid|test)(xdata|data)")
_LAYOUT = "X_train, Y_train, X_valid, Y_valid, X_test, Y_test"
_KINDS = {"in": "x", "out": "y", "xdata": "x", "data": "y"}


@by_fields
class LayoutPart(NamedTuple):
    """One split as it stands in a file; missing labels are NaN."""

    codes: np.ndarray  # (n, L)
    y: np.ndarray  # (n, n_outputs)
    model: np.ndarray | None  # (n, 4, L)


class OldMatlabFile(dict[str, np.ndarray]):
    """The arrays of a MATLAB file before version 7.3, which is no HDF5, with what is read of HDF5's."""

    def __init__(self, path: Path) -> None:
        try:
            from scipy.io import loadmat  # type: ignore[import-untyped]
        except ImportError as error:
            raise MissingPackageError(f"{path}: MATLAB files of this version need scipy: pip install scipy") from error
        super().__init__({key: _Array(key, value) for key, value in loadmat(path).items() if not key.startswith("_")})


class _Array:
    """An array with a name, as HDF5's have one; turned round, last axis first, where MATLAB wrote it so."""

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


def is_old_matlab(path: Path) -> bool:
    """Say whether a file is MATLAB's of a version before 7.3."""
    with path.open("rb") as file:
        return file.read(10) == b"MATLAB 5.0"


def read_parts(
    file: Any, channels: Channels | None, bases: str | None, *, with_model: bool
) -> tuple[dict[str, LayoutPart], dict[str, Any]]:
    """The splits of a file, and label names and order of bases where the layout has them.

    Raises
    ------
    ValueError
        If there is no array as expected, a link leads nowhere, or shapes do not fit each other.
    """
    keys, is_deepsea = _find_keys(file)
    order = bases or ("AGCT" if is_deepsea else "ACGT")
    if sorted(order.upper()) != list("ACGT"):
        raise InputError(f"expected the four bases in some order, such as AGCT, got {order!r}")
    parts = {}
    for split in SPLITS:
        found = {kind: key for (kind, key_split), key in keys.items() if key_split == split}
        if found:
            parts[split] = _read_part(file, split, found, channels, with_model)
    if not parts:
        raise InputError(f"expected keys {_LAYOUT} (or some of them), got {', '.join(file) or 'no key at all'}")
    extra: dict[str, Any] = {}
    if order.upper() != "ACGT":
        parts = {split: _reordered(part, order.upper()) for split, part in parts.items()}
        extra["metadata"] = {"source": {"reader": "read_hdf5", "bases": order.upper()}}
    if "target_labels" in file and len(file["target_labels"]) == next(iter(parts.values())).y.shape[1]:
        names = [one.decode() if isinstance(one, bytes) else str(one) for one in np.ravel(file["target_labels"][...])]
        extra["label_names"] = tuple(names)
    return parts, extra


def without_value(part: LayoutPart, missing_value: float | None) -> LayoutPart:
    """A split in which a number that stands for a missing label is NaN."""
    if missing_value is None:
        return part
    return part._replace(y=np.where(part.y == missing_value, np.float32(np.nan), part.y))


def _reordered(part: LayoutPart, order: str) -> LayoutPart:
    """Codes and matrices with bases in the order A, C, G, T."""
    codes = np.array(["ACGT".index(base) for base in order] + [4], dtype=np.uint8)[part.codes]
    model = None if part.model is None else part.model[:, [order.index(base) for base in "ACGT"]]
    return LayoutPart(codes, part.y, model)


def _find_keys(file: Any) -> tuple[dict[tuple[str, str], str], bool]:
    """Map (x, y or model; split) to the file's own spelling, and say whether it is DeepSEA's."""
    keys: dict[tuple[str, str], str] = {}
    is_deepsea = False
    for key in file:
        own, basset, deepsea = _KEY.fullmatch(key), _BASSET.fullmatch(key), _DEEPSEA.fullmatch(key)
        if own is not None:
            kind, split = own[1].lower(), own[2].lower()
        elif (match := basset or deepsea) is not None:
            kind, split = _KINDS[match[2]], match[1]
        else:
            continue
        try:
            array = file[key]
        except (KeyError, OSError) as error:
            raise InputError(f"{key}: the link leads nowhere ({error})") from error
        if isinstance(array, h5py.Group):
            continue
        is_deepsea = is_deepsea or deepsea is not None
        place = (kind, "valid" if split.startswith("val") else split)
        if place in keys:
            raise InputError(f"expected one key for each array, got both {keys[place]} and {key}")
        keys[place] = key
    return keys, is_deepsea


def _read_part(
    file: Any, split: str, keys: Mapping[str, str], channels: Channels | None, with_model: bool
) -> LayoutPart:
    for kind in ("x", "y"):
        if kind not in keys:
            missing = f"{kind.upper()}_{split}"
            raise InputError(f"expected {missing} beside {' and '.join(keys.values())}, got {', '.join(file)}")
    x, labels = file[keys["x"]], file[keys["y"]]
    for array in (x, labels):
        if not array.shape:
            got = "nothing" if array.shape is None else "one value"
            raise InputError(f"{array.name.strip('/')}: expected an array, got {got}")
        if 0 in array.shape[1:]:
            raise InputError(f"{array.name.strip('/')}: expected sequences and labels, got shape {array.shape}")
    if _is_turned(x, labels):
        x, labels = _Array(x.name, x, turned=True), _Array(labels.name, labels, turned=True)
    codes, channels = read_codes(x, channels)
    y = read_labels(labels)
    model = read_model(file[keys["model"]], channels) if with_model and "model" in keys else None
    if len(y) != len(codes):
        raise InputError(f"{keys['x']} has {len(codes)} sequences, but {keys['y']} has {len(y)}")
    if model is not None and (len(model), model.shape[2]) != codes.shape:
        raise InputError(
            f"{keys['x']} has {len(codes)} sequences of length {codes.shape[1]}, "
            f"but {keys['model']} has {len(model)} of {model.shape[2]}"
        )
    return LayoutPart(codes, y, model)


def _is_turned(x: Any, labels: Any) -> bool:
    """Say whether sequences are (L, 4, N) and labels (n_outputs, N), as MATLAB's files of version 7.3 have them."""
    if len(x.shape) != 3 or len(labels.shape) != 2 or x.shape[1] != 4:
        return False
    return x.shape[2] == labels.shape[1] and x.shape[0] != labels.shape[0]
