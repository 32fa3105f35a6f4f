"""Hits of motifs in a sequence: p-values against all words, both strands, no overlaps."""

from itertools import product

import numpy as np
import pytest

from motiflens.basics.sequence import encode
from motiflens.motifs.hits import motif_hits
from motiflens.motifs.sets import Motif


def word(letters, name=""):
    return Motif(letters, name or letters, np.eye(4)[encode(letters)].T)


def test_p_values_are_the_share_of_all_words_that_score_as_high():
    rng = np.random.default_rng(0)
    motif = Motif("m", "m", rng.dirichlet([0.4] * 4, 6).T, 17)
    smooth = (motif.pwm * 17 + 0.25) / 18
    steps = np.rint(100 * np.log2(4 * smooth)).astype(int)
    of_words = np.array([sum(steps[base, i] for i, base in enumerate(bases)) for bases in product(range(4), repeat=6)])
    codes = rng.integers(0, 4, 400)
    hits = [hit for hit in motif_hits(codes, [motif], p=0.2) if hit.strand == 1]
    assert len(hits) > 20
    for hit in hits:
        score = sum(steps[base, i] for i, base in enumerate(codes[hit.start : hit.stop]))
        assert hit.score == pytest.approx(score / 100)
        assert hit.p_value == pytest.approx((of_words >= score).mean())


def test_words_are_found_where_they_are_on_either_strand():
    codes = encode("T" * 20 + "GGATTACC" + "T" * 20 + "GGTAATCC" + "T" * 4)
    hits = motif_hits(codes, [word("GGATTACC", "first"), word("A" * 61)])
    assert [hit[:4] for hit in hits] == [
        (20, 28, "first", 1),
        (48, 56, "first", -1),
    ]
    assert hits[0].p_value == pytest.approx(4.0**-8)


def test_of_overlapping_hits_the_best_is_kept():
    codes = encode("TTTTGGATTACCATTTT")
    hits = motif_hits(codes, [word("GGATTACC"), word("GATTACCA"), word("GGATTACCA")], p=1e-3)
    assert [hit.label for hit in hits] == ["GGATTACCA"]


def test_unknown_bases_hold_no_site():
    assert motif_hits(encode("GGATNACC"), [word("GGATTACC")], p=0.5) == []


@pytest.mark.parametrize(("codes", "p"), [(np.zeros((2, 5)), 1e-4), (np.zeros(5), 0), (np.full(5, 9), 1e-4)])
def test_wrong_input_is_refused(codes, p):
    with pytest.raises(ValueError, match=r"one sequence|between 0 and 1"):
        motif_hits(codes, [word("ACG")], p=p)
