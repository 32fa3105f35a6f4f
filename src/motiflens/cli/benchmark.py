"""The interactions benchmark behind `motiflens study run` and `motiflens study report`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from motiflens.basics.errors import InputError
from motiflens.cli.messages import print_json, resumable
from motiflens.cli.study_runs import Told, records_of, tell_what_is_left

if TYPE_CHECKING:
    from motiflens.basics.store import Record

BENCHMARK = ("interactions",)  # first parts of the keys of its records


def is_interaction_preset(name: str) -> bool:
    """Whether a preset is one of the benchmark's."""
    return name.split("-", 1)[0] == "interactions"


def run_interactions(
    preset: str, folder: Path, *, changes: dict[str, Any], unused: dict[str, Any], as_json: bool, **options: Any
) -> None:
    """Run a preset of the benchmark, then write its tables and page."""
    from motiflens.study.benchmark import run_interaction_study

    given = [f"--{name.replace('_', '-')}" for name, value in unused.items() if value is not None]
    if given:
        raise InputError(f"{given[0]} does not belong to preset {preset}: its conditions are fixed")
    wanted = {name: value for name, value in changes.items() if value is not None}
    with resumable():
        result = run_interaction_study(preset, folder, on_news=Told().hear, **options, **wanted)
    command = shlex.join(["motiflens", *sys.argv[1:]])
    report = None
    if result.records and options["part"] == (1, 1):  # shards would write the same files at once
        report = _write(
            records_of(folder, *BENCHMARK)[0], folder, command
        )  # of both presets, where they share a folder
    if as_json:
        numbers = {"n_records": len(result.records), "n_left": result.n_left}
        print_json({**numbers, "report": report, "go_on": command if result.n_left else None})
    elif report is not None:
        click.echo(f"{len(result.records)} conditions; open {report}")
    tell_what_is_left(result, folder, "conditions", command)


def _write(records: "list[Record]", folder: Path, command: str | None) -> str | None:
    """The page; None, with a note, where draws below the first one of figures leave nothing to report."""
    from motiflens.report.benchmark import write_interaction_outputs
    from motiflens.study.benchmark import figure_records

    if not figure_records(records):
        click.echo("no page: networks failed, or data seeds below 100 are there to choose settings by", err=True)
        return None
    return str(write_interaction_outputs(records, folder, command=command).report)


def report_interactions(records: "list[Record]", out: Path, *, command: str, as_json: bool) -> None:
    """Write the tables and the page again."""
    from motiflens.report.benchmark import write_interaction_outputs

    outputs = write_interaction_outputs(records, out, command=command)
    if as_json:
        print_json({"n_records": len(records), "report": str(outputs.report)})
    else:
        click.echo(f"{len(records)} conditions; open {outputs.report}")
