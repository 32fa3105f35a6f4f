"""A progress bar on a terminal, in a notebook, or none."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Protocol

from motiflens.basics.terminal import StatusLine, bar, time_left


class Tell(Protocol):
    """A function that takes the fraction of work that is done, from 0 to 1, and, if work has stages, the next stage."""

    def __call__(self, share: float, stage: str = "") -> None:
        """Take the news."""


def part_of(tell: Tell | None, start: float, stop: float, before: str = "") -> Tell:
    """Report progress of a part of some work: scale its fractions to a range of the whole, and prefix its stages."""

    def tell_whole(share: float, stage: str = "") -> None:
        if tell is not None:
            tell(start + (stop - start) * share, before + stage)

    return tell_whole


_PAUSE = 0.2  # seconds between two pictures of a notebook's bar
_TICK = 1.0  # seconds after which a terminal's bar is drawn again
_LONG_STAGE = 5.0  # seconds of a stage from which on these are shown


@contextmanager
def progress_bar(
    what: str, *, progress: bool = True, on_line: Callable[[str], None] | None = None, beat: float | None = None
) -> Iterator[Tell]:
    """Show the progress of work during a `with` block.

    A bar goes to standard error where that is a terminal, and below the cell in a notebook. Elsewhere nothing is
    shown, unless `on_line` is given.

    Parameters
    ----------
    what : str
        Name of the work, in a word or two.
    progress : bool
        False shows nothing.
    on_line : callable, optional
        If no bar can be shown, called with a line for every tenth of the work and every new stage.
    beat : float, optional
        Seconds after which the line is repeated if nothing is new, as a sign that the work goes on.

    Yields
    ------
    tell : callable
        Call it with the fraction of work that is done, from 0 to 1, and, if work has stages, the next stage.

    Examples
    --------
    >>> with progress_bar("members", progress=False) as tell:
    ...     for i in range(3):
    ...         tell((i + 1) / 3)
    """
    if not progress:
        yield _unheard
    elif in_notebook():
        with _in_notebook(what) as tell:
            yield tell
    elif sys.stderr is not None and sys.stderr.isatty():
        with _on_terminal(what) as tell:
            yield tell
    elif on_line is None:
        yield _unheard
    else:
        with _beating(_Lines(what, on_line), beat) as tell:
            yield tell


def in_notebook() -> bool:
    """Whether the code runs in a notebook, which shows what is displayed below a cell."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and type(running).__name__ == "ZMQInteractiveShell"


def _unheard(share: float, stage: str = "") -> None:
    """Do nothing with news of progress."""


@contextmanager
def _on_terminal(what: str) -> Iterator[Tell]:
    with StatusLine(sys.stderr) as line, _beating(_Bar(what, line), _TICK) as tell:
        tell(0.0)
        yield tell


class _Bar:
    """A bar on a terminal, drawn again every second, with the seconds that a stage has lasted where these are many."""

    def __init__(self, what: str, line: StatusLine) -> None:
        self.what, self.line = what, line
        self.share, self.stage = 0.0, ""
        self.began = self.stage_began = time.monotonic()
        self.lock = threading.Lock()

    def __call__(self, share: float, stage: str = "") -> None:
        with self.lock:
            is_new = stage != self.stage
            if is_new:
                self.stage, self.stage_began = stage, time.monotonic()
            self.share = share
            self._draw(now=is_new or share >= 1)

    def beat(self, seconds: float) -> float:
        """Draw the bar again; seconds until the next time."""
        with self.lock:
            self._draw(now=True)
        return seconds

    def _draw(self, *, now: bool) -> None:
        at = time.monotonic()
        lasted = at - self.stage_began
        words = f"{self.what}: {self.stage}" if self.stage else self.what
        words += f", {lasted:.0f} s" if lasted >= _LONG_STAGE else ""
        self.line.show(f"{words} {bar(self.share)} {self.share:4.0%} {time_left(self.share, at - self.began)}", now=now)


class _Lines:
    """Lines of plain text: for each tenth, for each new stage, and, from another thread, when nothing is new."""

    def __init__(self, what: str, on_line: Callable[[str], None]) -> None:
        self.what, self.on_line = what, on_line
        self.tenths, self.stage = 0, ""
        self.began = self.said = time.monotonic()
        self.lock = threading.Lock()

    def __call__(self, share: float, stage: str = "") -> None:
        with self.lock:
            tenths, is_new = int(10 * share + 1e-9), stage != self.stage
            if is_new:
                self.stage, self.began = stage, time.monotonic()
            if tenths > self.tenths or (is_new and stage):
                self.tenths = max(tenths, self.tenths)
                self._say()

    def beat(self, seconds: float) -> float:
        """Say a line if the last one is so long ago; seconds until the next may be due."""
        with self.lock:
            now = time.monotonic()
            if now - self.said >= seconds:
                self._say(f", {now - self.began:.0f} s")
            return max(self.said + seconds - now, 0.01)

    def _say(self, since: str = "") -> None:
        self.said = time.monotonic()
        stage = f"  {self.stage}" if self.stage else ""
        self.on_line(f"{self.what}  {10 * self.tenths} %{stage}{since}")


@contextmanager
def _beating(lines: "_Lines | _Bar", seconds: float | None) -> Iterator[Tell]:
    if seconds is None:
        yield lines
        return
    stopped = threading.Event()

    def go_on() -> None:
        wait: float = seconds
        while not stopped.wait(wait):
            wait = lines.beat(seconds)

    thread = threading.Thread(target=go_on, name="progress", daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        stopped.set()
        thread.join()


@contextmanager
def _in_notebook(what: str) -> Iterator[Tell]:
    """A bar of HTML in the place of itself: it needs no widgets, and stays in a notebook that is saved.

    It ends full, unless an error ends the work: then it stays where it was, and names the stage that failed.
    """
    from IPython.display import HTML, display

    def picture(share: float, stage: str = "") -> HTML:
        after = f" {escape(stage)}" if stage else ""
        return HTML(f'{escape(what)} <progress value="{share:.4f}" max="1"></progress> {share:.0%}{after}')

    handle, last, shown = display(picture(0.0), display_id=True), time.monotonic(), ""

    def tell(share: float, stage: str = "") -> None:
        nonlocal last, shown
        if handle is not None and (stage != shown or time.monotonic() - last >= _PAUSE):
            last, shown = time.monotonic(), stage
            handle.update(picture(share, stage))

    yield tell
    if handle is not None:
        handle.update(picture(1.0))
