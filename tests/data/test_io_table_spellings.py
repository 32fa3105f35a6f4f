"""Tables as R, Excel and pandas write them, and FASTA with what people add to it."""

import numpy as np
import pandas
import pytest

from motiflens.data.import_report import import_lines
from motiflens.data.io import contigs_of_names, read_fasta, read_table

SEQUENCES = ["ACGTACGTAA", "ACGTTTGTAC", "GGGTACGTAG", "TTGTACCTAT"]
VALUES = [0.5, -1.25, 3.0, 2.0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    with open("t.csv", "wb") as file:
        file.write(data)
    return read_table("t.csv", **options)


def rows(separator=",", header="sequence,activity", cell="{:g}", end="\n"):
    lines = [header.replace(",", separator)]
    lines += [separator.join([s, cell.format(v)]) for s, v in zip(SEQUENCES, VALUES, strict=True)]
    return end.join(lines) + end


R = '"sequence" "activity"\n' + "".join(
    f'"{i}" "{s}" {v}\n' for i, (s, v) in enumerate(zip(SEQUENCES, VALUES, strict=True), 1)
)


@pytest.mark.parametrize(
    "text",
    [
        rows(),
        rows("\t"),
        rows("|"),
        rows(" "),
        rows("   "),
        rows(";").replace(".", ","),
        rows("\t").replace(".", ","),
        "sep=;\n" + rows(";").replace(".", ","),
        '"sep=,"\r\n' + rows(end="\r\n"),
        rows().replace("\n", ",,\n"),  # empty columns of a spreadsheet
        rows() + ",\n,\n",  # and rows
        rows(cell='"{:g}"'),
        rows(end="\r"),
        rows("\t").encode("utf-16"),
        ("\ufeff" + rows(";")).encode(),
        rows().replace("-", "−"),
        rows().replace("T", "U"),
        rows().lower(),
    ],
)
def test_each_way_of_writing_gives_the_same(folder, text):
    data = table(text)
    assert data.label_names == ("activity",)
    np.testing.assert_allclose(data.y.ravel(), VALUES)
    assert data.codes.tolist() == table(rows()).codes.tolist()


def test_a_table_of_r_has_an_index_that_is_asked_about(folder):
    with pytest.raises(ValueError, match="first column has no name"):
        table(R)
    np.testing.assert_allclose(table(R, labels=["activity"]).y.ravel(), VALUES)


@pytest.mark.parametrize("name", ["seq", "Sequence", "dna", "oligo", "DNA_sequence"])
def test_the_only_column_of_dna_is_taken_and_told(folder, name):
    data = table(rows(header=f"{name},activity"))
    assert len(data) == 4
    assert f"sequences from column '{name}'" in list(import_lines(data.metadata["source"]))
    with pytest.raises(ValueError, match=r"no column 'dnaa': .*: name the column of sequences by sequence"):
        table(rows(header=f"{name},activity"), sequence="dnaa")


def test_two_columns_of_dna_are_asked_about(folder):
    text = "wild,mutant,y\n" + "".join(f"{s},{s},{v}\n" for s, v in zip(SEQUENCES, VALUES, strict=True))
    with pytest.raises(ValueError, match="no column 'sequence': there are mutant, wild, y: name the column"):
        table(text)
    assert len(table(text, sequence="wild", labels=["y"])) == 4


@pytest.mark.parametrize("name", ["Unnamed: 0", "cv_fold", "row_id", "GC content", "chromStart", "Position", "level_0"])
def test_numbers_that_are_seldom_labels_are_asked_about_in_any_spelling(folder, name):
    text = f"{name},sequence,y\n" + "".join(f"{v},{s},{v}\n" for s, v in zip(SEQUENCES, VALUES, strict=True))
    with pytest.raises(ValueError, match=f"column '{name}' cannot be a label: name the columns of labels by labels"):
        table(text)
    assert table(text, labels=["y"]).label_names == ("y",)


def test_a_label_that_counts_the_rows_is_told(folder):
    text = "sequence,x,y\n" + "".join(f"{s},{i},{v}\n" for i, (s, v) in enumerate(zip(SEQUENCES, VALUES, strict=True)))
    note = "note: x counts the rows: if it is an index, name the labels by --labels"
    assert note in list(import_lines(table(text).metadata["source"]))
    assert note not in list(import_lines(table(text, labels=["x"]).metadata["source"]))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            rows(header="sequence,gene").replace("0.5", "IRF1"),
            {},
            "column 'gene': .*got 'IRF1'.*: name the columns of la",
        ),
        (rows(), {"labels": ["activity", "activity"]}, "expected different labels, got 'activity' twice: mend labels"),
        (rows(";", cell="1,234"), {}, "t.csv, line 2, column 'activity': '1,234' may be 1234 or 1.234"),
        (rows() + "ACGT,1\n", {}, "one length, got 4 to 10, most often 10: choose a length to crop"),
        ("x,y,\nACGT,1,2\n", {}, "different column names"),
        (rows(), {"split": "fold"}, "no column 'fold'"),
        (rows(), {"name": "peak"}, "no column 'peak'"),
    ],
)
def test_mistakes_name_what_to_do(folder, text, options, message):
    with pytest.raises(ValueError, match=message):
        table(text, **options)


def test_classes_and_percent_are_told(folder):
    text = "sequence,a,b\n" + "".join(f"{s},{'yn'[i % 2]},{i}0%\n" for i, s in enumerate(SEQUENCES))
    data = table(text)
    np.testing.assert_allclose(data.y, [[1, 0], [0, 0.1], [1, 0.2], [0, 0.3]])
    lines = list(import_lines(data.metadata["source"]))
    assert "a: y is 1, n is 0" in lines
    assert "b: percent as shares, 50% as 0.5" in lines


@pytest.mark.parametrize(
    ("separator", "decimal", "quoting"), [(",", ".", 1), (";", ",", 0), ("\t", ",", 2), (" ", ".", 1)]
)
def test_what_pandas_writes_is_read(folder, separator, decimal, quoting):
    frame = pandas.DataFrame({"sequence": SEQUENCES, "a b": VALUES, "c": [True, False, None, True]})
    frame.to_csv("p.csv", sep=separator, decimal=decimal, quoting=quoting, index=False)
    data = read_table("p.csv")
    assert data.label_names == ("a b", "c")
    np.testing.assert_allclose(data.y, frame[["a b", "c"]].astype(float), rtol=1e-6)


# FASTA

FASTA = "".join(f">s{i} chr{i % 2 + 1}:{i}0-{i}9 x\n{s}\n" for i, s in enumerate(SEQUENCES))


def fasta(labels, text=FASTA, **options):
    with open("s.fa", "w") as file:
        file.write(text)
    with open("l.csv", "w") as file:
        file.write(labels)
    return read_fasta("s.fa", labels="l.csv", **options)


LABELS = "name,y\n" + "".join(f"s{i},{v}\n" for i, v in enumerate(VALUES))


def test_labels_of_sequences_that_are_not_there_are_told(folder):
    data = fasta(LABELS + "s8,1\ns9,2\n")
    assert "l.csv: 2 rows dropped (no sequence has their name)" in list(import_lines(data.metadata["source"]))


def test_a_label_of_two_sequences_and_a_table_without_header_are_refused(folder):
    with pytest.raises(ValueError, match=r"s\.fa: expected a name of its own .* different sequences called 's2'"):
        fasta(LABELS, FASTA.replace(">s3", ">s2"))
    with pytest.raises(ValueError, match=r"l\.csv: expected a header line, got the labels of 's0'"):
        fasta(LABELS.partition("\n")[2])


def test_classes_in_headers(folder):
    (folder / "h.fa").write_text("".join(f">s{i}|{'pos' if i % 2 else 'neg'}\n{s}\n" for i, s in enumerate(SEQUENCES)))
    data = read_fasta("h.fa", label_pattern=r"\|(\w+)")
    assert data.y.ravel().tolist() == [0, 1, 0, 1]
    assert "label: pos is 1, neg is 0" in list(import_lines(data.metadata["source"]))


def test_chromosomes_that_stand_behind_the_name(folder):
    assert contigs_of_names(
        ["hg38_ct_a_1 range=chr8:11-20 5'pad=0", "p1 chr2_random:5-9", "p2 x:1-2", "chr3:1-2 chr4:1-2", "", "a:chr1"]
    ) == ["chr8", "chr2_random", None, "chr3", None, None]
    assert fasta(LABELS, valid=["chr2"]).split_codes.tolist() == [0, 1, 0, 1]
    with pytest.raises(ValueError, match=r"such as chr1:1000-1500, got 's0 x1.* leave valid and test out"):
        fasta(LABELS, FASTA.replace("chr", "x"), valid=["chr2"])


def test_reads_are_no_fasta(folder):
    (folder / "r.fq").write_text("@r1\nACGT\n+\nIIII\n")
    with pytest.raises(ValueError, match=r"expected FASTA, .*FASTQ: convert it"):
        read_fasta("r.fq")
