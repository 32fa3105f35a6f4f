"""The study: runs and reports."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.errors import InputError
from motiflens.cli.benchmark import BENCHMARK, is_interaction_preset, report_interactions, run_interactions
from motiflens.cli.commands import Argument, Commands, Option
from motiflens.cli.experiments import EXPERIMENTS, is_experiment_preset, report_experiments, run_crx
from motiflens.cli.messages import note_slow_training, print_json, refuse_unfinished, resumable, working
from motiflens.cli.options import (
    Json,
    parse_duration,
    parse_shard,
    split_names,
    whole_number,
    writable_file,
    writable_folder,
)
from motiflens.cli.study_runs import records_of, reportable
from motiflens.cli.verdicts import PATIENTS, is_verdict_preset, report_verdicts, run_verdicts

if TYPE_CHECKING:
    from motiflens.study.grid import StudyResult

_FORMATS = "svg,pdf,png"
app = Commands("Run and report the study: which networks learn motifs?")


class Runner(StrEnum):
    """Where trials are run."""

    local = "local"
    ray = "ray"


class Selection(StrEnum):
    """How the networks behind a mean are chosen."""

    valid = "valid"
    published = "published"
    all = "all"


@app.register("run")
def study_run(
    preset: Annotated[
        str,
        Option(
            help="quick (minutes), paper (the whole grid), paper-text (as its text has it), filters (8 to 128 of "
            "them); interactions, interactions-full, interactions-calibration, interactions-strong-nulls, "
            "interactions-long or interactions-signs: the benchmark of "
            "motif interactions; crx: reporter assays with designed edits, with --data; "
            "crx-protocol and crx-options: the trials by which its protocol and augmentations were judged; "
            "crx-best: the best of these, on test elements; verdicts: "
            "networks whose right diagnosis is known, for the accuracy of an audit's verdicts."
        ),
    ] = "quick",
    out: Annotated[Path | None, Option("--out", "-o", callback=writable_folder, help="Default: runs/PRESET.")] = None,
    data: Annotated[
        Path | None,
        Option(
            help="Presets that begin with crx: the file that motiflens data crx wrote.",
            exists=True,
        ),
    ] = None,
    sequences: Annotated[
        Path | None,
        Option(
            help="Preset verdicts: real sequences into which sites are placed, as FASTA (such as a genome) or HDF5.",
            exists=True,
        ),
    ] = None,
    tasks: Annotated[str | None, Option(help="1, 2 or 1,2.")] = None,
    architectures: Annotated[str | None, Option(help="Names or patterns, e.g. 'C24,C4C6*'.")] = None,
    activations: Annotated[str | None, Option(help="relu,exponential.")] = None,
    n_filters: Annotated[
        str | None, Option(help="Numbers of first-layer filters, in addition to the study's, e.g. 8,64.")
    ] = None,
    n_members: Annotated[int | None, Option("--members", help="Initialisations of each configuration.")] = None,
    protocol: Annotated[str | None, Option(help="Training protocol: REFERENCE or PAPER.")] = None,
    variant: Annotated[
        str | None, Option(help="Networks of the paper's text, or of its released code: text or code.")
    ] = None,
    n_sequences_task1: Annotated[int | None, Option(help="Simulated sequences of Task 1.")] = None,
    n_sequences_task2: Annotated[int | None, Option(help="Simulated sequences of Task 2.")] = None,
    seed: Annotated[int | None, Option(help="Seed of initial weights and dropout.")] = None,
    data_seed: Annotated[int | None, Option(help="Seed of the simulated data and of the order of batches.")] = None,
    runner: Annotated[Runner, Option(help="local, or ray for the nodes of a cluster.")] = Runner.local,
    address: Annotated[
        str | None, Option(help="Address of a Ray cluster: auto or host:port. Default: one is started.")
    ] = None,
    n_workers: Annotated[
        int | None,
        Option("--workers", help="Processes, or trials at once on a cluster. Default: one per core or GPU."),
    ] = None,
    shard: Annotated[str | None, Option(help="Run part 3 of 20: 3/20. All parts share the folder.")] = None,
    budget: Annotated[str | None, Option(help="Stop cleanly after this time: 2h, 90m, 1h30m, 45s.")] = None,
    stack_size: Annotated[int | None, Option(help="Members that a worker trains at once.")] = None,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    gpu_share: Annotated[float, Option(help="Share of a GPU for each trial, on a cluster with GPUs.")] = 1.0,
    weights: Annotated[bool, Option(help="Keep the trained networks.")] = True,
    as_json: Json = False,
) -> None:
    """Run the missing part of a study, and write its figures, tables and page."""
    from motiflens.basics.store import Store
    from motiflens.cli.study_display import StudyDisplay
    from motiflens.report.study import write_outputs
    from motiflens.study.grid import get_preset, match_architectures, read_records, run_study
    from motiflens.study.machines import Machines
    from motiflens.study.results import Results
    from motiflens.training.protocol import get_protocol

    changes: dict[str, Any] = {
        "tasks": None if tasks is None else tuple(whole_number(task) for task in split_names(tasks) or ()),
        "architectures": None if architectures is None else match_architectures(split_names(architectures) or ()),
        "activations": split_names(activations),
        "n_filters": None if n_filters is None else tuple(map(whole_number, split_names(n_filters) or ())),
        "n_members": n_members,
        "protocol": None if protocol is None else get_protocol(protocol),
        "variant": variant,
        "n_sequences_task1": n_sequences_task1,
        "n_sequences_task2": n_sequences_task2,
        "seed": seed,
        "data_seed": data_seed,
        "stack_size": stack_size,
    }
    if address is not None and runner != Runner.ray:
        raise InputError("--address is that of a Ray cluster: give --runner ray, too, or leave it out")
    folder = out or Path("runs") / preset
    options: dict[str, Any] = {
        "machines": Machines(
            runner=runner.value, address=address, n_workers=n_workers, device=device, gpu_share=gpu_share
        ),
        "part": (1, 1) if shard is None else parse_shard(shard),
        "budget": None if budget is None else parse_duration(budget),
    }
    if runner == Runner.local:
        note_slow_training(device)
    if sequences is not None and not is_verdict_preset(preset):
        raise InputError(f"--sequences is for preset verdicts, not for {preset}: leave it out")
    if is_experiment_preset(preset):
        unused = {**changes, "no_weights": None if weights else True}
        run_crx(preset, data, folder, changes=unused, as_json=as_json, **options)
        return
    if is_verdict_preset(preset):
        if data is not None:
            raise InputError("preset verdicts simulates its data: give real sequences around its sites as --sequences")
        changes.pop("stack_size")
        changes["no_weights"] = None if weights else True
        run_verdicts(folder, sequences, changes=changes, as_json=as_json, **options)
        return
    if data is not None:
        raise InputError(f"--data is for presets that begin with crx; {preset} simulates its own: leave it out")
    if is_interaction_preset(preset):
        own = {name: changes.pop(name) for name in ("n_members", "seed", "data_seed")}
        unused = {**changes, "no_weights": None if weights else True}
        run_interactions(preset, folder, changes=own, unused=unused, as_json=as_json, **options)
        return
    config = get_preset(preset).replace(**{name: value for name, value in changes.items() if value is not None})
    with resumable(), StudyDisplay(config) as display:
        result = run_study(
            config,
            folder,
            **options,
            save_weights=weights,
            on_news=display.hear,
        )
    command = shlex.join(["motiflens", *sys.argv[1:]])
    records = read_records(Store(folder))[0]  # of earlier runs of other parts too
    # Shards would write the same files at once: the page of all is for whoever knows that the last has ended.
    outputs = write_outputs(Results(records.values()), folder, command=command) if records and shard is None else None
    report = None if outputs is None else str(outputs.report)
    if as_json:
        n_failed = sum(record["status"] == "failed" for record in records.values())
        numbers = {"n_records": len(records), "n_failed": n_failed, "n_left": result.n_left}
        print_json({**numbers, "report": report, "go_on": command if result.n_left else None})
    elif report is not None:
        click.echo(f"{len(records)} networks; open {report}")
    elif records:
        click.echo(f"{len(records)} networks; tables and figures: motiflens study report {shlex.quote(str(folder))}")
    if result.n_left:
        click.echo(_what_is_left(result, budget, command), err=True)
    refuse_unfinished(
        result.errors, folder, "trials", lambda job: job.work.name.replace("/", " ").replace("task", "task ")
    )


def _what_is_left(result: "StudyResult", budget: str | None, command: str) -> str:
    text = f"{result.n_left} networks are left"
    if result.out_of_time:
        text = f"the budget of {budget} is used up; {text}"
    if result.n_elsewhere:
        text += f", {result.n_elsewhere} of them in training by another run on this folder"
    return f"{text}; to go on:\n  {command}"


@app.register("report")
def study_report(
    folder: Annotated[Path, Argument(help="Folder of a study, or of exported JSONL files.")],
    out: Annotated[
        Path | None, Option("--out", "-o", callback=writable_folder, help="Default: the same folder.")
    ] = None,
    select: Annotated[
        Selection | None,
        Option(
            help="Networks behind each mean: best by validation (valid), by test score (published), or all. Default: "
            "published where all configurations have ten networks, as the paper's, else valid."
        ),
    ] = None,
    draws: Annotated[
        list[Path] | None,
        Option("--draw", help="Folder of the same study with another --data-seed; may be given several times."),
    ] = None,
    formats: Annotated[str, Option(help="Formats of the figures; empty for none.")] = _FORMATS,
    as_json: Json = False,
) -> None:
    """Write tables, figures, the paper's claims and the page of a study from its stored records alone."""
    from motiflens.report.study import write_outputs

    if experiments := records_of(folder, *EXPERIMENTS)[0]:
        again = shlex.join(["motiflens", "study", "report", str(folder)])
        report_experiments(experiments, out or folder, command=again, as_json=as_json)
        return
    if patients := records_of(folder, *PATIENTS)[0]:
        report_verdicts(patients, as_json=as_json)
        return
    found, n_others = records_of(folder, *BENCHMARK)
    if found:
        if n_others:
            raise InputError(
                f"{folder} holds {len(found)} records of the interactions benchmark beside {n_others} of a study: "
                "move either (its *.jsonl, or its folder in records/) to a folder of its own"
            )
        if select is not None or draws or formats != _FORMATS:
            raise InputError(
                f"--select, --draw and --formats are for a study; {folder} holds the interactions benchmark"
            )
        again = shlex.join(["motiflens", "study", "report", str(folder)])
        report_interactions(found, out or folder, command=again, as_json=as_json)
        return
    results, n_damaged = reportable(folder)
    others = [reportable(draw)[0] for draw in draws or ()]
    command = ["motiflens", "study", "report", str(folder)]
    command += ["--select", select.value] if select is not None else []
    command += [part for draw in draws or () for part in ("--draw", str(draw))]
    with working("study report", "tables, figures and the page"):
        outputs = write_outputs(
            results,
            out or folder,
            select=None if select is None else select.value,
            command=shlex.join(command),
            formats=split_names(formats) or (),
            draws=others,
        )
    if as_json:
        print_json({"n_records": len(results), "n_damaged": n_damaged, "report": str(outputs.report)})
    else:
        click.echo(f"{len(results)} networks; open {outputs.report}")


@app.register("effects")
def study_effects(
    folder: Annotated[Path, Argument(help="Records of the paper's grid, whole or in part.")],
    filters: Annotated[
        Path | None, Option(help="Records of --preset filters, for the effect of the number of filters.")
    ] = None,
    out: Annotated[Path, Option("--out", "-o", callback=writable_file, help="Table to write.")] = Path(
        "measured_effects.tsv"
    ),
    as_json: Json = False,
) -> None:
    """Write the effects of activation, pool size, number of filters and number of networks, from stored records.

    Advice is drawn from such a table: src/motiflens/resources/measured_effects.tsv.
    """
    from motiflens.basics.files import write_tsv
    from motiflens.study.findings import coverage, measured_effects
    from motiflens.study.grid import get_preset, plan_trials

    grid = reportable(folder)[0]
    sizes = None if filters is None else reportable(filters)[0]
    rows = measured_effects(grid, sizes, grid_name=folder.as_posix(), sizes_name=filters.as_posix() if filters else "")
    held = [coverage(grid, folder.as_posix())]
    command = ["motiflens", "study", "effects", folder.as_posix()]
    if filters is not None and sizes is not None:
        names = [trial.name for trial in plan_trials(get_preset("filters"))]
        whole = {task: sum(name.startswith(f"task{task}/") for name in names) for task in (1, 2)}
        held.append(coverage(sizes, filters.as_posix(), whole))
        command += ["--filters", filters.as_posix()]
    write_tsv(rows, out, comments=[*held, f"Made by: {shlex.join(command)}"])
    if as_json:
        print_json({"n_effects": len(rows), "records": held, "table": str(out)})
        return
    for line in (*held, f"{len(rows)} effects in {out}"):
        click.echo(line)
