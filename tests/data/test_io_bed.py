"""BED and narrowPeak with a genome: each window against a slice of the text, splits, what is dropped, each mistake."""

import gzip
import os

import numpy as np
import pyfaidx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.basics.sequence import decode, encode, reverse_complement
from motiflens.data.io import Genome, Intervals, intervals_of_names, read_bed, read_bed_file

RNG = np.random.default_rng(7)
CONTIGS = {name: "".join(RNG.choice(list("ACGT"), n)) for name, n in (("chr1", 300), ("chr2", 120), ("chr8", 61))}
CONTIGS["chr2"] = CONTIGS["chr2"][:50] + "NNNNN" + CONTIGS["chr2"][55:]


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fasta(width=60, end="\n", contigs=CONTIGS):
    lines = []
    for name, sequence in contigs.items():
        lines += [f">{name} description", *(sequence[i : i + width] for i in range(0, len(sequence), width))]
    return end.join(lines) + end


@pytest.fixture
def genome(tmp_path):
    return write(tmp_path / "genome.fa", fasta())


def places(*rows):
    contig, start, end, strand = zip(*rows, strict=True)
    return Intervals(np.array(contig, object), np.array(start), np.array(end), np.array(strand, np.int8))


def draw(n, width, seed=0):
    """Random windows of all chromosomes, on both strands, and their sequences as text."""
    rng = np.random.default_rng(seed)
    rows = []
    for contig in rng.choice(list(CONTIGS), n):
        start = int(rng.integers(0, len(CONTIGS[contig]) - width + 1))
        rows.append((contig, start, start + width, int(rng.integers(-1, 2))))
    texts = [CONTIGS[contig][start:end] for contig, start, end, _ in rows]
    codes = [reverse_complement(encode(t)) if row[3] == -1 else encode(t) for t, row in zip(texts, rows, strict=True)]
    return places(*rows), np.stack(codes)


FILES = {
    "lines of 60": fasta(),
    "one line": fasta(1000),
    "Windows": fasta(7, "\r\n"),
    "lower case, last line open": fasta(61).lower().rstrip(),
    "uneven lines": fasta(60).replace(CONTIGS["chr1"][:60], CONTIGS["chr1"][:30] + "\n" + CONTIGS["chr1"][30:60]),
    "blank lines": fasta(60).replace("\n>", "\n\n\n>"),
    "gzip": gzip.compress(fasta().encode(), mtime=0),
    "many members": b"".join(gzip.compress(line.encode(), mtime=0) for line in fasta().splitlines(keepends=True)),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("block", [2**24, 100])
def test_windows_are_slices_of_the_genome(tmp_path, monkeypatch, kind, block):
    monkeypatch.setattr("motiflens.data.io.genome._BLOCK", block)
    genome = Genome(write(tmp_path / "g.fa", FILES[kind]))
    assert dict(genome.lengths) == {name: len(sequence) for name, sequence in CONTIGS.items()}
    intervals, expected = draw(50, 37)
    np.testing.assert_array_equal(genome.windows(intervals), expected)
    assert "3 contigs, 481 bp" in repr(genome)
    assert os.listdir(tmp_path) == ["g.fa"]  # nothing is left beside it


def test_blanks_at_the_ends_of_lines_are_no_bases(tmp_path):
    text = fasta(60).replace("\n", " \n")
    genome = Genome(write(tmp_path / "g.fa", text))
    intervals, expected = draw(50, 37)
    np.testing.assert_array_equal(genome.windows(intervals), expected)


def test_even_lines_are_read_in_place(tmp_path):
    for kind in ("lines of 60", "one line", "Windows", "lower case, last line open"):
        assert Genome(write(tmp_path / "g.fa", FILES[kind]))._places is not None


@pytest.mark.parametrize("width", [1, 60, 61])
def test_windows_agree_with_pyfaidx(genome, width):
    intervals, _ = draw(40, width, seed=width)
    reference = pyfaidx.Fasta(str(genome))  # writes the index, which is then read
    expected = [
        (-reference[contig][start:end] if strand == -1 else reference[contig][start:end]).seq
        for contig, start, end, strand in zip(*intervals, strict=True)
    ]
    reference.close()
    assert genome.with_name("genome.fa.fai").exists()
    assert decode(Genome(genome).windows(intervals)) == expected


@pytest.mark.parametrize(
    "index",
    [
        "chr1\t300\t5\t60\t61\n",  # another offset
        "chr9\t300\t18\t60\t61\n",  # another name
        "chr1\t9999\t18\t60\t61\n",  # longer than the file
        "chr1\t300\t18\t0\t61\n",
        "chr1\t250\t18\t60\t61\n",  # ends before its end
        "chr1\t303\t18\t101\t102\n",  # other lines
        "chr1\t300\t18\n",
        "chr1\tx\t18\t60\t61\n",
        "",
    ],
)
def test_an_index_that_does_not_fit_is_not_used(genome, index):
    write(genome.with_name("genome.fa.fai"), index)
    intervals, expected = draw(5, 20)
    np.testing.assert_array_equal(Genome(genome).windows(intervals), expected)


def test_an_older_index_is_not_used(genome):
    index = write(genome.with_name("genome.fa.fai"), "chr1\t120\t18\t60\t61\n")
    os.utime(index, (1, 1))
    assert Genome(genome).lengths["chr1"] == 300


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("chr1\t0\t9\n", "begins with '>'"),
        (">a\nACGT\n>a\nACGT\n", "got 'a' twice"),
        (gzip.compress(fasta().encode(), mtime=0)[:-20], "damaged or incomplete"),
        (">a\n\n>b\n\n", "expected chromosomes with letters, got 2 without any"),
    ],
)
def test_files_that_are_no_genome(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        Genome(write(tmp_path / "g.fa", content))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("chr1", 299, 301, 1)], "within genome.fa, got chr1:299-301"),
        ([("chr1", -1, 1, 1)], "got chr1:-1-1"),
        ([("chr3", 0, 2, 1)], "got chr3:0-2"),
        ([("chr1", 0, 2, 1), ("chr1", 0, 3, 1)], "one width, got 2 to 3"),
    ],
)
def test_windows_that_are_not_there(genome, rows, message):
    with pytest.raises(ValueError, match=message):
        Genome(genome).windows(places(*rows))


def test_no_window_at_all_and_letters_that_are_none(tmp_path, genome):
    with pytest.raises(ValueError, match="at least one interval"):
        Genome(genome).windows(Intervals(*(np.empty(0, int) for _ in range(4))))
    protein = Genome(write(tmp_path / "p.fa", ">a\nACGTLLLL\n"))
    with pytest.raises(ValueError, match="expected 4 nucleotide letters in each window"):
        protein.windows(places(("a", 2, 6, 0)))


BED = "# comment\ntrack name=x\nbrowser y\nchr1 100 120\nchr2\t60\t71\tname\t0\t-\n\nchr8\t20\t40\n"
NARROW = "chr1\t100\t200\ta\t9\t+\t1.5\t2\t3\t90\nchr1\t100\t200\tb\t9\t-\t2.5\t2\t3\t-1\n"


def test_windows_lie_around_the_middle_or_the_summit(tmp_path, genome):
    dataset = read_bed(write(tmp_path / "a.bed", BED), genome, width=10)
    assert dataset.names.tolist() == ["chr1:105-115", "chr2:60-70", "chr8:25-35"]
    expected = [CONTIGS["chr1"][105:115], CONTIGS["chr2"][60:70], CONTIGS["chr8"][25:35]]
    assert decode(dataset.codes) == expected
    narrow = write(tmp_path / "a.narrowPeak.gz", gzip.compress(NARROW.replace("\n", "\r\n").encode(), mtime=0))
    dataset = read_bed(narrow, genome, width=11, stranded=True)
    assert dataset.names.tolist() == ["chr1:185-196(+)", "chr1:145-156(-)"]
    assert decode(dataset.codes)[0] == CONTIGS["chr1"][185:196]
    assert decode(reverse_complement(dataset.codes))[1] == CONTIGS["chr1"][145:156]
    assert read_bed(narrow, genome, width=11).names[1] == "chr1:145-156"


def test_values_and_negatives(tmp_path, genome):
    narrow = write(tmp_path / "a.narrowPeak", NARROW)
    dataset = read_bed(narrow, genome, width=10, value_column=7)
    assert dataset.y.ravel().tolist() == [1.5, 2.5]
    assert dataset.label_names == ("value",)
    dataset = read_bed(narrow, Genome(genome), width=10, negatives=write(tmp_path / "n.bed", "chr8\t20\t40\n"))
    assert dataset.y.ravel().tolist() == [1, 1, 0]
    assert dataset.label_names == ("positive",)


def test_chromosomes_decide_the_split(tmp_path, genome):
    dataset = read_bed(write(tmp_path / "a.bed", BED), genome, width=10, valid=["chr2"], test=["chr8"])
    assert dataset.split.tolist() == ["train", "valid", "test"]
    assert dataset.metadata["source"]["split"] == {"method": "chromosomes", "valid": ["chr2"], "test": ["chr8"]}


def test_what_is_dropped_is_counted(tmp_path, genome):
    bed = write(
        tmp_path / "a.bed", "chr1\t0\t4\nchr1\t100\t120\nchr2\t50\t60\nchr8\t50\t61\nchr1\t290\t310\nchrM\t5\t9\n"
    )
    dataset = read_bed(bed, genome, width=20, missing="drop")
    assert dataset.names.tolist() == ["chr1:100-120"]
    assert dataset.metadata["source"]["dropped"] == {"a.bed": {"missing_contig": 1, "past_end": 3, "unknown_bases": 1}}
    dataset = read_bed(bed, genome, width=20, missing="drop", max_unknown=0.25)
    assert dataset.names.tolist() == ["chr1:100-120", "chr2:45-65"]
    assert dataset.metadata["source"]["n_unknown_bases"] == 5


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "a.bed is empty: expected BED"),
        ("#x\n", {}, "a.bed is empty: expected BED"),
        ("1\t10\t30\n", {}, r"genome.fa lacks '1': did you mean chr1\? .* 1 of 1"),
        ("chr1\t290\t310\n", {"past_end": "error"}, "the window chr1:290-310 reaches beyond chr1, which has 300 bp"),
        ("chr1\t290\t310\n", {}, "expected windows within genome.fa, none of 1 is"),
        ("chr2\t45\t60\n", {}, "each of 1 windows has more than 0% unknown bases"),
        ("chr1\t10\n", {}, "line 1: expected chromosome, start and end, got"),
        ("chr1\t10\t20\nchrom\tstart\tend\n", {}, "line 2: expected whole numbers in columns 2 and 3, got 'start'"),
        ("chr1\t-5\t20\n", {}, "expected whole numbers"),
        ("chr1\t10\t2e9\n", {}, "expected whole numbers"),
        ("chr1\t10\t" + "9" * 40 + "\n", {}, "expected whole numbers"),
        ("chr1\t20\t20\n", {}, "line 1: expected an end above the start, got 20 to 20"),
        ("chr1\t10\t30\tn\t0\tx\n", {"stranded": True}, r"strand \+, - or \. in column 6, got 'x'"),
        ("chr1\t10\t30\n", {"stranded": True}, "in column 6, got 3 columns"),
        (NARROW.replace("\t90\n", "\t100\n"), {}, "a summit within the 100 bp of the peak"),
        (NARROW.replace("\t90\n", "\tx\n"), {}, "a summit within the 100 bp of the peak"),
        (NARROW, {"value_column": 12}, "expected a value in column 12, got 10 columns"),
        (NARROW, {"value_column": 4}, "line 1, column 4: expected a finite number, got 'a'"),
        (NARROW, {"value_column": 3}, "value_column counts from 1"),
        (NARROW, {"value_column": 5}, "got column 5 = 9 for all 2 sequences"),
        (NARROW, {"value_column": 7, "negatives": "x"}, "labels from one place"),
        (NARROW, {"width": 0}, "width must be at least 1"),
        (NARROW, {"missing": "skip"}, "expected drop or error for missing, got 'skip'"),
        (NARROW, {"test": ["chr9"]}, "no sequence lies on 'chr9': did you mean chr1"),
        (b"chr1\t10\t\0\n", {}, "got a binary file"),
        (gzip.compress(NARROW.encode(), mtime=0)[:-9], {}, "damaged or incomplete"),
    ],
)
def test_mistakes_are_told(tmp_path, genome, content, options, message):
    with pytest.raises(ValueError, match=message):
        read_bed(write(tmp_path / "a.bed", content), genome, **({"width": 20} | options))


def test_names_say_where_sequences_lie():
    names = [
        "chr1:5-15(+)",
        "x",
        "HLA:1:0-9",
        "p1::chr2:7-9(-)",
        "chr1:9-5",
        "chr1:5-15(?)",
        "c:1-2(.)",
        "c:1-" + "9" * 30,
    ]
    rows, intervals = intervals_of_names(names)
    assert rows.tolist() == [0, 2, 3, 6]
    assert intervals.contig.tolist() == ["chr1", "HLA:1", "chr2", "c"]
    assert intervals.names() == ["chr1:5-15(+)", "HLA:1:0-9", "chr2:7-9(-)", "c:1-2"]
    rows, intervals = intervals_of_names([])
    assert len(rows) == len(intervals.start) == 0


FRAGMENTS = st.sampled_from(
    ["chr1", "chr2", "\t", " ", "\n", "5", "100", "-1", "+", ".", "#", "track", "\r\n", "٣", "\0"]
)
ANYTHING = st.one_of(
    st.binary(max_size=200), st.lists(FRAGMENTS, max_size=40).map(lambda parts: "".join(parts).encode())
)


@settings(deadline=None, max_examples=200)
@given(ANYTHING, st.booleans())
def test_whatever_the_bytes_there_is_a_result_or_a_message(tmp_path_factory, content, stranded):
    folder = tmp_path_factory.mktemp("fuzz")
    genome = write(folder / "g.fa", fasta())
    try:
        dataset = read_bed(write(folder / "a.bed", content), genome, width=8, stranded=stranded, missing="drop")
    except (ValueError, OSError):
        return
    rows, intervals = intervals_of_names(dataset.names)
    assert len(rows) == len(dataset)
    np.testing.assert_array_equal(Genome(genome).windows(intervals), dataset.codes)


GENOMES = st.lists(
    st.sampled_from([">a\n", ">b x\n", "ACGTACGTAC\n", "ACGT\n", "NN", "\r\n", "\n", ">", "x", "\0"]), max_size=25
)


@settings(deadline=None, max_examples=200)
@given(GENOMES, st.one_of(st.none(), st.binary(max_size=40)))
def test_whatever_the_genome_windows_are_its_letters(tmp_path_factory, parts, index):
    path = write(tmp_path_factory.mktemp("fuzz") / "g.fa", "".join(parts))
    if index is not None:
        write(path.with_name("g.fa.fai"), index)
    try:
        genome = Genome(path)
        codes = {name: genome.windows(places((name, 0, n, 0)))[0] for name, n in genome.lengths.items()}
    except (ValueError, OSError):
        return
    joined = "".join(parts).replace("\r", "")
    records = [record.partition("\n") for record in ("\n" + joined).split("\n>")[1:]]
    expected = {
        (header.split() or [""])[0]: "".join(letters.split()).replace("x", "N") for header, _, letters in records
    }
    assert all(decode(row) == [expected[name]] for name, row in codes.items())
    assert set(codes) == set(expected)


def test_a_name_that_ends_in_nul_is_found(tmp_path):
    genome = Genome(write(tmp_path / "g.fa", "\n>\0\nACGTACGTAC\nACG"))
    blocks = list(genome.blocks(places(("\0", 0, 13, 0))))
    assert [(rows.tolist(), decode(codes)) for rows, codes in blocks] == [([0], ["ACGTACGTACACG"])]


@pytest.mark.parametrize("changed", [">a\nACG\n\nA\n>b\nAC\nACGT\n", ">b\nAC\nACGT\n"])
def test_a_genome_that_changed_is_an_error_and_no_sequence_of_chance(tmp_path, changed):
    path = write(tmp_path / "g.fa", ">a\nACGTA\nC\nA\n>b\nAC\nACGT\n")
    genome = Genome(path)
    assert decode(genome.windows(places(("a", 2, 6, 0)))) == ["GTAC"]
    write(path, changed)
    with pytest.raises(ValueError, match="expected 'a' with 7 bp, as when the file was opened, got another"):
        genome.windows(places(("a", 2, 6, 0)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["chr1", "c"]), st.integers(0, 10**6), st.integers(1, 10**4)), min_size=1))
def test_round_trip_of_intervals(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("bed") / "a.bed"
    write(path, "".join(f"{contig}\t{start}\t{start + length}\n" for contig, start, length in rows))
    intervals = read_bed_file(path).intervals
    assert intervals.names() == [f"{contig}:{start}-{start + length}" for contig, start, length in rows]
