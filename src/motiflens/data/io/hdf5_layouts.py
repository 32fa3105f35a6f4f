"""Which arrays of a file are the sequences, labels and matrices of each split, in common layouts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.tables import by_fields
from motiflens.data.io.array_files import NamedArray
from motiflens.data.io.hdf5_arrays import Channels, read_codes, read_labels, read_model
from motiflens.data.splits import SPLITS

_SPLIT = "(train|training|valid|val|validation|dev|test)"
_KIND = "(x|y|model|seqs?|sequences?|labels?|targets?)"
_KEY = re.compile(f"{_KIND}[_-]?{_SPLIT}", re.IGNORECASE)
_TURNED_KEY = re.compile(f"{_SPLIT}[_-]?{_KIND}", re.IGNORECASE)
_SPLIT_OF = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid"}
_KIND_OF = {
    "seq": "x",
    "seqs": "x",
    "sequence": "x",
    "sequences": "x",
    **dict.fromkeys(("label", "labels", "target", "targets"), "y"),
}
UNSPLIT = ""  # the split of arrays that are called X and Y
_BASSET = re.compile(r"(train|valid|test)_(in|out)")
_DEEPSEA = re.compile(r"(train|valid|test)(xdata|data)")
_LAYOUT = "X_train, Y_train, X_valid, Y_valid, X_test, Y_test"
_KINDS = {"in": "x", "out": "y", "xdata": "x", "data": "y"}


@by_fields
class LayoutPart(NamedTuple):
    """One split of a file; missing labels are NaN."""

    codes: np.ndarray  # (n, L)
    y: np.ndarray  # (n, n_outputs)
    model: np.ndarray | None  # (n, 4, L)


def read_parts(
    file: Any, channels: Channels | None, bases: str | None, *, with_model: bool
) -> tuple[dict[str, LayoutPart], dict[str, Any]]:
    """The splits of a file, with names of labels and order of bases if the layout has them.

    Raises
    ------
    ValueError
        If an expected array is missing, a link is broken, or shapes do not fit each other.
    """
    keys = _find_keys(file)
    order = bases or ("AGCT" if keys.is_deepsea else "ACGT")
    if sorted(order.upper()) != list("ACGT"):
        raise InputError(f"expected the four bases in some order, such as AGCT, got {order!r}")
    parts = {}
    for split in (*SPLITS, UNSPLIT):
        found = {kind: key for (kind, key_split), key in keys.of.items() if key_split == split}
        if found:
            parts[split] = _read_part(file, split, found, channels, with_model)
    if not parts:
        raise InputError(f"expected keys {_LAYOUT} (or some of them), got {', '.join(file) or 'no key at all'}")
    extra: dict[str, Any] = {}
    told: dict[str, Any] = {"reader": "read_hdf5", "bases": order.upper()}
    if order.upper() != "ACGT":
        parts = {split: _reordered(part, order.upper()) for split, part in parts.items()}
    if keys.not_read:
        told["not_read"] = keys.not_read
    extra["metadata"] = {"source": told}
    if "target_labels" in file and len(file["target_labels"]) == next(iter(parts.values())).y.shape[1]:
        names = [one.decode() if isinstance(one, bytes) else str(one) for one in np.ravel(file["target_labels"][...])]
        extra["label_names"] = tuple(names)
    return parts, extra


def without_value(part: LayoutPart, missing_value: float | None) -> LayoutPart:
    """A split in which the number for a missing label is replaced by NaN."""
    if missing_value is None:
        return part
    return part._replace(y=np.where(part.y == missing_value, np.float32(np.nan), part.y))


def _reordered(part: LayoutPart, order: str) -> LayoutPart:
    """Codes and matrices with bases in the order A, C, G, T."""
    codes = np.array(["ACGT".index(base) for base in order] + [4], dtype=np.uint8)[part.codes]
    model = None if part.model is None else part.model[:, [order.index(base) for base in "ACGT"]]
    return LayoutPart(codes, part.y, model)


class _Keys(NamedTuple):
    """Which arrays of a file are which."""

    of: dict[tuple[str, str], str]  # the file's own spelling of (x, y or model; split)
    is_deepsea: bool
    not_read: list[str]


def _find_keys(file: Any) -> _Keys:
    """Find the arrays of each split, also in groups."""
    keys: dict[tuple[str, str], str] = {}
    is_deepsea = False
    others: list[str] = []
    for key, array in _arrays(file):
        place, deepsea = _place_of(key)
        if place is None:
            others.append(key)
            continue
        if isinstance(array, Exception):
            raise InputError(f"{key}: the link is broken ({array})") from array
        is_deepsea = is_deepsea or deepsea
        if place in keys:
            raise InputError(f"expected one key for each array, got both {keys[place]} and {key}")
        keys[place] = key
    if not keys and ("x" in map(str.lower, others)) and ("y" in map(str.lower, others)):
        keys = {(key.lower(), UNSPLIT): key for key in others if key.lower() in ("x", "y")}
    used = {*keys.values(), "target_labels"}
    return _Keys(keys, is_deepsea, [key for key in others if key not in used])


def _arrays(file: Any, above: str = "", depth: int = 2) -> Iterator[tuple[str, Any]]:
    """Paths of arrays, and the arrays, or the error of a link that leads nowhere."""
    for key in file:
        try:
            found = file[key]
        except (KeyError, OSError, RuntimeError) as error:  # a link to nowhere, or to itself
            found = error
        if not isinstance(found, h5py.Group):
            yield f"{above}{key}", found
        elif depth:
            yield from _arrays(found, f"{above}{key}/", depth - 1)


def _place_of(path: str) -> tuple[tuple[str, str] | None, bool]:
    """What an array is and of which split, by its name and those of its groups, and whether it is DeepSEA's."""
    names = path.split("/")
    for n in range(1, len(names) + 1):
        key = "_".join(names[-n:])
        if (match := _KEY.fullmatch(key)) is not None:
            kind, split = match[1].lower(), match[2].lower()
        elif (match := _TURNED_KEY.fullmatch(key)) is not None:
            kind, split = match[2].lower(), match[1].lower()
        elif (match := _BASSET.fullmatch(key) or _DEEPSEA.fullmatch(key)) is not None:
            kind, split = _KINDS[match[2]], match[1]
        else:
            continue
        return (_KIND_OF.get(kind, kind), _SPLIT_OF.get(split, split)), _DEEPSEA.fullmatch(key) is not None
    return None, False


def _read_part(
    file: Any, split: str, keys: Mapping[str, str], channels: Channels | None, with_model: bool
) -> LayoutPart:
    for kind in ("x", "y"):
        if kind not in keys:
            missing = f"{kind.upper()}_{split}".rstrip("_")
            raise InputError(f"expected {missing} beside {' and '.join(keys.values())}, got {', '.join(file)}")
    x, labels = file[keys["x"]], file[keys["y"]]
    for array in (x, labels):
        if not array.shape:
            got = "nothing" if array.shape is None else "one value"
            raise InputError(f"{array.name.strip('/')}: expected an array, got {got}")
        if 0 in array.shape[1:]:
            raise InputError(f"{array.name.strip('/')}: expected sequences and labels, got shape {array.shape}")
    if _is_turned(x, labels):
        x, labels = NamedArray(x.name, x, turned=True), NamedArray(labels.name, labels, turned=True)
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
