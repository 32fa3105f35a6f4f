"""FASTA: what is read from each way of writing it, labels from three places, and each mistake told."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.basics.sequence import decode, encode
from motiflens.data.io import fasta_records, read_fasta, write_fasta
from motiflens.data.splits import SPLITS, random_split

POSITIVES = ">a x=1\nACGT\n>b\nAAAA\n>c\nGGGG\n"
NEGATIVES = ">d\nTTTT\n>e\nCCCC\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def letters(path):
    return [(record.name, decode(record.codes)[0]) for record in fasta_records(path)]


@pytest.mark.parametrize(
    "content",
    [
        ">a first\nACGT\nACGTNN\n>b\nTT\n",
        ">a first\nacgtacgtnn\n>b\ntt",  # lower case, one line, no end of line
        ">a first\r\nACGT\r\nACGTNN\r\n\r\n>b\r\nTT\r\n",  # Windows
        ">a first\rACGT\rACGTNN\r>b\rTT",  # old Macs
        "\ufeff\n>a first\nACGT ACGT\nRy\n\n\n>b\nT\nT\n",  # byte order mark, blanks, IUPAC letters
        gzip.compress(b">a first\nACGT\nACGTNN\n>b\nTT\n", mtime=0),
        gzip.compress(b">a first\nACGT\n", mtime=0)
        + gzip.compress(b"ACGTNN\n>b\nTT\n", mtime=0),  # members, as bgzip writes
    ],
)
@pytest.mark.parametrize("chunk", [2**22, 3])
def test_each_way_of_writing_reads_the_same(tmp_path, monkeypatch, content, chunk):
    monkeypatch.setattr("motiflens.basics.files._CHUNK", chunk)
    assert letters(write(tmp_path / "a.fa", content)) == [("a", "ACGTACGTNN"), ("b", "TT")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a.fa is empty: expected FASTA"),
        ("\n \n", "a.fa is empty: expected FASTA"),
        ("ACGT\n>a\nACGT\n", "expected FASTA, which begins with '>', got 'ACGT'"),
        ("chr1\t1\t2\n", "expected FASTA, which begins with '>'"),
        (">a\n>b\nACGT\n", "sequence 'a': expected letters below the header"),
        (">a\nACGT\n>b\n", "sequence 'b': expected letters below the header"),
        (">a\nAC\nMLELP\n", r"sequence 'a': expected nucleotide letters .* got 'L'"),
        (b">a\nAC\0GT\n", r"got '\\x00'"),
        (bytes(range(256)), "expected FASTA"),
        (gzip.compress(POSITIVES.encode() * 99, mtime=0)[:-30], "damaged or incomplete"),
        (gzip.compress(POSITIVES.encode(), mtime=0)[:-1] + b"!", "damaged or incomplete"),
        (b"\x1f\x8b nothing", "damaged or incomplete"),
    ],
)
def test_what_is_no_fasta_is_told(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        list(fasta_records(write(tmp_path / "a.fa", content)))


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file at"):
        list(fasta_records(tmp_path / "a.fa"))
    with pytest.raises(ValueError, match="got the folder"):
        list(fasta_records(tmp_path))


def test_positives_and_negatives(tmp_path):
    pos, neg = write(tmp_path / "pos.fa", POSITIVES), write(tmp_path / "neg.fa", NEGATIVES)
    dataset = read_fasta(pos, negatives=neg, fractions=(0.6, 0.2, 0.2), seed=4)
    assert decode(dataset.codes) == ["ACGT", "AAAA", "GGGG", "TTTT", "CCCC"]
    assert dataset.y[:, 0].tolist() == [1, 1, 1, 0, 0]
    assert dataset.names.tolist() == ["a", "b", "c", "d", "e"]
    assert dataset.split.tolist() == [SPLITS[i] for i in random_split(5, (0.6, 0.2, 0.2), 4)]
    source = dataset.metadata["source"]
    assert source["files"] == ["pos.fa", "neg.fa"]
    assert source["split"] == {"method": "random", "fractions": [0.6, 0.2, 0.2], "seed": 4}
    assert read_fasta(pos).y.ravel().tolist() == [1, 1, 1]


def test_labels_from_a_table(tmp_path):
    fasta = write(tmp_path / "all.fa", POSITIVES)
    table = write(tmp_path / "y.csv", "name,bound,level\nc,0,1.5\nother,1,1\na,1,-2\nb,0,3e1\n")
    dataset = read_fasta(fasta, labels=table)
    assert dataset.label_names == ("bound", "level")
    np.testing.assert_array_equal(dataset.y, [[1, -2], [0, 30], [0, 1.5]])


@pytest.mark.parametrize(
    ("pattern", "names", "y"),
    [
        (r"y=(\d)", ("label",), [[1], [0]]),
        (r"^\S+ (\S+) v=(.+)", ("label_0", "label_1"), None),
        (r"y=(?P<bound>\d) v=(?P<level>\S+)", ("bound", "level"), [[1, 0.5], [0, -1]]),
    ],
)
def test_labels_from_headers(tmp_path, pattern, names, y):
    fasta = write(tmp_path / "a.fa", ">p y=1 v=0.5\nAC\n>q y=0 v=-1\nGT\n")
    if y is None:
        with pytest.raises(ValueError, match=r"header 'p y=1 v=0.5': expected a finite number, got 'y=1'"):
            read_fasta(fasta, label_pattern=pattern)
        return
    dataset = read_fasta(fasta, label_pattern=pattern)
    assert dataset.label_names == names
    np.testing.assert_array_equal(dataset.y, np.array(y, dtype=np.float32))


def test_other_lengths_are_cropped_and_padded_evenly(tmp_path):
    fasta = write(tmp_path / "a.fa", ">a\nAACCGGT\n>b\nACG\n>c\nTNTT\n>d\nAACCGG\n")
    dataset = read_fasta(fasta, length=4)
    assert decode(dataset.codes) == ["ACCG", "ACGN", "TNTT", "ACCG"]
    source = dataset.metadata["source"]
    assert (source["n_cropped"], source["n_padded"], source["n_unknown_bases"]) == (2, 1, 1)
    assert decode(read_fasta(fasta, length=9).codes)[:2] == ["NAACCGGTN", "NNNACGNNN"]


def test_one_column_of_a_table_that_names_not_all(tmp_path):
    fasta = write(tmp_path / "a.fa", ">a\nAACC\n>b\nACGA\n>c\nTTTT\n>d\nTGTT\n")
    table = write(tmp_path / "a.tsv", "name\tgroup\ty\tz\nc\tweak\t3\t-1\na\tstrong\t1\t0\nd\tweak\tNA\t9\n")
    found = read_fasta(fasta, labels=table, label_columns=["y"], drop_missing=True)
    assert (found.label_names, found.names.tolist(), found.y.ravel().tolist()) == (("y",), ["a", "c"], [1, 3])
    assert found.metadata["source"]["dropped"] == {"a.tsv": {"missing_label": 2}}
    both = read_fasta(fasta, labels=table, label_columns=["z", "y"], drop_missing=True)
    assert both.y.tolist() == [[0, 1], [-1, 3]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"negatives": ">d\nTTT\n"},
            "all.fa and negatives: expected sequences of one length, got 3 to 4, most often 4",
        ),
        ({"negatives": NEGATIVES, "label_pattern": "(.)"}, "labels from one place"),
        ({"negatives": ""}, "is empty"),
        ({"labels": "name\ty\na\t1\nb\t0\n"}, "labels of 3 sequences, 1 have none, the first of them 'c'"),
        (
            {"labels": "name\ty\nd\t1\ne\t0\n", "drop_missing": True},
            "3 have none.*leave these sequences out by drop_missing",
        ),
        (
            {"labels": "name\tgroup\ty\na\tweak\t1\nb\tsilent\t0\nc\tweak\t1\n"},
            "line 2, column 'group': expected a finite number, got 'weak': .*, "
            "or name the columns of labels by label_columns",
        ),
        (
            {"labels": "name\tgroup\ty\na\tweak\t1\n", "label_columns": ["score"]},
            "no column 'score' of labels: there are group, y",
        ),
        (
            {"labels": "name\tgroup\ty\na\tweak\t1\n", "label_columns": ["Y"]},
            "no column 'Y' of labels: did you mean y",
        ),
        ({"negatives": NEGATIVES, "label_columns": ["y"]}, "columns of labels are those of a table"),
        ({"labels": "name\ty\na1\t1\nb\t0\nc\t1\n"}, "first of them 'a'"),
        ({"labels": "name\ty\na\t1\nb\t0\nb\t1\n"}, "line 4: 'b' has labels already"),
        ({"labels": "name\na\nb\nc\n"}, "at least one of labels, got only 'name'"),
        ({"labels": "name\ty\na\t1\nb\tnan\nc\t1\n"}, r"got y = 1 for all 2 sequences \(0 negatives\)"),
        ({"labels": "name\ty\na\t1\nb\t1e99\nc\t1\n"}, "expected a finite number, got '1e99'"),
        ({"labels": "name\ty\na\t1\nb\t\nc\tNA\n"}, r"got y = 1 for all 1 sequences \(0 negatives\)"),
        ({"labels": "name\ty\na\t\nb\tNA\nc\tnan\n"}, "each of 3 sequences lacks all of them"),
        ({"labels": "name\ty\na\t1\nb\t1\nc\t1\n"}, r"got y = 1 for all 3 sequences \(0 negatives\)"),
        ({"labels": "name\ty\na\t0\nb\t0\nc\t0\n"}, r"got y = 0 for all 3 sequences \(0 positives\)"),
        ({"labels": "name\ty\na\t.5\nb\t.5\nc\t.5\n"}, r"got y = 0.5 for all 3 sequences \(one value\)"),
        ({"labels": "name\ty\tz\na\t0\t1\nb\t0\t1\nc\t0\t1\n"}, "got y = 0, z = 1 for all 3 sequences$"),
        ({"label_pattern": "x=(1"}, "is not a regular expression"),
        ({"label_pattern": "x=1"}, "expected a group, got 'x=1': give label_pattern"),
        ({"label_pattern": "x=(.)"}, "does not match the header 'b'"),
        ({"length": 0}, "length must be at least 1, got 0"),
        ({"fractions": (1, 1, 0)}, "three shares"),
    ],
)
def test_mistakes_are_told(tmp_path, options, message):
    fasta = write(tmp_path / "all.fa", POSITIVES)
    for name in ("negatives", "labels"):
        if name in options:
            options = options | {name: write(tmp_path / name, options[name])}
    with pytest.raises(ValueError, match=message):
        read_fasta(fasta, **options)


def test_names_must_be_of_one_line_and_as_many(tmp_path):
    for names in (["a\nb", "c"], ["a"]):
        with pytest.raises(ValueError):
            write_fasta(names, encode(["ACGT", "ACGT"]), tmp_path / "a.fa")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError, match="make it first"):
        write_fasta(["a"], encode(["ACGT"]), tmp_path / "no" / "a.fa")


SEQUENCES = st.lists(st.binary(min_size=1, max_size=200).map(lambda b: np.frombuffer(b, np.uint8) % 5), min_size=1)


@settings(deadline=None, max_examples=60)
@given(SEQUENCES, st.booleans(), st.booleans())
def test_round_trip(tmp_path_factory, sequences, windows, compressed):
    path = tmp_path_factory.mktemp("fasta") / "a.fa"
    names = [f"s{i}" for i in range(len(sequences))]
    write_fasta(names, sequences, path)
    content = path.read_bytes()
    content = content.replace(b"\n", b"\r\n") if windows else content
    path.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    records = list(fasta_records(path))
    assert [record.name for record in records] == names
    for record, codes in zip(records, sequences, strict=True):
        np.testing.assert_array_equal(record.codes, codes)


FRAGMENTS = st.sampled_from([b">", b"\n", b"\r\n", b"ACGT", b"acgn", b" ", b">a\n", b"\0", b"\xff", b"\xef\xbb\xbf"])
ANYTHING = st.one_of(st.binary(max_size=300), st.lists(FRAGMENTS, max_size=30).map(b"".join))


@settings(deadline=None, max_examples=150)
@given(ANYTHING, st.booleans(), st.integers(0, 60))
def test_whatever_the_bytes_there_is_a_result_or_a_message(tmp_path_factory, content, compressed, lost):
    content = gzip.compress(content, mtime=0) if compressed else content
    path = write(tmp_path_factory.mktemp("fuzz") / "a.fa", content[: max(len(content) - lost, 0)])
    try:
        dataset = read_fasta(path, length=10)
    except (ValueError, OSError):
        return
    assert dataset.length == 10
    assert len(dataset) == len(list(fasta_records(path))) > 0
