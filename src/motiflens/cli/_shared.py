"""What commands share: types of options, messages, reading of arguments."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from torch import nn

    from motiflens.dataset import SequenceDataset
    from motiflens.models.hybrid import HybridNetwork

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
DataFile = Annotated[Path, typer.Argument(help="HDF5 data set (X_train, Y_train, X_valid, ...).")]
ModelFolder = Annotated[Path, typer.Argument(help="Folder of a saved network, e.g. OUT/member_000.")]


def writable_file(path: Path | list[Path] | None) -> Path | list[Path] | None:
    """Refuse, before anything is computed, a file that cannot be written."""
    for one in path if isinstance(path, list) else [path] if path else []:
        if one.is_dir():
            raise ValueError(f"cannot write {one}: it is a folder; name a file in it")
        writable_folder(one.parent)
    return path


def writable_prefix(path: Path) -> Path:
    """Refuse, before anything is computed, the beginning of names of files that cannot be written."""
    writable_folder(path.parent)
    return path


def writable_folder(path: Path | None) -> Path | None:
    """Refuse, before anything is computed, a folder in which nothing can be written."""
    if path is not None:
        found = next(one for one in (path, *path.absolute().parents) if one.exists())
        if not found.is_dir():
            raise ValueError(f"cannot write into {path}: {found} is a file; name a folder")
        if not os.access(found, os.W_OK | os.X_OK):
            raise ValueError(f"cannot write into {path}: no permission in {found}")
    return path


@contextmanager
def resumable() -> Iterator[None]:
    """Tell, on an interrupt, that the work can go on."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted; run the same command again to go on", err=True)
        raise typer.Exit(130) from None


@contextmanager
def percentage(what: str) -> Iterator[Callable[[float], None]]:
    """Show on standard error which share is done: a bar on a terminal, a line for every tenth elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console, tenths = Console(stderr=True), 0
    columns = (TextColumn(what), BarColumn(bar_width=24), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=1.0)

        def tell(share: float) -> None:
            nonlocal tenths
            bar.update(task, completed=share)
            if not console.is_terminal and int(10 * share) > tenths:
                tenths = int(10 * share)
                typer.echo(f"{what}  {10 * tenths} %", err=True)

        yield tell


def print_json(result: Any) -> None:
    from motiflens.store import without_nan

    typer.echo(json.dumps(without_nan(result), indent=1, allow_nan=False, default=float))


def one_thread() -> None:
    """Two threads in one process are slower than one on networks of this size."""
    import torch

    torch.set_num_threads(1)


def note_slow_training(device: str) -> None:
    """Say so where networks will train on a CPU without compiled kernels; compiles them on first use."""
    from motiflens.kernels import describe_kernels
    from motiflens.predict import resolve_device

    if resolve_device(device).type == "cpu" and (words := describe_kernels()).startswith("none"):
        typer.echo(f"note: training takes up to twice as long as it could; compiled kernels: {words}", err=True)


def note_outputs(n_outputs: int | None, dataset: "SequenceDataset", target: int) -> None:
    """Say so where a model has another number of outputs (None: several) than the data have labels."""
    from motiflens._audited import label_of

    if n_outputs != dataset.n_outputs:
        label = dataset.label_names[label_of(dataset, target)]
        typer.echo(
            f"note: the model has {n_outputs or 'several'} output(s) and the data {dataset.n_outputs} label(s): "
            f"output {target} (--target) is held against label {label!r}",
            err=True,
        )


def short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def load_model(model: Path, data: Path) -> "tuple[HybridNetwork, SequenceDataset]":
    from motiflens.io import read_hdf5
    from motiflens.models import HybridNetwork

    one_thread()
    return HybridNetwork.load(model), read_hdf5(data)


def load_any_model(source: str, weights: Path | None) -> "nn.Module":
    """A saved network's folder, or module:function as `python` itself would find it here."""
    from motiflens.any_model import load_model

    sys.path.insert(0, os.getcwd())
    return load_model(source, weights=weights)


def test_sequences(dataset: "SequenceDataset") -> "SequenceDataset":
    if len(dataset.test) == 0:
        raise ValueError("the data hold no test sequences (X_test)")
    return dataset.test


def write_npz(path: Path, **arrays: Any) -> None:
    import numpy as np

    temporary = path.with_name(f".{path.name}.tmp.npz")
    try:
        np.savez_compressed(temporary, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def whole_number(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


def split_names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def read_truth(name: str) -> dict[str, tuple[str, ...]]:
    from motiflens.filters import task_truth

    if name in ("task1", "task2"):
        return task_truth(int(name[-1]))
    values = json.loads(Path(name).read_text(encoding="utf-8"))
    if not isinstance(values, dict) or not all(isinstance(ids, list) for ids in values.values()):
        raise ValueError(f'{name}: expected a JSON object such as {{"CEBPB": ["MA0466"]}}')
    return {factor: tuple(map(str, ids)) for factor, ids in values.items()}
