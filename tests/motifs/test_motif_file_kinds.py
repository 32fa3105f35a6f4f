"""Motif files as spreadsheets, R, STAMP, ENCODE, HOCOMOCO 12 and TF-MoDISco write them; options in any order."""

import json

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.motifs.files import read_motifs
from motiflens.motifs.formats import FORMATS, parse_motifs

COUNTS = np.array([[8, 1, 0, 10, 3], [1, 1, 10, 0, 3], [1, 7, 0, 0, 2], [0, 1, 0, 0, 2]])  # 4, width: AGCA.
PWM = COUNTS / 10
LPM = "letter-probability matrix: alength= 4 w= 5 nsites= 10\n"


def rows(matrix, separator=" "):
    return "".join(separator.join(f"{value:g}" for value in row) + "\n" for row in matrix)


def lettered(matrix, form="{} [ {} ]", order="ACGT"):
    return "".join(form.format(b, " ".join(f"{x:g}" for x in matrix["ACGT".index(b)])) + "\n" for b in order)


def parse(text, format=None, strict=True):
    return parse_motifs(text, "folder/file.txt", format, strict=strict)


def same(text, format=None, id="M1", detected=None):
    found = parse(text, format)
    assert found.format == (format or detected or found.format)
    for record in found.records:
        np.testing.assert_allclose(record.pwm, PWM, atol=1e-12)
    assert found.records[0].id == id
    return found.records


# Numbers and columns as people write them


@pytest.mark.parametrize(
    "text",
    [
        ">M1\n" + lettered(PWM).replace(".", ","),
        ">M1\n" + rows(PWM).replace(".", ","),
        ">M1\n" + rows(PWM.T).replace(".", ","),
        ">M1\n" + rows(PWM.T, "; ").replace(".", ","),
        ">M1\n" + rows(COUNTS, ", "),
        ">M1\n" + rows(COUNTS, ","),
        ">M1\nA\tC\tG\tT\n" + rows(COUNTS.T, "\t"),
        ">M1\nT G C A\n" + rows(COUNTS[::-1].T, "\t"),
        "MOTIF M1\n" + LPM + rows(PWM.T).replace(".", ","),
        "MOTIF M1\n" + LPM + rows(PWM.T, ", "),
        "AC M1\nP0 A C G T\n" + "".join(f"{i:02d} {row}" for i, row in enumerate(rows(PWM.T).splitlines(True), 1)),
    ],
)
def test_numbers_with_commas_and_named_columns(text):
    same(text)


POSITIONS = rows(PWM.T, ",").splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "A,C,G,T\n" + rows(PWM.T, ","),
        "A;C;G;T\n" + rows(PWM.T, ";").replace(".", ","),
        "Pos,A,C,G,T\n" + "".join(f"{i},{row}\n" for i, row in enumerate(POSITIONS)),
        "\tA\tC\tG\tT\n" + "".join(f"{i},{row}\n".replace(",", "\t") for i, row in enumerate(POSITIONS)),  # pandas
        '"","A","C","G","T"\n' + "".join(f'"{i}",{row}\n' for i, row in enumerate(POSITIONS, 1)),  # write.csv
        '"A" "C" "G" "T"\n' + "".join(f'"{i}" {row}\n'.replace(",", " ") for i, row in enumerate(POSITIONS, 1)),  # R
        "position\tA\tC\tG\tT\n" + "".join(f"{i},{row}\n".replace(",", "\t") for i, row in enumerate(POSITIONS, 1)),
        "\t0\t1\t2\t3\t4\n" + lettered(PWM, "{} {}").replace(" ", "\t"),  # a data frame the other way round
        "1 2 3 4 5\n" + lettered(PWM, "{} {}"),
    ],
)
def test_tables_of_spreadsheets_pandas_and_r(text):
    same(text, id="file")


def test_what_may_be_thousands_is_refused():
    with pytest.raises(ValueError, match=r"line 2: motif M1: '8,000' may be a decimal number or thousands"):
        parse(">M1\n" + "".join("\t".join(f"{x:,}" for x in row) + "\n" for row in COUNTS * 1000))


@pytest.mark.parametrize(
    "text",
    [
        "MEME version 4\nALPHABET= ACGU\nMOTIF M1\n" + LPM + rows(PWM.T),
        'MEME version 4\nALPHABET "RNA" RNA-LIKE\nMOTIF M1\n' + LPM + rows(PWM.T),
        ">M1\n" + lettered(COUNTS).replace("T [", "U ["),
        "Pos\tA\tC\tG\tU\n1\t1\t0\t0\t0\n",
        "AC M1\nP0 A C G U\n01 1 0 0 0\n//\n",
    ],
)
def test_motifs_of_rna_are_named(text):
    with pytest.raises(ValueError, match="of RNA, which has one strand: write T for U"):
        parse(text)


def test_backgrounds():
    head = "MEME version 4\n\nBackground letter frequencies\n{}\n\nMOTIF M1\n" + LPM + rows(PWM.T)
    for text in ("a 0.3 c 0.2 g 0.2 t 0.3", "A 0,3 C 0,2 G 0,2 T 0,3", "A .3\nC .2\nG .2\nT .3"):
        assert parse(head.format(text)).background == pytest.approx((0.3, 0.2, 0.2, 0.3))
    assert parse(head.format("")).background is None
    with pytest.raises(ValueError, match="frequencies of A, C, G and T that sum to 1"):
        parse(head.format("A 0.3 C 0.2"))


# Nothing is lost in silence


def test_entries_of_stamp_that_nothing_ends():
    entry = "DE\tM1\n" + "".join(f"{i}\t{row}\tN\n" for i, row in enumerate(rows(COUNTS.T, "\t").splitlines())) + "XX\n"
    records = same(entry + entry.replace("M1", "M2") + entry.replace("M1", "M3"), detected="transfac")
    assert [record.id for record in records] == ["M1", "M2", "M3"]


@pytest.mark.parametrize("end", ["", "XX\n"])
def test_entries_of_transfac_that_nothing_ends(end):
    entry = "AC M1\nID one\nP0 A C G T\n" + "".join(
        f"{i:02d} {row}\n" for i, row in enumerate(rows(COUNTS.T).splitlines())
    )
    records = same(entry + end + entry.replace("M1", "M2") + end, detected="transfac")
    assert [record.id for record in records] == ["M1", "M2"]
    matrix = entry.partition("P0")[2]
    assert len(same("AC M1\nP0" + matrix + "P0" + matrix)) == 2


def test_entries_of_cisbp_without_a_matrix_are_named():
    entry = "TF\tT1\nTF Name\tone\nMotif\t{}\n"
    matrix = "Pos\tA\tC\tG\tT\n1\t1\t0\t0\t0\n\n"
    text = entry.format("M1") + entry.format("M2") + matrix + entry.format("M3")
    found = parse(text, strict=False)
    assert [record.id for record in found.records] == ["M2"]
    assert [(one.id, one.line) for one in found.skipped] == [("M1", 3), ("M3", 12)]
    assert "expected a matrix below the names, got none" in found.skipped[0].reason
    with pytest.raises(ValueError, match="line 3: motif M1: expected a matrix"):
        parse(text)


# Further formats


CONSENSUS = ["A", "G", "C", "A", "N"]


@pytest.mark.parametrize("width", [4, 5])
def test_motifs_of_encode_have_a_consensus_before_each_row(width):
    body = "".join(f"{b} {row}\n" for b, row in zip(CONSENSUS, rows(PWM.T).splitlines(), strict=True))
    found = parse(">M1 one two\n" + "".join(body.splitlines(True)[:width]))
    assert found.format == "hocomoco"
    np.testing.assert_allclose(found.records[0].pwm, PWM[:, :width])


def test_a_consensus_of_each_base_once_is_told_by_sums_or_by_other_motifs():
    gatc = np.array([[1, 2, 16, 1], [17, 1, 1, 1], [1, 1, 1, 17], [2, 15, 2, 1]]) / 20  # 4 positions, A C G T
    text = ">M1\n" + "".join(f"{b} {row}\n" for b, row in zip("GATC", rows(gatc).splitlines(), strict=True))
    np.testing.assert_allclose(parse(text).records[0].pwm, gatc.T)
    np.testing.assert_allclose(parse(text, "hocomoco").records[0].pwm, gatc.T)
    as_bases = gatc[[1, 3, 0, 2]]
    np.testing.assert_allclose(parse(text, "jaspar").records[0].pwm, as_bases / as_bases.sum(0))
    jaspar = ">M1\n" + lettered(np.array([[0, 3, 79, 40], [94, 75, 4, 3], [1, 0, 3, 4], [2, 19, 11, 50]]))
    assert parse(jaspar).format == "jaspar"


def test_a_row_of_another_base_is_no_consensus():
    with pytest.raises(ValueError, match="got row 'N'"):
        parse(">M1\n" + lettered(COUNTS) + "N [ 0 0 0 0 0 ]\n")


def test_names_of_cluster_buster():
    (record,) = same(">M1 /name=one /bits=10.5\n" + rows(COUNTS.T))
    assert record.name == "one"


@pytest.mark.parametrize("form", ["lines", "list", "indented"])
def test_json_of_hocomoco(form):
    human = {"species": {"HUMAN": {"gene_symbol": "IRF1"}, "MOUSE": {"gene_symbol": "Irf1"}}}
    good = {"name": "IRF1.H12CORE.0.P.B", "tf": "IRF1", "masterlist_info": human, "pcm": COUNTS.T.tolist()}
    scores = {"name": "X.H12CORE.0.P.B", "pwm": np.log((COUNTS.T + 0.25) / (2.5 + 0.25)).tolist()}
    objects = [good, {**good, "name": "bad", "pcm": [[1, 2]]}, {"pcm": [[1, 0, 0, 0]]}, scores]
    text = (
        "\n".join(map(json.dumps, objects))
        if form == "lines"
        else json.dumps(objects, indent=form == "indented" or None)
    )
    found = parse(text, strict=False)
    assert found.format == "hocomoco-json"
    assert [(record.id, record.name, record.n_sites) for record in found.records] == [
        ("IRF1.H12CORE.0.P.B", "IRF1", 10),
        ("X.H12CORE.0.P.B", "X.H12CORE.0.P.B", 20),
    ]
    np.testing.assert_allclose(found.records[0].pwm, PWM)
    assert [one.id for one in found.skipped] == ["bad", "(no"]
    with pytest.raises(ValueError, match="motif bad: expected rows of four numbers under one of pcm"):
        parse(text)


def test_json_that_is_none_names_its_line():
    with pytest.raises(ValueError, match=r"file.txt, line 2: expected a JSON object"):
        parse('{"name": "a", "pcm": [[1, 0, 0, 0]]}\n{"name": \n')


@pytest.fixture
def modisco(tmp_path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        for kind, names in (
            ("pos_patterns", ("pattern_0", "pattern_10", "pattern_2")),
            ("neg_patterns", ("pattern_0",)),
        ):
            for name in names:
                group = file.create_group(f"{kind}/{name}")
                group["sequence"], group["contrib_scores"] = PWM.T, -PWM.T
                group["seqlets/n_seqlets"] = [40]
        file["pos_patterns/pattern_2/sequence"][0] = 0
    return path


def test_patterns_of_modisco(modisco, tmp_path):
    found = read_motifs(modisco)
    assert found.format == "modisco"
    assert [motif.id for motif in found] == [
        "pos_patterns.pattern_0",
        "pos_patterns.pattern_10",
        "neg_patterns.pattern_0",
    ]
    assert {motif.n_sites for motif in found} == {40}
    np.testing.assert_allclose([motif.pwm for motif in found], [PWM] * 3)
    assert found.notes() == [
        "skipped 1 motif of 4: pos_patterns.pattern_2: expected no column of zeros only, got one at position 1"
    ]
    with pytest.raises(ValueError, match=r"m\.h5.*pattern_2"):
        read_motifs(modisco, strict=True)
    with h5py.File(tmp_path / "old.h5", "w") as file:
        above = "metacluster_idx_to_submetacluster_results/metacluster_0/seqlets_to_patterns_result/patterns"
        file[f"{above}/pattern_0/sequence/fwd"] = PWM.T
    (motif,) = read_motifs(tmp_path / "old.h5", "modisco")
    assert motif.id == "metacluster_0.pattern_0"
    np.testing.assert_allclose(motif.pwm, PWM)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X_train"] = PWM
    with pytest.raises(ValueError, match="expected an HDF5 file of TF-MoDISco, with pos_patterns or neg_patterns"):
        read_motifs(tmp_path / "x.h5")
    (tmp_path / "cut.h5").write_bytes(modisco.read_bytes()[:600])
    with pytest.raises(ValueError, match=r"cut\.h5 is damaged"):
        read_motifs(tmp_path / "cut.h5")
    with pytest.raises(ValueError, match="expected an HDF5 file of TF-MoDISco, got text"):
        parse("x", "modisco")


def test_the_export_of_modisco_and_its_patterns_agree(modisco, tmp_path):
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", "", "Background letter frequencies"]
    lines += ["A 0.25 C 0.25 G 0.25 T 0.25", "", "MOTIF pos_patterns.pattern_0", LPM.strip(), *rows(PWM.T).splitlines()]
    (tmp_path / "m.meme").write_text("\n".join(lines))
    (exported,), patterns = read_motifs(tmp_path / "m.meme"), read_motifs(modisco)
    assert exported.id == patterns[0].id
    np.testing.assert_allclose(exported.pwm, patterns[0].pwm)


def test_a_folder_of_files_as_cisbp_distributes_them(tmp_path):
    table = "Pos\tA\tC\tG\tT\n"
    body = "".join(f"{i}\t{row}\n" for i, row in enumerate(rows(PWM.T, "\t").splitlines(), 1))
    for name, text in (("M2.txt", table + body), ("M1.txt", table + body), ("M3.txt", table), ("M4.txt", "")):
        (tmp_path / name).write_text(text)
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "two.pcm").write_text(">A\n" + rows(COUNTS.T) + ">B\n1 2\n")
    found = read_motifs(tmp_path)
    assert [motif.id for motif in found] == ["M1", "M2", "A"]
    assert found.format == "cis-bp, hocomoco"
    assert [one.id for one in found.skipped] == ["M3.txt", "M4.txt", "two.pcm: B"]
    assert "M3.txt: line 1: motif M3: expected a row for each position, got none" in found.notes()[0]
    with pytest.raises(ValueError, match=r"M3\.txt, line 1"):
        read_motifs(tmp_path, strict=True)
    for file in ("M1.txt", "M2.txt", "two.pcm"):
        (tmp_path / file).unlink()
    with pytest.raises(ValueError, match=r"none of 2 files can be read: M3\.txt: line 1: motif M3: expected"):
        read_motifs(tmp_path)


# Any order of what is optional gives the same motif, for the formats that test_motif_formats leaves out.

permutation = st.permutations(list("ACGT"))
blanks = st.sampled_from(["", "\n", "\n\n"])


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(["Protein: M1", "Seed k-mer: AGCA", "Enrichment Score: 0.49"]),
    permutation,
    st.sampled_from(["{}:\t{}", "{}: {}", "{}:{}"]),
    blanks,
    st.sampled_from(
        ["", "Probability matrix\n", "Energy matrix for enoLOGOS\nA: -1\nC: -1\nG: -1\nT: -1\n\nProbability matrix\n"]
    ),
)
def test_uniprobe_in_any_order(fields, order, form, blank, section):
    title = "\t".join(fields) + "\n"
    text = title + blank + section + lettered(PWM, form, order)
    if not section:
        same(text, detected="uniprobe")
    np.testing.assert_allclose(parse(text).records[0].pwm, PWM)


@settings(max_examples=30, deadline=None)
@given(permutation, st.sampled_from([" ", "\t", ",", "  "]), blanks, st.permutations(["# a", "; b"]), st.booleans())
def test_plain_in_any_order(order, separator, blank, comments, by_position):
    comment = "\n".join(comments) + "\n"
    body = rows(PWM.T if by_position else PWM, separator)
    same(comment + blank + body + blank, detected="plain", id="file")
    same(blank + lettered(PWM, "{} | {}", order), id="file")


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["gimme", "cluster-buster", "hocomoco"]),
    st.sampled_from([" ", "\t", ", "]),
    st.permutations(["# database", "# version: 5.0", "# date"]),
    st.permutations(["/name=one", "/bits=10.1", "/info=2"]),
    st.integers(0, 3),
    blanks,
    st.booleans(),
)
def test_gimme_and_cluster_buster_in_any_order(format, separator, comments, options, n, blank, again):
    head = ">M1 " + " ".join(options[:n])
    text = "\n".join(comments[:n]) + f"\n{head}\n{blank}" + rows(COUNTS.T, separator)
    text += ("\n" + text.replace("M1", "M2")) * again
    assert len(same(text, format)) == 1 + again
    same(text, detected="hocomoco")


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(
        [("name", "M1"), ("tf", "one"), ("pcm", COUNTS.T.tolist()), ("length", 5), ("pfm", PWM.T.tolist())]
    ),
    st.sampled_from([None, "tf", "length", "pfm", "pcm"]),
    st.booleans(),
    blanks,
)
def test_json_in_any_order(fields, left_out, as_list, blank):
    found = {key: value for key, value in fields if key != left_out}
    same(blank + json.dumps([found] if as_list else found) + blank, detected="hocomoco-json")


def test_the_formats_that_have_such_a_test_are_all_that_are_listed():
    first = {"meme", "jaspar", "transfac", "cis-bp", "homer", "hocomoco"}  # in test_motif_formats
    here = {"uniprobe", "plain", "gimme", "cluster-buster", "hocomoco-json"}
    assert first | here | {"modisco"} == set(FORMATS)  # keys of HDF5 have no order
