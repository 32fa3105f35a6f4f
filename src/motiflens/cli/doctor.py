"""What is installed, and what is missing."""

import click

from motiflens.cli.messages import print_json
from motiflens.cli.options import Json


def doctor(as_json: Json = False) -> None:
    """Print versions, compiled kernels, threads, GPU, cache, and what is missing.

    Run it first if something is slow or does not work, and add its output to a bug report.
    """
    from motiflens.report.doctor import diagnose

    found = diagnose()
    if as_json:
        print_json(found._asdict())
        return
    for line in found.lines():
        click.echo(line)
