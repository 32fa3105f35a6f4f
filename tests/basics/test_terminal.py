"""The line of a terminal that is drawn again in its own place."""

import io
import re

import pytest

from motiflens.basics import terminal
from motiflens.basics.terminal import StatusLine, bar, time_left


def screen(text):
    """What a terminal shows of a text with carriage returns and erasures, line by line."""
    lines, column = [""], 0
    for part in re.split(r"(\r|\n|\x1b\[K)", text):
        if part == "\r":
            column = 0
        elif part == "\n":
            lines.append("")
            column = 0
        elif part == "\x1b[K":
            lines[-1] = lines[-1][:column]
        else:
            lines[-1] = lines[-1][:column] + part + lines[-1][column + len(part) :]
            column += len(part)
    return lines


@pytest.mark.parametrize(("share", "full"), [(-1, 0), (0, 0), (0.5, 12), (1, 24), (2, 24)])
def test_a_bar_is_as_full_as_its_share(share, full):
    assert bar(share) == "━" * full + "─" * (24 - full)


def test_the_time_left_goes_on_at_the_same_rate():
    assert time_left(0.25, 30) == "0:01:30"
    assert time_left(0.1, 3600) == "9:00:00"
    assert time_left(1.0, 5) == "0:00:00"
    assert time_left(0.0, 5) == ""


def test_a_line_takes_the_place_of_the_last_and_is_gone_at_the_end():
    stream = io.StringIO()
    with StatusLine(stream) as line:
        line.show("a long first line", now=True)
        line.show("second", now=True)
        assert screen(stream.getvalue()) == ["second"]
        line.print("this stays")
        assert screen(stream.getvalue()) == ["this stays", "second"]
    assert screen(stream.getvalue()) == ["this stays", ""]


def test_a_line_is_drawn_again_only_after_a_pause(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    line = StatusLine(stream)
    line.show("a")
    line.show("b")
    assert screen(stream.getvalue()) == ["a"]
    now[0] += 0.2
    line.show("c")
    assert screen(stream.getvalue()) == ["c"]


def test_a_line_never_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    StatusLine(stream).show("x" * 50)
    assert screen(stream.getvalue()) == ["x" * 19]


def test_a_terminal_of_ascii_gets_plain_signs():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    StatusLine(stream).show(bar(0.5))
    assert screen(raw.getvalue().decode("ascii")) == ["#" * 12 + "-" * 12]
