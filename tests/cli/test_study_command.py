"""`motiflens study run`: what the command adds to `run_study`, which is replaced here by one that trains nothing."""

import json
import sys

import pytest
from click.testing import CliRunner

from motiflens.basics.runners import JobError
from motiflens.cli import app
from motiflens.cli.options import parse_duration, parse_shard
from motiflens.study.driver import Job
from motiflens.study.grid import StudyResult, get_preset, plan_trials, run_trial_job
from motiflens.study.machines import Machines

COMMAND = ["study", "run", "--preset", "paper", "--architectures", "C24,C4C6*", "--out", "runs/a b"]


@pytest.fixture
def told(monkeypatch, tmp_path):
    """What the library is told, and how many networks it says are left."""
    left = {"n_left": 0, "n_elsewhere": 0, "out_of_time": False}
    calls = []

    def run_study(config, folder, **options):
        calls.append((config, folder, options))
        return StudyResult([], 0, [], [], **left)

    monkeypatch.setattr("motiflens.study.grid.run_study", run_study)
    monkeypatch.chdir(tmp_path)
    return calls, left


def run(monkeypatch, *more):
    monkeypatch.setattr(sys, "argv", ["motiflens", *COMMAND, *more])
    return CliRunner().invoke(app, [*COMMAND, *more])


def test_options_reach_the_library(told, monkeypatch):
    calls, _ = told
    more = ["--budget", "1h30m", "--shard", "3/20", "--runner", "ray", "--address", "head:6379", "--gpu-share", "0.5"]
    assert run(monkeypatch, *more).exit_code == 0
    config, folder, options = calls[0]
    assert str(folder) == "runs/a b"
    assert {"C24", "C4C6", "C4C6-Att"} < set(config.architectures)
    assert (options["budget"], options["part"]) == (5400.0, (3, 20))
    assert options["machines"] == Machines(runner="ray", address="head:6379", gpu_share=0.5)
    run(monkeypatch)
    assert (calls[1][2]["budget"], calls[1][2]["machines"]) == (None, Machines())
    assert calls[1][2]["part"] == (1, 1)


def test_what_is_left_is_told_with_the_command_that_goes_on(told, monkeypatch):
    _, left = told
    left.update(n_left=12, n_elsewhere=5, out_of_time=True)
    result = run(monkeypatch, "--budget", "2h")
    assert result.exit_code == 0
    assert "the budget of 2h is used up; 12 networks are left, 5 of them in training by another run" in result.stderr
    command = "motiflens study run --preset paper --architectures 'C24,C4C6*' --out 'runs/a b' --budget 2h"
    assert result.stderr.splitlines()[-1].strip() == command
    found = json.loads(run(monkeypatch, "--json").stdout)
    assert found["n_left"] == 12
    assert found["go_on"].endswith("--json")


def test_the_first_trial_that_failed_is_told_with_its_reason(monkeypatch, tmp_path):
    (trial,) = plan_trials(get_preset("quick").replace(tasks=(2,), architectures=("C24",), activations=("relu",)))
    job = Job(trial, run_trial_job, str(tmp_path), "cpu", True, None, False)
    failed = StudyResult([], 0, [], [JobError(job, "OSError: no space left", "traceback")], n_left=1)
    monkeypatch.setattr("motiflens.study.grid.run_study", lambda *_, **__: failed)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "a b").mkdir(parents=True)
    result = run(monkeypatch)
    assert isinstance(result.exception, RuntimeError)
    assert "the first, task 2 C24 relu: OSError: no space left" in str(result.exception)
    assert (tmp_path / "runs" / "a b" / "errors.log").read_text() == "traceback"


def test_an_address_needs_its_runner(told, monkeypatch):
    result = run(monkeypatch, "--address", "head:6379")
    assert "give --runner ray, too" in str(result.exception)


def test_nothing_is_told_when_all_is_done(told, monkeypatch):
    assert "left" not in run(monkeypatch).stderr
    assert json.loads(run(monkeypatch, "--json").stdout)["go_on"] is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1h5s", 3605)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "1.5h", "30m1h", "h", "2 hours", "-1h"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="expected a duration such as 2h"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["3", "3/", "a/b", "3/20/1", "-1/3"])
def test_what_is_no_shard(text):
    assert parse_shard("3/20") == (3, 20)
    with pytest.raises(ValueError, match="expected a shard such as 3/20"):
        parse_shard(text)
