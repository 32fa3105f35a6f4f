"""The group ``motiflens``, which this package adds to the usual arrays of an HDF5 file."""

import json
import math
from typing import Any

import h5py
import numpy as np

from motiflens.basics.errors import InputError
from motiflens.data.dataset import SequenceDataset
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth

OWN_GROUP, FORMAT = "motiflens", 1


def create_array(parent: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.typing.DTypeLike) -> h5py.Dataset:
    """Create a compressed array in chunks of whole sequences."""
    if 0 in shape:  # nothing to compress, and HDF5 refuses to
        return parent.create_dataset(name, shape, dtype)
    row_bytes = np.dtype(dtype).itemsize * math.prod(shape[1:])
    chunks = (min(shape[0], max(1, 2**20 // row_bytes)), *shape[1:])  # 1 MB of whole sequences
    return parent.create_dataset(name, shape, dtype, chunks=chunks, compression="gzip", compression_opts=1)


def write_own_group(group: h5py.Group, dataset: SequenceDataset) -> None:
    """Write splits, names of labels, metadata, names and sites."""
    group.attrs["format"] = FORMAT
    group["split_codes"] = dataset.split_codes
    group["label_names"] = np.array(dataset.label_names, dtype=h5py.string_dtype())
    group["metadata"] = json.dumps(dict(dataset.metadata))
    if dataset.names is not None:
        group["names"] = dataset.names.astype(h5py.string_dtype())
    if isinstance(dataset.truth, SiteTruth):
        _write_sites(group.create_group("sites"), dataset.truth)


def _write_sites(group: h5py.Group, truth: SiteTruth) -> None:
    for name, column in truth.table()._asdict().items():
        create_array(group, name, column.shape, column.dtype)[...] = column
    motifs = group.create_group("motifs")
    text = h5py.string_dtype()
    motifs["id"] = np.array([motif.id for motif in truth.motifs], dtype=text)
    motifs["name"] = np.array([motif.name for motif in truth.motifs], dtype=text)
    motifs["n_sites"] = np.array([motif.n_sites for motif in truth.motifs], dtype=np.int64)
    motifs["width"] = np.array([motif.width for motif in truth.motifs], dtype=np.int64)
    motifs["pwm"] = np.concatenate([np.zeros((4, 0)), *(motif.pwm for motif in truth.motifs)], axis=1)


def read_own_group(group: h5py.Group) -> dict[str, Any]:
    """Read split codes, names of labels, metadata, names and sites, as far as the group has them.

    Raises
    ------
    ValueError
        If a required one is missing, or one has another type.
    """
    try:
        found = _own_parts(group)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise InputError(
            f"{group.file.filename}: the group {group.name!r} is damaged ({error}): write the file again"
        ) from error
    if not isinstance(found["metadata"], dict):
        raise InputError(f"{group.file.filename}: expected metadata as an object, got {found['metadata']!r}")
    return found


def _own_parts(group: h5py.Group) -> dict[str, Any]:
    return {
        "split_codes": group["split_codes"][...],
        "label_names": tuple(group["label_names"].asstr()[...]),
        "metadata": json.loads(group["metadata"].asstr()[()]),
        "names": group["names"].asstr()[...] if "names" in group else None,
        "sites": _read_sites(group["sites"]) if "sites" in group else None,
    }


def _read_sites(group: h5py.Group) -> dict[str, Any]:
    """Arguments of SiteTruth that the file holds."""
    motifs = group["motifs"]
    pwms = np.split(motifs["pwm"][...], np.cumsum(motifs["width"][...])[:-1], axis=1)
    texts = (motifs["id"].asstr()[...], motifs["name"].asstr()[...])
    columns = {name: group[name][...] for name in ("sequence", "motif", "strand", "start")}
    rows = zip(*texts, pwms, motifs["n_sites"][...].tolist(), strict=False)
    return {**columns, "motifs": [Motif(*row) for row in rows]}
