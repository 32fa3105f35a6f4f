"""The interactions benchmark behind `motiflens study run` and `motiflens study report`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from motiflens.basics.errors import InputError
from motiflens.cli.messages import print_json, refuse_unfinished, resumable

if TYPE_CHECKING:
    from motiflens.basics.store import Record
    from motiflens.study.driver import Started
    from motiflens.training.news import News


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
        report = _write(interaction_records(folder)[0], folder, command)  # of both presets, where they share a folder
    if as_json:
        numbers = {"n_records": len(result.records), "n_left": result.n_left}
        print_json({**numbers, "report": report, "go_on": command if result.n_left else None})
    elif report is not None:
        typer.echo(f"{len(result.records)} conditions; open {report}")
    if result.n_left:
        typer.echo(f"{result.n_left} conditions are left; to go on:\n  {command}", err=True)
    refuse_unfinished(result.errors, folder, "conditions", lambda job: str(job.work.key))


class Told:
    """Tells of every tenth or n-th epoch and of each record, with the number of records done."""

    def __init__(self, every: int = 10) -> None:
        self.every, self.n_done, self.n_all = every, 0, 0

    def hear(self, news: "Started | News") -> None:
        """Take what is to be done, or news of a record."""
        from motiflens.study.driver import Started

        if isinstance(news, Started):
            self.n_done, self.n_all = news.n_skipped, news.n_skipped + len(news.works)
            for place in news.damaged:
                typer.echo(f"{place.where} could not be read ({place.reason}): restored, or read again", err=True)
        elif news.status is not None:
            self.n_done += 1
            typer.echo(f"{self.n_done}/{self.n_all}  {news.key}  {news.status}", err=True)
        elif news.n_epochs % self.every == 0:
            typer.echo(f"{news.key} member {news.member}  epoch {news.n_epochs}  {news.valid_metric:.3f}", err=True)


def _write(records: "list[Record]", folder: Path, command: str | None) -> str | None:
    """The page; None, with a note, where draws below the first one of figures leave nothing to report."""
    from motiflens.report.benchmark import write_interaction_outputs
    from motiflens.study.benchmark import figure_records

    if not figure_records(records):
        typer.echo("no page: networks failed, or data seeds below 100 are there to choose settings by", err=True)
        return None
    return str(write_interaction_outputs(records, folder, command=command).report)


def interaction_records(folder: Path) -> "tuple[list[Record], int]":
    """Records of the benchmark in a folder, if it has any, and how many others it then has."""
    if not (folder / "records" / "interactions").is_dir() and not (folder / "interactions.jsonl").is_file():
        return [], 0
    from motiflens.basics.store import Store
    from motiflens.study.benchmark import is_interaction_record

    records, damaged = Store(folder).read()
    for place in damaged:
        typer.echo(f"warning: {place.where} could not be read: {place.reason}", err=True)
    found = [record for record in records.values() if is_interaction_record(record)]
    return found, len(records) - len(found)


def report_interactions(records: "list[Record]", out: Path, *, command: str, as_json: bool) -> None:
    """Write the tables and the page again."""
    from motiflens.report.benchmark import write_interaction_outputs

    outputs = write_interaction_outputs(records, out, command=command)
    if as_json:
        print_json({"n_records": len(records), "report": str(outputs.report)})
    else:
        typer.echo(f"{len(records)} conditions; open {outputs.report}")
