"""Dinucleotide shuffle: exact counts, and the uniform distribution on cases small enough to list."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from motiflens.basics.sequence import encode
from motiflens.basics.shuffle import dinucleotide_shuffle


def dinucleotides(codes):
    pairs = 5 * codes[:, :-1].astype(int) + codes[:, 1:]
    return np.stack([np.bincount(row, minlength=25) for row in pairs])


def all_with_the_same_counts(codes):
    """Every order of the inner letters that has the counts of codes, shape=(1, L), by trying all."""
    first, *inner, last = codes[0].tolist()
    candidates = {(first, *order, last) for order in permutations(inner)}
    return {row for row in candidates if (dinucleotides(np.array([row])) == dinucleotides(codes)).all()}


def test_counts_and_ends_are_kept_and_sequences_change():
    codes = np.random.default_rng(0).integers(0, 4, (300, 101), dtype=np.uint8)
    shuffled = dinucleotide_shuffle(codes, seed=1)
    np.testing.assert_array_equal(dinucleotides(shuffled), dinucleotides(codes))
    np.testing.assert_array_equal(shuffled[:, [0, -1]], codes[:, [0, -1]])
    assert (shuffled != codes).mean() > 0.5
    np.testing.assert_array_equal(shuffled, dinucleotide_shuffle(codes, seed=1))
    assert (shuffled != dinucleotide_shuffle(codes, seed=2)).any()


@pytest.mark.parametrize("text", ["ACAGATACCA", "AACCAGGA", "ACGTACGGT", "CACACAACCA"])
def test_every_sequence_with_the_counts_is_equally_likely(text):
    codes = encode([text])
    expected = all_with_the_same_counts(codes)
    n = 20_000
    seen = Counter(tuple(row) for row in dinucleotide_shuffle(np.repeat(codes, n, axis=0), seed=5).tolist())
    assert set(seen) == expected
    chi_square = sum((seen[row] - n / len(expected)) ** 2 for row in expected) / (n / len(expected))
    freedom = len(expected) - 1
    assert chi_square < freedom + 5 * np.sqrt(2 * freedom)  # five standard deviations above its mean


def test_unknown_bases_stay_and_each_stretch_between_them_keeps_its_counts():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (400, 90), dtype=np.uint8)
    before, after = rng.integers(0, 20, (2, 400, 1))
    place = np.arange(90)
    codes[(place < before) | (place >= 90 - after)] = 4
    codes[200:, 40:43] = 4
    codes[300:, 50] = 4  # and a stretch of seven
    shuffled = dinucleotide_shuffle(codes, seed=1)
    np.testing.assert_array_equal(shuffled == 4, codes == 4)
    np.testing.assert_array_equal(dinucleotides(shuffled), dinucleotides(codes))
    for part in (slice(0, 41), slice(40, 51), slice(50, 90)):
        np.testing.assert_array_equal(dinucleotides(shuffled[300:, part]), dinucleotides(codes[300:, part]))
    assert (shuffled != codes)[codes != 4].mean() > 0.5
    np.testing.assert_array_equal(np.full((2, 9), 4), dinucleotide_shuffle(np.full((2, 9), 4, dtype=np.uint8)))


def test_stretches_between_unknown_bases_are_uniform():
    codes = encode(["NNACAGATACCANACGTN"])
    stretch = codes[:, 2:12]
    expected = all_with_the_same_counts(stretch)
    seen = Counter(tuple(row) for row in dinucleotide_shuffle(np.repeat(codes, 20_000, axis=0))[:, 2:12].tolist())
    assert set(seen) == expected
    assert max(seen.values()) < 1.2 * min(seen.values())


def test_repeats_come_to_an_end():
    """Runs leave each letter by one edge among many: drawing all last edges anew until they fit would never end."""
    codes = np.array([[0] * 200 + [1] * 150 + [2] * 149 + [3]], dtype=np.uint8)
    np.testing.assert_array_equal(dinucleotide_shuffle(np.repeat(codes, 20, axis=0)), np.repeat(codes, 20, axis=0))


def test_blocks_do_not_show(monkeypatch):
    monkeypatch.setattr("motiflens.basics.shuffle._BLOCK", 90)
    codes = np.random.default_rng(0).integers(0, 4, (10, 30), dtype=np.uint8)
    np.testing.assert_array_equal(dinucleotides(dinucleotide_shuffle(codes)), dinucleotides(codes))


@pytest.mark.parametrize("shape", [(0, 10), (3, 1), (3, 3)])
def test_what_has_no_other_order_comes_back(shape):
    codes = np.zeros(shape, dtype=np.uint8)
    np.testing.assert_array_equal(dinucleotide_shuffle(codes), codes)


@pytest.mark.parametrize("codes", [np.zeros(5, np.uint8), np.zeros((2, 5)), np.full((2, 5), 5, np.uint8)])
def test_other_arrays_are_refused(codes):
    with pytest.raises(ValueError, match="uint8 codes 0 to 4"):
        dinucleotide_shuffle(codes)
