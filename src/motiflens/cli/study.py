"""The study: runs and reports."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from motiflens.cli._shared import Json, print_json, resumable, split_names, whole_number

app = typer.Typer(help="Run and report the study: which networks learn motifs?", no_args_is_help=True)


class Selection(StrEnum):
    """How the networks behind a mean are chosen."""

    valid = "valid"
    test = "test"
    all = "all"


@app.command("run")
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
        "tasks": None if tasks is None else tuple(whole_number(task) for task in split_names(tasks) or ()),
        "architectures": None if architectures is None else match_architectures(split_names(architectures) or ()),
        "activations": split_names(activations),
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
    with resumable(), StudyDisplay(config) as display:
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
        print_json({"n_records": len(records), "n_failed": n_failed, "report": report})
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


@app.command("report")
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
        list(records.values()), out or folder, select=select.value, command=command, formats=split_names(formats) or ()
    )
    if as_json:
        print_json({"n_records": len(records), "n_damaged": len(damaged), "report": str(outputs.report)})
    else:
        typer.echo(f"{len(records)} networks; open {outputs.report}")
