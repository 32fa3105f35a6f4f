"""What commands load: networks, data, truth."""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from motiflens.basics.errors import NAME_A_NETWORK, InputError, MissingFileError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from motiflens.data.dataset import SequenceDataset


def one_thread() -> None:
    """Two threads in one process are slower than one on networks of this size."""
    import torch

    torch.set_num_threads(1)


def load_any_model(source: str, weights: Path | None) -> "nn.Module":
    """A saved network's folder, or module:function as `python` itself would find it here."""
    from motiflens.models.any_model import LeftOverWarning, load_model

    sys.path.insert(0, os.getcwd())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LeftOverWarning)
        model = load_model(source, weights=weights)
    for warning in caught:
        click.echo(f"note: {warning.message}", err=True)
    return model


def check_model(model: str) -> None:
    """Refuse, before data are read, what names neither a folder nor a function."""
    if model.endswith(".py"):
        raise InputError(f"name the function in {model} that makes the model: {model}:FUNCTION")
    if ":" not in model and not Path(model).is_dir():
        raise MissingFileError(f"expected a folder {model}: {NAME_A_NETWORK}, or file.py:function")


def networks_of(
    model: str, codes: "np.ndarray", weights: Path | None, reading: dict[str, Any], filters: bool = False
) -> "list[Any]":
    """Networks of a folder, or a model made elsewhere, read as `reading` says.

    Parameters
    ----------
    model : str
        Folder, or module:function or file.py:function.
    codes : np.ndarray, uint8, shape=(N, L)
        Sequences on which a model made elsewhere is tried.
    weights : Path or None
    reading : dict
        Arguments of `any_model.adapt`.
    filters : bool
        Whether a model needs filters that can be read.
    """
    from motiflens.models.any_model import adapt
    from motiflens.models.saved import load_networks

    if Path(model).is_dir() or ":" not in model:
        given = {"weights": weights, **reading}
        asked = [name for name, value in given.items() if value not in (None, "auto", "ACGT")]
        if asked:
            option = asked[0].replace("_", "-")
            raise InputError(
                f"--{option} is for a model given as module:function, but {model} is the folder of a saved network"
            )
        return load_networks(model)
    return [adapt(load_any_model(model, weights), codes, filters=filters, **reading)]


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
