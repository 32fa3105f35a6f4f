import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.motifs.similarity import similarity


def random_pwm(width, seed):
    return np.random.default_rng(seed).dirichlet([0.3] * 4, width).T


def by_hand(a, b):
    """Every shift, one column at a time."""
    best = (-np.inf, 0, 0)
    for strand, other in ((1, b), (-1, b[::-1, ::-1])):
        for offset in range(-b.shape[1] + 1, a.shape[1]):
            total = 0.0
            for j in range(b.shape[1]):
                if 0 <= offset + j < a.shape[1]:
                    total += float((a[:, offset + j] - 0.25) @ (other[:, j] - 0.25))
            if total > best[0] + 1e-12:
                best = (total, offset, strand)
    return best[0] / np.sqrt(((a - 0.25) ** 2).sum() * ((b - 0.25) ** 2).sum()), best[1], best[2]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10_000))
def test_equals_the_definition(first, second, seed):
    a, b = random_pwm(first, seed), random_pwm(second, seed + 1)
    value, offset, strand = by_hand(a, b)
    found = similarity(a, b)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert (found.offset, found.strand) == (offset, strand)
    assert similarity(b, a).value == pytest.approx(value, abs=1e-12)


def test_shifts_and_strands_are_found():
    a = random_pwm(12, 0)
    assert similarity(a, a) == pytest.approx((1, 0, 1))
    assert similarity(a, a[::-1, ::-1]) == pytest.approx((1, 0, -1))
    flank = np.full((4, 3), 0.25)
    assert similarity(a, np.hstack([flank, a])) == pytest.approx((1, -3, 1))
    assert similarity(np.hstack([flank, a]), a) == pytest.approx((1, 3, 1))


def test_a_uniform_matrix_is_like_nothing():
    assert similarity(np.full((4, 5), 0.25), random_pwm(5, 0)).value == 0


@pytest.mark.parametrize("shape", [(5, 4), (4, 0), (4,)])
def test_matrices_have_four_rows(shape):
    with pytest.raises(ValueError, match=r"shape \(4, width\)"):
        similarity(random_pwm(4, 0), np.full(shape, 0.25))
