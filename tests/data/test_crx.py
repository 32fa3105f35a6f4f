import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import run
from crx_folder import HEADER, make_crx_folder, write_counts, write_gzip

from motiflens.basics.sequence import encode, reverse_complement
from motiflens.data.crx import (
    MeasuredActivity,
    check_edits,
    library_shifts,
    parse_name,
    place_ranges,
    places_of,
    read_crx,
    read_edits,
    read_library,
    split_elements,
    write_crx,
)
from motiflens.data.io import read_hdf5

REAL = Path(os.environ.get("MOTIFLENS_CRX", "nowhere"))  # folder of both repositories
ELEMENT = "chr8-27700-27864_CPPE"


@pytest.mark.parametrize(
    ("name", "parent", "kind", "allowed"),
    [
        (f"{ELEMENT}_WT", None, "", []),
        (f"{ELEMENT}_MUT-allCrxSites", f"{ELEMENT}_WT", "all CRX sites", []),
        (f"{ELEMENT}_scrambled", f"{ELEMENT}_WT", "scramble", []),
        (f"{ELEMENT}_WT;HAND_T89A,C91T", f"{ELEMENT}_WT", "substitution", [(88, 89), (90, 91)]),
        (f"{ELEMENT}_WT;71chim2223;119iMEF2D-R", f"{ELEMENT}_WT;71chim2223", "insertion", [(118, 132)]),
        (f"{ELEMENT}_WT;24dRORB-F", f"{ELEMENT}_WT", "deletion", [(20, 37)]),
        (f"{ELEMENT}_WT;18rRAX-GFI1", f"{ELEMENT}_WT", "swap", [(17, 27)]),
        (f"{ELEMENT}_WT;95mCRX-131", f"{ELEMENT}_WT", "move", [(91, 142)]),
        (f"{ELEMENT}_WT;131mCRX-95", f"{ELEMENT}_WT", "move", [(92, 141)]),
        (f"{ELEMENT}_WT;HAND_spacer90-133Scramble2", f"{ELEMENT}_WT", "scramble", [(89, 133)]),
        (f"{ELEMENT}_WT;71chim2223", f"{ELEMENT}_WT", "chimera", [(70, 10**6)]),
        (f"{ELEMENT}_WT;20dCRX-F,150iCRX-F", f"{ELEMENT}_WT", "several", [(16, 30), (149, 157)]),
        (f"{ELEMENT}_WT;HAND_79dCRX-F,137dNRL-R_v2", f"{ELEMENT}_WT", "deletion", [(75, 89), (133, 150)]),
        (f"{ELEMENT}_WT;ins3", f"{ELEMENT}_WT", "insertion", []),
        (f"{ELEMENT}_WT;HAND_moveBF-swapD", f"{ELEMENT}_WT", "several", []),
    ],
)
def test_names_say_what_was_edited(name, parent, kind, allowed):
    found = parse_name(name)
    assert (found.parent, found.kind) == (parent, kind)
    assert [place for edit in found.edits for place in edit.allowed] == allowed
    assert found.element == "chr8-27700-27864"


@pytest.mark.parametrize("name", ["BASAL", "building-block_CmMm", f"{ELEMENT}_WT;12xCRX", f"{ELEMENT}_WT;9dNOPE-F"])
def test_other_names_are_not_guessed_at(name):
    assert parse_name(name) is None


def _pair(parent, edited, name, **others):
    sequences = {f"{ELEMENT}_WT": parent, name: edited, **others}
    return check_edits([parse_name(one) for one in sequences], {one: encode(text) for one, text in sequences.items()})


def test_an_edit_differs_exactly_where_its_name_says():
    wild = "ACGTTGCAAC" * 5
    good = _pair(wild, wild[:9] + "G" + wild[10:], f"{ELEMENT}_WT;C10G")
    assert [(one.positions, one.bases, one.site) for one in good.edits] == [("10", "C>G", "10")]
    for edited in (
        wild[:9] + "T" + wild[10:],  # another base
        wild[:8] + "GG" + wild[10:],  # one place more
        wild[:10] + "G" + wild[11:],  # the place beside: counted from 0
    ):
        bad = _pair(wild, edited, f"{ELEMENT}_WT;C10G")
        assert bad.edits == []
        assert bad.counts["differs elsewhere"] == {"substitution": 1}
    assert _pair(wild, wild, f"{ELEMENT}_WT;10iCRX-F").counts["no difference"] == {"insertion": 1}
    within = _pair(wild, wild[:9] + "TTAATCCC" + wild[17:], f"{ELEMENT}_WT;10iCRX-F")
    assert within.counts["as named"] == {"insertion": 1}
    assert within.edits[0].site == "10-17"


def test_a_lost_step_is_found_by_taking_substitutions_back():
    wild = "ACGTTGCAAC" * 5
    hidden = "TTTTT" + wild[5:]
    edited = hidden[:9] + "G" + hidden[10:]
    name = f"{ELEMENT}_WT;C10G"
    assert _pair(wild, edited, name).counts["differs elsewhere"] == {"substitution": 1}
    found = _pair(wild, edited, name, **{f"{ELEMENT}_WT;ins7": hidden})
    edit = next(one for one in found.edits if one.name == name)
    assert (edit.parent, edit.found_by, edit.bases) == (f"{ELEMENT}_WT;ins7", "sequence", "C>G")


def test_ranges_come_back():
    places = np.array([0, 1, 2, 7, 9, 10])
    assert place_ranges(places) == "1-3,8,10-11"
    np.testing.assert_array_equal(places_of(place_ranges(places)), places)
    assert place_ranges(np.array([], dtype=int)) == ""
    assert len(places_of("")) == 0


def test_activity_is_the_mean_over_barcodes_of_log_ratios(tmp_path):
    write_counts(tmp_path, "4", {"x": 1.0, "y": -2.0})
    folder = tmp_path / "CRX-Active-Learning" / "Data" / "Measurements" / "Library4"
    found = read_library(folder)
    assert found.names == ("x", "y")
    assert found.n_barcodes.tolist() == [3, 3]
    np.testing.assert_allclose(found.activity, [1, -2], atol=0.01)  # the barcode below 10 plasmid counts is left out
    np.testing.assert_allclose(found.replicate_sd, 0, atol=0.01)
    assert found.replicate_r > 0.999
    # By hand: two barcodes of z, 100 plasmid counts each, with no and with 200 RNA counts; the promoter has 100 of 100.
    samples = folder / "Samples"
    write_gzip(samples / "library4Plasmid.counts.gz", HEADER + "a\tBASAL\t100\nb\tz\t100\nc\tz\t100\n")
    for i in (1, 2, 3):
        write_gzip(samples / f"library4Rna{i}.counts.gz", HEADER + "a\tBASAL\t100\nb\tz\t0\nc\tz\t200\n")
    by_hand = (math.log2(0.5 / 100.5) + math.log2(200.5 / 100.5)) / 2
    again = read_library(folder)
    np.testing.assert_allclose(again.activity, [by_hand])
    spread = (math.log2(200.5 / 100.5) - math.log2(0.5 / 100.5)) / 2
    assert again.barcode_sd == pytest.approx(math.sqrt(2 * spread**2))


def test_counts_that_do_not_fit_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="Plasmid"):
        read_library(tmp_path / "Library4")
    write_counts(tmp_path, "4", {"x": 1.0})
    folder = tmp_path / "CRX-Active-Learning" / "Data" / "Measurements" / "Library4"
    write_gzip(folder / "Samples" / "library4Rna2.counts.gz", HEADER + "b\tx\t3\n")
    with pytest.raises(ValueError, match="same order"):
        read_library(folder)
    write_gzip(folder / "Samples" / "library4Rna2.counts.gz", HEADER + "b\tx\tmany\n")
    with pytest.raises(ValueError, match="line 2: expected barcode"):
        read_library(folder)


def _measured(name, library, activity):
    return MeasuredActivity(name, library, activity, 0.1, 3, 3, 0.1)


def test_shifts_are_those_of_a_least_squares_fit():
    rng = np.random.default_rng(0)
    libraries, names = ["1", "4", "9a"], [f"s{i}" for i in range(12)]
    rows = [_measured(n, lib, rng.normal()) for n in names for lib in libraries if rng.random() < 0.7]
    found = library_shifts(rows, "1")
    design = np.zeros((len(rows), len(names) + 2))
    for i, one in enumerate(rows):
        design[i, names.index(one.name)] = 1
        if one.library != "1":
            design[i, len(names) + libraries.index(one.library) - 1] = 1
    oracle = np.linalg.lstsq(design, np.array([one.activity for one in rows]), rcond=None)[0][-2:]
    np.testing.assert_allclose([found["1"], found["4"], found["9a"]], [0, *oracle], atol=1e-12)
    with pytest.raises(ValueError, match="no common scale"):
        library_shifts([_measured("a", "1", 0), _measured("b", "4", 0)], "1")


def test_near_identical_elements_and_chimeras_do_not_cross_splits():
    rng = np.random.default_rng(1)
    base = rng.integers(4, size=(60, 120), dtype=np.uint8)
    twin = reverse_complement(base[:20])  # of the first 20, read from the other strand
    chimera = np.concatenate([base[20:40, :60], base[40:60, 60:]], axis=1)
    codes = np.concatenate([base, twin, chimera])
    elements = [*(f"e{i}" for i in range(60)), *(f"t{i}" for i in range(20)), *(f"e{i}" for i in range(20, 40))]
    wild = np.r_[np.ones(80, dtype=bool), np.zeros(20, dtype=bool)]
    found = split_elements(codes, elements, wild, seed=3)
    np.testing.assert_array_equal(found.split_codes[:20], found.split_codes[60:80])
    np.testing.assert_array_equal(found.clusters[:20], found.clusters[60:80])
    assert found.clusters.max() == 59
    crosses = found.split_codes[20:40] != found.split_codes[40:60]
    np.testing.assert_array_equal(found.mixed, np.r_[np.zeros(80, dtype=bool), crosses])
    assert crosses.any()
    assert not crosses.all()
    assert np.bincount(found.split_codes[:60], minlength=3).tolist() == [36, 6, 18]
    np.testing.assert_array_equal(found.split_codes, split_elements(codes, elements, wild, seed=3).split_codes)


def test_both_repositories_become_one_data_set(tmp_path):
    sequences, activity, shifts, _ = make_crx_folder(tmp_path)
    data = read_crx(tmp_path)
    assert len(data.dataset) == len(sequences)
    assert data.report["n_unparsed"] == 7
    for name, shift in shifts.items():
        assert data.report["shifts"][name] == pytest.approx(shift, abs=0.01)
    for row, y in zip(data.sequences, data.dataset.y[:, 0], strict=True):
        assert row.activity == pytest.approx(activity[row.name], abs=0.02)
        assert y == np.float32(row.activity)
    assert len(data.edits) == 4 * 24
    for edit in data.edits:
        assert edit.effect == pytest.approx(activity[edit.name] - activity[edit.parent], abs=0.03)
    split_of = dict(zip(data.dataset.names, data.dataset.split, strict=True))
    by_element = {}
    for name, split in split_of.items():
        by_element.setdefault(name.split("_")[0], set()).add(split)
    assert all(len(splits) == 1 for splits in by_element.values())
    assert all(edit.split == split_of[edit.name] == split_of[edit.parent] for edit in data.edits)
    assert data.report["published_pairs"]["r"] == pytest.approx(1)
    files = write_crx(data, tmp_path / "crx.h5")
    assert set(read_hdf5(files.dataset).names) == set(data.dataset.names)
    again = read_edits(files.edits)
    assert [one._replace(effect=0, error=0) for one in again] == [one._replace(effect=0, error=0) for one in data.edits]
    np.testing.assert_allclose([one.effect for one in again], [one.effect for one in data.edits], atol=1e-6)
    assert json.loads(files.report.read_text())["n_edits"]["test"] == sum(e.split == "test" for e in data.edits)


def test_the_command_tells_what_it_wrote(tmp_path):
    make_crx_folder(tmp_path)
    shown = run("data", "crx", tmp_path, "-o", tmp_path / "crx.h5").stdout
    assert "n_edits_test: " in shown
    assert "activity: real values" in shown
    assert "activity: real values" in run("data", "summary", tmp_path / "crx.h5").stdout


def test_a_folder_without_the_repositories_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a clone of CRX-Active-Learning"):
        read_crx(tmp_path)
    (tmp_path / "table.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(ValueError, match="is not a table of edits"):
        read_edits(tmp_path / "table.tsv")


@pytest.mark.skipif(not REAL.is_dir(), reason="the repositories are not there")
def test_a_real_library_agrees_with_the_published_activities():
    from motiflens.data.crx.published import correlation_with, read_activities

    library = read_library(REAL / "CRX-Active-Learning" / "Data" / "Measurements" / "Library5")
    table = REAL / "CRX-Information-Content" / "Data" / "rhoActivityJoinedAnnotated.txt.gz"
    n, r = correlation_with(read_activities(table), library.names, library.activity)
    assert n > 30
    assert r > 0.9
    assert library.replicate_r > 0.9
