"""What commands say: progress, notes, JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from motiflens.basics.errors import InputError, UnfinishedError
from motiflens.basics.files import write_text

if TYPE_CHECKING:
    from motiflens.basics.progress import Tell
    from motiflens.basics.runners import JobError
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
        click.echo("interrupted; run the same command again to go on", err=True)
        raise click.exceptions.Exit(130) from None


#: Seconds after which a command that works says so again, where no bar moves.
BEAT = 5.0


@contextmanager
def percentage(what: str, *, beat: float | None = None) -> Iterator["Tell"]:
    """Show on standard error which share is done: a bar on a terminal, a line for every tenth and stage elsewhere."""
    from motiflens.basics.progress import progress_bar

    with progress_bar(what, on_line=lambda line: click.echo(line, err=True), beat=beat) as tell:
        yield tell


@contextmanager
def working(what: str, on: str, *, quiet: bool = False) -> Iterator[None]:
    """Say what is being done where nothing else tells how far it is: on a terminal at once, else every few seconds.

    It goes around what a command does first, too, since to load PyTorch may take seconds.
    """
    if quiet:
        yield
        return
    with percentage(f"{what}: {on}", beat=BEAT):
        yield


class TrainingCourse:
    """How far a training is: one bar for all networks; a line for every epoch if verbose; nothing if quiet."""

    def __init__(self, n_networks: int, max_epochs: int, monitor: str, *, quiet: bool, verbose: bool) -> None:
        if quiet and verbose:
            raise InputError("--quiet and --verbose exclude each other: leave one of them out")
        self.n_networks, self.max_epochs, self.monitor = n_networks, max_epochs, monitor
        self.quiet, self.verbose = quiet, verbose
        self.shares: dict[str, float] = {}
        self._stage = ""
        self._stack = ExitStack()
        self._tell: Tell | None = None

    def __enter__(self) -> "TrainingCourse":
        if not (self.quiet or self.verbose):
            self._tell = self._stack.enter_context(percentage("training", beat=BEAT))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def epoch(self, network: str, n_epochs: int, loss: float, metric: float) -> None:
        """A network has trained so many epochs."""
        self.say(f"{network}  epoch {n_epochs:3d}  validation loss {loss:.4f}  {self.monitor} {metric:.4f}")
        self._share(network, n_epochs / self.max_epochs)

    def finished(self, *networks: str) -> None:
        """Networks have trained to their end."""
        for network in networks:
            self._share(network, 1.0)

    def say(self, line: str) -> None:
        """A line, if verbose."""
        if self.verbose:
            click.echo(line, err=True)

    def _share(self, network: str, share: float) -> None:
        self.shares[network] = share
        if self._tell is not None:
            self._tell(min(sum(self.shares.values()) / self.n_networks, 1.0), self._stage)

    def stage(self, candidate: str, share: float, stage: str) -> None:
        """How far the audit of a candidate is, which counts as one more network."""
        self.say(f"{candidate}  {stage}")
        self._stage = f"audit of {candidate}: {stage}"
        self._share(f"{candidate} audit", share)


def print_json(result: Any) -> None:
    """Print a result as JSON on standard output."""
    from motiflens.basics.json_values import without_nan

    click.echo(json.dumps(without_nan(result), indent=1, allow_nan=False, default=float))


def refuse_unfinished(errors: "Sequence[JobError]", folder: Path, what: str, named: Callable[[Any], str]) -> None:
    """If work of a study failed, keep all errors in a file and raise one that tells of the first."""
    if not errors:
        return
    write_text("\n".join(error.details or error.message for error in errors), folder / "errors.log")
    raise UnfinishedError(
        f"{len(errors)} {what} could not be finished (see {folder / 'errors.log'}); "
        f"the first, {named(errors[0].job)}: {errors[0].message}"
    )


def note_slow_training(device: str) -> None:
    """Say so where networks will train on a CPU without compiled kernels; compiles them on first use."""
    from motiflens.models.devices import resolve_device
    from motiflens.models.kernels import describe_kernels

    if resolve_device(device).type == "cpu" and (words := describe_kernels()).startswith("none"):
        click.echo(f"note: training takes up to twice as long as it could; compiled kernels: {words}", err=True)


def note_outputs(n_outputs: int | None, dataset: "SequenceDataset", target: int) -> None:
    """Say so where a model has another number of outputs (None: several) than the data have labels."""
    from motiflens.basics.inputs import as_sequences

    if n_outputs != dataset.n_outputs:
        label = dataset.label_names[as_sequences(dataset).label_of(target)]
        click.echo(
            f"note: the model has {n_outputs or 'several'} output(s) and the data {dataset.n_outputs} label(s): "
            f"output {target} (--target) is compared with label {label!r}",
            err=True,
        )


def short(value: object) -> str:
    """A number with four decimals, or two digits where it is below 0.001; anything else as it is."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.4f}"
