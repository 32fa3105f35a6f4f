"""Kinds of tables as people have them: how they are written, what is missing, how they are split."""

import numpy as np
import pytest
from command_line import fails, run

from motiflens.basics.sequence import decode
from motiflens.data.io import contigs_of_names, intervals_of_names, read_fasta, read_hdf5, read_table
from motiflens.data.splits import group_split
from motiflens.data.summary import summary


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(text, **options):
    with open("t.csv", "w") as file:
        file.write(text)
    return read_table("t.csv", **options)


ROWS = "ACGTACGTAA,1.5\nGGGTACGTAA,0.5\nACGTACGTCC,-0.5\n"


@pytest.mark.parametrize(
    "text",
    [
        "sequence,activity\n" + ROWS,
        ("sequence,activity\n" + ROWS).replace(".", "§").replace(",", ";").replace("§", ","),  # decimal commas
        "# made by\n# two tools\nsequence,activity\n" + ROWS,
        "#sequence,activity\n" + ROWS,
        "sequence,activity\nACGTACGTAA,1.5\nGGGTACGTAA,0.5\nACGTACGTCC,-0.5",
        '"sequence","activity"\n' + "".join(f'"{i}",{row}\n' for i, row in enumerate(ROWS.split(), 1)),  # of R
    ],
)
def test_ways_of_writing_a_table(text):
    found = table(text, labels=["activity"])
    assert decode(found.codes) == ["ACGTACGTAA", "GGGTACGTAA", "ACGTACGTCC"]
    assert found.y[:, 0].tolist() == [1.5, 0.5, -0.5]


def test_an_index_without_a_name():
    text = ",sequence,activity\n" + "".join(f"{i},{row}\n" for i, row in enumerate(ROWS.split()))
    with pytest.raises(ValueError, match=r"the first column has no name, .*: name the columns of labels by labels"):
        table(text)
    assert table(text, labels=["activity"]).label_names == ("activity",)


def test_no_header():
    with pytest.raises(ValueError, match="line 1: the first line looks like data"):
        table(ROWS)


def test_true_and_false_are_labels():
    assert table("sequence,bound\nACGT,True\nGGGT,False\nCCCC,TRUE\n").y[:, 0].tolist() == [1, 0, 1]


def test_missing_labels_are_told_or_dropped(folder):
    rows = ["ACGTACGTAA,1.2,", "GGGTACGTAA,NA,0.3", "ACGTACGTCC,0.1,nan", "ACGTACGTCA,0.2,0.4", "AAAAAAAAAA,1,2"]
    text = "\n".join(["sequence,K562,HepG2", *rows]) + "\n"
    kept = table(text)
    nan = np.nan
    np.testing.assert_allclose(kept.y, [[1.2, nan], [nan, 0.3], [0.1, nan], [0.2, 0.4], [1, 2]])
    said = "sequences without a label, which count in no loss or score for it: K562 1, HepG2 2"
    assert said in summary(kept).text()
    assert said in run("data", "table", "t.csv", "-o", "x.h5").output
    np.testing.assert_array_equal(read_hdf5("x.h5").y, kept.y)
    found = table(text, drop_missing=True)
    np.testing.assert_allclose(found.y, [[0.2, 0.4], [1, 2]])
    assert "t.csv: 3 sequences dropped (a label is missing)" in summary(found).text()


def test_a_number_that_stands_for_missing():
    text = "sequence,K562\nACGT,1\nACGG,0\nACCC,-1\nAAAA,1\nAAAT,0\n"
    warning = next(one for one in summary(table(text)).warnings if "--missing-value" in one)
    assert warning.startswith("Label 'K562' is 0 or 1 but for -1 in 1 sequences")
    assert "(row 3; the first sequence is row 1)" in warning
    np.testing.assert_array_equal(table(text, missing_value=-1).y[:, 0], [1, 0, np.nan, 1, 0])
    found = table(text, missing_value=-1, drop_missing=True)
    assert found.y[:, 0].tolist() == [1, 0, 1, 0]
    real = table("sequence,y\nACGT,1\nACGG,0\nACCC,2.5\n")
    assert not [one for one in summary(real).warnings if "--missing-value" in one]


@pytest.mark.parametrize("column", ["fold", "start", "End", "index"])
def test_numbers_that_are_seldom_labels_are_asked_about(column, capsys, monkeypatch):
    text = f"sequence,y,{column}\nACGT,1,3\nGGGG,0,4\n"
    with pytest.raises(ValueError, match=f"column '{column}' cannot be a label: name the columns of labels by labels"):
        table(text)
    assert "by --labels" in fails(capsys, monkeypatch, "data", "table", "t.csv", "-o", "x.h5")[1]
    assert table(text, labels=["y", column]).n_outputs == 2


# Splits


def test_folds(capsys, monkeypatch):
    text = "sequence,y,fold\n" + "".join(f"{'ACGT'[i % 4] * 8},{i % 2},{i}\n" for i in range(10))
    found = table(text, labels=["y"], split="fold", valid=["8"], test=["9"])
    assert found.split.tolist() == ["train"] * 8 + ["valid", "test"]
    assert "split: from column 'fold' (valid 8; test 9; train all others)" in summary(found).text()
    with pytest.raises(ValueError, match=r"name the values of folds by valid and test"):
        table(text, labels=["y"], split="fold")
    assert "--valid and --test" in fails(
        capsys, monkeypatch, "data", "table", "t.csv", "--labels", "y", "--split-column", "fold", "-o", "x.h5"
    )[1]  # fmt: skip
    with pytest.raises(ValueError, match="column 'fold' has no '11'"):
        table(text, labels=["y"], split="fold", valid=["11"])


def test_chromosomes_from_a_column_or_from_names():
    text = "sequence,y,chrom,name\nACGT,1,chr1,a\nGGGG,0,chr8,b\nCCCC,0,chr9,c\n"
    assert table(text, valid=["chr8"], test=["chr9"]).split.tolist() == ["train", "valid", "test"]
    names = "sequence,y,name\nACGT,1,chr1-104768570-104768734_x\nGGGG,0,chr8:5-9\nCCCC,0,chr2R_1\n"
    assert table(names, valid=["chr8"], test=["chr2R"]).split.tolist() == ["train", "valid", "test"]
    with pytest.raises(ValueError, match="names that say on which chromosome"):
        table("sequence,y,name\nACGT,1,a\nGGGG,0,chr8:5-9\n", valid=["chr8"])


def test_fasta_by_chromosome(folder):
    (folder / "a.fa").write_text(">chr1:5-9 y=1\nACGT\n>chr8_5_9_x y=0\nACGG\n>chr9-1-5 y=1\nACCC\n")
    found = read_fasta("a.fa", label_pattern="y=(.)", valid=["chr8"], test=["chr9"])
    assert found.split.tolist() == ["train", "valid", "test"]
    run("data", "fasta", "a.fa", "--label-pattern", "y=(.)", "--valid", "chr8", "--test", "chr9", "-o", "x.h5")
    assert read_hdf5("x.h5").split.tolist() == ["train", "valid", "test"]


def test_places_in_loose_names():
    names = ["chr1-1000-1500_mutant", "chr2L_5587_5835_+", "chr1:5-15_shuffled_0", "chrUn_KI270706v1_7_9", "peak_1_2"]
    rows, found = intervals_of_names(names)
    assert rows.tolist() == [0, 1, 3]
    assert found.names() == ["chr1:1000-1500", "chr2L:5587-5835", "chrUn_KI270706v1:7-9"]
    assert contigs_of_names(["chr2R_1", "p", "x::chr3:1-2"]) == ["chr2R", None, "chr3"]


def test_groups_stay_together():
    text = "sequence,y,locus\n" + "".join(f"{'ACGT'[i % 4] * 6},{i},{i // 3}\n" for i in range(60))
    found = table(text, group="locus")
    assert found.label_names == ("y",)
    splits = found.split.reshape(20, 3)
    assert (splits == splits[:, :1]).all()
    assert [int((found.split == name).sum()) for name in ("train", "valid", "test")] == [42, 6, 12]
    codes = group_split([f"g{i // 7}" for i in range(7000)], (0.5, 0.25, 0.25), 3)
    assert np.bincount(codes).tolist() == pytest.approx([3500, 1750, 1750], abs=7)


def test_one_file_for_each_split(folder):
    for name, rows in {"a": "ACGT,1\nGGGG,0\n", "b": "CCCC,1\n", "c": "TTTT,0\n"}.items():
        (folder / f"{name}.csv").write_text("sequence,y\n" + rows)
    run("data", "table", "a.csv", "--valid-file", "b.csv", "--test-file", "c.csv", "-o", "x.h5")
    found = read_hdf5("x.h5")
    assert found.split.tolist() == ["train", "train", "valid", "test"]
    assert decode(found.codes) == ["ACGT", "GGGG", "CCCC", "TTTT"]
    (folder / "c.csv").write_text("sequence,z\nTTTT,1\n")
    with pytest.raises(ValueError, match=r"c.csv: expected the columns of a.csv, sequence, y, got sequence, z"):
        read_table("a.csv", test_file="c.csv")


def test_deepstarrs_table(folder):
    (folder / "d.txt").write_text(
        "set\tseqnames\tstart\tend\twidth\tstrand\tname\tSequence\tDev_log2_enrichment\tHk_log2_enrichment\n"
        "Train\tchr2L\t5587\t5835\t249\t+\tchr2L_5587_5835_+\tACGTACGTAA\t0.1\t0.2\n"
        "Val\tchr2R\t1\t249\t249\t+\tchr2R_1\tGCGTACGTAA\t1.1\t0.2\n"
        "Test\tchr2R\t1000\t1248\t249\t-\tchr2R_1000\tGCGTACGTTT\t3.1\t1.2\n"
    )
    labels = ["Dev_log2_enrichment", "Hk_log2_enrichment"]
    found = read_table("d.txt", sequence="Sequence", labels=labels, split="set")
    assert found.split.tolist() == ["train", "valid", "test"]
