"""The patients behind `motiflens study run --preset verdicts`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from motiflens.basics.choices import check_members
from motiflens.basics.errors import InputError
from motiflens.cli.messages import print_json, refuse_unfinished, resumable

if TYPE_CHECKING:
    from motiflens.basics.store import Record


def is_verdict_preset(name: str) -> bool:
    """Whether a preset is that of the patients."""
    return name == "verdicts"


def run_verdicts(
    folder: Path, sequences: Path | None, *, changes: dict[str, Any], as_json: bool, **options: Any
) -> None:
    """Make the records of patients, or what is missing of them."""
    from motiflens.cli.benchmark import Told
    from motiflens.study.verdicts import run_patients

    if (n_seeds := changes.pop("n_members")) is not None:
        check_members(n_seeds)
    given = [name for name, value in changes.items() if value is not None]
    if given:
        raise InputError(f"--{given[0].replace('_', '-')} does not belong to preset verdicts: its patients are fixed")
    with resumable():
        result = run_patients(folder, sequences=sequences, on_news=Told(4).hear, n_seeds=n_seeds, **options)
    command = shlex.join(["motiflens", *sys.argv[1:]])
    report_verdicts(verdict_records(folder), as_json=as_json)
    if result.n_left:
        typer.echo(f"{result.n_left} patients are left; to go on:\n  {command}", err=True)
    refuse_unfinished(result.errors, folder, "patients", lambda job: str(job.work.key))


def verdict_records(folder: Path) -> "list[Record]":
    """Records of patients in a folder; none if it holds none."""
    if not (folder / "records" / "verdicts").is_dir() and not (folder / "verdicts.jsonl").is_file():
        return []
    from motiflens.basics.store import Store
    from motiflens.study.verdicts import is_patient_record

    records, damaged = Store(folder).read()
    for place in damaged:
        typer.echo(f"warning: {place.where} could not be read: {place.reason}", err=True)
    return [record for record in records.values() if is_patient_record(record)]


def report_verdicts(records: "list[Record]", *, as_json: bool) -> None:
    """Say how often each verdict was right on the patients of odd seeds."""
    from motiflens.basics.words import with_interval
    from motiflens.study.verdicts import measured_accuracy

    found = measured_accuracy(records)
    if as_json:
        print_json({"n_records": len(records), "accuracy": {key: one.to_dict() for key, one in found.items()}})
        return
    typer.echo(f"{len(records)} patients; accuracy of verdicts on those of odd seeds")
    for key, one in found.items():
        yes, no = with_interval(one.sensitivity), with_interval(one.specificity)
        rates = f"sensitivity {yes if one.n_with else '–'}, specificity {no if one.n_without else '–'}"
        typer.echo(f"  {key:12} {rates}  ({one.n_with} with, {one.n_without} without)")
