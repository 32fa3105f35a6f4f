"""What the commands of all studies share: news of a run, what it left, stored records."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from motiflens.cli.messages import refuse_unfinished

if TYPE_CHECKING:
    from motiflens.basics.store import Record
    from motiflens.study.driver import Started
    from motiflens.study.results import Results
    from motiflens.training.news import News


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
                click.echo(f"{place.where} could not be read ({place.reason}): restored, or read again", err=True)
        elif news.status is not None:
            self.n_done += 1
            click.echo(f"{self.n_done}/{self.n_all}  {news.key}  {news.status}", err=True)
        elif news.n_epochs % self.every == 0:
            click.echo(f"{news.key} member {news.member}  epoch {news.n_epochs}  {news.valid_metric:.3f}", err=True)


def tell_what_is_left(result: Any, folder: Path, what: str, command: str) -> None:
    """Say how much of a run is left and how it goes on; an error if some of it failed."""
    if result.n_left:
        click.echo(f"{result.n_left} {what} are left; to go on:\n  {command}", err=True)
    refuse_unfinished(result.errors, folder, what, lambda job: str(job.work.key))


def records_of(folder: Path, *groups: str) -> "tuple[list[Record], int]":
    """Records of a study in a folder and how many others it holds beside; none if it holds none of the study.

    Parameters
    ----------
    folder : Path
    *groups : str
        First parts of the keys of its records. The first one is the name of its folder and of its JSONL file.
    """
    if not (folder / "records" / groups[0]).is_dir() and not (folder / f"{groups[0]}.jsonl").is_file():
        return [], 0
    from motiflens.basics.store import Store

    records, damaged = Store(folder).read()
    for place in damaged:
        click.echo(f"warning: {place.where} could not be read: {place.reason}", err=True)
    found = [record for key, record in records.items() if key.split("/")[0] in groups]
    return found, len(records) - len(found)


def reportable(folder: Path) -> "tuple[Results, int]":
    """Results of a folder, with a warning for each record left out; how many could not be read."""
    from motiflens.study.results import read_results

    found = read_results(folder)
    for place in found.damaged:
        click.echo(f"warning: {place.where} could not be read: {place.reason}", err=True)
    for key, reason in found.left_out.items():
        click.echo(f"warning: {key} is left out: {reason}", err=True)
    return found.results, len(found.damaged)
