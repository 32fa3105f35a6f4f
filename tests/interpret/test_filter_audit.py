import numpy as np
import pytest

from motiflens.basics.sequence import encode
from motiflens.interpret.filters import (
    FalseMatches,
    FilterImportance,
    FilterPwms,
    filter_matches,
    filter_quality,
    filter_rows,
)
from motiflens.motifs.sets import load_motifs, select_motifs

UNIFORM = np.full((4, 20), 0.25)


def with_word(letters, start, sharp=1.0):
    pwm = UNIFORM.copy()
    pwm[:, start : start + len(letters)] = sharp * np.eye(4)[encode(letters)].T + (1 - sharp) / 4
    return pwm


def test_information_is_corrected_for_few_windows():
    pwms = np.stack([with_word("CACGTG", 5)] * 3 + [UNIFORM])
    quality = filter_quality(pwms, np.array([10**9, 30, 0, 0]))
    # Uniform columns have nothing to take away from, so that six certain ones remain.
    by_chance = 3 / (2 * np.log(2) * 30)
    np.testing.assert_allclose(quality.information, [12, 6 * (2 - by_chance), 0, 0], atol=1e-6)
    assert quality.low_information.tolist() == [False] * 4  # dead ones are dead


def test_a_blurred_filter_has_low_information():
    pwms = np.stack([with_word("CACGTG", 5), with_word("CACGTG", 5, sharp=0.5), with_word("CA", 3)])
    quality = filter_quality(pwms, np.full(3, 1000))
    assert quality.low_information.tolist() == [False, True, True]
    assert quality.pairs == ()  # those of low information are left out


def test_similar_filters_are_paired_over_shifts_and_strands():
    filters = ["GATTACAG", "CCGGAAGTGG", "GATTACAG", "CTGTAATC"]
    pwms = np.stack([with_word(word, start) for word, start in zip(filters, (4, 6, 9, 5), strict=True)])
    quality = filter_quality(pwms, np.full(4, 1000))
    assert [pair[:2] for pair in quality.pairs] == [(0, 2), (0, 3), (2, 3)]
    assert [pair.strand for pair in quality.pairs] == [1, -1, -1]
    np.testing.assert_allclose([pair.similarity for pair in quality.pairs], 1)
    assert quality.redundant.tolist() == [False, False, True, False]


def test_copies_of_a_palindrome_are_redundant_whichever_strand_is_ahead():
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts = rng.multinomial(500, [0.94, 0.02, 0.02, 0.02], size=(2, 6))
        pwms = np.stack([UNIFORM, UNIFORM])
        for pwm, own in zip(pwms, counts, strict=True):
            for column, base in enumerate(encode("CACGTG")):
                others = [other for other in range(4) if other != base]
                pwm[[base, *others], 5 + column] = own[column] / 500
        quality = filter_quality(pwms, np.array([500, 500]))
        assert quality.redundant.tolist() == [False, True]


def test_rows_hold_everything_about_a_filter():
    database = load_motifs("JASPAR2016-vertebrates")
    gabpa = select_motifs(database, ["MA0062.2"])[0]
    pwms = np.stack([UNIFORM.copy(), UNIFORM])
    pwms[0, :, 3 : 3 + gabpa.width] = gabpa.pwm
    filters = FilterPwms(pwms, np.array([800, 0]))
    matches = filter_matches(pwms, database, truth={"ETS": ["MA0062"]})
    quality = filter_quality(*filters)
    values = np.arange(4.0).reshape(2, 2)
    importance = FilterImportance(values, values + 10, values + 20, np.zeros(2), values + 30, "auroc", 50)
    chance = FalseMatches(0.5, np.zeros(4), np.array([0.25, 0]), 0)
    first, second = filter_rows(
        filters, matches, quality, importance=importance, chance=chance, label_names=("one", "two")
    )
    assert (first["match"], first["name"], first["factor"], first["outcome"]) == ("MA0062.2", "Gabpa", "ETS", "true")
    assert first["n_windows"] == 800
    assert first["decoy_share"] == 0.25
    assert [first[f"two:{name}"] for name in ("positives", "negatives", "size", "drop")] == [1, 11, 21, 31]
    assert (second["flags"], second["match"], second["q"], second["one:drop"]) == ("dead", None, None, 32)
    plain = filter_rows(filters, matches, quality)[0]
    assert plain["decoy_share"] is None
    assert "one:drop" not in plain


def test_counts_must_fit():
    with pytest.raises(ValueError, match="one count for each of 2 filters, got 3"):
        filter_quality(np.stack([UNIFORM] * 2), np.ones(3))
