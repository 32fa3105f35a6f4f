"""Data sets to and from HDF5, in the usual layout of the field.

``X_train, Y_train, X_valid, ...`` hold one-hot sequences and labels of each split, and ``model_train, ...`` the
probability matrices that simulated sequences were drawn from. Files written by this package have another group,
``motiflens``, with names of labels, names and order of sequences, and sites of motifs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from motiflens.basics.arguments import checks_arguments
from motiflens.basics.errors import ArgumentError, InputError, MissingFileError
from motiflens.basics.file_kinds import kind_of_bytes
from motiflens.basics.files import in_one_piece
from motiflens.basics.sequence import one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io.array_files import array_file
from motiflens.data.io.assemble import draw_split, settle_dataset
from motiflens.data.io.hdf5_arrays import Channels, row_blocks
from motiflens.data.io.hdf5_layouts import UNSPLIT, LayoutPart, read_parts, without_value
from motiflens.data.io.hdf5_own import FORMAT, OWN_GROUP, create_array, read_own_group, write_own_group
from motiflens.data.splits import SPLITS
from motiflens.motifs.truth import MatrixTruth, SiteTruth


@checks_arguments
def write_hdf5(dataset: SequenceDataset, path: str | Path) -> None:
    """Write a data set to an HDF5 file that this package reads back exactly and other tools can read.

    ``X_train``, ``X_valid`` and ``X_test`` are one-hot uint8 of shape (n, 4, L), ``Y_*`` float32 of shape
    (n, n_outputs), and, with ground truth, ``model_*`` float32 of shape (n, 4, L). All are compressed. The file is
    written completely or not at all.

    Parameters
    ----------
    dataset : SequenceDataset
    path : path

    Raises
    ------
    FileNotFoundError
        If the folder of path does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import motiflens as ml
    >>> path = Path(tempfile.mkdtemp()) / "data.h5"
    >>> ml.write_hdf5(ml.data.simulate.multi_motif(20, seed=1), path)
    >>> len(ml.read_hdf5(path))
    20
    """
    with in_one_piece(path) as unfinished, h5py.File(unfinished, "w") as file:
        for index, split in enumerate(SPLITS):
            _write_split(file, split, dataset, np.flatnonzero(dataset.split_codes == index))
        write_own_group(file.create_group(OWN_GROUP), dataset)


@checks_arguments
def read_hdf5(
    path: str | Path | Sequence[str | Path],
    *,
    label_names: Sequence[str] | None = None,
    channels: Channels | None = None,
    bases: str | None = None,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    seed: int = 0,
    missing_value: float | None = None,
    drop_missing: bool = False,
) -> SequenceDataset:
    """Read a data set from an HDF5 or .npz file with arrays X_train, Y_train and so on, or from :func:`write_hdf5`.

    Names of arrays may be in lower case, reversed (``train_x``) or in groups (``train/X``). The validation split may be
    called valid, val, validation or dev. A file may lack splits; one with only ``X`` and ``Y`` is split at random. The
    metadata name arrays that are not read.

    Sequences are one-hot of any numeric type, with shape (N, 4, L) or (N, L, 4), and may have more axes of length 1. A
    column of zeros, or of 0.25 in all four channels, is an unknown base (code 4). Ground truth is read from
    ``model_*``. If only some splits have it, the others get uniform columns, that is, no motifs. Files of Basset
    (``train_in``, ``train_out``, ``target_labels``) and DeepSEA (``trainxdata``, ``traindata``; bases in the order A,
    G, C, T) are read, too.

    Parameters
    ----------
    path : path, or sequence of path
        Several files hold one split each, as those of DeepSEA do.
    label_names : sequence of str, optional
        One for each output. By default those in the file, or ``label_0``, ``label_1`` and so on.
    channels : {"first", "last"}, optional
        Whether sequences are (N, 4, L) or (N, L, 4). Needed only if L is 4 and both are possible.
    bases : str, optional
        Order of the four bases in the file, such as ``"AGCT"``. By default ACGT, but AGCT in DeepSEA's files. Files do
        not state this order, and GC content does not reveal it. `data.summary` warns if GpC is rare instead of CpG.
    fractions, seed
        Shares of train, valid and test, and the seed, if the file has no splits.
    missing_value : float, optional
        Number that stands for a missing label, such as -1; NaN always does.
    drop_missing : bool
        Leave out sequences that lack a label.

    Returns
    -------
    dataset : SequenceDataset
        In the order train, valid, test, or in the order of the dataset that :func:`write_hdf5` was given.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not HDF5, lacks arrays, has sequences that are not one-hot DNA, or arrays with shapes that do not fit
        each other.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import motiflens as ml
    >>> path = Path(tempfile.mkdtemp()) / "data.h5"
    >>> ml.write_hdf5(ml.data.simulate.multi_motif(20, seed=1), path)
    >>> data = ml.read_hdf5(path)
    >>> data.length, data.n_outputs
    (200, 12)
    """
    files = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    if not files:
        raise InputError("expected at least one file, got none")
    parts: dict[str, LayoutPart] = {}
    extra: dict[str, Any] = {}
    for file in files:
        try:
            found, own = _read_file(file, channels, bases)
        except (ValueError, KeyError, OSError, RuntimeError, TypeError) as error:
            if isinstance(error, InputError) and str(file) in str(error):
                raise
            if isinstance(error, ArgumentError):
                raise error.within(str(file)) from None
            kind = "" if isinstance(error, InputError) else "cannot be read: "
            raise InputError(f"{file}: {kind}{error}") from error
        if both := parts.keys() & found.keys():
            raise InputError(f"{file}: expected a split of its own in each file, got {', '.join(both)} again")
        parts |= found
        extra = {**own, **{key: value for key, value in extra.items() if key != "metadata"}} if len(files) > 1 else own
    if UNSPLIT in parts:
        parts, extra = _divided(parts, extra, fractions, seed)
    parts = {split: without_value(parts[split], missing_value) for split in SPLITS if split in parts}
    if not any(len(part.y) for part in parts.values()):
        raise InputError(f"{' and '.join(map(str, files))}: expected at least one sequence, got none")
    try:
        dataset = _assemble(parts, extra, label_names)
    except InputError as error:
        raise InputError(f"{' and '.join(map(str, files))}: {error}") from error
    return settle_dataset(dataset, files[0].name, drop=drop_missing)


def _read_file(
    path: Path, channels: Channels | None, bases: str | None
) -> tuple[dict[str, LayoutPart], dict[str, Any]]:
    """The splits of a file, and what else it says."""
    if not path.exists():
        raise MissingFileError(f"no file at {path}")
    if path.is_file() and (arrays := array_file(path)) is not None:
        return read_parts(arrays, channels, bases, with_model=False)
    if not path.is_file() or not h5py.is_hdf5(path):
        raise InputError(f"expected an HDF5 file, got {_other_kind(path)} at {path}")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path} is damaged or incomplete: {error}") from error
    with file:
        if OWN_GROUP not in list(file):
            return read_parts(file, channels, bases, with_model=True)
        own = file.get(OWN_GROUP)
        if not isinstance(own, h5py.Group):
            raise InputError(f"{path}: the link {OWN_GROUP!r} is broken: write the file again")
        if own.attrs.get("format") != FORMAT:
            found = own.attrs.get("format")
            raise InputError(f"{path}: expected format {FORMAT} of motiflens, got {found}: update motiflens")
        if bases not in (None, "ACGT"):
            raise ArgumentError(f"{path}: motiflens wrote the bases in the order A, C, G, T", "leave {bases} out")
        extra = read_own_group(own)
        with_model = extra.get("sites") is None  # sites say the same in less room
        return read_parts(file, "first", None, with_model=with_model)[0], extra


def _other_kind(path: Path) -> str:
    if not path.is_file():
        return "something else"
    with path.open("rb") as file:
        kind = kind_of_bytes(file.read(16))
    advice = ": save X and Y in one file, as by numpy.savez(OUT, X=X, Y=Y)" if "(.npy)" in kind else ""
    return f"{kind}{advice}," if kind else "something else"


def _divided(
    parts: Mapping[str, LayoutPart], extra: Mapping[str, Any], fractions: Sequence[float], seed: int
) -> tuple[dict[str, LayoutPart], dict[str, Any]]:
    """Splits, drawn at random, of a file that has none, and what says which sequence is in which."""
    if len(parts) > 1:
        raise InputError(f"expected X and Y, or splits, got both: {', '.join(filter(None, parts))}")
    whole = parts[UNSPLIT]
    splits, how = draw_split(len(whole.y), fractions, seed)
    source = {"reader": "read_hdf5", **extra.get("metadata", {}).get("source", {}), "split": how}
    divided = {split: LayoutPart(whole.codes[splits == split], whole.y[splits == split], None) for split in SPLITS}
    codes = np.array([SPLITS.index(split) for split in splits], dtype=np.uint8)
    return divided, {**extra, "split_codes": codes, "metadata": {"source": source}}


def _write_split(file: h5py.File, split: str, dataset: SequenceDataset, rows: np.ndarray) -> None:
    shape = (len(rows), 4, dataset.length)
    X = create_array(file, f"X_{split}", shape, np.uint8)
    create_array(file, f"Y_{split}", (len(rows), dataset.n_outputs), np.float32)[...] = dataset.y[rows]
    model = None if dataset.truth is None else create_array(file, f"model_{split}", shape, np.float32)
    for block in row_blocks(len(rows), dataset.length):
        X[block] = one_hot(dataset.codes[rows[block]], torch.uint8).numpy()
        if model is not None and dataset.truth is not None:
            model[block] = dataset.truth.matrix(rows[block])


def _assemble(
    parts: Mapping[str, LayoutPart], own: Mapping[str, Any], label_names: Sequence[str] | None
) -> SequenceDataset:
    _check_equal("lengths", {split: part.codes.shape[1] for split, part in parts.items()})
    _check_equal("numbers of labels", {split: part.y.shape[1] for split, part in parts.items()})
    numbers = np.array([SPLITS.index(split) for split in parts], dtype=np.uint8)
    in_parts = np.repeat(numbers, [len(part.y) for part in parts.values()])
    split_codes = own.get("split_codes", in_parts)
    if not np.array_equal(np.sort(split_codes), in_parts):
        raise InputError("expected as many sequences in each split as were written, got others: file was edited")
    row_of = np.empty(len(split_codes), dtype=np.int64)  # where each sequence of the dataset stands in parts
    row_of[np.argsort(split_codes, kind="stable")] = np.arange(len(split_codes))
    codes, y = (np.concatenate([getattr(part, name) for part in parts.values()])[row_of] for name in ("codes", "y"))
    truth: SiteTruth | MatrixTruth | None = None
    if own.get("sites") is not None:
        truth = SiteTruth(**own["sites"], n_sequences=len(codes), length=codes.shape[1])
    elif any(part.model is not None for part in parts.values()):
        truth = MatrixTruth(np.concatenate([_matrices(part) for part in parts.values()])[row_of])
    return SequenceDataset.from_arrays(
        codes,
        y,
        label_names=own.get("label_names") if label_names is None else label_names,
        split=np.array(SPLITS)[split_codes],
        truth=truth,
        metadata=own.get("metadata"),
        names=own.get("names"),
    )


def _check_equal(what: str, values: Mapping[str, int]) -> None:
    if len(set(values.values())) > 1:
        raise InputError(f"expected equal {what} in {', '.join(values)}, got {list(values.values())}")


def _matrices(part: LayoutPart) -> np.ndarray:
    unknown = np.full((len(part.codes), 4, part.codes.shape[1]), 0.25, dtype=np.float32)
    return unknown if part.model is None else part.model
