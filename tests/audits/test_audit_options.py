"""Options of an audit are checked when they are made, and have the same names everywhere."""

import dataclasses
import inspect
import json

import pytest
from command_line import fails

from motiflens.audits.options import AuditOptions
from motiflens.cli.audit import audit as audit_command
from motiflens.cli.compare import compare as compare_command
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.motifs.sets import load_motifs

#: Of the library alone: nobody has asked for them in the shell.
LIBRARY_ONLY = {"window", "methods", "n_resamples", "batch_size"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"q": 0.0}, r"q must be in \(0, 1\], got 0"),
        ({"q": float("nan")}, "q must be in"),
        ({"n_ablation": -1}, "n_ablation must be 0 or more, got -1"),
        ({"n_decoys": 2.5}, "n_decoys must be a whole number, got 2.5"),
        ({"n_backgrounds": True}, "n_backgrounds must be a whole number, got True"),
        ({"n_examples": -3}, "n_examples must be 0 or more"),
        ({"n_resamples": 0}, "n_resamples must be 1 or more, got 0"),
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"window": 0}, "window must be 1 or more"),
        ({"layout": "N4l"}, r"layout must be one of auto, N4L.*did you mean NL4 or N4L"),
        ({"output": "logit"}, "output must be one of auto, .*did you mean logits"),
        ({"methods": ["salience"]}, "unknown attribution method 'salience'; did you mean saliency"),
        ({"database": "JASPAR3000"}, "unknown motif set 'JASPAR3000'"),
        ({"database": []}, "at least one motif, got none"),
        ({"truth": {"SP1": ["MA9999"]}}, "no motif of the database is one of"),
    ],
)
def test_a_wrong_option_is_told_when_options_are_made(wrong, message):
    with pytest.raises(ValueError, match=message):
        AuditOptions(**wrong)


def test_a_missing_database_is_told_when_options_are_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="no motif file at"):
        AuditOptions(database=str(tmp_path / "none.meme"))


def test_options_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        AuditOptions().q = 0.5


@pytest.mark.parametrize("command", [audit_command, compare_command])
def test_the_shell_has_the_names_and_defaults_of_the_library(command):
    parameters = inspect.signature(command).parameters
    shared = {field.name: field for field in dataclasses.fields(AuditOptions)}
    missing = shared.keys() - parameters.keys() - LIBRARY_ONLY
    assert missing <= {"layout", "bases", "first_layer", "output"}  # `compare` takes no model trained elsewhere
    for name in shared.keys() & parameters.keys():
        assert parameters[name].default == shared[name].default, name


def test_options_become_json():
    motifs = load_motifs("JASPAR2016-vertebrates")[:3]
    options = AuditOptions(database=motifs, truth={"Arnt": {motifs[1].id, motifs[0].id}}, methods=("saliency",))
    found = json.loads(json.dumps(options.to_dict()))
    assert found["database"] == [motif.id for motif in motifs]
    assert found["truth"] == {"Arnt": sorted(motif.id for motif in motifs[:2])}
    assert found.keys() == {field.name for field in dataclasses.fields(AuditOptions)}
    assert options.database_name == "3 motifs"
    assert AuditOptions().to_dict()["database"] == AuditOptions().database_name == "JASPAR2026-vertebrates"


def test_options_are_held_against_the_data(task1):
    for options, message in (
        (AuditOptions(target=12), r"target must be in 0\.\.11, got 12"),
        (AuditOptions(window=task1.length - 1), f"window must be at most {task1.length - 2} for sequences of"),
        (AuditOptions(first_layer="conv"), "first_layer is for models trained elsewhere, got 'conv'"),
    ):
        with pytest.raises(ValueError, match=message):
            options.check_data(task1)
    with pytest.raises(ValueError, match="no test sequences"):
        AuditOptions().check_data(task1.train)
    AuditOptions(target=11, window=task1.length - 2).check_data(task1)
    AuditOptions(target=task1.label_names[3]).check_data(task1)
    with pytest.raises(ValueError, match="there is no label 'SP11'; there are SP1"):
        AuditOptions(target="SP11").check_data(task1)


def test_the_command_tells_before_it_trains(task1, tmp_path, capsys, monkeypatch):
    one = SequenceDataset.from_arrays(task1.codes, task1.y[:, 0], split=task1.split)
    write_hdf5(one, tmp_path / "data.h5")
    wrong = ("--n-backgrounds", "-1")
    code, told = fails(capsys, monkeypatch, "audit", tmp_path / "data.h5", "--out", tmp_path / "out", *wrong)
    assert code == 2
    assert "--n-backgrounds must be 0 or more, got -1" in told
    assert not (tmp_path / "out").exists()
