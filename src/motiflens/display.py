"""Progress of a study on a terminal, or as plain lines where there is none."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from motiflens.store import Damaged
from motiflens.study import Progress as News
from motiflens.study import StudyConfig, cost
from motiflens.trial import Trial

_EXPECTED_SHARE = 0.6  # of the epochs that a protocol with early stopping allows, until the run itself tells better


class StudyDisplay:
    """Context manager that shows how many networks are done, which are in training and the time left.

    The time left is extrapolated from the work done in this run, each network weighed by its cost per epoch and the
    epochs that finished networks took.
    """

    def __init__(self, config: StudyConfig, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.max_epochs = config.protocol.max_epochs
        self.early_stopping = config.protocol.early_stop_patience is not None
        self.costs: dict[str, float] = {}
        self.epochs: dict[str, int] = {}
        self.finished: set[str] = set()
        self.started = time.monotonic()
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

    def start(self, trials: list[Trial], n_skipped: int, damaged: list[Damaged]) -> None:
        """Take what is to be done."""
        self.costs = {trial.key(m): cost(trial) for trial in trials for m in trial.members}
        self.started = time.monotonic()
        for place in damaged:
            again = place.key is None or place.key in self.costs
            what = "that network is trained again" if again else "it was restored from the exported records"
            self.console.print(f"{place.where} could not be read ({place.reason}): {what}")
        skipped = f", {n_skipped} finished earlier" if n_skipped else ""
        self.console.print(f"{len(self.costs)} networks to train{skipped}")
        self.progress.update(self.bar, total=len(self.costs))

    def update(self, news: News) -> None:
        """Take news of one network."""
        self.epochs[news.key] = news.n_epochs
        if news.status is not None:
            self.finished.add(news.key)
            if not self.console.is_terminal or news.status == "failed":
                done = f"{len(self.finished)}/{len(self.costs)}"
                self.console.print(f"{done}  {news.key}  {news.status} after {news.n_epochs} epochs{self._left('  ')}")
        text = f"{news.key} epoch {news.n_epochs}"
        self.progress.update(self.bar, completed=len(self.finished), left=self._left(), news=text)

    def _left(self, before: str = "") -> str:
        seconds = self.seconds_left(time.monotonic() - self.started)
        if seconds is None or len(self.finished) == len(self.costs):
            return ""
        hours, minutes = divmod(round(seconds / 60), 60)
        return before + (f"about {hours} h {minutes:02d} min left" if hours else f"about {max(minutes, 1)} min left")

    def seconds_left(self, elapsed: float) -> float | None:
        """Estimate from the work done and to do; None before the first epoch."""
        ended = [self.epochs[key] for key in self.finished]
        if ended:
            expected = sum(ended) / len(ended)
        else:
            expected = self.max_epochs * (_EXPECTED_SHARE if self.early_stopping else 1)
        done = sum(self.costs[key] * n for key, n in self.epochs.items())
        left = sum(
            weight * max(expected - self.epochs.get(key, 0), 1)
            for key, weight in self.costs.items()
            if key not in self.finished
        )
        return elapsed * left / done if done else None
