"""Scores where labels are missing: those of the sequences that have them, by other programs."""

import numpy as np
import pytest
import torch
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

from motiflens.basics.metrics import (
    classification_metrics,
    labelled,
    mean_squared_error,
    pearson,
    regression_metrics,
)
from motiflens.basics.performance import performances

RNG = np.random.default_rng(0)
MISSING = RNG.random((60, 3)) < 0.3
CLASSES = np.where(MISSING, np.nan, RNG.integers(0, 2, (60, 3))).astype(np.float32)
VALUES = np.where(MISSING, np.nan, RNG.normal(5, 2, (60, 3))).astype(np.float32)
SCORES = np.nan_to_num(CLASSES) + RNG.normal(size=(60, 3))


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_correlation_and_error_are_those_of_what_counts(kind):
    mask = labelled(kind(VALUES.T))
    r, error = pearson(VALUES.T, kind(SCORES.T), mask), mean_squared_error(VALUES.T, kind(SCORES.T), mask)
    for t in range(3):
        y, x = VALUES[~MISSING[:, t], t].astype(np.float64), SCORES[~MISSING[:, t], t]
        assert float(r[t]) == pytest.approx(np.corrcoef(y, x)[0, 1], rel=1e-12)
        assert float(error[t]) == pytest.approx(np.square(y - x).mean(), rel=1e-12)


def test_constants_among_what_counts():
    y, mask = np.array([1.0, 2, 3, np.nan]), np.array([True, True, True, False])
    assert pearson(y, np.array([5.0, 5, 5, 9]), mask) == 0
    assert np.isnan(pearson(np.array([5.0, 5, 5, 9]), np.arange(4.0), mask))
    assert np.isnan(pearson(y, np.arange(4.0), np.zeros(4, bool)))
    assert labelled(np.ones(3)) is None


def test_micro_averages_leave_missing_labels_out():
    y, x = CLASSES[~MISSING], SCORES[~MISSING]
    found = classification_metrics(torch.as_tensor(SCORES), CLASSES)
    precision, recall, _ = precision_recall_curve(y, x)
    assert found == pytest.approx({"auroc": roc_auc_score(y, x), "aupr": auc(recall, precision)})
    found = regression_metrics(torch.as_tensor(SCORES), VALUES)
    by_label = [np.corrcoef(VALUES[~MISSING[:, t], t], SCORES[~MISSING[:, t], t])[0, 1] for t in range(3)]
    assert found["pearson"] == pytest.approx(np.mean(by_label))


@pytest.mark.parametrize("y", [CLASSES, VALUES], ids=["classes", "values"])
def test_resampled_scores_leave_missing_labels_out(y):
    """Beside what other programs say of each resample, drawn again by the same random numbers."""
    found = performances(y, {"a": SCORES}, n_resamples=15, seed=3)["a"]
    counts = np.random.default_rng(3).multinomial(60, np.full(60, 1 / 60), size=15)
    for measure, performance in found.items():
        for i, count in enumerate(np.vstack([np.ones(60, int), counts])):
            rows = np.repeat(np.arange(60), count)
            drawn, scores, there = y[rows].astype(np.float64), SCORES[rows], ~np.isnan(y[rows])
            if measure == "pearson":
                expected = np.mean([np.corrcoef(drawn[k, t], scores[k, t])[0, 1] for t, k in enumerate(there.T)])
            elif measure == "auroc":
                expected = roc_auc_score(drawn[there], scores[there])
            else:
                precision, recall, _ = precision_recall_curve(drawn[there], scores[there])
                expected = auc(recall, precision)
            got = performance.members[0] if i == 0 else performance.resampled[i - 1]
            assert got == pytest.approx(expected, rel=1e-9), (measure, i)


def test_a_label_that_no_sequence_has_scores_nothing():
    y = np.column_stack([VALUES[:, 0], np.full(60, np.nan)])
    both = performances(y, {"a": SCORES[:, :2]}, n_resamples=5)["a"]["pearson"]
    alone = performances(y[:, :1], {"a": SCORES[:, :1]}, n_resamples=5)["a"]["pearson"]
    np.testing.assert_allclose(both.members, alone.members)
    np.testing.assert_allclose(both.resampled, alone.resampled)
