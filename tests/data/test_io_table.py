"""Tables of sequences with labels or values."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.basics.sequence import decode
from motiflens.data.io import read_rows, read_table

TABLE = "name\tsequence\tactivity\tbound\tsplit\np\tACGT\t1.5\t1\ttrain\nq\tnnAA\t-2\t0\tval\nr\tCCCC\t0\t1\tTest\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        TABLE.replace("\t", ","),
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("ACGT", '"ACGT"').replace("\nr", "\n\n  \nr"),
        gzip.compress(TABLE.encode(), mtime=0),
        "\ufeff" + TABLE,
    ],
)
def test_each_way_of_writing_reads_the_same(tmp_path, content):
    dataset = read_table(write(tmp_path / "a.tsv", content))
    assert decode(dataset.codes) == ["ACGT", "NNAA", "CCCC"]
    assert dataset.label_names == ("activity", "bound")
    np.testing.assert_array_equal(dataset.y, np.array([[1.5, 1], [-2, 0], [0, 1]], dtype=np.float32))
    assert dataset.split.tolist() == ["train", "valid", "test"]
    assert dataset.names.tolist() == ["p", "q", "r"]
    assert dataset.metadata["source"]["split"] == {"method": "column", "column": "split"}
    assert dataset.metadata["source"]["n_unknown_bases"] == 2


def test_columns_are_chosen(tmp_path):
    path = write(tmp_path / "a.csv", "dna,y,other,split\nACGTA,1,x,2\nCCC,2,y,3\n")
    dataset = read_table(path, sequence="dna", labels=["y", "split"], length=3, seed=3)
    assert dataset.label_names == ("y", "split")
    assert decode(dataset.codes) == ["CGT", "CCC"]
    assert dataset.names is None
    assert dataset.metadata["source"]["split"]["method"] == "random"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "a.tsv is empty: expected a header line"),
        ("sequence\ty\n", {}, "has a header line, but no row"),
        ("sequence\ty\nAC\t1\t2\n", {}, "line 2: expected 2 fields, got 3"),
        ("sequence\tsequence\nAC\t1\n", {}, "different column names"),
        ("sequence\t\nAC\t1\n", {}, "different column names"),
        ("sequnce\ty\nAC\t1\n", {}, "no column 'sequence': did you mean sequnce"),
        ("sequence\tactivity\nAC\t1\n", {"labels": ["activty"]}, "no column 'activty': did you mean activity"),
        ("sequence\tname\nAC\t1\n", {}, "expected a column of labels beside sequence, name"),
        ("sequence\ty\nAC\t1\n\nAC\tNaN\n", {}, "got y = 1 for all 1 sequences"),
        ("sequence\ty\nAC\t1\nAC\thigh\n", {}, "expected a finite number, got 'high'"),
        ("sequence\ty\nAC\t1\nAC\t-inf\n", {}, "expected a finite number, got '-inf'"),
        ("sequence\ty\nAC\t1\n\t2\n", {}, "line 3: expected a DNA sequence, got ''"),
        ("sequence\ty\nAC\t1\nprotein\t2\n", {}, "line 3: expected a DNA sequence, got 'protein'"),
        ("sequence\ty\nAC\t1\nÄC\t2\n", {}, "line 3: expected a DNA sequence"),
        ("sequence\ty\nAC\t1\nACG\t2\n", {}, "one length, got 2 to 3"),
        ("sequence\ty\nAC\t1\nAG\t1\n", {}, "0 negatives"),
        (
            "sequence\ty\tsplit\nAC\t1\ttrain\nAG\t0\tholdout\n",
            {},
            "line 3: expected train, valid or test, got 'holdout'",
        ),
        (
            'sequence\ty\tname\nAC\t1\t"s1\nAG\t0\ts2\nAT\t1\ts3"\nAA\t0\ts4\n',
            {},
            "line 2: a field begins with a quote that does not end on its line",
        ),
        (b"sequence\ty\nA\0\t1\n", {}, "expected text, got a binary file"),
        (b"sequence\ty\nA\xff\t1\n", {}, "expected text in UTF-8"),
        ("sequence\ty\n" + "A" * 200_000 + "\t1\n", {}, "line 2: field larger than field limit"),
    ],
)
def test_mistakes_are_told(tmp_path, content, options, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(tmp_path / "a.tsv", content), **options)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_rows(tmp_path / "a.tsv")


FRAGMENTS = st.sampled_from(["sequence", "y", "\t", ",", "\n", "\r", '"', "ACGT", "1", "0", "nan", "split", "é", "\0"])


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.binary(max_size=200), st.lists(FRAGMENTS, max_size=40).map(lambda parts: "".join(parts).encode())))
def test_whatever_the_bytes_there_is_a_result_or_a_message(tmp_path_factory, content):
    path = write(tmp_path_factory.mktemp("fuzz") / "a.tsv", content)
    try:
        dataset = read_table(path, length=4)
    except (ValueError, OSError):
        return
    assert dataset.length == 4
    assert np.isfinite(dataset.y).all()


ROWS = st.lists(
    st.tuples(st.text("ACGTN", min_size=5, max_size=5), st.floats(-1e6, 1e6, width=32)), min_size=2, max_size=20
)


@settings(deadline=None, max_examples=60)
@given(ROWS.filter(lambda rows: len({value for _, value in rows}) > 1))
def test_round_trip(tmp_path_factory, rows):
    text = "sequence,y\n" + "".join(f"{sequence},{value!r}\n" for sequence, value in rows)
    dataset = read_table(write(tmp_path_factory.mktemp("table") / "a.csv", text))
    assert decode(dataset.codes) == [sequence for sequence, _ in rows]
    np.testing.assert_array_equal(dataset.y[:, 0], np.array([value for _, value in rows], dtype=np.float32))
