"""`motiflens data ...` and `motiflens predict`: the library's results, messages of one line, nothing half-written."""

import json
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from motiflens import cli
from motiflens.cli import app
from motiflens.data.io import read_bed, read_fasta, read_hdf5, read_table, write_fasta
from motiflens.data.negatives import add_gc_matched, add_shuffled
from motiflens.models.hybrid import HybridNetwork, model_config
from motiflens.training.predictions import predict_fasta

CODES = np.random.default_rng(0).integers(0, 4, (40, 48), dtype=np.uint8)


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def same(path, expected):
    found = read_hdf5(path)
    for name in ("codes", "y", "split", "names"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.label_names == expected.label_names
    assert dict(found.metadata) == dict(expected.metadata)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta([f"p{i} y={i % 2}" for i in range(20)], CODES[:20], "pos.fa")
    write_fasta([f"n{i}" for i in range(20)], CODES[20:], "neg.fa")
    write_fasta(["chr1", "chr2"], np.random.default_rng(1).integers(0, 4, (2, 20_000), dtype=np.uint8), "genome.fa")
    rows = [f"chr{i % 2 + 1}\t{400 * i}\t{400 * i + 100}\tx\t0\t-\n" for i in range(40)]
    (tmp_path / "peaks.bed").write_text("".join(rows))
    (tmp_path / "table.csv").write_text("dna,level,split\nACGT,1.5,train\nGGGG,2,val\nTTTT,3,test\n")
    torch.manual_seed(0)
    HybridNetwork(model_config("C24", activation="relu", task=2, length=48, n_outputs=1)).eval().save("net")
    return tmp_path


def test_data_fasta(folder):
    out = run("data", "fasta", "pos.fa", "--negatives", "neg.fa", "--seed", 5, "--split", "0.5,0.25,0.25", "-o", "a.h5")
    same("a.h5", read_fasta("pos.fa", negatives="neg.fa", fractions=(0.5, 0.25, 0.25), seed=5))
    assert "40 sequences of 48 bp (train 20, valid 10, test 10)" in out
    assert "warning: Label 'positive' has" in out
    found = json.loads(
        run("data", "fasta", "pos.fa", "--label-pattern", r"y=(\d)", "--length", 40, "-o", "b.h5", "--json")
    )
    same("b.h5", read_fasta("pos.fa", label_pattern=r"y=(\d)", length=40))
    assert (found["file"], found["length"], found["metadata"]["source"]["n_cropped"]) == ("b.h5", 40, 20)
    run("data", "fasta", "pos.fa", "--shuffle", 2, "--seed", 1, "-o", "c.h5")
    same("c.h5", add_shuffled(read_fasta("pos.fa", seed=1), ratio=2, seed=1))


def test_data_bed(folder):
    run(
        "data",
        "bed",
        "peaks.bed",
        "genome.fa",
        "--width",
        60,
        "--gc-matched",
        2,
        "--test",
        "chr2",
        "--stranded",
        "-o",
        "a.h5",
    )
    positives = read_bed("peaks.bed", "genome.fa", width=60, test=["chr2"], stranded=True)
    expected = add_gc_matched(positives, "genome.fa", ratio=2, avoid=["peaks.bed"])
    same("a.h5", expected)
    found = json.loads(run("data", "summary", "a.h5", "--json"))
    assert found["shared_chromosomes"] == []
    assert found["labels"][0]["positives"] == {"train": 20, "valid": 0, "test": 20}
    assert any("No sequence in valid" in warning for warning in found["warnings"])
    assert "warning: No sequence in valid" in run("data", "summary", "a.h5")


def test_data_table(folder):
    run("data", "table", "table.csv", "--sequence", "dna", "-o", "a.h5")
    expected = read_table("table.csv", sequence="dna")
    np.testing.assert_array_equal(read_hdf5("a.h5").codes, expected.codes)
    assert read_hdf5("a.h5").split.tolist() == ["train", "valid", "test"]
    assert "level: real values, 2.167 ± " in run("data", "summary", "a.h5")


def test_predict(folder):
    expected = predict_fasta("net", "pos.fa", scale="raw")
    printed = run("predict", "net", "pos.fa", "--scale", "raw")
    assert printed.splitlines() == list(expected.lines())
    assert "out.tsv: 20 sequences" in run("predict", "net", "pos.fa", "-o", "out.tsv", "--scale", "raw")
    assert (folder / "out.tsv").read_text() == printed
    found = json.loads(run("predict", "net", "pos.fa", "--json"))
    np.testing.assert_allclose(found["output_0"], predict_fasta("net", "pos.fa").mean[:, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "fasta", "pos.fa", "-o", "x.h5"], "--negatives, --labels, --label-pattern or --shuffle"),
        (["data", "fasta", "pos.fa", "--negatives", "no.fa", "-o", "x.h5"], "no file at no.fa"),
        (["data", "fasta", "pos.fa", "--shuffle", "1", "-o", "no/x.h5"], "make it first"),
        (["data", "fasta", "pos.fa", "--shuffle", "-1", "-o", "x.h5"], "Invalid value for '--shuffle'"),
        (
            ["data", "fasta", "pos.fa", "--shuffle", "1", "--split", "a", "-o", "x.h5"],
            "three shares, such as 0.7,0.1,0.2",
        ),
        (["data", "bed", "peaks.bed", "genome.fa", "--width", "9", "-o", "x.h5"], "--value-column or --bigwig"),
        (["data", "bed", "peaks.bed", "pos.fa", "--width", "9", "--shuffle", "1", "-o", "x.h5"], "pos.fa lacks 'chr1'"),
        (["data", "bed", "peaks.bed", "peaks.bed", "--width", "9", "--shuffle", "1", "-o", "x.h5"], "begins with '>'"),
        (
            [
                "data",
                "bed",
                "peaks.bed",
                "genome.fa",
                "--width",
                "9",
                "--shuffle",
                "1",
                "--avoid",
                "peaks.bed",
                "-o",
                "x",
            ],
            "give --gc-matched, too",
        ),
        (["data", "table", "table.csv", "-o", "x.h5"], "no column 'sequence'"),
        (["data", "summary", "pos.fa"], "expected an HDF5 file"),
        (["predict", "net", "genome.fa", "-o", "x.tsv"], "sequence 'chr1': expected 48 bp"),
        (["predict", "nothing", "pos.fa", "-o", "x.tsv"], "expected a folder nothing: name the folder"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(folder, arguments, message, capsys, monkeypatch):
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr(sys, "argv", ["motiflens", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    text = capsys.readouterr().err
    assert stop.value.code == 2
    assert message in text
    assert text.startswith("error: ")
    assert len(text.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before
