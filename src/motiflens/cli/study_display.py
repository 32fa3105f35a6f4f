"""Progress of a study on a terminal, or as plain lines where there is none."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from motiflens.study.driver import Started
from motiflens.study.grid import StudyConfig, TimeLeft
from motiflens.training.news import News


class StudyDisplay:
    """Context manager that shows how many networks are done, which are in training and the time left."""

    def __init__(self, config: StudyConfig, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.protocol = config.protocol
        self.n_networks = 0
        self.finished: set[str] = set()
        self.time_left = TimeLeft([], self.protocol, time.monotonic)
        self.progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("networks"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}  {task.fields[news]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.bar = self.progress.add_task("study", total=None, left="", news="starting")

    def __enter__(self) -> "StudyDisplay":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

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
            self.console.print(f"{place.where} could not be read ({place.reason}): {what}")
        skipped = f", {news.n_skipped} finished earlier" if news.n_skipped else ""
        self.console.print(f"{self.n_networks} networks to train{skipped}")
        self.progress.update(self.bar, total=self.n_networks)

    def _update(self, news: News) -> None:
        if news.status is None:
            self.time_left.epoch(news.key, news.n_epochs)
        else:
            self.time_left.finish(news.key, news.n_epochs)
            self.finished.add(news.key)
            if not self.console.is_terminal or news.status == "failed":
                done = f"{len(self.finished)}/{self.n_networks}"
                self.console.print(f"{done}  {news.key}  {news.status} after {news.n_epochs} epochs{self._left('  ')}")
        text = f"{news.key} epoch {news.n_epochs}"
        self.progress.update(self.bar, completed=len(self.finished), left=self._left(), news=text)

    def _left(self, before: str = "") -> str:
        seconds = self.time_left.seconds()
        if seconds is None or len(self.finished) == self.n_networks:
            return ""
        hours, minutes = divmod(round(seconds / 60), 60)
        return before + (f"about {hours} h {minutes:02d} min left" if hours else f"about {max(minutes, 1)} min left")
