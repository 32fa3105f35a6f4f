"""Sites are put where positives have them: a network that knows a motif in the middle knows it nowhere else."""

import numpy as np
import pytest
from toy_detectors import WORD, Detector, word

from motiflens.basics.inputs import as_sequences
from motiflens.basics.sequence import encode
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.spike_in import spike_in
from motiflens.interpret.spike_in.implants import implant
from motiflens.interpret.spike_in.places import motif_places, uniform_p_value
from motiflens.motifs.hits import best_starts, motif_hits

LENGTH, MIDDLE = 120, 55
CODES = np.random.default_rng(7).integers(0, 4, size=(240, LENGTH), dtype=np.uint8)
SITE = encode([WORD])[0]


def data_set(starts):
    """Sites in every other sequence, the positives, at these places."""
    codes = CODES.copy()
    for row, start in zip(range(0, len(codes), 2), starts, strict=True):
        codes[row, start : start + len(SITE)] = SITE
    y = np.arange(len(codes)) % 2 == 0
    return SequenceDataset.from_arrays(codes, y[:, None].astype(float), split=["test"] * len(codes))


def central(rng):
    return rng.integers(MIDDLE - 4, MIDDLE + 5, len(CODES) // 2)


def anywhere(rng):
    return rng.integers(0, LENGTH - len(SITE) + 1, len(CODES) // 2)


class _InTheMiddle(Detector):
    """Finds the word on either strand, but only around the middle."""

    def forward(self, x):
        return super().forward(x[:, :, MIDDLE - 5 : MIDDLE + len(WORD) + 6])


def test_places_are_those_of_the_positives_and_only_where_they_are_uneven():
    rng = np.random.default_rng(1)
    middle, spread = data_set(central(rng)), data_set(anywhere(rng))
    (found,) = motif_places(as_sequences(middle), 0, [word()], seed=0)
    assert len(found) >= 115  # of 120
    assert (np.abs(found - MIDDLE) <= 4).mean() > 0.95
    assert motif_places(as_sequences(spread), 0, [word()], seed=0) == [None]
    assert motif_places(as_sequences(middle), 0, [word("CCTGATGTCA")], seed=0) == [None]
    assert motif_places(as_sequences(CODES), 0, [word()], seed=0) == [None]  # no labels


@pytest.mark.parametrize("power", [1.0, 1.2, 1.5])
@pytest.mark.parametrize("n", [20, 100])
def test_uniform_places_are_tested_as_others_test_them(n, power):
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(n).random(n) ** power
    assert uniform_p_value(values) == pytest.approx(stats.kstest(values, "uniform").pvalue, rel=0.05, abs=2e-3)


def test_a_network_that_knows_the_middle_is_judged_there():
    middle = data_set(central(np.random.default_rng(2)))
    found = spike_in(_InTheMiddle(len(WORD) + 11), middle, motifs=[word()], seed=1)
    assert found.at_places.tolist() == [True]
    assert found.responses.change[0, 0] > 0.4  # a site raises the output by 0.5
    (sites,) = found.sites
    assert np.bincount(sites.sequence).tolist() == [1] * len(found.measured_on)
    around = np.abs(sites.start - MIDDLE) <= 4
    assert around.mean() > 0.9
    assert found.scores.auroc[0, 0, around].min() == 1
    summary = found.summary()
    assert summary["motifs"][0]["at_places"] is True
    bare = spike_in(_InTheMiddle(len(WORD) + 11), CODES, motifs=[word()], seed=1)
    assert bare.at_places.tolist() == [False]
    assert bare.responses.change[0, 0] < found.responses.change[0, 0] / 3


def test_sites_at_places_never_overlap_and_there_is_always_one():
    places = [np.array([30, 31, 32]), None]
    codes, truth = implant(CODES, [word(), word("CCTGATGTCA")], n_sites=3, margin=5, seed=(1, 2), places=places)
    per_sequence = np.bincount(truth.sequence, minlength=len(CODES))
    assert per_sequence.min() >= 1
    assert per_sequence.max() == 3
    assert set(truth.start[truth.motif == 0].tolist()) == {30, 31, 32}
    assert len(set(truth.start[truth.motif == 1].tolist())) > 20
    same = implant(CODES, [word(), word("CCTGATGTCA")], n_sites=3, margin=5, seed=(1, 2), places=places)
    assert np.array_equal(same.codes, codes)
    outside = np.ones(codes.shape, dtype=bool)
    for row, start in zip(truth.sequence, truth.start, strict=True):
        outside[row, start : start + len(WORD)] = False
    assert np.array_equal(codes[outside], CODES[outside])


def test_places_hide_no_unknown_base():
    codes = CODES[:40].copy()
    codes[:20, 33] = 4
    spiked, truth = implant(codes, [word()], n_sites=1, margin=0, seed=(3,), places=[np.array([25, 33, 60])])
    assert (spiked == 4).sum() == 20
    assert np.array_equal(np.sort(np.unique(truth.sequence)), np.arange(40))
    assert 33 not in truth.start[truth.sequence < 20]
    with pytest.raises(ValueError, match="found no room for 1 sites"):
        implant(codes[:20], [word()], n_sites=1, margin=0, seed=(3,), places=[np.array([30])])


def test_best_starts_are_the_best_hits():
    codes = CODES[:30].copy()
    codes[5, 10] = 4
    codes[6] = 4
    starts, scores = best_starts(codes, word())
    for row, score in enumerate(scores):
        hits = motif_hits(codes[row], [word()], p=0.999)
        if hits:
            best = max(hits, key=lambda hit: hit.score)
            assert score == pytest.approx(best.score)
            window = codes[row, starts[row] : starts[row] + len(WORD)]
            assert max(hit.score for hit in motif_hits(window, [word()], p=0.999)) == pytest.approx(score)
        else:
            assert score == -np.inf
    with pytest.raises(ValueError, match="at most 5 bp, got 10 bp"):
        best_starts(codes[:, :5], word())
