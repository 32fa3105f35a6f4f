"""What `motiflens doctor` says about this machine, against what the machine itself says."""

import importlib.metadata
import json
import tomllib
from pathlib import Path

import pytest
import torch
from command_line import run

from motiflens.report import doctor
from motiflens.report.doctor import EXTRAS, NEEDED, diagnose

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_facts_are_those_of_the_machine():
    facts, _ = diagnose()
    assert facts["packages"]["torch"] == importlib.metadata.version("torch")
    assert facts["threads"]["torch"] == torch.get_num_threads()
    assert (facts["gpu"] is None) != torch.cuda.is_available()


def test_all_that_is_installed_is_named():
    assert [name.split(">")[0] for name in PROJECT["dependencies"]] == list(NEEDED)
    extras = {name: need for name, need in PROJECT["optional-dependencies"].items() if name not in ("dev", "peers")}
    assert {name: package.split(">")[0] for name, (package,) in extras.items()} == {
        name: package for name, (package, _) in EXTRAS.items()
    }


def test_notes_come_with_a_cure(monkeypatch):
    monkeypatch.setenv("MOTIFLENS_KERNELS", "0")
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "ray" else "1")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4096)
    found = diagnose()
    assert [note.partition(": ")[2] != "" for note in found.notes] == [True] * 4
    text = "\n".join(found.lines())
    assert "unset MOTIFLENS_KERNELS" in text
    assert "set OMP_NUM_THREADS=" in text
    assert "needed for studies on a Ray cluster (--runner ray): pip install 'motiflens[cluster]'" in text


def test_where_nothing_is_missing_it_says_so(monkeypatch):
    monkeypatch.setattr(doctor, "_notes", lambda facts: [])
    assert diagnose().lines()[-1] == "Nothing is missing that training and audits need."


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_command(flags):
    done = run("doctor", *flags)
    assert done.exit_code == 0, done.output
    if flags:
        assert set(json.loads(done.stdout)) == {"facts", "notes"}
    else:
        assert done.stdout.startswith("motiflens    ")
