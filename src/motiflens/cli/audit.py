"""Any network on any data: what it learned, and whether it can be trusted."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.errors import InputError
from motiflens.cli.audit_options import (
    Database,
    Device,
    Found,
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
from motiflens.cli.loading import load_any_model, one_thread, read_truth
from motiflens.cli.messages import BEAT, note_outputs, percentage, print_json, short, working
from motiflens.cli.options import (
    DATABASE,
    DataFile,
    FirstLayer,
    Json,
    Quiet,
    Verbose,
    joined,
    split_names,
    writable_folder,
)

if TYPE_CHECKING:
    from motiflens.audits.candidate import Candidate
    from motiflens.audits.options import AuditOptions
    from motiflens.basics.progress import Tell
    from motiflens.data.dataset import SequenceDataset
    from motiflens.models.hybrid import NetworkConfig

_OF_MODELS = ("weights", "layout", "bases", "first_layer", "output")
_OF_TRAINING = ("architecture", "activations", "n_members", "task", "protocol", "max_epochs", "device")


def audit(
    ctx: click.Context,
    data: DataFile,
    model: Annotated[
        str | None,
        Option(
            help="Folder of a saved network or of an ensemble; or module:function or file.py:function that makes one, "
            "whose code is run. Without it, networks are trained."
        ),
    ] = None,
    weights: Annotated[Path | None, Option(help="State dictionary of the model, .pt or .safetensors.")] = None,
    layout: Annotated[str, Option(help="Axes of the model's input: auto, N4L, NL4, N14L, ..., or codes.")] = "auto",
    bases: Annotated[str, Option(help="Order of the bases in the model's channels, such as AGCT.")] = "ACGT",
    first_layer: FirstLayer = None,
    output: Annotated[str, Option(help="What the model returns: auto, logits or probabilities.")] = "auto",
    architecture: Annotated[str, Option(help="To train: a name that motiflens models list shows.")] = "C4C6-Att",
    activations: Annotated[str, Option(help="To train: first layers to compare.")] = "relu,exponential",
    n_members: NMembers = 5,
    task: Task = None,
    protocol: ProtocolName = "REFERENCE",
    max_epochs: MaxEpochs = None,
    device: Device = "auto",
    target: Annotated[
        str | None,
        Option(
            help="Label to compute attributions for, by name or number; or the output that belongs to a single label."
        ),
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
    out: Annotated[
        Path | None,
        Option(
            "--out", "-o", callback=writable_folder, help="Folder for the page, tables, motifs and trained networks."
        ),
    ] = None,
    title: Title = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Audit networks on the test sequences of a data set: networks trained here, or any PyTorch model.

    With --out it writes a page; the same command resumes an interrupted audit.
    """
    with working("audit", f"reading {data.name}", quiet=quiet):
        from motiflens.audits.options import AuditOptions
        from motiflens.audits.tables import audit_summary
        from motiflens.audits.taxa import taxon_notes
        from motiflens.data.io import read_hdf5

        one_thread()
        _check_options(ctx, model, out)
        dataset = read_hdf5(data)
    accessions = None if truth is None else read_truth(truth)
    options = AuditOptions(
        target=target_of(target, dataset), database=database, spike_motifs=spike_motifs, truth=accessions, q=q,
        n_decoys=n_decoys, n_ablation=n_ablation, n_backgrounds=n_backgrounds, n_examples=n_examples, seed=seed,
        layout=layout, bases=bases, first_layer=joined(first_layer), output=output,
    )  # fmt: skip
    if model is not None:
        with nullcontext(None) if quiet else percentage("audit of networks", beat=BEAT) as tell:
            found = Found([_given(model, weights, dataset, options, tell)], {}, "score")
    else:
        configs = _configs(architecture, activations, task, dataset)
        found = train_candidates(
            dataset,
            Path(str(out)),
            configs,
            n_members,
            protocol,
            max_epochs,
            device,
            options,
            quiet=quiet,
            verbose=verbose,
        )
    network = found.candidates[0].audits[0].network
    note_outputs(network.n_outputs if network.target is None else None, dataset, network.target or 0)
    alone = len(found.candidates) == 1 and len(found.candidates[0].audits) == 1
    if out is not None:
        evidence, paths, summary = write_found(
            found,
            dataset,
            out,
            options,
            data=data,
            title=title or data.stem,
            quiet=quiet,
        )
    if as_json:
        summaries = [audit_summary(one) for candidate in found.candidates for one in candidate.audits]
        print_json(summary if out is not None else summaries[0] if alone else summaries)
        return
    if out is None or alone:
        for candidate in found.candidates:
            for one in candidate.audits:
                for line in _summary_lines(audit_summary(one), database):
                    click.echo(line)
            for note in taxon_notes(candidate, options) if out is None else ():
                click.echo(f"note: {in_shell(note)}", err=True)
    if out is not None:
        for line in (*_label_lines(summary), *_verdict_lines(summary), *_advice_lines(summary)):
            click.echo(line)
        click.echo(f"Filters were compared with {database}.")
        for note in evidence.notes:
            click.echo(f"note: {note}", err=True)
        for path in paths if alone else paths[:2]:
            click.echo(str(path), err=True)


def _check_options(ctx: click.Context, model: str | None, out: Path | None) -> None:
    """Refuse options of what is not done: a model is audited as it is, networks are trained as the data ask."""
    if model is None and out is None:
        raise InputError("expected --model to audit, or --out with a folder for the networks to be trained")
    idle = _OF_MODELS if model is None else _OF_TRAINING
    words = "is of a model: name it with --model" if model is None else "is to train, but --model names what is audited"
    for option in ctx.command.params:
        source = ctx.get_parameter_source(str(option.name))
        if option.name in idle and source is not None and source.name == "COMMANDLINE":
            raise InputError(f"{option.opts[0]} {words}, or leave the option out")


def _given(
    model: str,
    weights: Path | None,
    dataset: "SequenceDataset",
    options: "AuditOptions",
    on_progress: "Tell | None",
) -> "Candidate":
    """A model trained elsewhere, or all members of an ensemble."""
    from motiflens.audits.candidate import audit_candidate
    from motiflens.models.saved import ENSEMBLE_FILE, load_ensemble

    name = Path(model).resolve().name if Path(model).is_dir() else model.rpartition(":")[2]
    if (Path(model) / ENSEMBLE_FILE).is_file():
        ensemble = load_ensemble(model)
        known: dict[str, Any] = {"members": ensemble.members, "protocol": ensemble.protocol, "folder": Path(model)}
        return audit_candidate(name, list(ensemble), dataset, options, **known, on_progress=on_progress)
    return audit_candidate(name, [load_any_model(model, weights)], dataset, options, on_progress=on_progress)


def _configs(
    architecture: str, activations: str, task: int | None, dataset: "SequenceDataset"
) -> "dict[str, NetworkConfig]":
    from motiflens.models.hybrid import network_config

    names = split_names(activations) or ()
    if len(set(names)) < len(names) or not names:
        raise InputError(f"expected activations such as relu,exponential, each once, got {activations!r}")
    size, n_outputs = sizes_for(dataset, task), dataset.n_outputs
    return {
        name: network_config(architecture, length=dataset.length, activation=name, task=size, n_outputs=n_outputs)
        for name in names
    }


def _label_lines(summary: dict[str, Any]) -> list[str]:
    """Of several labels, which one the verdicts are about."""
    n = len(summary["data"]["labels"])
    return [f"Label {summary['target']}, one of {n:,} (--target names another)"] if n > 1 else []


def _verdict_lines(summary: dict[str, Any]) -> list[str]:
    lines = []
    for i, verdict in enumerate(summary["verdicts"]):
        if i == 0 or verdict["question"] != summary["verdicts"][i - 1]["question"]:
            lines.append(verdict["question"])
        lines.append(f"  {verdict['candidate']}: {verdict['level'].capitalize()}. {verdict['answer']}.")
        lines += [f"    {in_shell(verdict['would_help'])}"] if verdict["would_help"] else []
    return lines


def _advice_lines(summary: dict[str, Any]) -> list[str]:
    """What to change, without the numbers, which stand on the page."""
    lines = ["What would make it better (numbers and rule: audit.html)"] if summary["advice"] else []
    for one in summary["advice"]:
        lines.append(f"  {one['candidate']}, {one['factor']}: {one['change']}")
        lines += [f"    {one['command']}"] if one["command"] else []
    return lines


def _summary_lines(summary: dict[str, Any], database: str) -> list[str]:
    network, chance, n_filters = summary["network"], summary["chance"], summary["n_filters"]
    first_layer = " > ".join([network["first_layer"], *network["steps"]])
    returns = network["output"] + ("" if network["target"] is None else f", of which output {network['target']} counts")
    metrics = [f"{name} {short(value)}" for name, value in summary["metrics"].items() if value is not None]
    filters = f"{n_filters} filters of {network['width']} bp ({first_layer})" if n_filters else "no filters were read"
    lines = [
        f"{network['kind']}: {network['n_parameters']:,} parameters, input {network['layout']}, returns {returns}; "
        f"{filters}",
        f"{summary['n_test']:,} test sequences: {'  '.join(metrics)}",
    ]
    if n_filters:
        matched = f"{summary['matched']:.0%} of {n_filters} filters match {database} at q <= {summary['q']:g}"
        if chance is not None:
            low, high = chance["interval"]
            matched += f"; by chance {chance['expected']:.0%} ({low:.0%} to {high:.0%} of shuffled databases)"
        redundant = f"{summary['n_redundant']} redundant"
        lines.append(
            f"filters: {summary['n_dead']} dead, {summary['n_low_information']} of low information, {redundant}"
        )
        lines.append(matched)
    if summary["tpr"] is not None and n_filters:
        lines.append(f"{summary['tpr']:.0%} match a motif of the truth (TPR), {summary['fpr']:.0%} only others (FPR)")
    if summary["saliency"] is not None:
        scores = {name: summary["saliency"][name] for name in ("auroc", "aupr", "snr")}
        lines.append("saliency: " + "  ".join(f"{name} {short(value)}" for name, value in scores.items()))
    return lines + _most_important(summary)


def _most_important(summary: dict[str, Any], n: int = 10) -> list[str]:
    """The filters whose loss costs the most, each with its match."""
    labels, rows = summary["label_names"], summary["filters"]
    if summary["importance"] is None:
        return []
    drops = [max(((row[f"{label}:drop"] or 0.0, label) for label in labels), key=lambda drop: drop[0]) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: -drops[i][0])[:n]
    lines = [f"most important filters ({summary['importance']['measure']} lost without them, for their label):"]
    for i in order:
        row, (drop, label) = rows[i], drops[i]
        match = f"{row['match']} {row['name']}, q {row['q']:.2g}" if row["match"] else row["outcome"]
        flags = f"  [{row['flags']}]" if row["flags"] else ""
        lines.append(f"  filter {i:3d}  {drop:+.4f} {label}  {match}{flags}")
    return lines
