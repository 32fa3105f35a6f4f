"""A line on a terminal that is redrawn in place, such as a progress bar."""

import shutil
import time
from types import TracebackType
from typing import TextIO

_PAUSE = 0.1  # seconds between two pictures
_WIDTH = 24  # characters of a bar
_TO_THE_END = "\x1b[K"  # erases the rest of the line


def bar(share: float) -> str:
    """A fraction, from 0 to 1, as a bar of text."""
    full = round(_WIDTH * min(max(share, 0.0), 1.0))
    return "━" * full + "─" * (_WIDTH - full)


def time_left(share: float, seconds: float) -> str:
    """Remaining hours, minutes and seconds, if the rest is as fast as the fraction so far; empty at the beginning."""
    if not 0 < share <= 1:
        return ""
    left = round(seconds * (1 - share) / share)
    return f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"


class StatusLine:
    """Context manager of a line on a terminal, which is erased at the end.

    Parameters
    ----------
    stream : file
        Stream of the terminal. A terminal that cannot show the characters of a bar gets ASCII characters.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._text, self._drawn = "", -float("inf")

    def __enter__(self) -> "StatusLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("\r" + _TO_THE_END)

    def show(self, text: str, *, now: bool = False) -> None:
        """Redraw the line, unless it was drawn a moment ago; `now` draws it in any case."""
        self._text = text
        if now or time.monotonic() - self._drawn >= _PAUSE:
            self._drawn = time.monotonic()
            width = shutil.get_terminal_size().columns - 1  # a full line would wrap
            self._write("\r" + text[:width] + _TO_THE_END)

    def print(self, text: str) -> None:
        """Write a permanent line above this one."""
        self._write("\r" + _TO_THE_END + text + "\n")
        self.show(self._text, now=True)

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
        except UnicodeEncodeError:
            self.stream.write(text.replace("━", "#").replace("─", "-").encode("ascii", "replace").decode())
        self.stream.flush()
