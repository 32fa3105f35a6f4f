import numpy as np
import pytest

from motiflens.basics.sequence import encode
from motiflens.interpret.filters import FalseMatches, false_matches, filter_matches
from motiflens.motifs.decoys import decoy_motifs
from motiflens.motifs.sets import Motif, load_motifs
from motiflens.motifs.shuffles import SAME_MOTIF
from motiflens.motifs.similarity import similarity


def word(letters, id_="word"):
    return Motif(id_, id_, np.eye(4)[encode(letters)].T)


@pytest.fixture(scope="module")
def database():
    return load_motifs("JASPAR2016-vertebrates")


def padded(motifs, window=30):
    """Matrices of one width, as filters have them."""
    pwms = np.full((len(motifs), 4, window), 0.25)
    for pwm, motif in zip(pwms, motifs, strict=True):
        pwm[:, 5 : 5 + motif.width] = motif.pwm
    return pwms


def test_a_decoy_keeps_the_columns_in_another_order(database):
    decoys, differs = decoy_motifs(database, 3)
    assert differs.all()
    for motif, decoy in zip(database, decoys, strict=True):
        assert (decoy.id, decoy.name, decoy.n_sites, decoy.width) == (motif.id, motif.name, motif.n_sites, motif.width)
        assert sorted(map(tuple, decoy.pwm.T)) == sorted(map(tuple, motif.pwm.T))
        assert similarity(motif.pwm, decoy.pwm).value < SAME_MOTIF


def test_seeds_reproduce(database):
    first, again, other = (decoy_motifs(database[:5], seed)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(a.pwm, b.pwm) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.pwm, b.pwm) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("letters", ["AAAAAAAA", "A", "CCCC"])
def test_equal_columns_have_no_decoy(letters):
    _, differs = decoy_motifs([word(letters), word("CACGTG"), Motif("flat", "flat", np.full((4, 6), 0.25))])
    # Every column of a flat motif is the same; its similarity to anything is 0, and it matches nothing.
    assert differs.tolist()[:2] == [False, True]


def test_a_palindrome_never_comes_back():
    for seed in range(200):
        (decoy,), (differs,) = decoy_motifs([word("CACGTG")], seed)
        assert differs
        assert decoy.pwm.argmax(0).tolist() != encode("CACGTG").tolist()


def test_hits_to_the_copy_of_a_motif_without_decoy_do_not_count(database):
    """A filter of one letter matches poly-A, which shuffling leaves as it is."""
    poly = word("A" * 12, "poly")
    targets = [poly, *(motif for motif in database[:200] if motif.pwm[0].mean() < 0.3)]
    pwms = padded([poly])
    matches = filter_matches(pwms, targets)
    assert matches.rows[0].best.target_id == "poly"
    found = false_matches(pwms, matches, targets, n_decoys=5)
    assert found.n_left_out == 1
    assert found.observed == 1
    assert found.expected == 0


def test_filters_that_are_motifs_exceed_chance(database):
    pwms = padded(database[::20])
    found = false_matches(pwms, filter_matches(pwms, database), database, n_decoys=9)
    assert found.observed == 1
    assert found.decoy_shares.shape == (9,)
    assert found.per_filter.shape == (len(pwms),)
    assert found.expected == pytest.approx(found.per_filter.mean())
    assert found.expected < 0.4
    assert found.p_value == 0.1


def test_filters_of_shuffled_columns_match_as_often_as_expected(database):
    """Calibration: such filters and the database are no more alike than the filters and its decoys."""
    shares = []
    for seed in range(3):
        shuffled, _ = decoy_motifs(database[seed::13], 100 + seed)
        pwms = padded(shuffled)
        found = false_matches(pwms, filter_matches(pwms, database), database, n_decoys=4, seed=seed)
        shares.append((found.observed, found.expected))
    observed, expected = np.mean(shares, axis=0)
    error = np.sqrt(expected * (1 - expected) / (3 * 40))
    assert abs(observed - expected) < 3 * error
    assert expected > 0.02  # so that the comparison means something


def test_interval_and_p_value_are_those_of_the_shares():
    shares = np.linspace(0, 0.4, 41)
    found = FalseMatches(0.39, shares, np.zeros(10), 0)
    assert found.expected == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.01, 0.39))
    assert found.p_value == pytest.approx(3 / 42)  # .39 and .40


def test_dead_filters_match_no_decoy(database):
    pwms = np.full((2, 4, 20), 0.25)
    found = false_matches(pwms, filter_matches(pwms, database[:50]), database[:50], n_decoys=2)
    assert (found.observed, found.expected, found.p_value) == (0, 0, 1)


def test_what_does_not_fit_is_refused(database):
    pwms = padded(database[:3])
    matches = filter_matches(pwms, database[:20])
    with pytest.raises(ValueError, match="n_decoys must be at least 1"):
        false_matches(pwms, matches, database[:20], n_decoys=0)
    with pytest.raises(ValueError, match="database of 21 motifs, got those of 3 filters with 20"):
        false_matches(pwms, matches, database[:21])
    with pytest.raises(ValueError, match="these 2 filters"):
        false_matches(pwms[:2], matches, database[:20])
    same = [word("AAAAA"), word("CCC", "other")]
    with pytest.raises(ValueError, match="no motif of the database changes"):
        false_matches(pwms, filter_matches(pwms, same), same)
