"""Near duplicates across splits: against k-mers counted one by one, planted twins, and random sequences."""

import numpy as np
import pytest

from motiflens.basics.sequence import reverse_complement
from motiflens.data.dataset import SequenceDataset
from motiflens.data.near_duplicates import _canonical, near_duplicates
from motiflens.data.summary import summary

RNG = np.random.default_rng(0)


def mutated(codes, n):
    other = codes.copy()
    for row in other:
        places = RNG.choice(len(row), n, replace=False)
        row[places] = (row[places] + RNG.integers(1, 4, n)) % 4
    return other


@pytest.mark.parametrize("k", [12, 16])
def test_canonical_kmers_one_by_one(k):
    codes = RNG.integers(0, 4, (3, 40), dtype=np.uint8)
    found = _canonical(codes, k)
    assert found.shape == (3, 40 - k + 1)
    for row in range(3):
        for start in range(40 - k + 1):
            word = codes[row, start : start + k]
            number = [int("".join(map(str, strand)), 4) for strand in (word, 3 - word[::-1])]
            assert found[row, start] == min(number)


@pytest.mark.parametrize(("length", "n_mismatches"), [(60, 1), (164, 2), (500, 8)])
@pytest.mark.parametrize("strand", [1, -1])
def test_planted_twins_are_found_and_no_others(length, n_mismatches, strand):
    train = RNG.integers(0, 4, (300, length), dtype=np.uint8)
    twins = mutated(train[:40], n_mismatches)
    twins = twins if strand == 1 else reverse_complement(twins)
    fresh = RNG.integers(0, 4, (60, length), dtype=np.uint8)
    codes = np.concatenate([train, twins, fresh])
    splits = np.repeat([0, 2, 1], [300, 40, 60]).astype(np.uint8)
    expected = np.repeat([False, True, False], [300, 40, 60])
    np.testing.assert_array_equal(near_duplicates(codes, splits), expected)


def test_shifted_windows_and_large_families():
    genome = RNG.integers(0, 4, 700, dtype=np.uint8)
    shifted = np.stack([genome[:500], genome[100:600], genome[150:650]])
    assert near_duplicates(shifted, np.array([0, 1, 2], np.uint8)).tolist() == [False, True, True]
    family = mutated(np.repeat(RNG.integers(0, 4, (1, 164), dtype=np.uint8), 900, axis=0), 1)
    splits = np.repeat([0, 1, 2], 300).astype(np.uint8)
    assert near_duplicates(family, splits)[300:].all()


def test_unknown_bases_and_what_has_no_earlier_split():
    codes = np.full((4, 120), 4, np.uint8)
    assert not near_duplicates(codes, np.array([0, 1, 2, 2], np.uint8)).any()
    same = np.repeat(RNG.integers(0, 4, (1, 120), dtype=np.uint8), 4, axis=0)
    assert not near_duplicates(same, np.zeros(4, np.uint8)).any()
    assert near_duplicates(same, np.array([1, 1, 2, 2], np.uint8)).tolist() == [False, False, True, True]
    assert not near_duplicates(same[:, :8], np.array([0, 1, 2, 2], np.uint8)).any()


def test_the_summary_warns_of_them():
    wild = RNG.integers(0, 4, (50, 164), dtype=np.uint8)
    codes = np.concatenate([wild, mutated(wild, 2)])
    split = ["train"] * 50 + ["test"] * 50
    table = {"source": {"reader": "read_table"}}
    found = summary(SequenceDataset.from_arrays(codes, RNG.random(100), split=split, metadata=table))
    assert (found.n_near_across_splits, found.n_across_splits) == (50, 0)
    assert any("50 sequences of valid and test have a near twin" in one and "--group" in one for one in found.warnings)
    assert "near duplicates across splits 50" in found.text()
    for reader, cure in (("read_bed", "Split by chromosome"), ("read_hdf5", "Give each locus to one split")):
        other = SequenceDataset.from_arrays(
            codes, RNG.random(100), split=split, metadata={"source": {"reader": reader}}
        )
        told = next(one for one in summary(other).warnings if "near twin" in one)
        assert cure in told
        assert "--group" not in told  # only tables have it


def test_negatives_at_positives_are_counted():
    codes = RNG.integers(0, 4, (5, 100), dtype=np.uint8)
    names = ["chr1:1000-1100", "chr1:1005-1105", "chr1:1050-1150", "chr1:1051-1151", "chr2:1000-1100"]
    found = summary(SequenceDataset.from_arrays(codes, [1, 0, 0, 0, 0], names=names))
    assert found.n_negatives_at_positives == 2
    assert any("2 negatives overlap a positive" in one for one in found.warnings)
    assert summary(SequenceDataset.from_arrays(codes, [1, 0, 0, 0, 0])).n_negatives_at_positives == 0
