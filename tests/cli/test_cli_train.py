"""`motiflens train` on data of other lengths, kinds and sizes than the study's."""

import json
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from command_line import fails

from motiflens import cli
from motiflens.cli import app
from motiflens.cli.messages import working
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import read_hdf5, write_hdf5
from motiflens.models.hybrid import adapted_config
from motiflens.models.saved import load_ensemble
from motiflens.training.folder import fit_to_folder
from motiflens.training.protocol import REFERENCE
from motiflens.training.summary import fit_summary

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, y, length):
        n = len(y)
        codes = RNG.integers(0, 4, (n, length), dtype=np.uint8)
        split = ["train"] * (n - 40) + ["valid"] * 20 + ["test"] * 20
        write_hdf5(SequenceDataset.from_arrays(codes, y, split=split), tmp_path / name)

    write("values.h5", np.c_[RNG.normal(3, 1, 160), RNG.normal(0, 9, 160)], 71)
    write("rare.h5", (RNG.random((160, 3)) < 0.2).astype(float), 147)
    write("few.h5", np.tile([0.0, 1.0], 36), 500)
    return tmp_path


def train(data, *options):
    result = CliRunner().invoke(app, ["train", data, "--task", "2", "--max-epochs", "1", "--members", "2", *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_no_member_is_no_training(folder, capsys, monkeypatch):
    code, told = fails(capsys, monkeypatch, "train", "values.h5", "-o", "out", "--members", "0")
    assert (code, told.splitlines()[-1]) == (2, "error: --members must be at least 1, got 0")
    assert not (folder / "out").exists()


def test_real_values_are_a_regression_on_adapted_sizes(folder):
    result = train("values.h5", "-o", "net", "--architecture", "C24-Att", "--reverse-complement", "--verbose", "--json")
    found = json.loads(result.stdout)
    protocol = REFERENCE.replace(max_epochs=1, objective="regression", reverse_complement=True)
    config = adapted_config("C24-Att", length=71, task=2, n_outputs=2)
    assert (found["config"], found["protocol"]) == (config.to_dict(), protocol.to_dict())
    data = read_hdf5("values.h5")
    direct = fit_summary(fit_to_folder("again", config, data, 2, protocol=protocol), data)
    assert [row["test_pearson"] for row in found["members"]] == [row["test_pearson"] for row in direct.members]
    assert set(found["mean"]) == set(direct.mean)
    assert found["notes"] == [
        "C24-Att on sequences of 71 bp has first_pool 23 in place of 24",
        "labels other than 0 and 1: a regression of real values (--objective regression)",
    ]
    notes = [line.removeprefix("note: ") for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert notes == found["notes"]
    assert "Pearson" in result.stderr
    table = train("values.h5", "-o", "net", "--architecture", "C24-Att", "--reverse-complement").stdout.splitlines()
    titles = ["valid Pearson", "valid mean squared error", "test Pearson", "test mean squared error"]
    assert all(title in table[0] for title in titles)
    assert [line.split()[0] for line in table[1:]] == ["member", "member", "mean", "SD", "uninformed", "uninformed:"]
    assert table[3].split()[1:] == [f"{found['mean'][name]:.4f}" for name in found["uninformed"]]


def test_rare_positives_are_weighted_and_each_label_is_told(folder):
    result = train("rare.h5", "-o", "net", "--architecture", "C4C6", "--positive-weight", "balanced", "--json")
    found = json.loads(result.stdout)
    assert found["protocol"]["positive_weight"] == "balanced"
    assert load_ensemble("net").protocol["positive_weight"] == "balanced"
    options = "--reverse-complement --max-shift 5"
    assert found["notes"] == [f"120 training sequences are few: {options} reads other versions of them in each epoch"]
    assert [output["label"] for output in found["outputs"]] == ["label_0", "label_1", "label_2"]
    assert all(0 <= row["test_auroc"] <= 1 for member in found["members"] for row in member["outputs"])
    assert found["uninformed"]["test_aupr"] == pytest.approx(read_hdf5("rare.h5").test.y.mean())
    assert train("rare.h5", "-o", "two", "--positive-weight", "2.5", "--json").exit_code == 0
    assert load_ensemble("two").protocol["positive_weight"] == 2.5


def test_few_sequences_train_in_small_batches(folder):
    result = train("few.h5", "-o", "net", "--architecture", "C24", "--objective", "classification", "--json")
    found = json.loads(result.stdout)
    assert found["notes"] == [
        "32 training sequences: batches of 8 in place of 100",
        "32 training sequences are few: --reverse-complement --max-shift 5 reads other versions of them in each epoch",
    ]
    assert found["protocol"]["batch_size"] == 8
    assert found["standard_deviation"]["test_auroc"] is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["values.h5", "--objective", "classification"], "real values need --objective regression"),
        (["values.h5", "--positive-weight", "balanced"], "leave it out of a regression"),
        (["rare.h5", "--positive-weight", "equal"], "expected --positive-weight as a number or balanced, got 'equal'"),
        (["rare.h5", "--objective", "rank"], "auto, classification, regression, got 'rank'"),
        (["rare.h5", "--architecture", "C5"], "unknown architecture 'C5'"),
    ],
)
def test_errors_are_one_line_and_leave_no_ensemble(folder, arguments, message, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["motiflens", "train", *arguments, "-o", "net"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    text = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2
    before = ("note: ", "training: reading ")  # the second on a slow machine
    assert [line for line in text if not line.startswith(before)] == [text[-1]]
    assert text[-1].startswith("error: ")
    assert message in text[-1]
    assert not (folder / "net" / "ensemble.json").exists()


def test_reading_is_told_when_it_takes_long(monkeypatch, capsys):
    monkeypatch.setattr("motiflens.cli.messages.BEAT", 0.01)
    with working("training", "reading values.h5", quiet=True):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""
    with working("training", "reading values.h5"):
        time.sleep(0.2)
    told = capsys.readouterr().err.splitlines()
    assert len(told) > 1
    assert all(line.startswith("training: reading values.h5  0 %, ") for line in told)


def test_progress_is_a_bar_lines_or_nothing(folder):
    common = ("few.h5", "--architecture", "C24")
    told = train(*common, "-o", "bar").stderr
    assert "training  100 %" in told
    assert "epoch  " not in told
    assert "epoch   1  validation loss" in train(*common, "-o", "lines", "--verbose").stderr
    assert "training  " not in train(*common, "-o", "quiet", "--quiet").stderr
    with pytest.raises(ValueError, match="--quiet and --verbose exclude each other"):
        train(*common, "-o", "both", "--quiet", "--verbose")
