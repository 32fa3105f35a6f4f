"""Predictions of a saved network, or of all members of an ensemble, for the sequences of a FASTA file."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.files import in_one_piece
from motiflens.data.io import FastaRecord, fasta_records
from motiflens.models.hybrid import HybridNetwork
from motiflens.models.predict import predict
from motiflens.training.folder import ENSEMBLE_FILE, load_ensemble

Scale = Literal["auto", "probability", "raw"]

_BATCH = 4096  # sequences in memory at once


class Predictions(NamedTuple):
    """Outputs for each sequence."""

    names: list[str]
    mean: np.ndarray  # (N, n_outputs), over the networks
    deviation: np.ndarray | None  # (N, n_outputs), standard deviation over the networks; None for a single one

    def columns(self) -> dict[str, np.ndarray]:
        """Values (N,) by the name of their column: output_0, output_0_sd, output_1, ..."""
        columns = {}
        for output, values in enumerate(self.mean.T):
            columns[f"output_{output}"] = values
            if self.deviation is not None:
                columns[f"output_{output}_sd"] = self.deviation[:, output]
        return columns

    def lines(self) -> Iterator[str]:
        """Lines of a tab-separated table with a header."""
        columns = self.columns()
        yield "\t".join(["name", *columns])
        for name, *values in zip(self.names, *columns.values(), strict=True):
            yield "\t".join([name, *(f"{value:.6g}" for value in values)])

    def write_tsv(self, path: str | Path) -> None:
        """Write the table; the file appears under its name only when it is complete."""
        with in_one_piece(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in self.lines())


def predict_fasta(folder: str | Path, fasta: str | Path, *, scale: Scale = "auto") -> Predictions:
    """Predict the outputs of a saved network or ensemble for the sequences of a FASTA file.

    Parameters
    ----------
    folder : path
        That `HybridNetwork.save` or `fit_to_folder` wrote. Of an ensemble, the mean over its members is predicted.
    fasta : path
        Plain or gzip; sequences of the network's length.
    scale : {"auto", "probability", "raw"}
        raw: what networks return, that is logits, or the values that a regression predicts. auto: raw for networks
        that `motiflens train` trained for a regression and that lie where it put them, else probability: a network by
        itself does not tell what it was trained for.

    Returns
    -------
    predictions : Predictions
        In the order of the file.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If the folder holds no network, the file no DNA, or a sequence has another length than the network takes.
    """
    if scale not in get_args(Scale):
        raise InputError(f"expected {', '.join(get_args(Scale))} for scale, got {scale!r}")
    networks = load_networks(folder)
    logits = scale == "probability" or (scale == "auto" and not _is_regression(Path(folder)))
    names: list[str] = []
    means, deviations = [], []
    records = fasta_records(fasta)
    while batch := list(islice(records, _BATCH)):
        codes = _codes(batch, networks[0].config.length, Path(fasta))
        outputs = torch.stack([predict(network, codes) for network in networks])  # networks, n, outputs
        values = (torch.sigmoid(outputs) if logits else outputs).double().numpy()
        names += [record.name for record in batch]
        means.append(values.mean(axis=0))
        deviations.append(values.std(axis=0, ddof=1) if len(networks) > 1 else values[0])
    return Predictions(names, np.concatenate(means), np.concatenate(deviations) if len(networks) > 1 else None)


def load_networks(folder: str | Path) -> list[HybridNetwork]:
    """Load the network of a folder, or the networks of an ensemble.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is none, or a file is damaged.
    """
    folder = Path(folder)
    if not (folder / ENSEMBLE_FILE).is_file():
        return [HybridNetwork.load(folder)]
    members = load_ensemble(folder).members
    networks = [member.network for member in members if member.network is not None]
    if not networks:
        raise InputError(f"{folder}: none of {len(members)} members has trained to its end")
    return networks


def _is_regression(folder: Path) -> bool:
    """Whether the ensemble in this folder, or around this member's folder, was trained on real values."""
    folder = folder.resolve()  # the parent of "." is "."
    for place in (folder, folder.parent):
        if (path := place / ENSEMBLE_FILE).is_file():
            try:
                return json.loads(path.read_text(encoding="utf-8"))["protocol"].get("objective") == "regression"
            except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{path}: expected the summary of an ensemble, got something else ({error})"
                ) from error
    return False


def _codes(records: Iterable[FastaRecord], length: int, path: Path) -> np.ndarray:
    for record in records:
        if len(record.codes) != length:
            raise InputError(
                f"{path}, sequence {record.name!r}: expected {length} bp, as the network was trained on, "
                f"got {len(record.codes)}: cut windows of {length} bp"
            )
    return np.stack([record.codes for record in records])
