"""Motif files of ten formats: against matrices written by hand, Biopython, and any order of what is optional."""

import gzip
import io
import re

import numpy as np
import pytest
from Bio import motifs as bio
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.motifs.files import MotifSet, number_ids, read_motifs
from motiflens.motifs.formats import FORMATS, detect_format, parse_motifs
from motiflens.motifs.matrices import log_odds_to_pwm, orientation
from motiflens.motifs.motif import Motif
from motiflens.motifs.sets import load_motifs, write_meme

COUNTS = np.array([[8, 1, 0, 10, 3], [1, 1, 10, 0, 3], [1, 7, 0, 0, 2], [0, 1, 0, 0, 2]])  # 4, width: AGCA.
PWM = COUNTS / 10


def rows(matrix):
    return "".join(" ".join(f"{value:g}" for value in row) + "\n" for row in matrix)


def meme(matrix, background="A 0.25 C 0.25 G 0.25 T 0.25"):
    return (
        f"MEME version 4\n\nALPHABET= ACGT\n\nBackground letter frequencies\n{background}\n\nMOTIF M1 one\n"
        f"letter-probability matrix: alength= 4 w= {matrix.shape[1]} nsites= 10\n{rows(matrix.T)}"
    )


HOMER = "\t".join([">AGCAN", "AGCA(zf)/cell-ChIP/Homer", "5.1", "-120.5", "0", "T:17.0(44.36%),B:2.5(5.80%),P:1e-10"])
BASES = "ACGT"
FILES = {
    "meme": meme(PWM),
    "jaspar": ">M1 one\n"
    + "".join(f"{b} [ {' '.join(map(str, row))} ]\n" for b, row in zip(BASES, COUNTS, strict=True)),
    "homer": HOMER + "\n" + rows(PWM.T),
    "hocomoco": ">M1\n" + rows(COUNTS.T),
    "cis-bp": "Pos\tA\tC\tG\tT\n" + "".join(f"{i}\t" + rows([p]).replace(" ", "\t") for i, p in enumerate(PWM.T, 1)),
    "transfac": "AC M1\nXX\nID one\nXX\nP0 A C G T\n"
    + "".join(f"{i:02d} " + rows([c]).strip() + " N\n" for i, c in enumerate(COUNTS.T, 1))
    + "XX\n//\n",
    "uniprobe": "Protein: M1\tSeed k-mer: AGCA\tEnrichment Score: 0.49\n"
    + "".join(f"{b}:\t" + "\t".join(map(str, row)) + "\n" for b, row in zip("ACGT", PWM, strict=True)),
    "plain": rows(COUNTS),
    "hocomoco-json": '{"name": "M1", "tf": "one", "length": 5, "pcm": ' + str(COUNTS.T.tolist()) + "}\n",
}


def parse(text, format=None, strict=True):
    return parse_motifs(text, "folder/file.txt", format, strict=strict)


@pytest.mark.parametrize("format", FILES)
def test_every_format_is_detected_and_read(format, tmp_path):
    found = parse(FILES[format])
    assert found.format == format
    (record,) = found.records
    np.testing.assert_allclose(record.pwm, PWM, atol=1e-12)
    assert parse(FILES[format], format).records[0].id == record.id
    (tmp_path / "file.txt").write_bytes(gzip.compress(FILES[format].replace("\n", "\r\n").encode()))
    motifs = read_motifs(tmp_path / "file.txt")
    assert motifs.format == format
    np.testing.assert_allclose(motifs[0].pwm, PWM, atol=1e-12)
    assert [m.id for m in load_motifs(tmp_path / "file.txt")] == [m.id for m in motifs]


def test_names_of_each_format():
    assert {format: parse(text).records[0][:2] for format, text in FILES.items()} == {
        "meme": ("M1", "one"),
        "jaspar": ("M1", "one"),
        "homer": ("AGCA(zf)/cell-ChIP/Homer", "AGCA(zf)"),
        "hocomoco": ("M1", "M1"),
        "cis-bp": ("file", "file"),
        "transfac": ("M1", "one"),
        "uniprobe": ("M1", "M1"),
        "plain": ("file", "file"),
        "hocomoco-json": ("M1", "one"),
    }


def test_each_listed_format_can_be_forced():
    for format in ("hocomoco", "gimme", "cluster-buster", "homer"):
        np.testing.assert_allclose(parse(">M1\n# made by\n" + rows(COUNTS.T), format).records[0].pwm, PWM)
    assert set(FILES) | {"gimme", "cluster-buster", "modisco"} == set(FORMATS)
    with pytest.raises(ValueError, match=r"format must be one of meme, .* did you mean jaspar"):
        parse(FILES["plain"], "jaspa")


@pytest.mark.parametrize("format", ["jaspar", "transfac", "meme"])
def test_the_same_as_biopython(format):
    text = FILES[format]
    kind = {"meme": "minimal", "jaspar": "jaspar", "transfac": "TRANSFAC"}[format]
    if format == "meme":
        text = text.replace("nsites= 10", "nsites= 10 E= 0")
    if format == "transfac":
        text = re.sub(r"^(\w\w) ", r"\1  ", text, flags=re.MULTILINE)  # it wants two spaces
    (theirs,) = bio.parse(io.StringIO(text), kind)
    counts = np.array([theirs.counts[base] for base in "ACGT"])
    np.testing.assert_allclose(parse(text).records[0].pwm, counts / counts.sum(0), atol=1e-9)


def test_biopython_reads_what_is_written(tmp_path):
    # It turns probabilities into whole counts.
    motifs = [Motif(m.id, m.name, m.pwm, 1_000_000) for m in load_motifs("JASPAR2016-vertebrates")[:20]]
    write_meme(motifs, tmp_path / "a.meme", background=(0.3, 0.2, 0.2, 0.3))
    with (tmp_path / "a.meme").open() as file:
        theirs = bio.parse(file, "minimal")
    assert theirs.background == {"A": 0.3, "C": 0.2, "G": 0.2, "T": 0.3}
    for ours, their in zip(motifs, theirs, strict=True):
        np.testing.assert_allclose(
            np.array([their.counts[base] for base in "ACGT"]) / their.num_occurrences, ours.pwm, atol=1e-5
        )


# Width 4: what is a row?

GATA = np.array([[1, 97, 1, 97], [1, 1, 1, 1], [97, 1, 1, 1], [1, 1, 97, 1]]) / 100  # 4 bases, 4 positions


def consensus(record):
    return "".join("ACGT"[i] for i in record.pwm.argmax(0))


@pytest.mark.parametrize("scale", [1, 250])
def test_a_matrix_of_width_4_lies_as_its_sums_say(scale):
    by_position, by_base = rows(scale * GATA.T), rows(scale * GATA)
    for text in (f">G\n{by_position}", by_position):
        assert consensus(parse(text).records[0]) == "GATA"
    for text in (f">G\n{by_base}", by_base):
        assert consensus(parse(text).records[0]) == "GATA"
    assert consensus(parse(f">GATA\t1-GATA\t5.1\t-120.5\t0\n{by_position}").records[0]) == "GATA"


def test_a_matrix_of_width_4_and_log_odds():
    scores = np.log(GATA / 0.25)
    assert consensus(parse(f">G\n{rows(scores.T)}").records[0]) == "GATA"
    assert consensus(parse(f">G\n{rows(scores)}").records[0]) == "GATA"


def test_other_motifs_of_the_file_tell_where_sums_do_not():
    both = rows(np.eye(4)[[2, 0, 3, 1]])  # read by positions GATC, by bases CTAG
    assert consensus(parse(f">G\n{both}>X\n{rows(PWM.T)}").records[0]) == "GATC"
    assert consensus(parse(f">G\n{both}>X\n{rows(PWM)}").records[0]) == consensus_of_bases(both)
    with pytest.raises(ValueError, match=r"line 2: motif G: four rows of four .* say format=\"(jaspar|hocomoco)\" or"):
        parse(f">G\n{both}", strict=False)
    assert consensus(parse(f">G\n{both}", "hocomoco").records[0]) == "GATC"
    assert consensus(parse(f">G\n{both}", "jaspar").records[0]) == consensus_of_bases(both)


def consensus_of_bases(text):
    matrix = np.array([list(map(float, line.split())) for line in text.splitlines()])
    return "".join("ACGT"[i] for i in matrix.argmax(0))


def test_orientation_by_hand():
    assert orientation([[1, 2]] * 4) == "bases"
    assert orientation([[1, 2, 3, 4]] * 5) == "positions"
    assert orientation([[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]) == "positions"
    with pytest.raises(ValueError, match="got 3 rows of 2 numbers"):
        orientation([[1, 2]] * 3)


# Log-odds


@pytest.mark.parametrize(("name", "log"), [("natural", np.log), ("base-2", np.log2), ("base-10", np.log10)])
def test_log_odds_are_recognised_and_converted(name, log):
    pwm = (COUNTS + 0.5) / (COUNTS + 0.5).sum(0)
    found = parse(">M1\n" + "".join(" ".join(f"{x:.4f}" for x in row) + "\n" for row in log(pwm.T / 0.25)))
    np.testing.assert_allclose(found.records[0].pwm, pwm, atol=1e-3)
    assert found.records[0].scores == name


def test_hocomoco_scores_by_its_own_formula():
    total = COUNTS.sum(0)
    a = np.log(total)
    scores = np.log((COUNTS + a * 0.25) / ((total + a) * 0.25))  # HOCOMOCO's pwm of a pcm
    pwm, base = log_odds_to_pwm(scores)
    np.testing.assert_allclose(pwm, (COUNTS + a * 0.25) / (total + a), atol=1e-12)
    assert base == "natural"


def test_memes_log_odds_are_hundredths_of_bits_against_its_background():
    background = np.array([0.3, 0.2, 0.2, 0.3])
    pwm = (COUNTS + 0.5) / (COUNTS + 0.5).sum(0)
    scores = np.rint(100 * np.log2(pwm / background[:, None]))
    text = meme(scores, "A 0.3 C 0.2 G 0.2 T 0.3").replace("letter-probability", "log-odds")
    np.testing.assert_allclose(parse(text).records[0].pwm, pwm, atol=0.01)


def test_scores_that_are_no_log_odds_are_refused_by_name():
    with pytest.raises(ValueError, match=r"line 1: motif M1: .*log-odds against .*got scores that are none of them"):
        parse(">M1\n" + rows((COUNTS - 5).T))


# Bad motifs, equal ids, background

BAD = {
    "jaspar": ">bad\nA 1 0\nC 1 0\nG 1 0\nT 1 0\n>short\nA 1\nC 1\n>M1 one\nA 1 2\nC 1 0\nG 1 0\nT 1 0\n",
    "meme": "MEME version 4\nMOTIF bad\nMOTIF short\nletter-probability matrix: w= 2\n1 0 0 0\nMOTIF M1\n"
    "letter-probability matrix: w= 1\n1 0 0 0\n",
    "hocomoco": ">bad\n1 2 3 x\n1 1 1 1\n>short\n1 1 1\n1 2 3\n>M1\n" + rows(COUNTS.T),
    "transfac": "AC bad\nP0 A C G T\n//\nAC short\nP0 A C G T\n01 1 2 3\n//\nAC M1\nP0 A C G T\n01 1 0 0 0\n//\n",
    "cis-bp": "Motif\tbad\nPos\tA\tC\tG\tT\n\n"
    "Motif\tshort\nPos\tA\tC\tG\tT\n1\t0\t0\t1\n\nMotif\tM1\nPos\tA\tC\tG\tT\n1\t1\t0\t0\t0\n",
}


@pytest.mark.parametrize("format", BAD)
def test_a_bad_motif_is_skipped_with_its_name_and_reason(format):
    found = parse(BAD[format], strict=False)
    assert found.format == format
    assert [record.id for record in found.records] == ["M1"]
    assert [one.id for one in found.skipped] == ["bad", "short"]
    with pytest.raises(ValueError, match="bad"):
        parse(BAD[format])
    motifs = MotifSet([], format, None, found.skipped)
    assert motifs.notes()[0].startswith(f"skipped 2 motifs of 2: bad (line {found.skipped[0].line}): expected")


def test_a_column_of_zeros_is_named():
    found = parse(BAD["jaspar"], strict=False)
    assert "column of zeros only, got one at position 2" in found.skipped[0].reason


def test_load_motifs_warns_of_what_it_skipped(tmp_path):
    (tmp_path / "x.jaspar").write_text(BAD["jaspar"])
    with pytest.warns(UserWarning, match="skipped 2 motifs of 3: bad"):
        assert len(load_motifs(tmp_path / "x.jaspar")) == 1


def test_a_file_without_any_good_motif_is_refused():
    with pytest.raises(ValueError, match=r"line 1: motif bad: .* \(and 1 more"):
        parse(">bad\nA 1 0\nC 1 0\nG 1 0\nT 1 0\n>short\nA 1\nC 1\n", strict=False)


def test_equal_ids_are_numbered():
    pwm = np.full((4, 2), 0.25)
    motifs, renamed = number_ids([Motif(name, "", pwm) for name in ("a", "b c", "a", "a_2", "a")])
    assert [motif.id for motif in motifs] == ["a_1", "b_c", "a_3", "a_2", "a_4"]
    assert renamed == {"a": ["a_1", "a_3", "a_4"]}


def test_the_background_of_a_file_is_kept(tmp_path):
    (tmp_path / "in.meme").write_text(meme(PWM, "A 0.29 C 0.21 G 0.21 T 0.29"))
    motifs = read_motifs(tmp_path / "in.meme")
    assert motifs.background == pytest.approx((0.29, 0.21, 0.21, 0.29))
    write_meme(motifs, tmp_path / "out.meme")
    assert read_motifs(tmp_path / "out.meme").background == pytest.approx((0.29, 0.21, 0.21, 0.29))
    with pytest.raises(ValueError, match="four frequencies that sum to 1"):
        write_meme(motifs, tmp_path / "out.meme", background=(1, 1, 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("<?xml version='1.0'?>\n<MEME/>", "expected motifs as text, got XML: .*meme.txt"),
        ("<html>", "got a web page"),
        (">seq1\nACGTACGT\n", r"expected matrices, got sequences \(FASTA\)"),
        ("hello\nworld\n", "got 'hello'"),
        ("Pos\tA\tC\tG\tU\n1\t1\t0\t0\t0\n", "line 1: motif file: expected columns A C G T, got A C G U"),
    ],
)
def test_what_is_no_motif_file_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_binary_files_are_refused(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\0\1\2")
    with pytest.raises(ValueError, match="got a binary file"):
        read_motifs(tmp_path / "x.bin")


def test_sections_of_uniprobe_and_tables_of_rsat():
    energy = "Energy matrix for enoLOGOS\n" + rows(-PWM).replace("\n", "\n")
    lettered = FILES["uniprobe"].partition("\n")[2]
    text = f"Protein: M1\n\n{energy}\nProbability matrix\n{lettered}"
    np.testing.assert_allclose([record.pwm for record in parse(text).records], [PWM])
    rsat = "; made by convert-matrix\n" + "".join(
        f"{b} | {' '.join(map(str, row))}\n" for b, row in zip("acgt", COUNTS, strict=True)
    )
    found = parse(rsat + "//\n" + rsat)
    np.testing.assert_allclose([record.pwm for record in found.records], [PWM, PWM])
    assert [record.id for record in found.records] == ["file_1", "file_2"]
    stamp = "DE\tM1\n" + "".join(f"{i} " + rows([c]).strip() + " A\n" for i, c in enumerate(COUNTS.T)) + "XX\n"
    np.testing.assert_allclose(parse(stamp).records[0].pwm, PWM)


# Any order of what is optional gives the same motif.

permutation = st.permutations(range(4))


def same(text, format):
    found = parse(text)
    assert found.format == format
    assert detect_format(list(enumerate(map(str.strip, text.splitlines()), 1)), "x") == format
    np.testing.assert_allclose(found.records[0].pwm, PWM, atol=1e-12)
    assert found.records[0].id == "M1"
    return found.records[0]


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(["ALPHABET= ACGT", "strands: + -", "BACK", "# comment"]),
    st.permutations(["alength= 4", "w= 5", "nsites= 10", "E= 0"]),
    st.sets(st.integers(0, 3)),
    st.booleans(),
)
def test_meme_in_any_order(parts, fields, left_out, url_first):
    back = "Background letter frequencies (from x):\nA 0.25 C 0.25 G 0.25 T 0.25"
    head = "\n\n".join(
        ["MEME version 4", *(back if part == "BACK" else part for i, part in enumerate(parts) if i not in left_out)]
    )
    url = "URL http://x\n"
    matrix = f"letter-probability matrix: {' '.join(fields)}\n{rows(PWM.T)}"
    record = same(f"{head}\n\nMOTIF M1 one\n{url * url_first}\n{matrix}{url * (not url_first)}", "meme")
    assert record.n_sites == 10


@settings(max_examples=30, deadline=None)
@given(
    permutation, st.sampled_from(["{} [ {} ]", "{} {}", "{}: {}", "{} | {}", "{}[{}]"]), st.booleans(), st.booleans()
)
def test_jaspar_in_any_order(order, form, lower, blank):
    lines = [form.format("ACGT"[i].lower() if lower else "ACGT"[i], " ".join(map(str, COUNTS[i]))) for i in order]
    same(">M1 one\n" + ("\n\n" if blank else "\n").join(lines) + "\n", "jaspar")


@settings(max_examples=40, deadline=None)
@given(
    st.permutations(["AC M1", "ID V$ONE_01", "NA one", "BF Homo sapiens", "CC text", "DE M1 one; made"]),
    st.integers(0, 6),
    permutation,
    st.booleans(),
    st.booleans(),
)
def test_transfac_in_any_order(fields, n_before, columns, separators, letters):
    matrix = "P0 " + " ".join("ACGT"[i] for i in columns) + "\n"
    for position, row in enumerate(COUNTS.T, 1):
        matrix += f"{position:02d} {' '.join(str(row[i]) for i in columns)}{' N' if letters else ''}\n"
    between = "XX\n" if separators else ""
    before, after = ("".join(field + "\n" for field in part) for part in (fields[:n_before], fields[n_before:]))
    assert same("VV TRANSFAC\nXX\n//\n" + between.join([before, matrix, after]) + "//\n", "transfac").name == "one"


@settings(max_examples=40, deadline=None)
@given(
    st.permutations(["TF\tT1", "TF Name\tone", "Gene\tG1", "Motif\tM1", "Family\tbZIP", "Species\tHomo_sapiens"]),
    permutation,
    st.booleans(),
)
def test_cisbp_in_any_order(fields, columns, again):
    text = "\n".join(fields) + "\nPos\t" + "\t".join("ACGT"[i] for i in columns) + "\n"
    for position, row in enumerate(PWM.T, 1):
        text += f"{position}\t" + "\t".join(f"{row[i]:g}" for i in columns) + "\n"
    assert same(text + ("\n" + text.replace("M1", "M2")) * again, "cis-bp").name == "one"


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.sampled_from(["\t", " "]), st.booleans(), st.permutations(["# a", "# b"]))
def test_homer_and_others_with_any_further_fields(n_fields, separator, comments, notes):
    more = "\t".join(["0", "T:1.0(2%)", "Tpos:100.1", "MultiplicityX:1.1"][:n_fields])
    body = rows(PWM.T).replace(" ", separator)
    comment = "\n".join(notes) + "\n" if comments else ""
    same(f"{comment}>AGCAN\tM1\t5.1\t-12.5\t{more}\n{body}", "homer")
    same(f"{comment}>M1\n{comment}{body}", "hocomoco")
