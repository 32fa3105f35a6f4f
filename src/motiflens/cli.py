"""Command line: each command wraps one library call; only here do exceptions become messages.

Imports that cost time stand inside the commands, so that `--help` answers at once.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from motiflens.dataset import SequenceDataset
    from motiflens.member import Member
    from motiflens.models.hybrid import HybridNetwork

app = typer.Typer(
    help="Train hybrid networks on regulatory DNA and audit what they learned.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
study_app = typer.Typer(help="Run and report the study: which networks learn motifs?", no_args_is_help=True)
motifs_app = typer.Typer(help="List and convert motif files.", no_args_is_help=True)
app.add_typer(study_app, name="study")
app.add_typer(motifs_app, name="motifs")


class Simulator(StrEnum):
    """Simulators by name."""

    multi_motif = "multi-motif"
    billboard = "billboard"


class Selection(StrEnum):
    """How the networks behind a mean are chosen."""

    valid = "valid"
    test = "test"
    all = "all"


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
DataFile = Annotated[Path, typer.Argument(help="HDF5 data set (X_train, Y_train, X_valid, ...).")]
ModelFolder = Annotated[Path, typer.Argument(help="Folder of a saved network, e.g. OUT/member_000.")]


def main() -> None:
    """Run the command line; errors become one line on standard error and exit code 1."""
    try:
        app()
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


@contextmanager
def _resumable() -> Iterator[None]:
    """Tell, on an interrupt, that the work can go on."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted; run the same command again to go on", err=True)
        raise typer.Exit(130) from None


def _print_json(result: Any) -> None:
    from motiflens.store import without_nan

    typer.echo(json.dumps(without_nan(result), indent=1, allow_nan=False, default=float))


def _one_thread() -> None:
    """Two threads in one process are slower than one on networks of this size."""
    import torch

    torch.set_num_threads(1)


@app.callback(invoke_without_command=True)
def _version(
    ctx: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from motiflens import __version__

        typer.echo(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit


@app.command()
def simulate(
    simulator: Annotated[Simulator, typer.Argument(help="multi-motif: Task 1; billboard: Task 2 of the study.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="HDF5 file to write.")],
    n_sequences: Annotated[int | None, typer.Option("--n-sequences", "-n", help="Default: the study's.")] = None,
    length: Annotated[int, typer.Option(help="Length of a sequence.")] = 200,
    seed: Annotated[int, typer.Option(help="Same seed, same data.")] = 0,
    motifs: Annotated[
        str | None, typer.Option(help="Motif set or file to embed (core motifs of billboard). Default: the study's.")
    ] = None,
    background: Annotated[
        str | None, typer.Option(help="billboard: motif set or file of the negatives' background motifs.")
    ] = None,
    motif_counts: Annotated[
        str | None, typer.Option(help="Probability of each number of motifs, e.g. 1:.5,2:.5. Default: the study's.")
    ] = None,
    split: Annotated[str, typer.Option(help="Shares of training, validation and test.")] = "0.7,0.1,0.2",
    as_json: Json = False,
) -> None:
    """Simulate sequences with known motif sites, labels and splits."""
    from motiflens import simulate as simulators
    from motiflens.io import write_hdf5
    from motiflens.motifs import load_motifs

    embedded = None if motifs is None else load_motifs(motifs)
    options: dict[str, Any] = {"seed": seed, "length": length, "split": [float(x) for x in _names(split) or ()]}
    if motif_counts is not None:
        pairs = [pair.partition(":") for pair in _names(motif_counts) or ()]
        options["motif_counts"] = {_number(number): float(share) for number, _, share in pairs}
    if n_sequences is not None:
        options["n_sequences"] = n_sequences
    if simulator is Simulator.multi_motif:
        if background is not None:
            raise ValueError("--background belongs to billboard; multi-motif has no background motifs")
        dataset = simulators.multi_motif(motifs=embedded, **options)
    else:
        others = None if background is None else load_motifs(background)
        dataset = simulators.billboard(core=embedded, background=others, **options)
    write_hdf5(dataset, out)
    if as_json:
        _print_json({"file": str(out), **_counts(dataset)})
    else:
        typer.echo(f"{out}: {dataset!r}")


def _counts(dataset: "SequenceDataset") -> dict[str, Any]:
    return {
        "n_train": len(dataset.train),
        "n_valid": len(dataset.valid),
        "n_test": len(dataset.test),
        "length": dataset.length,
        "label_names": list(dataset.label_names),
    }


@app.command()
def train(
    data: DataFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the trained networks.")],
    architecture: Annotated[str, typer.Option(help="One of the study's, e.g. C4C6-Att.")] = "C4C6",
    activation: Annotated[str, typer.Option(help="Of the first layer: exponential or relu.")] = "exponential",
    members: Annotated[int, typer.Option(help="Initialisations to train.")] = 5,
    protocol: Annotated[str, typer.Option(help="REFERENCE or PAPER.")] = "REFERENCE",
    task: Annotated[int, typer.Option(help="Take the study's sizes of task 1 (wide) or 2 (small).")] = 1,
    max_epochs: Annotated[int | None, typer.Option(help="Fewer epochs than the protocol's.")] = None,
    seed: Annotated[int, typer.Option(help="Rules initial weights and dropout.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Json = False,
) -> None:
    """Train several initialisations of one architecture on a data set; goes on where it was interrupted."""
    from motiflens.ensemble_folder import fit_to_folder
    from motiflens.io import read_hdf5
    from motiflens.models import model_config
    from motiflens.protocol import get_protocol

    _one_thread()
    dataset = read_hdf5(data)
    config = model_config(
        architecture, activation=activation, task=task, length=dataset.length, n_outputs=dataset.n_outputs
    )
    chosen = get_protocol(protocol)
    if max_epochs is not None:
        chosen = chosen.replace(max_epochs=max_epochs)
    monitor = chosen.monitor(dataset.n_outputs).upper()

    def tell(member: "Member") -> None:
        loss, metric = member.history["valid_loss"][-1], member.history["valid_metric"][-1]
        epoch = f"member {member.index}  epoch {member.n_epochs:3d}"
        typer.echo(f"{epoch}  validation loss {loss:.4f}  {monitor} {metric:.4f}", err=True)

    with _resumable():
        fitted = fit_to_folder(out, config, dataset, members, protocol=chosen, seed=seed, device=device, on_epoch=tell)
    rows = [
        {"member": m.index, "status": m.status, "reason": m.reason, "best_epoch": m.best_epoch, **m.metrics}
        for m in fitted.members
    ]
    if as_json:
        _print_json(rows)
    else:
        for row in rows:
            typer.echo("  ".join(f"{name} {_short(value)}" for name, value in row.items() if value is not None))


def _short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _load(model: Path, data: Path) -> "tuple[HybridNetwork, SequenceDataset]":
    from motiflens.io import read_hdf5
    from motiflens.models import HybridNetwork

    _one_thread()
    return HybridNetwork.load(model), read_hdf5(data)


@app.command()
def filters(
    model: ModelFolder,
    data: DataFile,
    database: Annotated[str, typer.Option(help="Motif set or file to compare with.")] = "JASPAR2020",
    q: Annotated[float, typer.Option(help="Largest q-value of a match.")] = 0.1,
    truth: Annotated[
        str | None, typer.Option(help="task1, task2, or a JSON file of factors and their accessions: for TPR and FPR.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="MEME file for the filters' motifs.")] = None,
    logos: Annotated[Path | None, typer.Option(help="SVG, PDF or PNG file for the filters' logos.")] = None,
    as_json: Json = False,
) -> None:
    """Turn first-layer filters into motifs, on the test sequences, and look them up with TomTom."""
    from motiflens.filters import activation_pwms, filter_matches, filter_motifs
    from motiflens.motifs import write_meme
    from motiflens.predict import first_layer_activations

    accessions = None if truth is None else _read_truth(truth)
    network, dataset = _load(model, data)
    sequences = _test_sequences(dataset).codes
    pwms, counts = activation_pwms(first_layer_activations(network, sequences), sequences)
    matches = filter_matches(pwms, database, truth=accessions, q=q)
    if out is not None:
        write_meme(out, filter_motifs(pwms, counts))
    if logos is not None:
        from motiflens.figures import save_figure
        from motiflens.galleries import draw_matches, gallery_matches

        figure = draw_matches(gallery_matches(pwms, counts, matches.rows), f"{model} · {database}")
        save_figure(figure, logos.with_suffix(""), formats=(logos.suffix.lstrip("."),))
    rows = [
        {
            "filter": row.filter,
            "n_windows": int(counts[row.filter]),
            "outcome": row.outcome,
            "factor": row.factor,
            "match": None if row.best is None else row.best.target_id,
            "name": None if row.best is None else row.best.target_name,
            "q": None if row.best is None else float(row.best.q_value),
        }
        for row in matches.rows
    ]
    if as_json:
        _print_json({"filters": rows, "tpr": matches.tpr, "fpr": matches.fpr, "no_hit": matches.no_hit_share})
        return
    for row in rows:
        best = f"{row['match']}  {row['name']}  q {row['q']:.2g}" if row["match"] else row["outcome"]
        verdict = "" if accessions is None or not row["match"] else f"  {row['outcome']}"
        factor = f": {row['factor']}" if row["factor"] else ""
        typer.echo(f"filter {row['filter']:3d}  {row['n_windows']:6d} windows  {best}{verdict}{factor}")
    typer.echo(f"{1 - matches.no_hit_share:.0%} of {len(rows)} filters match {database} at q <= {q}")
    if matches.tpr is not None and matches.fpr is not None:
        typer.echo(f"{matches.tpr:.0%} match a motif of the truth (TPR), {matches.fpr:.0%} only others (FPR)")


def _read_truth(name: str) -> dict[str, tuple[str, ...]]:
    from motiflens.filters import task_truth

    if name in ("task1", "task2"):
        return task_truth(int(name[-1]))
    values = json.loads(Path(name).read_text(encoding="utf-8"))
    if not isinstance(values, dict) or not all(isinstance(ids, list) for ids in values.values()):
        raise ValueError(f'{name}: expected a JSON object such as {{"CEBPB": ["MA0466"]}}')
    return {factor: tuple(map(str, ids)) for factor, ids in values.items()}


@app.command()
def attribute(
    model: ModelFolder,
    data: DataFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="NPZ file for the attributions.")],
    target: Annotated[int, typer.Option(help="Which output.")] = 0,
    positives: Annotated[bool, typer.Option(help="Only test sequences whose label is 1.")] = True,
    as_json: Json = False,
) -> None:
    """Compute saliency maps of test sequences; data of one label with ground truth have them scored against it."""
    import numpy as np

    from motiflens.attribute import saliency
    from motiflens.scoring import interpretability

    network, dataset = _load(model, data)
    test = _test_sequences(dataset)
    if not 0 <= target < test.n_outputs:
        raise ValueError(f"--target must be in 0..{test.n_outputs - 1}, got {target}")
    rows = np.flatnonzero(test.y[:, target] == 1) if positives else np.arange(len(test))
    if len(rows) == 0:
        raise ValueError(f"no test sequence is positive for label {test.label_names[target]!r}: try --no-positives")
    chosen = test.subset(rows)
    gradient = saliency(network, chosen.X, target=target)
    _write_npz(out, saliency=gradient.numpy(), one_hot=chosen.X.numpy().astype(np.uint8), rows=rows)
    result: dict[str, Any] = {"file": str(out), "n_sequences": len(rows)}
    if chosen.truth is not None and chosen.n_outputs == 1:  # the truth does not say which label a motif is for
        scores = (gradient * chosen.X).sum(1)
        result |= interpretability(scores, chosen.truth.matrix(np.arange(len(rows)))).means()
    if as_json:
        _print_json(result)
    else:
        typer.echo("  ".join(f"{name} {_short(value)}" for name, value in result.items()))


def _test_sequences(dataset: "SequenceDataset") -> "SequenceDataset":
    if len(dataset.test) == 0:
        raise ValueError("the data hold no test sequences (X_test)")
    return dataset.test


def _write_npz(path: Path, **arrays: Any) -> None:
    import numpy as np

    temporary = path.with_name(f".{path.name}.tmp.npz")
    try:
        np.savez_compressed(temporary, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@motifs_app.command("list")
def motifs_list(
    source: Annotated[str, typer.Argument(help="JASPAR2020, JASPAR2016-vertebrates, or a file.")] = "JASPAR2020",
    as_json: Json = False,
) -> None:
    """List the motifs of a set or a file."""
    from motiflens.motifs import load_motifs

    motifs = load_motifs(source)
    if as_json:
        _print_json([{"id": m.id, "name": m.name, "width": m.width, "n_sites": m.n_sites} for m in motifs])
    else:
        for motif in motifs:
            typer.echo(f"{motif.id}\t{motif.name}\t{motif.width}")


@motifs_app.command("convert")
def motifs_convert(
    source: Annotated[str, typer.Argument(help="Motif set, or a MEME or JASPAR file.")],
    out: Annotated[Path, typer.Argument(help="MEME file to write.")],
) -> None:
    """Write a motif set or file as a MEME file."""
    from motiflens.motifs import load_motifs, write_meme

    motifs = load_motifs(source)
    write_meme(out, motifs)
    typer.echo(f"{out}: {len(motifs)} motifs", err=True)


def _number(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


@study_app.command("run")
def study_run(
    preset: Annotated[
        str, typer.Option(help="quick (minutes), paper (the whole grid), paper-text (as its text has it).")
    ] = "quick",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Default: runs/PRESET.")] = None,
    tasks: Annotated[str | None, typer.Option(help="1, 2 or 1,2.")] = None,
    architectures: Annotated[str | None, typer.Option(help="Names or patterns, e.g. 'C24,C4C6*'.")] = None,
    activations: Annotated[str | None, typer.Option(help="relu,exponential.")] = None,
    members: Annotated[int | None, typer.Option(help="Initialisations of each configuration.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Of training: REFERENCE or PAPER.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the networks: text, or code for the code's quirks.")] = None,
    n_sequences_task1: Annotated[int | None, typer.Option(help="Simulated sequences of Task 1.")] = None,
    n_sequences_task2: Annotated[int | None, typer.Option(help="Simulated sequences of Task 2.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of initial weights and dropout.")] = None,
    data_seed: Annotated[int | None, typer.Option(help="Of the simulated data and the order of batches.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one per core, one on a GPU.")] = None,
    stack_size: Annotated[int | None, typer.Option(help="Members that a worker trains at once.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    weights: Annotated[bool, typer.Option(help="Keep the trained networks.")] = True,
    as_json: Json = False,
) -> None:
    """Run the study, or what is missing of it, and write its figures, tables and page."""
    from motiflens.display import StudyDisplay
    from motiflens.protocol import get_protocol
    from motiflens.report import write_outputs
    from motiflens.store import Store
    from motiflens.study import get_preset, match_architectures, read_records, run_study

    changes: dict[str, Any] = {
        "tasks": None if tasks is None else tuple(_number(task) for task in _names(tasks) or ()),
        "architectures": None if architectures is None else match_architectures(_names(architectures) or ()),
        "activations": _names(activations),
        "n_members": members,
        "protocol": None if protocol is None else get_protocol(protocol),
        "variant": variant,
        "n_sequences_task1": n_sequences_task1,
        "n_sequences_task2": n_sequences_task2,
        "seed": seed,
        "data_seed": data_seed,
        "stack_size": stack_size,
    }
    config = get_preset(preset).replace(**{name: value for name, value in changes.items() if value is not None})
    folder = out or Path("runs") / preset
    with _resumable(), StudyDisplay(config) as display:
        result = run_study(
            config,
            folder,
            n_workers=workers,
            device=device,
            save_weights=weights,
            on_start=display.start,
            on_progress=display.update,
        )
    command = " ".join(["motiflens", *sys.argv[1:]])
    records = list(read_records(Store(folder))[0].values())  # of earlier runs of other parts too
    outputs = write_outputs(records, folder, command=command) if records else None
    if as_json:
        n_failed = sum(record["status"] == "failed" for record in records)
        report = None if outputs is None else str(outputs.report)
        _print_json({"n_records": len(records), "n_failed": n_failed, "report": report})
    elif outputs is not None:
        typer.echo(f"{len(records)} networks; open {outputs.report}")
    if result.errors:
        first = result.errors[0]
        (folder / "errors.log").write_text("\n".join(error.details or error.message for error in result.errors))
        trial = first.job[0]
        name = f"task {trial.task} {trial.architecture} {trial.activation}"
        raise RuntimeError(
            f"{len(result.errors)} trials could not be finished (see {folder / 'errors.log'}); "
            f"the first, {name}: {first.message}"
        )


@study_app.command("report")
def study_report(
    folder: Annotated[Path, typer.Argument(help="Folder of a study, or of exported JSONL files.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Default: the same folder.")] = None,
    select: Annotated[
        Selection, typer.Option(help="Networks behind each mean: best by validation, best by test (as published), all.")
    ] = Selection.valid,
    formats: Annotated[str, typer.Option(help="Of the figures.")] = "svg,pdf,png",
    as_json: Json = False,
) -> None:
    """Write tables, figures and the page of a study from its stored records alone."""
    from motiflens.records import problem
    from motiflens.report import write_outputs
    from motiflens.store import Store

    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    records, damaged = Store(folder).read()
    for place in damaged:
        typer.echo(f"warning: {place.where} could not be read: {place.reason}", err=True)
    for key in [key for key, record in records.items() if problem(record)]:
        typer.echo(f"warning: {key} is left out: {problem(records.pop(key))}", err=True)
    if not records:
        raise ValueError(f"{folder} holds no records: expected *.jsonl or records/")
    command = f"motiflens study report {folder}"
    outputs = write_outputs(
        list(records.values()), out or folder, select=select.value, command=command, formats=_names(formats) or ()
    )
    if as_json:
        _print_json({"n_records": len(records), "n_damaged": len(damaged), "report": str(outputs.report)})
    else:
        typer.echo(f"{len(records)} networks; open {outputs.report}")
