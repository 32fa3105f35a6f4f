"""What is installed, and what is missing."""

import click

from motiflens.cli.messages import print_json
from motiflens.cli.options import Json


def doctor(as_json: Json = False) -> None:
    """Say what motiflens has to work with: versions, compiled kernels, threads, GPU, cache, and what is missing.

    Run it first where something is slow or does not work, and add what it prints to a report of a fault.
    """
    from motiflens.report.doctor import diagnose

    found = diagnose()
    if as_json:
        print_json(found._asdict())
        return
    for line in found.lines():
        click.echo(line)
