"""bigWig tracks as labels and .2bit genomes, beside other readers and beside what was written into them."""

import struct

import numpy as np
import pybigtools
import pytest
from command_line import fails, run
from twobitreader import TwoBitFile as OtherReader

from motiflens.basics.sequence import decode
from motiflens.data.io import Genome, Intervals, read_bed, read_hdf5
from motiflens.data.io.signal import signal_labels
from motiflens.data.io.two_bit import TwoBitFile
from motiflens.data.summary import summary

RNG = np.random.default_rng(0)
LENGTHS = {"chr1": 3001, "chr2": 2002, "chrM": 77}
LETTERS = {name: "".join(RNG.choice(list("ACGT"), n)) for name, n in LENGTHS.items()}
LETTERS["chr1"] = LETTERS["chr1"][:100] + "N" * 50 + LETTERS["chr1"][150:2000] + "N" * 9 + LETTERS["chr1"][2009:]
LETTERS["chr2"] = "NNN" + LETTERS["chr2"][3:-4] + "NNNN"


def two_bit(letters, order="<", version=0):
    """The file as UCSC's specification has it: header, index, and of each sequence blocks and packed bases."""
    offset_format = f"{order}{'Q' if version else 'I'}"
    bodies = []
    for text in letters.values():
        unknown = np.array([letter == "N" for letter in text])
        edges = np.flatnonzero(np.diff(np.r_[0, unknown, 0]))
        starts, sizes = edges[::2], edges[1::2] - edges[::2]
        masks = [(5, 20), (40, 3)]
        numbers = ["TCAG".index(letter if letter != "N" else "T") for letter in text] + [0] * (-len(text) % 4)
        packed = (np.array(numbers).reshape(-1, 4) @ [64, 16, 4, 1]).astype(np.uint8).tobytes()
        body = struct.pack(f"{order}II", len(text), len(starts))
        body += struct.pack(f"{order}{2 * len(starts)}I", *starts, *sizes)
        body += struct.pack(f"{order}I4I", len(masks), *(m[0] for m in masks), *(m[1] for m in masks))
        bodies.append(body + struct.pack(f"{order}I", 0) + packed)
    index_size = sum(1 + len(name) + struct.calcsize(offset_format) for name in letters)
    place, index = 16 + index_size, b""
    for name, body in zip(letters, bodies, strict=True):
        index += bytes([len(name)]) + name.encode() + struct.pack(offset_format, place)
        place += len(body)
    return struct.pack(f"{order}4I", 0x1A412743, version, len(letters), 0) + index + b"".join(bodies)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.2bit").write_bytes(two_bit(LETTERS))
    (tmp_path / "g.fa").write_text("".join(f">{name}\n{text}\n" for name, text in LETTERS.items()))
    return tmp_path


@pytest.mark.parametrize(("order", "version"), [("<", 0), (">", 0), ("<", 1)])
def test_windows_of_2bit_are_those_of_the_letters(folder, order, version):
    (folder / "g.2bit").write_bytes(two_bit(LETTERS, order, version))
    genome = Genome("g.2bit")
    assert dict(genome.lengths) == LENGTHS
    names = np.array(["chr1", "chr2"] * 200, dtype=object)
    for width in (1, 3, 4, 21, 400):
        start = np.array([RNG.integers(0, LENGTHS[name] - width + 1) for name in names])
        start[0], start[1] = LENGTHS["chr1"] - width, LENGTHS["chr2"] - width
        found = genome.windows(Intervals(names, start, start + width, np.zeros(len(names), np.int8)))
        expected = [LETTERS[name][begin : begin + width] for name, begin in zip(names, start, strict=True)]
        assert decode(found) == expected


def test_windows_of_2bit_are_those_of_another_reader_and_of_fasta():
    other, genome, fasta = OtherReader("g.2bit"), Genome("g.2bit"), Genome("g.fa")
    start = RNG.integers(0, 2800, 100)
    places = Intervals(np.full(100, "chr1", object), start, start + 200, RNG.choice([-1, 0, 1], 100).astype(np.int8))
    found = genome.windows(places)
    np.testing.assert_array_equal(found, fasta.windows(places))
    for codes, begin, strand in zip(found, start.tolist(), places.strand, strict=True):
        if strand >= 0:
            assert decode(codes[None])[0] == other["chr1"][begin : begin + 200].upper()


def test_peaks_in_a_2bit_genome(folder):
    (folder / "p.bed").write_text("chr1\t1000\t1400\nchr1\t10\t20\nchr2\t300\t700\n")
    for genome in ("g.2bit", "g.fa"):
        shown = run("data", "bed", "p.bed", genome, "--width", "100", "--shuffle", "1", "-o", f"{genome}.h5").output
        assert "p.bed: 1 intervals dropped (the window reaches beyond the chromosome)" in shown
    np.testing.assert_array_equal(read_hdf5("g.2bit.h5").codes, read_hdf5("g.fa.h5").codes)


def test_a_2bit_that_is_cut_short_is_one_line(folder, capsys, monkeypatch):
    whole = two_bit(LETTERS)
    for n in (4, 15, 30, 60, len(whole) - 3):
        (folder / "cut.2bit").write_bytes(whole[:n])
        with pytest.raises(ValueError, match=r"cut.2bit: is not a complete .2bit file"):
            TwoBitFile(folder / "cut.2bit")
    (folder / "p.bed").write_text("chr1\t1000\t1400\n")
    code, message = fails(
        capsys, monkeypatch, "data", "bed", "p.bed", "cut.2bit", "--width", "9", "--shuffle", "1", "-o", "x.h5"
    )
    assert (code, message.count("\n")) == (2, 1)


# bigWig

SIGNAL = {name: np.where(RNG.random(n) < 0.4, np.nan, RNG.gamma(1, 1, n)) for name, n in LENGTHS.items()}
SIGNAL["chr1"][1200:1300] = np.nan


def write_track(path, signal=SIGNAL, lengths=LENGTHS):
    places = (
        (name, i, i + 1, float(value))
        for name, values in signal.items()
        for i, value in enumerate(values)
        if not np.isnan(value)
    )
    pybigtools.open(str(path), "w").write(lengths, places)


PEAKS = [("chr1", 1000), ("chr1", 1200), ("chr2", 300), ("chr1", 400), ("chr2", 1500)]


def peaks(folder, *more):
    rows = [f"{name}\t{start}\t{start + 100}" for name, start in PEAKS]
    (folder / "p.bed").write_text("\n".join([*rows, *more]) + "\n")


@pytest.mark.parametrize("uncovered", ["zero", "missing"])
@pytest.mark.parametrize("statistic", ["mean", "max", "sum", "log_sum"])
def test_signal_of_windows(folder, statistic, uncovered):
    write_track("a.bw")
    peaks(folder)
    found = read_bed("p.bed", "g.fa", width=100, bigwig="a.bw", signal=statistic, uncovered=uncovered)
    assert found.label_names == ("a",)
    expected = []
    for name, start in PEAKS:
        values = SIGNAL[name][start : start + 100].astype(np.float32).astype(float)
        values = np.nan_to_num(values) if uncovered == "zero" else values[~np.isnan(values)]
        number = {
            "mean": np.mean, "max": np.max, "sum": np.sum, "log_sum": lambda one: np.log(1 + one.sum())
        }[statistic]  # fmt: skip
        expected.append(number(values) if len(values) else np.nan)
    np.testing.assert_allclose(found.y[:, 0], expected, rtol=1e-6)
    text = summary(found).text()
    assert (
        f"a.bw over each window; bases without a value {'count as 0' if uncovered == 'zero' else 'are left out'}"
        in text
    )
    if uncovered == "missing":
        assert "count in no loss or score for it: a 1" in text
        assert len(read_bed("p.bed", "g.fa", width=100, bigwig="a.bw", uncovered="missing", drop_missing=True)) == 4


def test_means_are_those_of_the_librarys_own_summary(folder):
    """`stats` of pybigtools is the program bigWigAverageOverBed: mean0 over all bases, mean over those with a value."""
    write_track("a.bw")
    peaks(folder)
    rows = list(pybigtools.open("a.bw").average_over_bed("p.bed", stats=["mean0", "mean"]))
    for uncovered, column in (("zero", 0), ("missing", 1)):
        found = read_bed("p.bed", "g.fa", width=100, bigwig="a.bw", uncovered=uncovered).y[:, 0]
        there = ~np.isnan(found)
        np.testing.assert_allclose(found[there], np.array([row[column] for row in rows])[there], rtol=1e-5)


def test_several_tracks_names_without_chr_and_chromosomes_that_a_track_lacks(folder):
    write_track("a.bw")
    lengths = {name.removeprefix("chr"): n for name, n in LENGTHS.items()}
    write_track("b.bigWig", {"1": SIGNAL["chr1"]}, lengths)
    peaks(folder)
    found = read_bed("p.bed", "g.fa", width=100, bigwig=["a.bw", "b.bigWig"], valid=["chr2"])
    assert found.label_names == ("a", "b")
    on_chr1 = np.array([name == "chr1" for name, _ in PEAKS])
    np.testing.assert_array_equal(found.y[on_chr1, 0], found.y[on_chr1, 1])
    assert np.isnan(found.y[~on_chr1, 1]).all()
    text = summary(found).text()
    assert "b.bigWig has no chr2: no labels there" in text
    assert "count in no loss or score for it: b 2" in text


def test_the_command(folder, capsys, monkeypatch):
    write_track("a.bw")
    peaks(folder, "chr1\t0\t20")
    options = ["--width", 100, "--bigwig", "a.bw", "-o", "x.h5"]
    shown = run("data", "bed", "p.bed", "g.2bit", *options, "--signal", "max").output
    assert "labels: max of a.bw over each window; bases without a value count as 0" in shown
    assert "p.bed: 1 intervals dropped (the window reaches beyond the chromosome)" in shown
    assert len(read_hdf5("x.h5")) == len(PEAKS)
    (folder / "n.bw").write_text("no track")
    write_track("other.bw", {"chr1": SIGNAL["chr1"][:3000]}, {"chr1": 3000})
    roman = ["chrI", "chrII", "chrIII", "chrIV"]
    write_track("roman.bw", dict.fromkeys(roman, SIGNAL["chr1"]), dict.fromkeys(roman, 3001))
    write_track("minus.bw", {name: -values for name, values in SIGNAL.items()})
    mistakes = {
        ("--bigwig", "n.bw"): "n.bw: expected a bigWig file",
        ("--bigwig", "gone.bw"): "no file at gone.bw",
        ("--bigwig", "other.bw"): "chr1 has 3,000 bp, and chr1 of the genome 3,001: is it the same assembly?",
        ("--bigwig", "roman.bw"): "names differ: it has Roman numerals",
        ("--bigwig", "minus.bw", "--signal", "log_sum"): "choose mean, max or sum by --signal",
        ("--bigwig", "a.bw", "--signal", "median"): "signal must be one of mean, max, sum, log_sum",
        ("--bigwig", "a.bw", "--uncovered", "none"): "uncovered must be one of zero, missing",
        ("--bigwig", "a.bw", "--bigwig", "a.bw"): "tracks of different names",
        ("--bigwig", "a.bw", "--value-column", 4): "give only one of --negatives, --value-column and --bigwig",
    }
    for given, message in mistakes.items():
        code, told = fails(capsys, monkeypatch, "data", "bed", "p.bed", "g.fa", "--width", 100, "-o", "y.h5", *given)
        assert (code, told.count("\n")) == (2, 1), told
        assert message in told, told
    monkeypatch.setitem(__import__("sys").modules, "pybigtools", None)
    assert "pip install 'motiflens[bigwig]'" in fails(capsys, monkeypatch, "data", "bed", "p.bed", "g.fa", *options)[1]


@pytest.mark.parametrize(("name", "length", "expected"), [("MT", 700, True), ("chrMT", 700, True), ("MT", 699, False)])
def test_the_mitochondrion_has_several_names_and_two_lengths(tmp_path, name, length, expected):
    windows = Intervals(np.array(["chr1", "chrM"], dtype=object), *(np.array([1, 1]) * n for n in (100, 200, 0)))
    write_track(tmp_path / "t.bw", {"chr1": np.ones(900), name: np.full(length, 2.0)}, {"chr1": 900, name: length})
    y, _, how = signal_labels([tmp_path / "t.bw"], windows, {"chr1": 900, "chrM": 700}, "mean", "zero")
    np.testing.assert_array_equal(y.ravel(), [1, 2 if expected else np.nan])
    assert how.get("lacking") == (None if expected else {"t.bw": ["chrM"]})


def test_infinite_signal_names_track_and_window(folder, capsys, monkeypatch):
    peaks(folder)
    write_track(folder / "i.bw", {**SIGNAL, "chr2": np.full(LENGTHS["chr2"], np.inf)})
    command = ["data", "bed", "p.bed", "g.2bit", "--width", "100", "--bigwig", "i.bw", "-o", "x.h5"]
    assert "i.bw: expected finite signal, got infinity in chr2:300-400" in fails(capsys, monkeypatch, *command)[1]
    for option in ("--signal", "--uncovered"):
        assert f"error: {option} must be one of" in fails(capsys, monkeypatch, *command, option, "median")[1]
    assert "expected --split as three shares, such as" in fails(capsys, monkeypatch, *command, "--split", "1,2")[1]
