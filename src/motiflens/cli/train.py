"""Training on a data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from motiflens.basics.errors import InputError
from motiflens.cli.audit_options import sizes_for
from motiflens.cli.commands import Option
from motiflens.cli.loading import one_thread
from motiflens.cli.messages import TrainingCourse, note_slow_training, print_json, resumable, short, working
from motiflens.cli.options import DataFile, Json, Quiet, Verbose, writable_folder

if TYPE_CHECKING:
    from motiflens.data.dataset import SequenceDataset
    from motiflens.models.ensemble import Member
    from motiflens.models.hybrid import NetworkConfig
    from motiflens.training.protocol import Protocol
    from motiflens.training.summary import FitSummary

_SIZES = ("first_pool", "second_pool", "kernel_size", "second_kernel_size")


def train(
    data: DataFile,
    out: Annotated[Path, Option("--out", "-o", callback=writable_folder, help="Folder for the trained networks.")],
    architecture: Annotated[str, Option(help="A name that motiflens models list shows.")] = "C4C6-Att",
    activation: Annotated[
        str | None,
        Option(help="Activation of the first layer: exponential or relu. Default: exponential, or as published."),
    ] = None,
    n_members: Annotated[int, Option("--members", help="Initialisations to train.")] = 5,
    objective: Annotated[
        str, Option(help="classification or regression; auto: classification if all labels are 0 or 1.")
    ] = "auto",
    reverse_complement: Annotated[
        bool, Option("--reverse-complement", help="Reverse-complement each sequence at random in each epoch.")
    ] = False,
    max_shift: Annotated[
        int, Option(min=0, help="Shift each sequence by up to this many bases in each epoch, at random.")
    ] = 0,
    mutation_rate: Annotated[
        float, Option(min=0, max=0.99, help="Mutate this share of the bases in each epoch, at random.")
    ] = 0.0,
    positive_weight: Annotated[
        str | None,
        Option(help="Weight of positives in the loss: a number, or balanced for equal weight of both classes."),
    ] = None,
    protocol: Annotated[str, Option(help="REFERENCE, PAPER, INTERACTIONS or LONG.")] = "REFERENCE",
    task: Annotated[
        int | None, Option(help="Sizes of task 1 (wide) or 2 (small); by default 2 for a single label.")
    ] = None,
    max_epochs: Annotated[int | None, Option(help="Fewer epochs than the protocol's.")] = None,
    seed: Annotated[int, Option(min=0, help="Seed of initial weights and dropout.")] = 0,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Train several initialisations of one architecture on a data set; the same command resumes.

    Sequences may have any length. If a pool or a kernel does not fit, the nearest size that does is used and reported.
    """
    with working("training", f"reading {data.name}", quiet=quiet):
        from motiflens.data.io import read_hdf5
        from motiflens.models.hybrid import network_config
        from motiflens.training.folder import fit_to_folder
        from motiflens.training.protocol import get_protocol
        from motiflens.training.suitability import suited_protocol
        from motiflens.training.summary import fit_summary

        one_thread()
        dataset = read_hdf5(data)
    task = sizes_for(dataset, task)
    named = network_config(architecture, activation=activation, task=task, n_outputs=dataset.n_outputs)
    config = network_config(
        architecture, length=dataset.length, activation=activation, task=task, n_outputs=dataset.n_outputs
    )
    asked = get_protocol(protocol)
    options = {
        "max_epochs": max_epochs,
        "positive_weight": _weight(positive_weight),
        "reverse_complement": reverse_complement or None,
        "max_shift": max_shift or None,
        "mutation_rate": mutation_rate or None,
    }
    changes = {name: value for name, value in options.items() if value is not None}
    chosen = suited_protocol(asked, dataset, objective=objective)
    chosen = chosen.replace(**changes) if changes else chosen
    notes = [*_size_notes(architecture, named, config), *_protocol_notes(asked, chosen, dataset, objective)]
    for note in notes:
        click.echo(f"note: {note}", err=True)
    monitor = _title(chosen.monitor(dataset.n_outputs))

    course = TrainingCourse(n_members, chosen.max_epochs, monitor, quiet=quiet, verbose=verbose)

    def tell(member: "Member") -> None:
        if member.status == "training":
            loss, metric = member.history["valid_loss"][-1], member.history["valid_metric"][-1]
            course.epoch(f"member {member.index}", member.n_epochs, loss, metric)
        else:
            course.finished(f"member {member.index}")

    note_slow_training(device)
    with resumable(), course:
        fitted = fit_to_folder(out, config, dataset, n_members, protocol=chosen, seed=seed, device=device, on_news=tell)
    summary = fit_summary(fitted, dataset)
    if as_json:
        settings = {"folder": str(out), "config": config.to_dict(), "protocol": chosen.to_dict(), "notes": notes}
        print_json({"architecture": architecture, **settings, **summary.to_dict()})
    else:
        _print_table(summary)


def _weight(text: str | None) -> float | str | None:
    if text is None or text == "balanced":
        return text
    try:
        return float(text)
    except ValueError:
        raise InputError(f"expected --positive-weight as a number or balanced, got {text!r}") from None


def _size_notes(architecture: str, named: "NetworkConfig", config: "NetworkConfig") -> list[str]:
    changed = [
        f"{name} {getattr(config, name)} in place of {getattr(named, name)}"
        for name in _SIZES
        if getattr(config, name, None) != getattr(named, name, None)
    ]
    return [f"{architecture} on sequences of {config.length} bp has {', '.join(changed)}"] if changed else []


def _protocol_notes(asked: "Protocol", chosen: "Protocol", dataset: "SequenceDataset", objective: str) -> list[str]:
    from motiflens.training.suitability import AUGMENTED, FEW_TRAIN

    notes = []
    if objective == "auto" and chosen.objective == "regression":
        notes.append("labels other than 0 and 1: a regression of real values (--objective regression)")
    n_train = len(dataset.train)
    if chosen.batch_size != asked.batch_size:
        notes.append(f"{n_train} training sequences: batches of {chosen.batch_size} in place of {asked.batch_size}")
    if n_train < FEW_TRAIN and not (chosen.reverse_complement or chosen.max_shift):
        options = " ".join(AUGMENTED)
        notes.append(f"{n_train:,} training sequences are few: {options} reads other versions of them in each epoch")
    return notes


def _title(metric: str) -> str:
    """Name of a metric for people: "test_auroc" becomes "test AUROC"."""
    words = {"auroc": "AUROC", "aupr": "AUPR", "pearson": "Pearson"}
    return " ".join(words.get(word, word) for word in metric.split("_"))


def _print_table(summary: "FitSummary") -> None:
    """Members one per line, then mean and SD, and what reading no sequence reaches."""
    metrics = list(summary.uninformed)
    titles = [_title(name) for name in metrics]

    def line(name: str, epoch: object, values: list[str]) -> None:
        cells = [f"{value:>{max(8, len(title))}}" for value, title in zip(values, titles, strict=True)]
        click.echo("  ".join([f"{name:12}", f"{epoch:>10}", *cells]))

    line("", "best epoch", titles)
    for row in summary.members:
        if row["status"] == "ok":
            line(f"member {row['member']}", row["best_epoch"], [short(row[name]) for name in metrics])
        else:
            click.echo(f"member {row['member']:<5}  {row['status']}: {row['reason']}")
    if sum(row["status"] == "ok" for row in summary.members) > 1:
        line("mean", "", [short(summary.mean[name]) for name in metrics])
        line("SD", "", [short(summary.standard_deviation[name]) for name in metrics])
    line("uninformed", "", [short(summary.uninformed[name]) for name in metrics])
    if summary.objective == "classification":
        click.echo("uninformed: of random scores; the AUPR is the prevalence of positives")
    else:
        click.echo("uninformed: of predicting the training sequences' mean for all")
