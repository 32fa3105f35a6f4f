import csv
import dataclasses
import json

import any_models
import numpy as np
import pytest
import torch
from command_line import fails, run

from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions
from motiflens.audits.tables import audit_summary, write_audit
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.motifs.sets import load_motifs, read_motifs, write_meme

SOURCE = "any_models:DanQ"


@pytest.fixture(scope="module")
def database():
    return load_motifs("JASPAR2016-vertebrates")[::15]


@pytest.fixture(scope="module")
def result(task1, database):
    model = any_models.make("DanQ")
    model.conv.weight.data[3] = 0
    model.conv.bias.data[3] = -1  # a dead filter
    return audit_network(model, task1, AuditOptions(database=database, target=None, q=0.5, n_ablation=40, n_decoys=2))


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_summary_is_json(result):
    summary = json.loads(json.dumps(audit_summary(result), allow_nan=False))
    assert summary["network"]["kind"] == "DanQ"
    assert summary["network"]["steps"] == ["relu"]
    assert summary["n_filters"] == len(summary["filters"]) == 8
    assert summary["n_dead"] == 1
    assert summary["metrics"] == pytest.approx(result.metrics)
    assert summary["chance"]["n_decoys"] == 2
    assert summary["importance"]["n_sequences"] == 40
    assert (summary["saliency"], summary["tpr"]) == (None, None)


def test_tables_hold_what_was_found(result, tmp_path):
    paths = write_audit(result, tmp_path / "new" / "audit")
    names = ["filters.meme", "filters.tsv", "matches.tsv", "pairs.tsv", "summary.json"]
    assert sorted(path.name for path in paths) == names
    assert sorted(path.name for path in (tmp_path / "new" / "audit").iterdir()) == names
    rows = table(tmp_path / "new" / "audit" / "filters.tsv")
    assert [int(row["n_windows"]) for row in rows] == result.filters.counts.tolist()
    assert rows[3]["flags"] == "dead"
    drops = [float(row["MAX:drop"]) for row in rows]
    np.testing.assert_allclose(drops, result.importance.performance_drop[:, result.label_names.index("MAX")], atol=1e-5)
    hits = table(tmp_path / "new" / "audit" / "matches.tsv")
    assert len(hits) == sum(row.n_hits for row in result.matches.rows) > 0
    assert {hit["target_id"] for hit in hits} <= set(result.matches.target_ids)
    motifs = read_motifs(tmp_path / "new" / "audit" / "filters.meme")
    assert [motif.id for motif in motifs] == [f"filter_{i}" for i in range(8) if i != 3]


def test_a_second_audit_replaces_the_first(result, tmp_path):
    write_audit(result, tmp_path)
    dead = result.filters._replace(counts=np.zeros(8, dtype=int))
    write_audit(dataclasses.replace(result, filters=dead), tmp_path)
    assert not (tmp_path / "filters.meme").exists()
    assert json.loads((tmp_path / "summary.json").read_text())["n_dead"] == 8


def test_a_file_is_no_folder(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="expected a folder to write to"):
        write_audit(result, tmp_path / "file")


@pytest.fixture(scope="module")
def files(tmp_path_factory, task1, database):
    folder = tmp_path_factory.mktemp("audit")
    write_hdf5(task1, folder / "data.h5")
    write_meme(database, folder / "motifs.meme")
    torch.save(any_models.make("DanQ").state_dict(), folder / "weights.pt")
    return folder


def test_the_command_audits_any_model(files, task1, database):
    common = ("audit", files / "data.h5", "--model", SOURCE, "--weights", files / "weights.pt")
    options = ("--database", files / "motifs.meme", "--n-decoys", 2, "--n-ablation", 40)
    shown = json.loads(run(*common, *options, "--json").stdout)
    expected = audit_summary(
        audit_network(
            any_models.make("DanQ"), task1, AuditOptions(database=database, target=None, n_ablation=40, n_decoys=2)
        )
    )
    assert shown["metrics"] == pytest.approx(expected["metrics"])
    assert [row["match"] for row in shown["filters"]] == [row["match"] for row in expected["filters"]]
    assert shown["chance"] == expected["chance"]

    told = run(*common, *options, "--out", files / "out")
    assert "DanQ: " in told.stdout
    assert "input NL4, returns probabilities; 8 filters of 20 bp (conv > relu)" in told.stdout
    assert "120 test sequences" in told.stdout
    assert "by chance" in told.stdout
    assert "most important filters (auroc lost" in told.stdout
    assert (files / "out" / "filters.meme").exists()


def test_the_command_needs_neither_decoys_nor_ablation(files):
    options = ("--database", files / "motifs.meme", "--n-decoys", 0, "--n-ablation", 0)
    told = run("audit", files / "data.h5", "--model", SOURCE, *options).stdout
    assert "by chance" not in told
    assert "most important" not in told


def test_the_command_notes_outputs_that_are_not_the_labels(files, task1, tmp_path):
    options = (
        "--model",
        SOURCE,
        "--database",
        files / "motifs.meme",
        "--n-decoys",
        0,
        "--n-ablation",
        0,
        "--target",
        0,
    )
    assert "note: the model has" not in run("audit", files / "data.h5", *options).stderr
    write_hdf5(SequenceDataset.from_arrays(task1.codes, task1.y[:, 3], split=task1.split), tmp_path / "one.h5")
    told = run("audit", tmp_path / "one.h5", *options).stderr
    assert "note: the model has several output(s) and the data 1 label(s): output 0 (--target) is compared with" in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "any_models:DanQQ"), "close: DanQ"),
        (("--model", SOURCE, "--weights", "missing.pt"), "no file of weights at missing.pt"),
        (("--model", SOURCE, "--first-layer", "lstm"), "'lstm' is LSTM"),
        (("--model", SOURCE, "--layout", "N4L"), "expected input"),
        (("--model", SOURCE, "--n-decoys", "-1"), "must be 0 or more"),
        (("--model", SOURCE, "--truth", "nowhere.json"), "nowhere.json"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(files, capsys, monkeypatch, options, message):
    code, told = fails(capsys, monkeypatch, "audit", files / "data.h5", "--out", files / "none", *options)
    assert code == 2
    assert message in told
    assert not (files / "none").exists()
