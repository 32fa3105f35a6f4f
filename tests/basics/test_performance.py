import numpy as np
import pytest

from motiflens.basics.metrics import aupr, auroc
from motiflens.basics.performance import _areas, _pearson, performances


def resample(rng, n, n_rows):
    rows = rng.integers(n, size=(n_rows, n))
    return rows, np.stack([np.bincount(row, minlength=n) for row in rows]).astype(float)


@pytest.mark.parametrize("n_labels", [1, 3])
def test_weighted_areas_are_those_of_the_resampled_sequences(n_labels):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(40, n_labels)).astype(np.float32)
    scores = np.round(rng.normal(size=(40, n_labels)) + y, 1)  # with ties
    rows, weights = resample(rng, 40, 20)
    drawn_y, drawn = y[rows].reshape(20, -1), scores[rows].reshape(20, -1)
    np.testing.assert_allclose(_areas(y, scores, weights), [auroc(drawn_y, drawn), aupr(drawn_y, drawn)])


def test_a_resample_of_one_class_is_undefined():
    y = np.array([[0.0], [0], [1]])
    found = _areas(y, np.array([[0.1], [0.2], [0.3]]), np.array([[1.0, 1, 0], [0, 0, 2], [1, 1, 1]]))
    np.testing.assert_array_equal(found, [[np.nan, np.nan, 1], [np.nan, np.nan, 1]])


def test_weighted_correlation_is_that_of_the_resampled_sequences():
    rng = np.random.default_rng(0)
    y = rng.normal(5, 1, size=(30, 2))
    values = y + rng.normal(size=(30, 2))
    rows, weights = resample(rng, 30, 10)
    expected = [np.mean([np.corrcoef(y[r, t], values[r, t])[0, 1] for t in range(2)]) for r in rows]
    np.testing.assert_allclose(_pearson(y, values, weights)[0], expected)
    for constant in (1, 0.1):  # as of `metrics.pearson`: predictions that say nothing, labels that cannot be told
        values = np.full((30, 2), constant)
        np.testing.assert_array_equal(_pearson(y, values, weights), np.zeros((1, 10)))
        assert np.isnan(_pearson(values, y, weights)).all()
        half = np.column_stack([y[:, 0], values[:, 0]])
        np.testing.assert_allclose(_pearson(half, y, weights), _pearson(y[:, :1], y[:, :1], weights))


def test_intervals_cover_and_are_paired():
    rng = np.random.default_rng(1)
    y = np.repeat([0.0, 1], 200)[:, None]
    good, worse = rng.normal(size=(400, 1)) + y, rng.normal(size=(400, 1)) + 0.5 * y
    found = performances(y, {"good": np.stack([good, good + 0.1]), "worse": worse}, n_resamples=500)
    area = found["good"]["auroc"]
    np.testing.assert_allclose(area.members, float(auroc(y[:, 0], good[:, 0])))
    # standard error of an AUROC (Hanley and McNeil 1982), to a tenth
    a = area.members[0]
    error = np.sqrt((a * (1 - a) + 199 * (a / (2 - a) - a**2) + 199 * (2 * a**2 / (1 + a) - a**2)) / 200**2)
    assert area.resampled.std() == pytest.approx(error, rel=0.15)
    assert area.interval.low < area.interval.estimate < area.interval.high
    gain = area.minus(found["worse"]["auroc"])
    assert gain.estimate == pytest.approx(area.members.mean() - found["worse"]["auroc"].members[0])
    assert 0 < gain.low < gain.high
    same = area.minus(area)
    assert (same.estimate, same.low, same.high) == (0, 0, 0)


def test_blocks_do_not_change_the_result(monkeypatch):
    rng = np.random.default_rng(1)
    y, scores = rng.integers(0, 2, size=(50, 2)), rng.normal(size=(50, 2))
    whole = performances(y, {"a": scores}, n_resamples=30)["a"]["aupr"]
    monkeypatch.setattr("motiflens.basics.performance._BLOCK", 300)
    np.testing.assert_array_equal(
        performances(y, {"a": scores}, n_resamples=30)["a"]["aupr"].resampled, whole.resampled
    )


def test_errors_say_what_was_expected():
    y = np.array([[0], [1], [1]])
    with pytest.raises(ValueError, match=r"shape \(3, 1\) or \(E, 3, 1\), got \(2, 1\)"):
        performances(y, {"a": np.ones((2, 1))})
    with pytest.raises(ValueError, match="NaN or infinity from 'a'"):
        performances(y, {"a": np.full((3, 1), np.nan)})
    with pytest.raises(ValueError, match="at least one resample"):
        performances(y, {}, n_resamples=0)
    a, b = (performances(y, {"a": np.ones((3, 1))}, n_resamples=n)["a"]["auroc"] for n in (5, 6))
    with pytest.raises(ValueError, match="got auroc on 6"):
        a.minus(b)
