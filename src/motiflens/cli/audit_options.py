"""What `audit` and `compare` share: their options, the training, the folder that they write."""

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from motiflens.cli.commands import Option
from motiflens.cli.messages import BEAT, TrainingCourse, note_slow_training, percentage, resumable

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.options import AuditOptions
    from motiflens.data.dataset import SequenceDataset
    from motiflens.models.hybrid import NetworkConfig
    from motiflens.report.audit import AuditFolder
    from motiflens.training.news import News

NMembers = Annotated[int, Option("--members", help="To train: initialisations of each.")]
Task = Annotated[
    int | None, Option(help="To train: sizes of task 1 (wide) or 2 (small); by default 2 for a single label.")
]
ProtocolName = Annotated[str, Option(help="To train: REFERENCE or PAPER.")]
MaxEpochs = Annotated[int | None, Option(help="To train: fewer epochs than the protocol's.")]
Device = Annotated[str, Option(help="To train: auto, cpu or cuda.")]
Database = Annotated[str, Option(help="Motif set or file to compare with.")]
Truth = Annotated[
    str | None, Option(help="task1, task2, or a JSON file of factors and their accessions: for TPR and FPR.")
]
LargestQ = Annotated[float, Option(help="Largest q-value of a match.")]
# These are fields of `motiflens.audits.options.AuditOptions`, by the same names.
NDecoys = Annotated[int, Option(help="Shuffled databases, for the matches expected by chance; 0 for none.")]
NAblation = Annotated[int, Option(help="Test sequences on which each filter is ablated; 0 for none.")]
NBackgrounds = Annotated[int, Option(help="Negatives for the spike-in; 0: no spike-in, no stability.")]
SpikeMotifs = Annotated[
    str | None,
    Option(
        "--motifs",
        help="Motifs that attributions should find: a motif file, or names in the database with commas between them. "
        "They are implanted with priority over those of the filters that matter.",
    ),
]
NExamples = Annotated[int, Option(help="Test sequences whose attributions are shown.")]
Seed = Annotated[int, Option(min=0, help="Seed of initial weights and of everything that is drawn at random.")]
Title = Annotated[str | None, Option(help="Heading of the page.")]


class Found(NamedTuple):
    """Audited candidates, the settings of their training and the metric that it watched."""

    candidates: "list[Candidate]"
    settings: dict[str, Any]
    monitor: str


def sizes_for(dataset: "SequenceDataset", task: int | None) -> int:
    """Whose sizes to take: those asked for, else by the number of labels."""
    from motiflens.models.hybrid import sizes_of

    return sizes_of(dataset.n_outputs) if task is None else task


def target_of(target: str | None, dataset: "SequenceDataset") -> int | None:
    """Number of the label that --target names; None stays."""
    from motiflens.basics.inputs import as_output

    return None if target is None else as_output(target, dataset)


def train_candidates(
    dataset: "SequenceDataset",
    out: Path,
    configs: "dict[str, NetworkConfig]",
    n_members: int,
    protocol: str,
    max_epochs: int | None,
    device: str,
    options: "AuditOptions",
    *,
    quiet: bool = False,
    verbose: bool = False,
) -> Found:
    """Train what is missing and audit it, showing how far it is."""
    from motiflens.audits.train_and_audit import Stage, train_and_audit
    from motiflens.models.devices import resolve_device
    from motiflens.training.protocol import get_protocol
    from motiflens.training.suitability import suited_protocol

    chosen = suited_protocol(get_protocol(protocol), dataset)
    if max_epochs is not None:
        chosen = chosen.replace(max_epochs=max_epochs)
    monitor = {"auroc": "AUROC", "aupr": "AUPR", "pearson": "correlation"}[chosen.monitor(dataset.n_outputs)]

    note_slow_training(device)
    # An audit takes about as long as the training of one network.
    course = TrainingCourse(len(configs) * (n_members + 1), chosen.max_epochs, monitor, quiet=quiet, verbose=verbose)

    def tell(news: "News | Stage") -> None:
        if isinstance(news, Stage):
            course.stage(*news)
        elif news.status is None:
            course.epoch(f"{news.key} {news.member}", news.n_epochs, news.valid_loss, news.valid_metric)
        else:
            course.say(f"{news.key}  trained; auditing")
            course.finished(*(f"{news.key} {member}" for member in range(n_members)))

    with resumable(), course:
        candidates = train_and_audit(
            dataset, out, configs, options, n_members=n_members, protocol=chosen, device=device, on_news=tell,
        )  # fmt: skip
    settings: dict[str, Any] = {"device": resolve_device(device), "protocol": chosen}
    return Found(candidates, {**settings, **{f"configuration {name}": c for name, c in configs.items()}}, monitor)


def write_found(
    found: Found,
    dataset: "SequenceDataset",
    out: Path,
    options: "AuditOptions",
    *,
    data: Path,
    title: str,
    quiet: bool = False,
) -> "AuditFolder":
    """Page, tables and summary, with the command that is running."""
    from motiflens.report.audit import write_audit_folder

    with nullcontext(None) if quiet else percentage("audit", beat=BEAT) as tell:
        return write_audit_folder(
            found.candidates,
            dataset,
            out,
            options,
            title=title,
            settings={**found.settings, "seed": options.seed, "decoy databases": options.n_decoys},
            command=shlex.join(["motiflens", *sys.argv[1:]]),
            monitor=found.monitor,
            data_file=str(data),
            on_progress=tell,
        )
