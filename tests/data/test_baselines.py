import itertools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from motiflens.basics.sequence import decode, encode
from motiflens.data.baselines import gc_scores, kmer_frequencies, kmer_model
from motiflens.data.dataset import SequenceDataset


@pytest.fixture(scope="module")
def data():
    """Label 0 likes GC, label 1 likes the word AAG; 240 sequences with a few unknown bases."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, size=(240, 60)).astype(np.uint8)
    y = rng.integers(0, 2, size=(240, 2))
    rich = rng.random((240, 60)) < 0.1 * y[:, :1]
    codes[rich] = rng.integers(1, 3, size=rich.sum())
    for row in np.flatnonzero(y[:, 1]):
        codes[row, 20:23] = codes[row, 40:43] = [0, 0, 2]
    codes[5, 10:14] = 4
    split = np.repeat(["train", "valid", "test"], [160, 40, 40])
    return SequenceDataset.from_arrays(codes, y, split=split)


def test_frequencies_are_those_of_counting_by_hand(data):
    words = ["".join(letters) for letters in itertools.product("ACGT", repeat=3)]
    found = kmer_frequencies(data.codes[:8], 3)
    for row, sequence in zip(found, decode(data.codes[:8]), strict=True):
        windows = [sequence[i : i + 3] for i in range(58)]
        windows = [word for word in windows if "N" not in word]
        np.testing.assert_allclose(row, [windows.count(word) / len(windows) for word in words])
    assert kmer_frequencies(np.full((1, 5), 4, np.uint8), 2).sum() == 0


def test_gc_has_the_direction_of_the_training_labels():
    codes = encode(["GGGG", "CCCA", "AAAA", "AAAC", "NNNN"])
    data = SequenceDataset.from_arrays(codes, [[1, 0], [1, 0], [0, 1], [0, 1], [0, 0]])
    scores = gc_scores(data)
    assert scores.shape == (5, 2)
    np.testing.assert_allclose(scores[:, 0], [0.5, 0.25, -0.5, -0.25, 0])
    np.testing.assert_allclose(scores[:, 1], -scores[:, 0])


@pytest.mark.parametrize("penalty", [0.003, 0.3])
def test_logistic_regression_is_scikit_learns(data, penalty):
    model = kmer_model(data, penalties=[penalty])
    x = kmer_frequencies(data.codes, 3)
    x = (x - x[:160].mean(axis=0)) / np.where(x[:160].std(axis=0) > 0, x[:160].std(axis=0), 1)
    for label in range(2):
        oracle = LogisticRegression(C=1 / (160 * penalty), tol=1e-10, max_iter=10_000).fit(x[:160], data.y[:160, label])
        np.testing.assert_allclose(model.weights[:, label], oracle.coef_[0], atol=1e-5)
        np.testing.assert_allclose(model.scores[:, label], oracle.decision_function(x), atol=1e-5)


def test_real_values_are_a_ridge_regression(data):
    rng = np.random.default_rng(1)
    y = (3 + kmer_frequencies(data.codes, 2) @ rng.normal(size=(16, 1)) + rng.normal(size=(240, 1)) / 9).astype("f4")
    real = SequenceDataset(data.codes, y, ("activity",), data.split_codes)
    model = kmer_model(real, k=2, penalties=[0.1])
    x = kmer_frequencies(data.codes, 2)
    x = (x - x[:160].mean(axis=0)) / x[:160].std(axis=0)
    oracle = Ridge(alpha=160 * 0.1, tol=1e-10).fit(x[:160], y[:160, 0].astype(float))
    np.testing.assert_allclose(model.scores[:, 0], oracle.predict(x), atol=1e-5)


def test_the_penalty_is_the_best_on_validation(data):
    penalties = [1e-4, 1e-2, 1.0]
    model = kmer_model(data, penalties=penalties)
    valid = data.split == "valid"
    for label in range(2):
        losses = []
        for penalty in penalties:
            z = kmer_model(data, penalties=[penalty]).scores[valid, label]
            losses.append(np.mean(np.logaddexp(0, z) - data.y[valid, label] * z))
        assert model.penalties[label] == penalties[int(np.argmin(losses))]
        alone = kmer_model(data, penalties=[model.penalties[label]])
        np.testing.assert_allclose(model.scores[:, label], alone.scores[:, label])
        np.testing.assert_allclose(model.weights[:, label], alone.weights[:, label])
        assert model.bias[label] == alone.bias[label]


def test_what_cannot_be_fitted_is_named(data):
    with pytest.raises(ValueError, match="k must be in 1 to 5 for sequences of 60 bp, got 7"):
        kmer_model(data, k=7)
    with pytest.raises(ValueError, match="penalties above 0"):
        kmer_model(data, penalties=[0.0])
    with pytest.raises(ValueError, match="expected train sequences to learn from"):
        gc_scores(data.test)
    with pytest.raises(ValueError, match="expected valid sequences to choose the penalty on"):
        kmer_model(data.train)


def test_a_label_of_one_class_and_constant_features_do_no_harm(data):
    ones = SequenceDataset(data.codes, np.ones((240, 1), np.float32), ("all",), data.split_codes)
    assert kmer_model(ones).scores.min() > 10
    same = SequenceDataset(np.zeros_like(data.codes), data.y, data.label_names, data.split_codes)
    rates = data.train.y.mean(axis=0, dtype=float)
    np.testing.assert_allclose(kmer_model(same).scores[0], np.log(rates / (1 - rates)), atol=1e-6)
