"""The compiled complete scores against those in NumPy, integer by integer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.motifs.compiled_scores import LIBRARY, compiled_scores
from motiflens.motifs.complete_scores import METRICS, complete_scores, lay_out
from motiflens.motifs.sets import load_motifs

pytestmark = pytest.mark.skipif(LIBRARY.load()[0] is None, reason=f"no library: {LIBRARY.load()[1]}")


def random_pwms(rng, widths, sharpness):
    return [rng.dirichlet(np.full(4, sharpness), size=width).T for width in widths]


def compare(queries, targets, metric, n_sites=20, orders=None):
    layout = lay_out(targets, np.full(len(targets), n_sites))
    sites = np.full(len(queries), 20)
    found = compiled_scores(queries, sites, layout, metric, orders)
    expected = complete_scores(queries, sites, layout, metric, orders)
    np.testing.assert_array_equal(found.offset, expected.offset)
    np.testing.assert_array_equal(found.overlap, expected.overlap)
    np.testing.assert_allclose(found.p, expected.p, rtol=1e-11)


@settings(deadline=None, max_examples=60)
@given(
    metric=st.sampled_from(sorted(METRICS)),
    query_widths=st.lists(st.integers(1, 30), max_size=4),
    target_widths=st.lists(st.integers(1, 30), min_size=1, max_size=80),
    sharpness=st.sampled_from([0.01, 0.3, 5]),
    n_sites=st.sampled_from([1, 20, 1000]),
    seed=st.integers(0, 999),
)
def test_small_databases(metric, query_widths, target_widths, sharpness, n_sites, seed):
    rng = np.random.default_rng(seed)
    queries = random_pwms(rng, query_widths, sharpness)
    compare(queries, random_pwms(rng, target_widths, sharpness), metric, n_sites)


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("width", [1, 7, 100])
def test_a_whole_database(metric, width):
    targets = [motif.pwm for motif in load_motifs("JASPAR2020")]
    rng = np.random.default_rng(width)
    compare([rng.dirichlet(np.full(4, 0.5), size=width).T, targets[3]], targets, metric)


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_many_equal_scores_hide_no_median(metric):
    """Where a sample cannot bracket the median, all scores are looked at."""
    rng = np.random.default_rng(0)
    columns = np.eye(4)[rng.integers(0, 4, (900, 8))].transpose(0, 2, 1)  # n, 4, 8: few distinct scores
    columns[::3] = rng.dirichlet(np.ones(4), size=(300, 8)).transpose(0, 2, 1)
    compare([columns[0], columns[1], columns[2][:, :3]], list(columns), metric)


def test_widths_beyond_those_of_vectors():
    rng = np.random.default_rng(1)
    compare(random_pwms(rng, [1, 100], 0.5), random_pwms(rng, [300, 1, 33] + [64] * 70, 0.5), "pearson")


def test_other_orders_of_the_columns():
    rng = np.random.default_rng(2)
    queries, targets = random_pwms(rng, [5, 9], 0.4), random_pwms(rng, [4, 6, 6, 11] * 5, 0.4)
    n_columns = 2 * sum(pwm.shape[1] for pwm in targets)
    compare(queries, targets, "pearson", orders=np.stack([rng.permutation(n_columns) for _ in range(3)]))
