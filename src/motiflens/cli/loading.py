"""What commands load: networks, data, truth."""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from motiflens.basics.errors import InputError, MissingFileError

if TYPE_CHECKING:
    from torch import nn

    from motiflens.data.dataset import SequenceDataset


def one_thread() -> None:
    """Two threads in one process are slower than one on networks of this size."""
    import torch

    torch.set_num_threads(1)


def load_networks_and_data(model: Path, data: Path) -> "tuple[list[nn.Module], SequenceDataset]":
    """The networks in a folder, of an ensemble all, and a data set."""
    from motiflens.data.io import read_hdf5
    from motiflens.models.saved import load_networks

    one_thread()
    return load_networks(model), read_hdf5(data)


def load_any_model(source: str, weights: Path | None) -> "nn.Module":
    """A saved network's folder, or module:function as `python` itself would find it here."""
    from motiflens.models.any_model import LeftOverWarning, load_model

    sys.path.insert(0, os.getcwd())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeftOverWarning)
        model = load_model(source, weights=weights)
    for warning in caught:
        typer.echo(f"note: {warning.message}", err=True)
    return model


def test_sequences(dataset: "SequenceDataset") -> "SequenceDataset":
    """The test sequences; an error if there are none."""
    if len(dataset.test) == 0:
        raise InputError("the data hold no test sequences (X_test)")
    return dataset.test


def read_truth(name: str) -> dict[str, tuple[str, ...]]:
    """The motifs of the truth by factor: of a task, or from a JSON file."""
    from motiflens.interpret.filters import task_truth

    if name in ("task1", "task2"):
        return task_truth(int(name[-1]))
    path = Path(name)
    if not path.is_file():
        raise MissingFileError(f"no file {name}: expected --truth as task1, task2 or a JSON file")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: expected a JSON object, got something else ({error})") from error
    if not isinstance(values, dict) or not all(isinstance(ids, list) for ids in values.values()):
        raise InputError(f'{name}: expected a JSON object such as {{"CEBPB": ["MA0466"]}}')
    return {factor: tuple(map(str, ids)) for factor, ids in values.items()}
