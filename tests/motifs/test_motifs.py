"""Motifs: packaged sets against pyjaspar, MEME and JASPAR files written by hand, trimming in closed form."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.motifs.sets import Motif, load_motifs, read_motifs, select_motifs, trim_pwm, write_meme

UNIFORM = [0.25, 0.25, 0.25, 0.25]
A, C, G, T = np.eye(4)
HEADER = "MEME version 4\n\nALPHABET= ACGT\n\n"
MATRIX = "letter-probability matrix: alength= 4 w= 2 nsites= 7 E= 0\n0.1 0.2 0.3 0.4\n1 0 0 0\n"


def meme(tmp_path: Path, text: str) -> list[Motif]:
    path = tmp_path / "motifs.meme"
    path.write_bytes(text.encode())
    return read_motifs(path, "meme", strict=True)


def jaspar(tmp_path: Path, text: str) -> list[Motif]:
    path = tmp_path / "motifs.jaspar"
    path.write_text(text)
    return read_motifs(path, "jaspar", strict=True)


@pytest.mark.parametrize(
    ("name", "release", "selection", "number"),
    [
        ("JASPAR2016-vertebrates", "JASPAR2016", {"tax_group": ["vertebrates"]}, 519),
        ("JASPAR2020", "JASPAR2020", {"all_versions": True}, 1964),
    ],
)
def test_packaged_sets_equal_the_database(name, release, selection, number):
    motifs = load_motifs(name)
    assert len(motifs) == len({motif.id for motif in motifs}) == number
    pyjaspar = pytest.importorskip("pyjaspar")
    database = pyjaspar.jaspardb(release=release)
    theirs = database.fetch_motifs(collection="CORE", **selection)
    database.conn.close()
    assert [(motif.id, motif.name) for motif in motifs] == [(one.matrix_id, one.name) for one in theirs]
    for motif, one in zip(motifs, theirs, strict=True):
        counts = np.array([one.counts[base] for base in "ACGT"])
        np.testing.assert_allclose(motif.pwm, counts / counts.sum(0), rtol=0, atol=5.1e-7)  # six digits are kept


def test_packaged_motif_by_hand():
    arnt = load_motifs("JASPAR2016-vertebrates")[0]  # counts of MA0004.1, 20 sites: CACGTG
    assert (arnt.id, arnt.name, arnt.n_sites, arnt.width) == ("MA0004.1", "Arnt", 20, 6)
    np.testing.assert_allclose(arnt.pwm[:, 0], [4 / 20, 16 / 20, 0, 0])
    np.testing.assert_array_equal(arnt.pwm[:, 1:], np.stack([[19 / 20, 0, 1 / 20, 0], C, G, T, G], axis=1))


def test_each_call_gives_a_list_of_its_own_with_read_only_matrices():
    first = load_motifs("JASPAR2016-vertebrates")
    first.pop()
    assert len(load_motifs("JASPAR2016-vertebrates")) == 519
    with pytest.raises(ValueError, match="read-only"):
        first[0].pwm[0, 0] = 1


def test_other_releases_through_pyjaspar():
    pytest.importorskip("pyjaspar")
    plants = load_motifs("JASPAR2018-plants")
    bases = [motif.id.split(".")[0] for motif in plants]
    assert len(plants) > 400
    assert len(set(bases)) == len(bases)  # one version each
    assert all(np.allclose(motif.pwm.sum(0), 1) for motif in plants)


def test_a_missing_extra_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyjaspar", None)
    with pytest.raises(ImportError, match=r"pip install 'motiflens\[jaspar\]'"):
        load_motifs("JASPAR2022-urochordates")


def test_a_release_that_pyjaspar_lacks(monkeypatch):
    pyjaspar = pytest.importorskip("pyjaspar")
    monkeypatch.setattr(pyjaspar, "jaspar_releases", {"JASPAR2020": "x"})
    with pytest.raises(ValueError, match="has no JASPAR2026, only JASPAR2020; upgrade"):
        load_motifs("JASPAR2026-diatoms")


def test_a_taxon_that_a_release_lacks():
    pytest.importorskip("pyjaspar")
    with pytest.raises(ValueError, match="JASPAR2014 has no CORE matrix of taxon 'diatoms'"):
        load_motifs("JASPAR2014-diatoms")


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("JASPAR2021", "JASPAR2020"),
        ("jaspar2020", "JASPAR2020"),
        ("JASPAR2016-vertebrate", "JASPAR2016-vertebrates"),
    ],
)
def test_unknown_names_list_close_ones(name, close):
    with pytest.raises(ValueError, match=rf"unknown motif set '{name}'; close: .*{close}\b"):
        load_motifs(name)


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no motif file at some/file\.meme"):
        load_motifs("some/file.meme")
    with pytest.raises(FileNotFoundError, match="no motif file"):
        load_motifs(tmp_path / "absent")


def test_load_detects_format_and_compression(tmp_path):
    (tmp_path / "a.txt").write_bytes(gzip.compress((HEADER + "MOTIF x\n" + MATRIX).encode(), mtime=0))
    (tmp_path / "b.txt").write_text(">y Y\n1 1\n1 0\n1 0\n1 3\n")
    assert load_motifs(tmp_path / "a.txt")[0].id == "x"
    assert load_motifs(str(tmp_path / "b.txt"))[0].name == "Y"


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:30] + b"xxxxxxxx" + data[38:]])
def test_damaged_gzip_is_named(tmp_path, damage):
    (tmp_path / "a.meme.gz").write_bytes(damage(gzip.compress((HEADER + "MOTIF x\n" + MATRIX).encode() * 9, mtime=0)))
    with pytest.raises(ValueError, match=r"a\.meme\.gz: the gzip file is damaged or incomplete"):
        load_motifs(tmp_path / "a.meme.gz")


def test_motif_checks_and_copies():
    pwm = np.array([A, UNIFORM]).T
    motif = Motif("m", "M", pwm)
    pwm[:] = 0
    np.testing.assert_array_equal(motif.pwm[:, 0], A)
    assert motif.width == 2
    assert motif.n_sites == 20
    with pytest.raises(ValueError, match=r"expected pwm of shape \(4, width\), got \(7, 4\); transpose"):
        Motif("m", "M", np.full((7, 4), 0.25))
    with pytest.raises(ValueError, match=r"got \[1.0, 1.0, 0.0, 0.0\] in column 1; normalise"):
        Motif("m", "M", np.array([[1, 1], [0, 1], [0, 0], [0, 0]]))
    with pytest.raises(ValueError, match="columns of probabilities"):
        Motif("m", "M", np.full((4, 3), np.nan))
    with pytest.raises(ValueError, match="n_sites must be at least 1, got 0"):
        Motif("m", "M", np.full((4, 3), 0.25), 0)


def test_reverse_complement():
    motif = Motif("m", "M", np.array([A, [0.1, 0.2, 0.3, 0.4]]).T, 9)
    reverse = motif.reverse_complement()
    np.testing.assert_array_equal(reverse.pwm.T, [[0.4, 0.3, 0.2, 0.1], T])
    assert (reverse.id, reverse.name, reverse.n_sites) == ("m", "M", 9)


def test_select_motifs():
    motifs = load_motifs("JASPAR2016-vertebrates")
    assert [motif.name for motif in select_motifs(motifs, ["MA0079.3", "MA0004.1"])] == ["SP1", "Arnt"]
    with pytest.raises(ValueError, match=r"no motif with id 'MA0079.9' among 519; close: MA0079.3"):
        select_motifs(motifs, ["MA0079.9"])
    with pytest.raises(ValueError, match=r"'sp1'.*the id of that name is MA0079.3"):
        select_motifs(motifs, ["sp1"])
    with pytest.raises(ValueError, match=r"expected unique ids, got 2 motifs with id 'MA0004\.1'"):
        select_motifs([motifs[0], motifs[0]], ["MA0004.1"])


def test_trim_keeps_pad_positions_around_the_informative_ones():
    columns = [UNIFORM] * 5 + [A, UNIFORM, C] + [UNIFORM] * 6
    trimmed = trim_pwm(np.array(columns).T)
    np.testing.assert_array_equal(trimmed.T, [UNIFORM] * 3 + [A, UNIFORM, C] + [UNIFORM] * 3)
    np.testing.assert_array_equal(trim_pwm(np.array(columns).T, pad=0).T, [A, UNIFORM, C])


def test_trim_where_only_the_first_or_the_last_position_is_informative():
    first = np.array([A] + [UNIFORM] * 9).T
    assert trim_pwm(first).shape == (4, 4)
    assert trim_pwm(first[:, ::-1]).shape == (4, 4)


def test_trim_leaves_a_matrix_without_information_whole():
    assert trim_pwm(np.full((4, 20), 0.25)).shape == (4, 20)


def test_trim_threshold_is_strict():
    two = [0.5, 0.5, 0, 0]  # exactly 1 bit
    pwm = np.array([UNIFORM, two, A, UNIFORM]).T
    assert trim_pwm(pwm, threshold=1, pad=0).shape == (4, 1)
    assert trim_pwm(pwm, threshold=0.99, pad=0).shape == (4, 2)
    with pytest.raises(ValueError, match="pad must be 0 or more, got -1"):
        trim_pwm(pwm, pad=-1)


def test_read_meme_minimal_without_sites_and_last_motif_at_the_end_of_the_file(tmp_path):
    text = HEADER + "MOTIF one\nletter-probability matrix:\n1 0 0 0\n0 1 0 0\nURL http://x\n"
    text += "MOTIF two Two words\nURL http://y\n\nletter-probability matrix: w=1\n\n .25\t.25 .25 2.5e-1"
    one, two = meme(tmp_path, text)
    assert (one.id, one.name, one.n_sites, one.width) == ("one", "one", 20, 2)
    assert (two.id, two.name, two.n_sites) == ("two", "Two words", 20)
    np.testing.assert_array_equal(two.pwm.T, [UNIFORM])


def test_read_meme_text_output_of_the_program(tmp_path):
    text = (
        "*****\nMEME - Motif discovery tool\n*****\nALPHABET= ACGT\n"
        "MOTIF TGA MEME-1\twidth =   2  sites =  17  llr = 12  E-value = 1.0e-5\n"
        "\tMotif TGA MEME-1 position-specific scoring matrix\n--------\n"
        "log-odds matrix: alength= 4 w= 2 n= 9 bayes= 1 E= 1\n  12 -3 4 5\n -8 9 0 1\n--------\n"
        "\tMotif TGA MEME-1 position-specific probability matrix\n--------\n"
        "letter-probability matrix: alength= 4 w= 2 nsites= 17 E= 1.0e-005\n"
        " 0.1  0.2  0.3  0.4 \n 0.0  0.0  1.0  0.0 \n--------\n"
    )
    (motif,) = meme(tmp_path, text)
    assert (motif.id, motif.name, motif.n_sites) == ("TGA", "MEME-1", 17)
    np.testing.assert_array_equal(motif.pwm.T, [[0.1, 0.2, 0.3, 0.4], G])


def test_read_meme_custom_dna_alphabet_windows_line_ends_and_byte_order_mark(tmp_path):
    text = '\ufeffMEME version 5\nALPHABET "DNA" DNA-LIKE\nA "Adenine" CC0000 ~ T\nEND ALPHABET\nMOTIF x\n' + MATRIX
    (motif,) = meme(tmp_path, text.replace("\n", "\r\n"))
    assert motif.n_sites == 7
    np.testing.assert_array_equal(motif.pwm.T, [[0.1, 0.2, 0.3, 0.4], A])


@pytest.mark.parametrize(("written", "n_sites"), [("nsites= 12.7", 12), ("nsites= 0", 20), ("nsites= 1e2", 100)])
def test_read_meme_number_of_sites(tmp_path, written, n_sites):
    (motif,) = meme(tmp_path, HEADER + "MOTIF x\n" + MATRIX.replace("nsites= 7", written))
    assert motif.n_sites == n_sites


def test_read_meme_normalises_rounded_rows_only(tmp_path):
    text = "MOTIF x\nletter-probability matrix: w= 2\n0.333 0.333 0.333 0\n0.333333 0.333333 0.333333 0\n"
    (motif,) = meme(tmp_path, text)
    np.testing.assert_allclose(motif.pwm[:3, 0], 1 / 3, rtol=1e-12)
    np.testing.assert_array_equal(motif.pwm[:3, 1], 0.333333)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEADER + "MOTIF x\n" + MATRIX.replace("w= 2", "w= 3"),
            "line 9: .*expected 3 rows .* got 2 before the end",
        ),
        (
            HEADER + "MOTIF x\n" + MATRIX.replace("w= 2", "w= 3") + "MOTIF y\n",
            "line 9: .* got 2 before 'MOTIF y'",
        ),
        (HEADER + "MOTIF x\n" + MATRIX.replace("w= 2", "w= 1"), "line 8: .*expected w= 1 rows, got one more"),
        (HEADER + "MOTIF x\n" + MATRIX.replace("1 0 0 0", "1 0 zero 0"), "line 8: .*numbers, .*'zero'"),
        (
            HEADER + "MOTIF x\n" + MATRIX.replace("1 0 0 0", "1 0 0"),
            r"line 8: .*4 columns \(A C G T\), got 3",
        ),
        (
            HEADER + "MOTIF x\n" + MATRIX.replace("1 0 0 0", "1 0.5 0 0"),
            "line 8: .*probabilities that sum to 1",
        ),
        (HEADER + "MOTIF x\n" + MATRIX.replace("1 0 0 0", "1.5 -.5 0 0"), "line 8: .*probabilities"),
        (HEADER + "MOTIF x\n" + MATRIX.replace("1 0 0 0", "nan 0 0 1"), "line 8: .*probabilities"),
        (
            HEADER + "MOTIF x\n" + MATRIX.replace("nsites= 7", "nsites= many"),
            "line 6: .*after nsites=, got 'many'",
        ),
        (
            HEADER + "MOTIF x\n" + MATRIX.replace("alength= 4", "alength= 20"),
            "line 6: .*DNA alphabet.*alength= 20",
        ),
        (HEADER + "MOTIF x\n" + MATRIX.splitlines()[0], "line 7: .* 2 rows .* got 0 before the end"),
        (
            HEADER.replace("ACGT", "ACDEFGHIKLMNPQRSTVWY"),
            "line 3: expected the DNA alphabet ACGT, got 'ACDEFG",
        ),
        (HEADER + "MOTIF x\nMOTIF y\n" + MATRIX, "line 6: expected the matrix of motif x before"),
        (HEADER + "MOTIF x\n", "line 5: expected the matrix of motif x, got the end"),
        (HEADER + "MOTIF\n" + MATRIX, "line 5: expected an id after MOTIF"),
        (HEADER + MATRIX, "line 5: expected a MOTIF line before this matrix"),
        (HEADER, "got no MOTIF line"),
        ("", "got no MOTIF line"),
    ],
)
def test_read_meme_errors_name_the_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        meme(tmp_path, text)


def test_write_meme_reads_back_to_the_printed_digits(tmp_path):
    motifs = load_motifs("JASPAR2016-vertebrates")
    for name in ("first.meme", "second.meme.gz"):
        write_meme(motifs, tmp_path / name)
        again = read_motifs(tmp_path / name)
        assert [(m.id, m.name, m.n_sites) for m in again] == [(m.id, m.name, m.n_sites) for m in motifs]
        for motif, read in zip(motifs, again, strict=True):
            np.testing.assert_array_equal(read.pwm, np.round(motif.pwm, 6))
        motifs = again
    assert gzip.decompress((tmp_path / "second.meme.gz").read_bytes()) == (tmp_path / "first.meme").read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 997), min_size=4, max_size=4).filter(any), min_size=1), st.integers(1, 9))
def test_write_meme_round_trip_for_any_digits(tmp_path_factory, counts, digits):
    pwm = np.array(counts, dtype=float).T
    pwm /= pwm.sum(0)
    path = tmp_path_factory.mktemp("meme") / "x.meme"
    write_meme([Motif("x", "x", pwm)], path, digits=digits)
    text = path.read_text()
    (motif,) = read_motifs(path)
    assert np.abs(motif.pwm - pwm).max() <= 10.0**-digits
    write_meme([motif], path, digits=digits)
    assert path.read_text() == text


def test_write_meme_errors(tmp_path):
    pwm = np.full((4, 2), 0.25)
    with pytest.raises(ValueError, match="at least one motif"):
        write_meme([], tmp_path / "x")
    with pytest.raises(ValueError, match="id without spaces"):
        write_meme([Motif("a b", "", pwm)], tmp_path / "x")
    with pytest.raises(ValueError, match="name on one line"):
        write_meme([Motif("a", "b\nc", pwm)], tmp_path / "x")
    with pytest.raises(ValueError, match="unique ids, got 'a' twice"):
        write_meme([Motif("a", "", pwm), Motif("a", "", pwm)], tmp_path / "x")
    with pytest.raises(ValueError, match="digits must be 1 to 15, got 0"):
        write_meme([Motif("a", "", pwm)], tmp_path / "x", digits=0)


def test_write_meme_is_read_by_memelite(tmp_path):
    memelite_io = pytest.importorskip("memelite.io")
    motifs = load_motifs("JASPAR2016-vertebrates")[:5]
    write_meme(motifs, tmp_path / "x.meme")
    theirs = memelite_io.read_meme(str(tmp_path / "x.meme"))
    assert len(theirs) == 5
    for motif, pwm in zip(motifs, theirs.values(), strict=True):
        np.testing.assert_allclose(np.asarray(pwm), motif.pwm, atol=1e-6)


def test_read_jaspar_styles(tmp_path):
    text = ">MA1 Factor::Other (var.2)\nA  [ 1 2 ]\nC [0 2]\nG[0 0]\nT [ 3 0.5 ]\n\n>raw\n0\n0\n2\n2\n"
    one, raw = jaspar(tmp_path, text)
    assert (one.id, one.name, one.n_sites) == ("MA1", "Factor::Other (var.2)", 4)  # mean of 4 and 4.5, rounded
    np.testing.assert_allclose(one.pwm.T, [[1 / 4, 0, 0, 3 / 4], [4 / 9, 4 / 9, 0, 1 / 9]])
    assert (raw.id, raw.name) == ("raw", "raw")
    np.testing.assert_array_equal(raw.pwm.T, [[0, 0, 0.5, 0.5]])


def test_read_jaspar_rows_in_other_order_and_probabilities(tmp_path):
    (motif,) = jaspar(tmp_path, ">x\nT 0.1\nG 0.2\nC 0.3\nA 0.4\n")
    np.testing.assert_allclose(motif.pwm[:, 0], [0.4, 0.3, 0.2, 0.1])
    assert motif.n_sites == 20  # probabilities say nothing about sites


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("A 1 2\n", "line 1: expected a header"),
        (">\nA 1\n", "line 1: expected an id"),
        (">x\nA 1\nC 1\n>y\n", r"line 4: motif x: expected 4 rows \(A C G T\), got 2"),
        (">x\nA 1\nC 1\nG 1\n", "motif x: expected 4 rows .* got 3"),
        (">x\nA 1\nA 1\nG 1\nT 1\n", "line 3: .*one row each for A C G T, got row 'A'"),
        (">x\nA 1\nC 1\nG 1\nU 1\n", "line 5: .*got row 'U'"),
        (">x\nA 1\nC one\nG 1\nT 1\n", "line 3: .*expected numbers, .*'one'"),
        (">x\nA 1 2\nC 1\nG 1 2\nT 1 2\n", r"rows of one length, got \[1, 2\]"),
        (">x\nA 0 2\nC 0 1\nG 0 2\nT 0 2\n", "line 1: .*no column of zeros"),
        (">x\nA -1\nC 2\nG 2\nT 2\n", "finite counts of 0 or more"),
    ],
)
def test_read_jaspar_errors_name_the_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        jaspar(tmp_path, text)
