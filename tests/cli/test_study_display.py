"""How far a study is: one line on a terminal, with what stays above it; plain lines elsewhere."""

import io
import sys

import pytest

from motiflens.cli.study_display import StudyDisplay
from motiflens.study.driver import Started
from motiflens.study.grid import StudyConfig, plan_trials
from motiflens.training.news import News
from motiflens.training.protocol import REFERENCE

CONFIG = StudyConfig(
    tasks=(2,), architectures=("C24",), n_members=2, protocol=REFERENCE.replace(max_epochs=10, early_stop_patience=None)
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def course():
    """What a study of four networks tells: one has finished, one failed, one is in its third epoch."""
    trials = plan_trials(CONFIG)
    keys = [trial.key(member) for trial in trials for member in trial.members]
    news = [News(keys[0], n_epochs=10, status="ok"), News(keys[1], n_epochs=2, status="failed")]
    return keys, [Started(trials, 1, []), *news, News(keys[2], n_epochs=3)]


def test_a_terminal_has_one_line_and_failures_above_it(course, monkeypatch):
    keys, everything = course
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    with StudyDisplay(CONFIG) as display:
        for news in everything:
            display.hear(news)
        display.line.show(display.line._text, now=True)
        shown = terminal.getvalue().rpartition("\r")[2]
        assert "2/4 networks" in shown
        assert f"{keys[2]} epoch 3" in shown
        assert shown.count("━") == 12
    text = terminal.getvalue()
    assert text.endswith("\r\x1b[K")  # the line is gone
    assert "4 networks to train, 1 finished earlier\n" in text
    assert f"2/4  {keys[1]}  failed after 2 epochs" in text
    assert f"{keys[0]}  ok" not in text


def test_elsewhere_every_network_has_a_line(course, capsys):
    keys, everything = course
    with StudyDisplay(CONFIG) as display:
        for news in everything:
            display.hear(news)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "4 networks to train, 1 finished earlier"
    assert lines[1].startswith(f"1/4  {keys[0]}  ok after 10 epochs")
    assert lines[2].startswith(f"2/4  {keys[1]}  failed after 2 epochs")
    assert len(lines) == 3
