"""Configurations side by side on your own data."""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.choices import close_matches
from motiflens.basics.errors import InputError
from motiflens.cli.audit_options import (
    Database,
    Device,
    LargestQ,
    MaxEpochs,
    NAblation,
    NBackgrounds,
    NDecoys,
    NExamples,
    NMembers,
    ProtocolName,
    Seed,
    SpikeMotifs,
    Task,
    Title,
    Truth,
    sizes_for,
    target_of,
    train_candidates,
    write_found,
)
from motiflens.cli.commands import Option
from motiflens.cli.errors import in_shell
from motiflens.cli.loading import one_thread, read_truth
from motiflens.cli.messages import print_json, working
from motiflens.cli.options import DATABASE, DataFile, Json, Quiet, Verbose, writable_folder

if TYPE_CHECKING:
    from motiflens.audits.comparison import Compared, Comparison
    from motiflens.audits.evidence import Evidence
    from motiflens.data.dataset import SequenceDataset
    from motiflens.models.hybrid import NetworkConfig

_OF_THE_DATA = ("length", "n_outputs")
_FLAGS = {"true": True, "false": False}


def compare(
    data: DataFile,
    config: Annotated[
        list[str],
        Option(
            help="ARCHITECTURE:ACTIVATION, or ARCHITECTURE:ACTIVATION:FIELD=VALUE,... with fields of HybridConfig, "
            "e.g. C24:relu:n_filters=64. Two or more; differences are from the first."
        ),
    ],
    out: Annotated[
        Path,
        Option(
            "--out", "-o", callback=writable_folder, help="Folder for the page, tables, motifs and trained networks."
        ),
    ],
    n_members: NMembers = 5,
    task: Task = None,
    protocol: ProtocolName = "REFERENCE",
    max_epochs: MaxEpochs = None,
    device: Device = "auto",
    target: Annotated[
        str | None, Option(help="Label to compute attributions for, by name or number; by default the first.")
    ] = None,
    database: Database = DATABASE,
    spike_motifs: SpikeMotifs = None,
    truth: Truth = None,
    q: LargestQ = 0.1,
    n_decoys: NDecoys = 20,
    n_ablation: NAblation = 2000,
    n_backgrounds: NBackgrounds = 200,
    n_examples: NExamples = 6,
    seed: Seed = 0,
    title: Title = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Train configurations on a data set, audit all networks, and put the audits side by side.

    The table holds means with 95 % intervals, and differences from the first configuration with theirs: of test scores
    over draws of the test sequences, of all else over networks. The same command resumes after an interruption.
    """
    with working("compare", f"reading {data.name}", quiet=quiet):
        from motiflens.audits.comparison import side_by_side
        from motiflens.audits.options import AuditOptions
        from motiflens.data.io import read_hdf5

        one_thread()
        dataset = read_hdf5(data)
    configs = _configurations(config, dataset, sizes_for(dataset, task))
    accessions = None if truth is None else read_truth(truth)
    options = AuditOptions(
        target=target_of(target, dataset), database=database, spike_motifs=spike_motifs, truth=accessions, q=q,
        n_decoys=n_decoys, n_ablation=n_ablation, n_backgrounds=n_backgrounds, n_examples=n_examples, seed=seed,
    )  # fmt: skip
    found = train_candidates(
        dataset, out, configs, n_members, protocol, max_epochs, device, options, quiet=quiet, verbose=verbose
    )
    evidence, paths, summary = write_found(
        found,
        dataset,
        out,
        options,
        data=data,
        title=title or f"{data.stem}: {len(configs)} configurations",
        quiet=quiet,
    )
    if as_json:
        print_json(summary)
        return
    for line in _table(side_by_side(evidence)):
        click.echo(line)
    click.echo(f"note: filters were compared with {database}", err=True)
    for note in (*_unjudged(evidence), *evidence.notes):
        click.echo(f"note: {in_shell(note)}", err=True)
    for path in paths[:2]:
        click.echo(str(path), err=True)


def _configurations(texts: list[str], dataset: "SequenceDataset", task: int) -> "dict[str, NetworkConfig]":
    """By name: the text, with "_" for ":", which not every file system takes in the name of a folder."""
    if len(texts) < 2:
        raise InputError(f"expected --config at least twice, got {' '.join(texts)}: name what to compare with")
    configs: dict[str, NetworkConfig] = {}
    for text in texts:
        new = _configuration(text, dataset, task)
        for name, other in configs.items():
            if new == other:
                raise InputError(f"--config {text} is the same configuration as {name}: leave one of them out")
        configs[text.replace(":", "_")] = new
    return configs


def _configuration(text: str, dataset: "SequenceDataset", task: int) -> "NetworkConfig":
    from motiflens.models.hybrid import network_config

    architecture, *rest = text.split(":", 2)
    if not rest or not all((architecture, *rest)):
        raise InputError(
            f"expected --config ARCHITECTURE:ACTIVATION or ARCHITECTURE:ACTIVATION:FIELD=VALUE, got {text!r}"
        )
    pairs = [_change(architecture, part) for part in rest[1].split(",")] if len(rest) == 2 else []
    changes = dict(pairs)
    if len(changes) < len(pairs):
        raise InputError(f"expected each field once, got {text!r}")
    sizes: dict[str, Any] = {"task": task, "length": dataset.length, "n_outputs": dataset.n_outputs}
    return network_config(architecture, activation=rest[0], **sizes, **changes)


def _change(architecture: str, text: str) -> tuple[str, Any]:
    """Field and value of `field=value`, the value in the type of the field."""
    from motiflens.models.hybrid import HybridConfig
    from motiflens.models.published import PRESETS, published_sizes

    types: dict[str, Any] = {field.name: field.type for field in dataclasses.fields(HybridConfig)}
    if architecture in PRESETS:
        types = {size: type(value) for size, value in published_sizes(architecture).items()}
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise InputError(f"expected FIELD=VALUE, such as n_filters=64, got {text!r}")
    if name in _OF_THE_DATA or name == "activation":
        place = "the data" if name in _OF_THE_DATA else "what stands before it, as in C24:relu"
        raise InputError(f"{name} is given by {place}: leave {text} out")
    if name not in types:
        close = close_matches(name, types) or sorted({*types} - {*_OF_THE_DATA, "activation"})
        raise InputError(f"unknown field {name!r} of {architecture}; expected one such as {', '.join(close)}")
    try:
        return name, _FLAGS[value.lower()] if types[name] is bool else types[name](value)
    except (KeyError, ValueError):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[types[name]]
        raise InputError(f"expected {kind} for {name}, got {value!r}") from None


def _table(rows: "list[Comparison]") -> list[str]:
    """Lines of a table: a column per configuration, and one for its difference from the first."""
    names = list(rows[0].candidates)
    titles = ["", names[0], *(title for name in names[1:] for title in (name, f"minus {names[0]}"))]
    cells = [titles] + [
        [row.measure, *(text for found in row.candidates.values() for text in _cells(found))] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _unjudged(evidence: "Evidence") -> list[str]:
    """Candidates of which the spike-in leaves out networks."""
    judged = {name: found.judged for name, found in evidence.spike_ins.items()}
    return [
        f"{name}: spike-in on {which.sum()} of {len(which)} networks, as the others respond to no motif"
        for name, which in judged.items()
        if not which.all()
    ]


def _cells(found: "Compared") -> list[str]:
    """Mean, and difference where there is one, each with its interval."""
    texts = []
    for interval, sign in ((found.mean, ""), (found.difference, "+")):
        if interval is None:
            continue
        text = "-" if math.isnan(interval.estimate) else f"{interval.estimate:{sign}.3f}"
        known = not math.isnan(interval.low)
        texts.append(text + (f" ({interval.low:{sign}.3f} to {interval.high:{sign}.3f})" if known else ""))
    return texts
