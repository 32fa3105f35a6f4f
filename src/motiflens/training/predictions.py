"""Predictions for the sequences of a FASTA file, of which only a part is in memory at a time."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from motiflens.basics.errors import InputError
from motiflens.basics.inputs import NetworksLike
from motiflens.data.io import FastaRecord, fasta_records
from motiflens.models.predict import Predictions, Scale, mean_prediction
from motiflens.models.saved import as_networks

_BATCH = 4096  # sequences in memory at once


def predict_fasta(networks: NetworksLike, fasta: str | Path, *, scale: Scale = "auto") -> Predictions:
    """Predict the labels of the sequences of a FASTA file.

    Parameters
    ----------
    networks : network, several, ensemble, or folder of either
    fasta : path
        Plain or gzip, with sequences of the network's length.
    scale : {"auto", "probability", "raw"}
        As for :func:`motiflens.models.predict.predict`.

    Returns
    -------
    predictions : Predictions
        In the order of the file.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If the folder holds no network, the file holds no DNA, or a sequence does not have the network's length.
    """
    found = as_networks(networks)
    length = getattr(getattr(found[0], "config", None), "length", None)
    parts: list[Predictions] = []
    records = fasta_records(fasta)
    while batch := list(islice(records, _BATCH)):
        names = [record.name for record in batch]
        parts.append(mean_prediction(found, _codes(batch, length, Path(fasta)), names, scale=scale))
    first = parts[0]
    return Predictions(
        [name for part in parts for name in part.names],
        np.concatenate([part.mean for part in parts]),
        None
        if first.deviation is None
        else np.concatenate([part.deviation for part in parts if part.deviation is not None]),
        first.label_names,
    )


def _codes(records: Iterable[FastaRecord], length: int | None, path: Path) -> np.ndarray:
    records = list(records)
    expected = len(records[0].codes) if length is None else length
    for record in records:
        if len(record.codes) != expected:
            raise InputError(
                f"{path}, sequence {record.name!r}: expected {expected} bp, as the network was trained on, "
                f"got {len(record.codes)}: cut windows of {expected} bp"
            )
    return np.stack([record.codes for record in records])
