"""The patients behind `motiflens study run --preset verdicts`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from motiflens.basics.choices import check_members
from motiflens.basics.errors import InputError
from motiflens.cli.messages import print_json, resumable
from motiflens.cli.study_runs import Told, records_of, tell_what_is_left

if TYPE_CHECKING:
    from motiflens.basics.store import Record


PATIENTS = ("verdicts",)  # the preset, and the first part of the keys of its records


def is_verdict_preset(name: str) -> bool:
    """Whether a preset is that of the patients."""
    return name in PATIENTS


def run_verdicts(
    folder: Path, sequences: Path | None, *, changes: dict[str, Any], as_json: bool, **options: Any
) -> None:
    """Make the records of patients, or what is missing of them."""
    from motiflens.study.verdicts import run_patients

    if (n_seeds := changes.pop("n_members")) is not None:
        check_members(n_seeds)
    given = [name for name, value in changes.items() if value is not None]
    if given:
        raise InputError(f"--{given[0].replace('_', '-')} does not belong to preset verdicts: its patients are fixed")
    with resumable():
        result = run_patients(folder, sequences=sequences, on_news=Told(4).hear, n_seeds=n_seeds, **options)
    command = shlex.join(["motiflens", *sys.argv[1:]])
    report_verdicts(records_of(folder, *PATIENTS)[0], as_json=as_json)
    tell_what_is_left(result, folder, "patients", command)


def report_verdicts(records: "list[Record]", *, as_json: bool) -> None:
    """Say how often each verdict was right on the patients of odd seeds."""
    from motiflens.basics.words import with_interval
    from motiflens.study.verdicts import measured_accuracy

    found = measured_accuracy(records)
    if as_json:
        print_json({"n_records": len(records), "accuracy": {key: one.to_dict() for key, one in found.items()}})
        return
    click.echo(f"{len(records)} patients; accuracy of verdicts on those of odd seeds")
    for key, one in found.items():
        yes, no = with_interval(one.sensitivity), with_interval(one.specificity)
        rates = f"sensitivity {yes if one.n_with else '–'}, specificity {no if one.n_without else '–'}"
        click.echo(f"  {key:12} {rates}  ({one.n_with} with, {one.n_without} without)")
