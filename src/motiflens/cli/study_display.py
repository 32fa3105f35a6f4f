"""Progress of a study on a terminal, or as plain lines where there is none."""

import sys
import time
from types import TracebackType

import click

from motiflens.basics.terminal import StatusLine, bar
from motiflens.study.driver import Started
from motiflens.study.grid import StudyConfig, TimeLeft
from motiflens.training.news import News


class StudyDisplay:
    """Context manager that shows how many networks are done, which are in training and the time left."""

    def __init__(self, config: StudyConfig) -> None:
        self.protocol = config.protocol
        self.n_networks = 0
        self.finished: set[str] = set()
        self.time_left = TimeLeft([], self.protocol, time.monotonic)
        self.line = StatusLine(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else None

    def __enter__(self) -> "StudyDisplay":
        if self.line is not None:
            self.line.show("starting", now=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.line is not None:
            self.line.__exit__(kind, error, trace)

    def hear(self, news: Started | News) -> None:
        """Take what is to be done, or news of one network."""
        if isinstance(news, Started):
            self._start(news)
        else:
            self._update(news)

    def _start(self, news: Started) -> None:
        keys = {key for trial in news.works for key in trial.keys}
        self.n_networks = len(keys)
        self.time_left = TimeLeft(news.works, self.protocol, time.monotonic)
        for place in news.damaged:
            again = place.key is None or place.key in keys
            what = "that network is trained again" if again else "it is restored, or not part of this run"
            self._say(f"{place.where} could not be read ({place.reason}): {what}")
        skipped = f", {news.n_skipped} finished earlier" if news.n_skipped else ""
        self._say(f"{self.n_networks} networks to train{skipped}")

    def _update(self, news: News) -> None:
        if news.status is None:
            self.time_left.epoch(news.key, news.n_epochs)
        else:
            self.time_left.finish(news.key, news.n_epochs)
            self.finished.add(news.key)
            if self.line is None or news.status == "failed":
                done = f"{len(self.finished)}/{self.n_networks}"
                self._say(f"{done}  {news.key}  {news.status} after {news.n_epochs} epochs{self._left('  ')}")
        if self.line is not None:
            share = bar(len(self.finished) / max(self.n_networks, 1))
            counts = f"{len(self.finished)}/{self.n_networks} networks{self._left('  ')}"
            self.line.show(f"{share} {counts}  {news.key} epoch {news.n_epochs}")

    def _say(self, text: str) -> None:
        if self.line is not None:
            self.line.print(text)
        else:
            click.echo(text, err=True)

    def _left(self, before: str = "") -> str:
        seconds = self.time_left.seconds()
        if seconds is None or len(self.finished) == self.n_networks:
            return ""
        hours, minutes = divmod(round(seconds / 60), 60)
        return before + (f"about {hours} h {minutes:02d} min left" if hours else f"about {max(minutes, 1)} min left")
