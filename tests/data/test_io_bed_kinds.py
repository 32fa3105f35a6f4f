"""Kinds of BED files as people have them: where windows lie, and what is said about it."""

import json

import numpy as np
import pytest
from command_line import fails, run

from motiflens.basics.sequence import decode, encode
from motiflens.data.io import Genome, intervals_of_names, read_bed, read_bed_file, write_fasta
from motiflens.data.io.bed_labels import merge_files
from motiflens.data.io.intervals import Intervals
from motiflens.data.summary import summary

CODES = np.random.default_rng(0).integers(0, 4, (3, 20_000), dtype=np.uint8)
NARROW = "chr1\t10305\t11187\t.\t1000\t.\t5.1\t-1\t3.2\t215"
IDR = "\t5.00\t4.2\t10305\t11187\t33.1\t215\t10300\t11182\t20.2\t218"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta(["chr1", "chr2", "chr8"], CODES, "g.fa")
    return tmp_path


def summit(line, name="p.bed"):
    with open(name, "w") as file:
        file.write(line + "\n")
    return int(read_bed_file(name).summit[0])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (NARROW, 215),
        (NARROW + IDR, 215),  # IDR appends ten columns
        (NARROW + "\t1", 215),  # a label behind
        (NARROW + "\tchr1\t5\t9\t0", 215),  # bedtools closest of a narrowPeak
        (NARROW.replace("\t215", "\t-1") + IDR, -1),
        ("chr1\t10\t99\tp\t0\t+\tchr1\t120\t190\t21", -1),  # bedtools closest -d of BED6 and BED3
        ("1\t10\t99\tp\t0\t+\t1\t120\t190\t21", -1),  # the same with Ensembl's names
        ("chr1\t10\t99\tp\t0\t+\t.\t-1\t-1\t-1", -1),
        ("chr1\t10\t99\tchr1\t120\t190\tq\t0\t+\t21", -1),  # of BED3 and BED6
        ("chr1\t10\t99\tp\tchr1\t120\t190\t7\t0\t21", -1),  # of BED4 and BED5
        ("chr1\t10\t99\tp\t0\t+\t10\t99\t0\t2\t20,30,\t0,59,", -1),  # BED12
        ("chr1\t10\t99\tp\t0\t+\t10\t99\t255,0,0\t2\t20,30\t0,59", -1),
        ("chr1\t10\t99\tp\t0\t+\t5.5\t3\t2", -1),  # broadPeak
        (NARROW + "\textra" * 5, 215),
    ],
)
def test_a_summit_is_where_columns_7_to_10_are_narrowpeaks(line, expected):
    assert summit(line) == expected


def test_twenty_columns_give_the_windows_of_ten(folder):
    (folder / "p10.narrowPeak").write_text(NARROW + "\n")
    (folder / "p20.narrowPeak").write_text(NARROW + IDR + "\nchr2\t100\t300\n")
    names = read_bed("p10.narrowPeak", "g.fa", width=200).names.tolist()
    found = read_bed("p20.narrowPeak", "g.fa", width=200)
    assert names == ["chr1:10420-10620"]
    assert found.names.tolist() == ["chr1:10420-10620", "chr2:100-300"]
    assert "p20.narrowPeak: windows around the summits of 1 peaks, around the middle of 1" in summary(found).text()


def test_a_star_is_no_strand(folder):
    (folder / "s.bed").write_text("chr1\t1000\t1400\tp\t.\t*\nchr1\t3000\t3400\tp\t.\t-\n")
    found = read_bed("s.bed", "g.fa", width=20, stranded=True)
    assert found.names.tolist() == ["chr1:1190-1210", "chr1:3190-3210(-)"]
    np.testing.assert_array_equal(found.codes[0], CODES[0, 1190:1210])
    np.testing.assert_array_equal(found.codes[1], 3 - CODES[0, 3190:3210][::-1])
    assert intervals_of_names(["chr1:5-9(*)"])[1].strand.tolist() == [0]


@pytest.mark.parametrize("indexed", [False, True])
def test_an_empty_contig_has_length_0(folder, indexed):
    (folder / "e.fa").write_text(">a\nACGTACGT\n>empty\n>b\nGGTT\n")
    if indexed:
        (folder / "e.fa.fai").write_text("a\t8\t3\t8\t9\nempty\t0\t19\t0\t0\nb\t4\t22\t4\t5\n")
    genome = Genome("e.fa")
    assert dict(genome.lengths) == {"a": 8, "empty": 0, "b": 4}
    where = Intervals(np.array(["b", "a"], object), np.array([0, 4]), np.array([4, 8]), np.zeros(2, np.int8))
    assert decode(genome.windows(where)) == ["GGTT", "ACGT"]


def test_a_listed_chromosome_without_peak_is_a_note(folder):
    (folder / "p.bed").write_text("chr1\t1000\t1400\nchr2\t1000\t1400\n")
    found = read_bed("p.bed", "g.fa", width=20, valid=["chr2"], test=["chr8"])
    assert found.split.tolist() == ["train", "valid"]
    text = summary(found).text()
    assert "split: by chromosome (valid chr2; test chr8; train all others)" in text
    assert "note: no sequence lies on chr8" in text
    with pytest.raises(ValueError, match="no sequence lies on 'chr88'"):
        read_bed("p.bed", "g.fa", width=20, test=["chr88"])


def test_roman_numerals_are_named_and_dropping_everything_is_not_offered(folder, capsys, monkeypatch):
    write_fasta([f"chr{n}" for n in ("I", "II", "III", "IV", "X", "XIV")], CODES[[0, 1, 2, 0, 1, 2]], "yeast.fa")
    (folder / "p.bed").write_text("chr14\t1000\t1400\nchr2\t1000\t1400\n")
    arguments = ("data", "bed", "p.bed", "yeast.fa", "--width", 20, "--shuffle", 1, "-o", "x.h5")
    code, message = fails(capsys, monkeypatch, *arguments)
    assert code == 2
    assert "names differ: it has Roman numerals, such as chrXIV for chr14" in message
    assert "skip-missing" not in message
    (folder / "p.bed").write_text("chr14\t1000\t1400\nchrII\t1000\t1400\n")
    _, message = fails(capsys, monkeypatch, *arguments)
    assert "to leave such intervals out, 1 of 2, give --skip-missing" in message
    (folder / "p.bed").write_text("chrIV\t1000\t1400\n")
    write_fasta(["chr2", "chr3", "chr4"], CODES, "arabic.fa")
    with pytest.raises(ValueError, match="Arabic numerals, such as chr4 for chrIV"):
        read_bed("p.bed", "arabic.fa", width=20)


def test_the_shell_names_its_own_options(folder, capsys, monkeypatch):
    write_fasta(["chr1"], [np.full(100, 4, np.uint8)], "n.fa")
    (folder / "p.bed").write_text("chr1\t10\t50\n")
    arguments = ("data", "bed", "p.bed", "n.fa", "--width", 20, "--shuffle", 1, "-o", "x.h5")
    assert fails(capsys, monkeypatch, *arguments)[1].rstrip().endswith("unknown bases: raise --max-unknown")


# Several labels


def test_several_files_are_a_label_each(folder):
    (folder / "K562.bed").write_text("chr1\t1000\t1100\nchr1\t5000\t5100\n")
    (folder / "GM.narrowPeak").write_text("chr1\t1020\t1120\nchr2\t7000\t7100\n")
    result = json.loads(
        run("data", "bed", "K562.bed", "g.fa", "--also", "GM.narrowPeak", "--width", 100, "-o", "x.h5", "--json").stdout
    )
    assert [label["name"] for label in result["labels"]] == ["K562", "GM"]
    found = read_bed(["K562.bed", "GM.narrowPeak"], "g.fa", width=100)
    assert found.label_names == ("K562", "GM")
    assert dict(zip(found.names, found.y.tolist(), strict=True)) == {
        "chr1:1010-1110": [1, 1],  # centres 1050 and 1070
        "chr1:5000-5100": [1, 0],
        "chr2:7000-7100": [0, 1],
    }
    np.testing.assert_array_equal(found.codes[0], CODES[0, 1010:1110])
    (folder / "beds").mkdir()
    for name in ("K562.bed", "GM.narrowPeak"):
        (folder / name).rename(folder / "beds" / name)
    assert read_bed("beds", "g.fa", width=100).label_names == ("GM", "K562")


def test_merging_by_brute_force():
    rng = np.random.default_rng(1)
    width = 40

    def windows(n):
        start = rng.integers(0, 900, n)
        contig = np.array([f"chr{i}" for i in rng.integers(1, 3, n)], object)
        return Intervals(contig, start, start + width, np.zeros(n, np.int8))

    files = [windows(n) for n in (30, 50, 1)]
    merged, y = merge_files(files, width)
    assert len(set(merged.names())) == len(y)
    for contig, start, labels in zip(merged.contig, merged.start, y, strict=True):
        expected = [bool(((f.contig == contig) & (abs(f.start - start) <= width // 2)).any()) for f in files]
        assert labels.astype(bool).tolist() == expected
        assert labels.any()
    for one in files:  # every window is within half a width of one
        for contig, start in zip(one.contig, one.start, strict=True):
            assert (abs(merged.start[merged.contig == contig] - start) <= width // 2).any()


@pytest.mark.parametrize(
    ("content", "options", "labels", "expected"),
    [
        (
            "chr1\t1000\t1400\tK562\nchr1\t2000\t2400\tGM12878\nchr2\t2000\t2400\tK562\nchr2\t2000\t2400\tGM12878\n",
            {"label_column": 4},
            ("GM12878", "K562"),
            [[0, 1], [1, 0], [1, 1]],
        ),
        (
            "chr1\t1000\t1400\tp1\t.\t+\t3,14\nchr1\t2000\t2400\tp2\t.\t+\t14\nchr1\t4000\t4400\tp3\t.\t+\t.\n",
            {"label_column": 7},
            ("3", "14"),
            [[1, 1], [0, 1], [0, 0]],
        ),
        (
            "chr1\t1000\t1400\t1\t0\nchr1\t2000\t2400\t0\t1\nchr2\t2000\t2400\t1\t1\n",
            {"value_column": [4, 5]},
            ("column_4", "column_5"),
            [[1, 0], [0, 1], [1, 1]],
        ),
    ],
)
def test_labels_in_columns(folder, content, options, labels, expected):
    (folder / "t.bed").write_text(content)
    found = read_bed("t.bed", "g.fa", width=100, **options)
    assert found.label_names == labels
    assert found.y.tolist() == expected


def test_missing_values_of_a_column_can_be_dropped(folder):
    (folder / "t.bed").write_text("chr1\t1000\t1400\t1.5\nchr1\t2000\t2400\tNA\nchr2\t2000\t2400\t.\nchr2\t9\t999\t2\n")
    found = read_bed("t.bed", "g.fa", width=100, value_column=4, drop_missing=True)
    assert found.y[:, 0].tolist() == [1.5, 2]
    assert "t.bed: 2 sequences dropped (a label is missing)" in summary(found).text()
    np.testing.assert_array_equal(found.codes[0], encode(decode(CODES[0, 1150:1250])[0]))
