"""The experiments behind `motiflens study run --preset crx`."""

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

EXPERIMENTS = (
    "crx",
    "crx-protocol",
    "crx-options",
    "crx-best",
)  # presets, and first parts of the keys of their records
_OWN = ("architectures", "activations", "n_members", "seed", "data_seed")


def is_experiment_preset(name: str) -> bool:
    """Whether a preset is the experiments'."""
    return name in EXPERIMENTS


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
        report = str(write_experiment_outputs(records_of(folder, *EXPERIMENTS)[0], folder, command=command).report)
    if as_json:
        go_on = command if result.n_left else None
        print_json({"n_records": len(result.records), "n_left": result.n_left, "report": report, "go_on": go_on})
    else:
        click.echo(f"{len(result.records)} networks" + ("" if report is None else f"; open {report}"))
    tell_what_is_left(result, folder, "networks", command)


def report_experiments(records: "list[Record]", out: Path, *, command: str, as_json: bool) -> None:
    """Write the tables and the page again."""
    from motiflens.report.experiments import write_experiment_outputs

    outputs = write_experiment_outputs(records, out, command=command)
    if as_json:
        print_json({"n_records": len(records), "report": str(outputs.report)})
    else:
        click.echo(f"{len(records)} records; open {outputs.report}")
