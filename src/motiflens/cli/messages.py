"""What commands say: progress, notes, JSON."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from motiflens.basics.errors import InputError

if TYPE_CHECKING:
    from motiflens.data.dataset import SequenceDataset


@dataclass
class Session:
    """What holds for one call of the command line, whatever the command."""

    debug: bool = False


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
    from motiflens.basics.progress import progress_bar

    with progress_bar(what, on_line=lambda line: typer.echo(line, err=True)) as tell:
        yield tell


@contextmanager
def options_named(*names: str) -> Iterator[None]:
    """In an error that begins with an argument, such as `n_null`, name the option of the shell instead: `--n-null`."""
    try:
        yield
    except InputError as error:
        first, _, rest = str(error).partition(" ")
        if first not in names:
            raise
        raise InputError(f"--{first.replace('_', '-')} {rest}") from None


def print_json(result: Any) -> None:
    """Print a result as JSON on standard output."""
    from motiflens.basics.json_values import without_nan

    typer.echo(json.dumps(without_nan(result), indent=1, allow_nan=False, default=float))


def note_slow_training(device: str) -> None:
    """Say so where networks will train on a CPU without compiled kernels; compiles them on first use."""
    from motiflens.models.devices import resolve_device
    from motiflens.models.kernels import describe_kernels

    if resolve_device(device).type == "cpu" and (words := describe_kernels()).startswith("none"):
        typer.echo(f"note: training takes up to twice as long as it could; compiled kernels: {words}", err=True)


def note_outputs(n_outputs: int | None, dataset: "SequenceDataset", target: int) -> None:
    """Say so where a model has another number of outputs (None: several) than the data have labels."""
    from motiflens.basics.inputs import as_sequences

    if n_outputs != dataset.n_outputs:
        label = dataset.label_names[as_sequences(dataset).label_of(target)]
        typer.echo(
            f"note: the model has {n_outputs or 'several'} output(s) and the data {dataset.n_outputs} label(s): "
            f"output {target} (--target) is held against label {label!r}",
            err=True,
        )


def short(value: object) -> str:
    """A number with four decimals, anything else as it is."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
