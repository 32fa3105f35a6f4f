"""One progress bar for everything that takes long: on a terminal, in a notebook, or not at all."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

Tell = Callable[[float], None]  # told the share that is done, 0 to 1

_PAUSE = 0.2  # seconds between two pictures of a notebook's bar


@contextmanager
def progress_bar(what: str, *, progress: bool = True, on_line: Callable[[str], None] | None = None) -> Iterator[Tell]:
    """Show which share of some work is done, for the time of a `with` block.

    A bar goes to standard error where that is a terminal, and below the cell in a notebook. Elsewhere nothing is
    shown, unless `on_line` is given.

    Parameters
    ----------
    what : str
        A word or two for the work.
    progress : bool
        False for nothing at all.
    on_line : callable, optional
        Told a line for every tenth that is done, where no bar can be shown.

    Yields
    ------
    tell : callable
        To be told the share that is done, from 0 to 1, now and then.

    Examples
    --------
    >>> with progress_bar("members", progress=False) as tell:
    ...     for i in range(3):
    ...         tell((i + 1) / 3)
    """
    if not progress:
        yield _unheard
    elif in_notebook():
        yield _in_notebook(what)
    elif sys.stderr is not None and sys.stderr.isatty():
        with _on_terminal(what) as tell:
            yield tell
    else:
        yield _unheard if on_line is None else _in_lines(what, on_line)


def in_notebook() -> bool:
    """Whether the code runs in a notebook, which shows what is displayed below a cell."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and type(running).__name__ == "ZMQInteractiveShell"


def _unheard(share: float) -> None:
    """Do nothing with news of progress."""


@contextmanager
def _on_terminal(what: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    columns_of_time = (TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, *columns_of_time, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _in_lines(what: str, on_line: Callable[[str], None]) -> Tell:
    tenths = 0

    def tell(share: float) -> None:
        nonlocal tenths
        if int(10 * share) > tenths:
            tenths = int(10 * share)
            on_line(f"{what}  {10 * tenths} %")

    return tell


def _in_notebook(what: str) -> Tell:
    """A bar of HTML in the place of itself: it needs no widgets, and stays in a notebook that is saved."""
    from IPython.display import HTML, display

    def picture(share: float) -> HTML:
        return HTML(f'{escape(what)} <progress value="{share:.4f}" max="1"></progress> {share:.0%}')

    handle, last = display(picture(0.0), display_id=True), time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if handle is not None and (share >= 1 or time.monotonic() - last >= _PAUSE):
            last = time.monotonic()
            handle.update(picture(share))

    return tell
