"""Results of analyses, stored beside their networks, so that a repeated audit computes only what is missing.

A file holds one result and a digest of everything that it depends on: weights, data, options of the analysis, and
versions and sources of the programs. If the digest differs, the analysis is run again. Files hold numbers and plain
values only, so reading a file of unknown origin runs no code.
"""

import dataclasses
import hashlib
import json
import platform
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import nn

import motiflens
from motiflens.basics.errors import InputError
from motiflens.basics.files import write_npz
from motiflens.data.dataset import SequenceDataset
from motiflens.models.hybrid import HybridNetwork
from motiflens.motifs.motif import Motif

STORE_FOLDER = "stored"
_SKELETON, _DIGEST = "skeleton", "digest"

Result = TypeVar("Result")

_only_stored: ContextVar[bool] = ContextVar("only_stored", default=False)


class NotStored(Exception):
    """A result is not stored, and `only_stored` forbids to compute it."""


@contextmanager
def only_stored() -> Iterator[None]:
    """Context manager: raise `NotStored` instead of computing a missing result."""
    token = _only_stored.set(True)
    try:
        yield
    finally:
        _only_stored.reset(token)


@dataclass(frozen=True)
class AuditStore:
    """A folder of results; without a folder nothing is stored.

    Attributes
    ----------
    folder : Path or None
    origin : str
        Digest of what every result in it depends on: see :func:`store_of`.
    """

    folder: Path | None = None
    origin: str = ""

    def get(self, name: str, make: Callable[[], Result], **depends_on: Any) -> Result:
        """Return a result from its file, if origin and options are the same; else compute and store it.

        Parameters
        ----------
        name : str
            Name of the file.
        make : callable
        **depends_on
            Options of the analysis, as plain values.
        """
        if self.folder is None:
            return _made(name, make)
        options = json.dumps(depends_on, sort_keys=True, default=_plain)
        digest = hashlib.sha256(f"{self.origin}\n{name}\n{options}".encode()).hexdigest()
        path = self.folder / f"{name}.npz"
        kept = _read(path, digest)
        if kept is not None:
            for one in kept[1]:  # said again: what is to be known of the result has not changed
                warnings.warn(one.message, _own(one.category, Warning), stacklevel=2)
            return kept[0]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = _made(name, make)
        said = [_Warned(_name(one.category), str(one.message)) for one in caught]
        _write(path, digest, found, [one for one in said if one.category.startswith("motiflens.")])
        for warning in caught:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        return found


NO_STORE = AuditStore()


def _made(name: str, make: Callable[[], Result]) -> Result:
    """What `make` makes; within `only_stored` nothing is made."""
    if _only_stored.get():
        raise NotStored(name)
    return make()


class _Warned(NamedTuple):
    """A warning of ours that came with a result."""

    category: str
    message: str


def store_of(
    folder: Path | None, networks: Sequence[nn.Module], dataset: SequenceDataset, **reading: Any
) -> AuditStore:
    """A store for results of networks on data; it stores nothing for models from elsewhere.

    Parameters
    ----------
    folder : Path or None
        Folder of the weights.
    networks : sequence of nn.Module
    dataset : SequenceDataset
    **reading
        Options that change every result, as plain values.
    """
    if folder is None or not all(type(network) is HybridNetwork for network in networks):
        return NO_STORE
    digest = hashlib.sha256(json.dumps([_programs(), reading], sort_keys=True, default=_plain).encode())
    for network in networks:
        digest.update(repr(network.config).encode())
        for name, tensor in network.state_dict().items():
            _update(digest, name, tensor.detach().cpu().numpy())
    _update(digest, "codes", dataset.codes)
    _update(digest, "y", dataset.y)
    _update(digest, "split", dataset.split_codes)
    digest.update(repr((dataset.label_names, None if dataset.names is None else dataset.names.tolist())).encode())
    if dataset.truth is not None:
        digest.update(digest_of(dataset.truth).encode())
    return AuditStore(folder / STORE_FOLDER, digest.hexdigest())


def motifs_digest(motifs: Sequence[Motif]) -> str:
    """Digest of a database: names, numbers of sites and matrices."""
    digest = hashlib.sha256()
    for motif in motifs:
        digest.update(repr((motif.id, motif.name, motif.n_sites, motif.pwm.shape)).encode())
        digest.update(motif.pwm.tobytes())
    return digest.hexdigest()


def digest_of(value: Any) -> str:
    """Digest of plain values, arrays and result objects."""
    arrays: dict[str, np.ndarray] = {}
    digest = hashlib.sha256(json.dumps(_encoded(value, arrays)).encode())
    for name, array in arrays.items():
        _update(digest, name, array)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _programs() -> list[str]:
    """Versions of what computes, and our own sources, which may change without a new version."""
    own = hashlib.sha256()
    for path in sorted(Path(motiflens.__file__).parent.rglob("*")):
        if path.suffix in (".py", ".c", ".h"):
            own.update(path.read_bytes())
    return [torch.__version__, np.__version__, platform.python_version(), platform.machine(), own.hexdigest()]


def _update(digest: Any, name: str, array: np.ndarray) -> None:
    digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
    digest.update(array.tobytes() if array.dtype != object else repr(array.tolist()).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value)  # a set; anything else is no plain value, and an error


# To arrays and plain values, and back


def _encoded(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Plain values that say how a result is made from arrays, which are put aside."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray | torch.Tensor):
        name = f"array_{len(arrays)}"
        arrays[name] = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        if arrays[name].dtype == object:
            raise TypeError(f"expected arrays of numbers or strings to keep, got objects: {value!r}")
        return {"kind": {np.ndarray: "array", torch.Tensor: "tensor"}.get(type(value), "scalar"), "name": name}
    if isinstance(value, Mapping):
        return {"kind": "dict", "items": [[_encoded(x, arrays) for x in item] for item in value.items()]}
    if isinstance(value, list) or type(value) is tuple:
        return {"kind": type(value).__name__, "items": [_encoded(item, arrays) for item in value]}
    if not type(value).__module__.startswith("motiflens."):
        raise TypeError(f"expected plain values, arrays and our own records to keep, got {type(value)}")
    names = getattr(value, "_fields", None) or [field.name for field in dataclasses.fields(value)]
    record = {name: _encoded(getattr(value, name), arrays) for name in names}
    return {"kind": "record", "type": _name(type(value)), "fields": record}


def _decoded(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    if value["kind"] in ("array", "scalar", "tensor"):
        array = arrays[value["name"]]
        if value["kind"] == "tensor":
            return torch.from_numpy(array)
        return array if value["kind"] == "array" else array[()]
    if value["kind"] == "record":
        return _record(value["type"], {name: _decoded(item, arrays) for name, item in value["fields"].items()})
    if value["kind"] == "dict":
        return {_decoded(key, arrays): _decoded(item, arrays) for key, item in value["items"]}
    return {"list": list, "tuple": tuple}[value["kind"]](_decoded(item, arrays) for item in value["items"])


def _record(type_name: str, values: dict[str, Any]) -> Any:
    """A record of ours from its fields, as they were when it was kept."""
    kind = _own(type_name)
    if hasattr(kind, "_fields"):
        return kind(**values)
    found: Any = object.__new__(kind)
    for field, item in values.items():
        object.__setattr__(found, field, item)
    return found


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _own(name: str, parent: type = object) -> Any:
    """A class of ours by its name: a record, or a child of `parent`; files cannot name anything else."""
    module, _, own_name = name.partition(":")
    kind = getattr(import_module(module), own_name, None) if module.startswith("motiflens.") else None
    is_record = dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")
    if not isinstance(kind, type) or not (is_record if parent is object else issubclass(kind, parent)):
        raise InputError(f"expected the name of a record of ours, got {name}")
    return kind


def _write(path: Path, digest: str, found: Any, said: list[_Warned]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    skeleton = json.dumps(_encoded((found, said), arrays))
    write_npz({**arrays, _SKELETON: np.array(skeleton), _DIGEST: np.array(digest)}, path)


def _read(path: Path, digest: str) -> tuple[Any, list[_Warned]] | None:
    """What a file holds, result and warnings; None where there is none, it is of something else, or not whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept[_DIGEST]) != digest:
                return None
            return _decoded(json.loads(str(kept[_SKELETON])), {name: kept[name] for name in kept.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
