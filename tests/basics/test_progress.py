"""The progress bar: nothing, lines, a terminal's bar or a notebook's, and never anything on standard output."""

import io
import re
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import pytest

from motiflens.basics import progress as module
from motiflens.basics.progress import in_notebook, part_of, progress_bar


def run(**options):
    with progress_bar("work", **options) as tell:
        for i in range(41):
            tell(i / 40)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_nothing_is_shown_where_there_is_no_terminal(capsys):
    run()
    run(progress=False)
    assert capsys.readouterr() == ("", "")


def test_lines_come_at_every_tenth():
    lines = []
    run(on_line=lines.append)
    assert lines == [f"work  {10 * i} %" for i in range(1, 11)]


def test_a_terminal_gets_a_bar_on_standard_error_alone(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    lines = []
    run(on_line=lines.append)
    assert "work" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert capsys.readouterr().out == ""
    assert lines == []


def test_a_terminals_bar_says_how_long_a_stage_lasts(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "_TICK", 0.01)
    monkeypatch.setattr(module, "_LONG_STAGE", 0.0)
    with progress_bar("work") as tell:
        tell(0.5, "long")
        end = time.monotonic() + 30
        while terminal.getvalue().count("work: long, 0 s") < 3 and time.monotonic() < end:
            time.sleep(0.01)
    assert terminal.getvalue().count("work: long, 0 s") >= 3


def test_no_bar_for_progress_false_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(progress=False)
    assert terminal.getvalue() == ""


@pytest.fixture
def notebook(monkeypatch):
    """A stand-in for IPython in a notebook; gives the list of what is displayed."""
    shown = []
    handle = SimpleNamespace(update=lambda picture: shown.append(picture))

    def display(picture, display_id):
        shown.append(picture)
        return handle

    shell = type("ZMQInteractiveShell", (), {})()
    ipython, of_display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: shell
    of_display.display, of_display.HTML = display, lambda text: text
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", of_display)
    return shown


def test_a_notebook_gets_one_bar_that_ends_full(notebook, monkeypatch):
    assert in_notebook()
    run()
    assert 'value="0.0000"' in notebook[0]
    assert 'value="1.0000"' in notebook[-1]
    assert len(notebook) < 41  # not a picture for every step


def test_a_notebook_bar_is_drawn_again_after_a_pause(notebook, monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", 0)
    with progress_bar("a < b") as tell:
        tell(0.25)
    bar = 'a &lt; b <progress value="{}" max="1"></progress> {}'
    assert notebook[1:] == [bar.format("0.2500", "25%"), bar.format("1.0000", "100%")]


def test_a_notebook_bar_ends_full_but_stays_where_an_error_ended_the_work(notebook):
    with progress_bar("a") as tell:
        tell(0.97, "intervals")
    assert notebook[-1] == 'a <progress value="1.0000" max="1"></progress> 100%'

    def fail():
        with progress_bar("a") as tell:
            tell(0.5, "intervals")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert notebook[-1] == 'a <progress value="0.5000" max="1"></progress> 50% intervals'


def test_an_interactive_terminal_is_no_notebook(notebook):
    sys.modules["IPython"].get_ipython = lambda: type("TerminalInteractiveShell", (), {})()
    assert not in_notebook()


def test_errors_pass_through_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(RuntimeError, match="inside"), progress_bar("work"):
        raise RuntimeError("inside")


def test_a_new_stage_has_a_line_of_its_own():
    lines = []
    with progress_bar("work", on_line=lines.append) as tell:
        for share, stage in ((0.0, "first"), (0.04, "first"), (0.31, "first"), (0.32, "second"), (1.0, "")):
            tell(share, stage)
    assert lines == ["work  0 %  first", "work  30 %  first", "work  30 %  second", "work  100 %"]


def test_a_stage_that_lasts_says_so_again():
    lines, heard = [], threading.Event()

    def hear(line):
        lines.append(line)
        if len(lines) == 3:
            heard.set()

    with progress_bar("work", on_line=hear, beat=0.02) as tell:
        tell(0.25, "long")
        assert heard.wait(30)
    assert lines[0] == "work  20 %  long"
    assert all(re.fullmatch(r"work  20 %  long, \d+ s", line) for line in lines[1:])
    n = len(lines)
    time.sleep(0.1)
    assert len(lines) == n  # nothing after the end


def test_parts_tell_shares_of_the_whole():
    told = []
    part_of(lambda share, stage="": told.append((share, stage)), 0.5, 0.9, "network 2: ")(0.25, "filters")
    assert told == [(pytest.approx(0.6), "network 2: filters")]
    part_of(None, 0, 1)(0.5)


def test_a_terminal_and_a_notebook_name_the_stage(monkeypatch, notebook):
    with progress_bar("a") as tell:
        tell(0.1, "b < c")
    assert notebook[-2] == 'a <progress value="0.1000" max="1"></progress> 10% b &lt; c'
    monkeypatch.delitem(sys.modules, "IPython")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("a") as tell:
        tell(0.1, "stage")
    assert "a: stage" in sys.stderr.getvalue()
