"""Pairs of sites against a loop over every two of them, written with strings; rules by hand."""

import json
from itertools import combinations

import numpy as np
import pytest

from motiflens.data.simulate import multi_motif
from motiflens.motifs.pairs import (
    ORIENTATIONS,
    PairTable,
    count_obeying,
    obeying,
    orientation_codes,
    read_pairs,
    row_of_pair,
    site_pairs,
)
from motiflens.motifs.sets import Motif
from motiflens.motifs.truth import SiteTruth

MOTIFS = [Motif(name, name, np.full((4, width), 0.25)) for name, width in (("a", 4), ("b", 6), ("c", 5))]


def sites(*rows, n_sequences=1, length=60):
    """Build a truth from (sequence, motif, strand, start)."""
    columns = np.array(rows, dtype=int).reshape(-1, 4).T
    return SiteTruth(*columns, MOTIFS, n_sequences, length)


def rule(i, j, *, gap=(0, 60), orientation="", kind="true"):
    return PairTable(*(np.array([value]) for value in (i, j, kind, *gap, orientation)))


def read_on_strand_of_i(one, other):
    """Orientation of two (motif, strand, start), by writing down what the strand of motif i says."""
    i, j = sorted((one, other))
    if i[1] == 1:
        first, second = sorted((i, j), key=lambda site: site[2])
        signs = {1: "+", -1: "-"}
    else:
        first, second = sorted((i, j), key=lambda site: -site[2])
        signs = {1: "-", -1: "+"}
    return " ".join(("i" if site is i else "j") + signs[site[1]] for site in (first, second))


def test_site_pairs_equal_a_loop():
    truth = multi_motif(60, seed=2, length=120).truth
    widths = [motif.width for motif in truth.motifs]
    expected = set()
    rows = list(zip(*(column.tolist() for column in truth.table()), strict=True))
    for (left, one), (right, other) in combinations(enumerate(rows), 2):
        if one[0] == other[0] and one[1] != other[1]:
            gap = other[3] - one[3] - widths[one[1]]
            i, j = sorted((one[1], other[1]))
            expected.add((one[0], left, right, i, j, gap, read_on_strand_of_i(one[1:], other[1:])))
    found = site_pairs(truth)
    named = found._replace(orientation=np.array(ORIENTATIONS)[found.orientation])
    different = found.motif_i != found.motif_j
    assert set(zip(*(column[different].tolist() for column in named), strict=True)) == expected
    assert (found.motif_i <= found.motif_j).all()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((0, 1), (1, 1), "i+ j+"),
        ((0, 1), (1, -1), "i+ j-"),
        ((1, 1), (0, 1), "j+ i+"),
        ((1, -1), (0, 1), "j- i+"),
        ((1, -1), (0, -1), "i+ j+"),  # from here on reverse complements of the four above
        ((1, 1), (0, -1), "i+ j-"),
        ((0, -1), (1, -1), "j+ i+"),
        ((0, -1), (1, 1), "j- i+"),
    ],
)
def test_orientations_are_read_where_i_is_forward(left, right, expected):
    found = site_pairs(sites((0, *left, 3), (0, *right, 20)))
    assert [ORIENTATIONS[code] for code in found.orientation] == [expected]


def test_a_rule_holds_from_its_smallest_to_its_largest_gap():
    for start, gap in ((9, 5), (10, 6), (12, 8), (13, 9)):
        truth = sites((0, 0, 1, 0), (0, 1, 1, start))
        assert site_pairs(truth).gap.tolist() == [gap]
        assert count_obeying(truth, rule(0, 1, gap=(6, 8))).tolist() == [int(6 <= gap <= 8)]


def test_a_rule_may_ask_for_an_orientation():
    truth = sites((0, 0, 1, 0), (0, 1, -1, 10))
    for name in ORIENTATIONS:
        assert count_obeying(truth, rule(0, 1, orientation=name)).sum() == (name == "i+ j-")


def test_only_sites_of_one_sequence_and_of_the_pair_count():
    truth = sites((0, 0, 1, 0), (1, 1, 1, 5), (2, 0, 1, 0), (2, 2, 1, 9), (2, 1, 1, 20), n_sequences=4)
    assert count_obeying(truth, rule(0, 1)).tolist() == [0, 0, 1, 0]
    found = obeying(truth, rule(0, 1))
    assert (found.left.tolist(), found.right.tolist(), found.gap.tolist()) == ([2], [4], [16])
    assert count_obeying(sites(n_sequences=2), rule(0, 1)).tolist() == [0, 0]
    assert count_obeying(truth, rule(0, 1).of_kind("decoy")).tolist() == [0, 0, 0, 0]


def test_rows_of_pairs():
    row = row_of_pair(np.array([0, 1]), np.array([2, 2]), 3)
    assert row.tolist() == [[2, 2, 0, 2], [2, 2, 1, 2], [2, 2, 2, 2], [2, 2, 2, 2]]


def test_the_table_comes_back_from_json():
    table = rule(0, 1, gap=(3, 9), orientation="j- i+", kind="decoy")
    read = read_pairs(json.loads(json.dumps({"pairs": table.to_json()})))
    for column, expected in zip(read, table, strict=True):
        np.testing.assert_array_equal(column, expected)
        assert column.dtype.kind == expected.dtype.kind


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "got none in data made by other means"),
        ({"simulator": "multi_motif"}, "got none in data made by multi_motif"),
        ({"pairs": {"motif_i": [0]}}, r"metadata\['pairs'\] with motif_i, .* got another table"),
        (
            {"pairs": {name: ["true"] if name == "kind" else [0, 1] for name in PairTable._fields}},
            r"columns of one length in metadata\['pairs'\], got .*'kind': 1",
        ),
    ],
)
def test_data_without_pairs(metadata, message):
    with pytest.raises(ValueError, match=message):
        read_pairs(metadata)


def test_an_unknown_orientation():
    with pytest.raises(ValueError, match=r"expected orientations 'i\+ j\+', .* got 'i\+j\+'"):
        orientation_codes(["i+ j+", "i+j+"])
