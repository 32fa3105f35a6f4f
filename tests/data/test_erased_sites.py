"""Sites erased from simulated sequences: what is left, and what stands in their place."""

import numpy as np
import pytest

from motiflens.basics.errors import InputError
from motiflens.data.simulate import erase_sites, spaced_grammar


@pytest.fixture(scope="module")
def whole():
    return spaced_grammar(4_000, level=1, seed=2, length=72, n_motifs=12, n_pairs=6, n_decoys=3)


def keys(truth):
    """One number per site."""
    table = truth.table()
    return (table.sequence.astype(int) * truth.length + table.start) * len(truth.motifs) + table.motif


def test_half_of_the_sites_of_a_share_of_sequences_go_and_nothing_else_changes(whole):
    left = erase_sites(whole, share=0.5, seed=1)
    kept = np.isin(keys(whole.truth), keys(left.truth))
    assert kept.sum() == len(left.truth.sequence)  # no site is new
    lost = np.bincount(whole.truth.sequence[~kept], minlength=len(whole))
    n = np.bincount(whole.truth.sequence, minlength=len(whole))
    # A sequence of n sites loses none with 1/2 + 1/2 (1/2)^n.
    assert (lost == 0).mean() == pytest.approx((0.5 + 0.5 * 0.5**n).mean(), abs=0.03)
    assert (~kept).mean() == pytest.approx(0.25, abs=0.02)
    counts = np.bincount(left.truth.sequence, minlength=len(left))
    assert {0, 1} <= set(counts.tolist())
    covered = np.zeros(whole.codes.shape, bool)
    for row, start, motif in zip(
        whole.truth.sequence[~kept], whole.truth.start[~kept], whole.truth.motif[~kept], strict=True
    ):
        covered[row, start : start + whole.truth.motifs[motif].width] = True
    np.testing.assert_array_equal(left.codes[~covered], whole.codes[~covered])
    shares = np.bincount(left.codes[covered], minlength=4) / covered.sum()
    np.testing.assert_allclose(shares, 0.25, atol=0.01)
    np.testing.assert_array_equal(left.y, whole.y)
    assert left.metadata["erased_share"] == 0.5


def test_the_same_seed_erases_the_same_sites_and_the_data_given_stay(whole):
    before = whole.codes.copy()
    one, same, other = (erase_sites(whole, share=0.5, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.codes, same.codes)
    assert (one.codes != other.codes).any()
    np.testing.assert_array_equal(whole.codes, before)
    np.testing.assert_array_equal(erase_sites(whole, share=0).codes, before)


def test_what_cannot_be_erased(whole):
    with pytest.raises(InputError, match=r"from 0 to 1, got 1\.5"):
        erase_sites(whole, share=1.5)
    background = np.tile(np.arange(4, dtype=np.uint8), (1, 50))
    real = spaced_grammar(40, level=1, length=100, n_motifs=12, n_pairs=6, n_decoys=3, background=background)
    with pytest.raises(InputError, match="background 'sequences'"):
        erase_sites(real, share=0.5)
