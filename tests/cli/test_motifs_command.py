"""`motiflens motifs ...` and `motiflens tomtom`: files of any format, notes on standard error."""

import json

import numpy as np
import pytest
from command_line import fails, run

from motiflens.motifs.files import read_motifs

HOMER = ">GATA\t1-GATA\t5.1\t-12.5\t0\n.01 .01 .97 .01\n.97 .01 .01 .01\n.01 .01 .01 .97\n.97 .01 .01 .01\n"
TWICE = "MEME version 4\n\nBackground letter frequencies\nA 0.3 C 0.2 G 0.2 T 0.3\n" + 2 * (
    "MOTIF CTCF first\nletter-probability matrix: w= 2\n1 0 0 0\n0 1 0 0\n"
)
ONE_BAD = (
    ">UN1 bad\nA [ 1 0 ]\nC [ 1 0 ]\nG [ 1 0 ]\nT [ 1 0 ]\n>MA1 good\nA [ 1 0 ]\nC [ 0 1 ]\nG [ 0 0 ]\nT [ 0 0 ]\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {"gata.homer": HOMER, "twice.meme": TWICE, "bad.jaspar": ONE_BAD}.items():
        (tmp_path / name).write_text(text)


def test_convert_reads_homer_and_does_not_transpose_it():
    run("motifs", "convert", "gata.homer", "out.meme")
    (motif,) = read_motifs("out.meme")
    assert motif.id == "1-GATA"
    np.testing.assert_array_equal(motif.pwm.argmax(0), [2, 0, 3, 0])


def test_convert_numbers_equal_ids_says_so_and_keeps_the_background():
    result = run("motifs", "convert", "twice.meme", "out.meme")
    assert "note: 2 motifs are called CTCF: written as CTCF_1, CTCF_2" in result.stderr
    motifs = read_motifs("out.meme")
    assert [motif.id for motif in motifs] == ["CTCF_1", "CTCF_2"]
    assert motifs.background == pytest.approx((0.3, 0.2, 0.2, 0.3))


def test_a_bad_motif_is_skipped_or_refused(capsys, monkeypatch):
    result = run("motifs", "list", "bad.jaspar")
    assert result.stdout == "MA1\tgood\t2\n"
    assert "note: bad.jaspar: skipped 1 motif of 2: UN1 (line 1): expected no column of zeros" in result.stderr
    code, message = fails(capsys, monkeypatch, "motifs", "convert", "bad.jaspar", "out.meme", "--strict")
    assert (code, message.count("\n")) == (2, 1)
    assert "motif UN1" in message


def test_a_matrix_that_reads_either_way_is_asked_about(capsys, monkeypatch, tmp_path):
    (tmp_path / "eye.pfm").write_text(">x\n0 0 1 0\n1 0 0 0\n0 0 0 1\n0 1 0 0\n")
    code, message = fails(capsys, monkeypatch, "motifs", "list", "eye.pfm")
    assert code == 2
    assert message.rstrip().endswith("say --format jaspar or --format hocomoco")
    run("motifs", "convert", "eye.pfm", "out.meme", "--format", "hocomoco")
    np.testing.assert_array_equal(read_motifs("out.meme")[0].pwm.argmax(0), [2, 0, 3, 1])


def test_formats_are_listed():
    assert "homer " in run("motifs", "formats").stdout
    assert "transfac" in json.loads(run("motifs", "formats", "--json").stdout)


def test_tomtom_of_two_files():
    found = run("tomtom", "gata.homer", "JASPAR2016-vertebrates", "--q", 1, "--out", "hits.tsv")
    assert "1 of 1 queries, 519 targets" in found.stderr
    hits = json.loads(run("tomtom", "gata.homer", "JASPAR2016-vertebrates", "--q", 1, "--json").stdout)
    assert "GATA" in hits[0]["target_name"].upper()
    with open("hits.tsv") as file:
        assert len(file.readlines()) == len(hits) + 1
    assert (
        run("tomtom", "gata.homer", "gata.homer", "--q", 1)
        .stdout.splitlines()[1]
        .startswith("1-GATA\t1-GATA\t1-GATA\t")
    )


def test_tomtom_names_what_it_compared_with_and_warns_of_sets_of_all_taxa(capsys, monkeypatch, tmp_path):
    (tmp_path / "q.jaspar").write_text(">M1\nA [9 0 9 0 9 1]\nC [0 0 0 0 0 9]\nG [1 0 1 9 0 0]\nT [0 9 0 0 1 0]\n")
    found = run("tomtom", tmp_path / "q.jaspar")
    assert "1 queries, 1019 targets of JASPAR2026-vertebrates" in found.stderr
    assert "all taxa" not in found.stderr
    assert "note: JASPAR2020 holds motifs of all taxa" in run("tomtom", tmp_path / "q.jaspar", "JASPAR2020").stderr
    for option in ("--format", "--target-format"):
        code, text = fails(capsys, monkeypatch, "tomtom", tmp_path / "q.jaspar", tmp_path / "q.jaspar", option, "jaspa")
        assert (code, f"{option} must be one of meme" in text) == (2, True)
