"""The experiments behind `motiflens study run --preset crx`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from motiflens.basics.errors import InputError
from motiflens.cli.messages import print_json, refuse_unfinished, resumable

if TYPE_CHECKING:
    from motiflens.basics.store import Record

_OWN = ("architectures", "activations", "n_members", "seed", "data_seed")


def is_experiment_preset(name: str) -> bool:
    """Whether a preset is the experiments'."""
    return name in ("crx", "crx-protocol", "crx-options")


def run_crx(
    preset: str,
    data: Path | None,
    folder: Path,
    *,
    changes: dict[str, Any],
    as_json: bool,
    **options: Any,
) -> None:
    """Run a preset, or what is missing of it."""
    from motiflens.cli.benchmark import Told
    from motiflens.report.experiments import write_experiment_outputs
    from motiflens.study.experiments import run_experiments

    if data is None:
        raise InputError(
            f"--preset {preset} needs --data: the file that motiflens data crx wrote, its tables beside it"
        )
    given = [name for name, value in changes.items() if value is not None and name not in _OWN]
    if given:
        raise InputError(f"--{given[0].replace('_', '-')} does not belong to preset {preset}: its networks are fixed")
    wanted: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list | tuple) else value
        for name, value in changes.items()
        if value is not None
    }
    with resumable():
        result = run_experiments(data, folder, preset=preset, on_news=Told(4).hear, **options, **wanted)
    command = shlex.join(["motiflens", *sys.argv[1:]])
    report = None
    if preset == "crx" and any(one["status"] == "ok" for one in result.records) and options["part"] == (1, 1):
        report = str(write_experiment_outputs(experiment_records(folder), folder, command=command).report)
    if as_json:
        go_on = command if result.n_left else None
        print_json({"n_records": len(result.records), "n_left": result.n_left, "report": report, "go_on": go_on})
    else:
        typer.echo(f"{len(result.records)} networks" + ("" if report is None else f"; open {report}"))
    if result.n_left:
        typer.echo(f"{result.n_left} networks are left; to go on:\n  {command}", err=True)
    refuse_unfinished(result.errors, folder, "networks", lambda job: str(job.work.key))


def experiment_records(folder: Path) -> "list[Record]":
    """Records of the experiments in a folder; none if it holds none."""
    if not (folder / "records" / "crx").is_dir() and not (folder / "crx.jsonl").is_file():
        return []
    from motiflens.basics.store import Store
    from motiflens.study.experiments import is_experiment_record

    records, damaged = Store(folder).read()
    for place in damaged:
        typer.echo(f"warning: {place.where} could not be read: {place.reason}", err=True)
    return [record for record in records.values() if is_experiment_record(record)]


def report_experiments(records: "list[Record]", out: Path, *, command: str, as_json: bool) -> None:
    """Write the tables and the page again."""
    from motiflens.report.experiments import write_experiment_outputs

    outputs = write_experiment_outputs(records, out, command=command)
    if as_json:
        print_json({"n_records": len(records), "report": str(outputs.report)})
    else:
        typer.echo(f"{len(records)} records; open {outputs.report}")
