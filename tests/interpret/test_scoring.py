import numpy as np
import pytest
import torch
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

from motiflens.interpret.attribution import Interpretability, interpretability


def plain_loop(scores, ground_truth, info_threshold=0.1, top_k=20):
    """One sequence at a time, with scikit-learn."""
    rows = []
    for score, p in zip(scores, ground_truth, strict=True):
        information = 2 + np.sum(p * np.log2(np.clip(p, 1e-300, None)), axis=0)
        positive = np.flatnonzero(information > info_threshold)
        negative = np.flatnonzero(information == information.min())
        labels = np.r_[np.ones(len(positive)), np.zeros(len(negative))]
        values = np.r_[score[positive], score[negative]]
        precision, recall, _ = precision_recall_curve(labels, values)
        noise = np.sort(score[negative][score[negative] > 0])[::-1][:top_k]
        signal = score[positive].mean()
        snr = signal / noise.mean() if len(noise) == top_k else 0
        rows.append([roc_auc_score(labels, values), auc(recall, precision), signal, snr])
    return np.array(rows).T


def simulated(n, length, seed=0):
    """Ground truth with one to three runs of informative columns, some of them weak, and noisy scores."""
    rng = np.random.default_rng(seed)
    truth = np.full((n, 4, length), 0.25)
    for row in truth:
        for start in rng.choice(length // 10, size=rng.integers(1, 4), replace=False) * 10:
            row[:, start : start + 8] = rng.dirichlet(np.full(4, rng.choice([0.3, 20.0])), size=8).T
        row[:, 0] = [0.7, 0.1, 0.1, 0.1]
    informative = (truth != 0.25).any(axis=1)
    return (rng.standard_normal((n, length)) + informative).round(1), truth


def certain(length, *positions):
    truth = np.full((1, 4, length), 0.25)
    truth[0, :, list(positions)] = [1, 0, 0, 0]
    return truth


def test_equals_a_plain_loop():
    scores, truth = simulated(60, 120)
    result = interpretability(scores, truth)
    expected = plain_loop(scores, truth)
    got = np.array([result.auroc, result.aupr, result.signal, result.snr])
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert (expected[3] != 0).any()
    assert result.n_undefined == 0


@pytest.mark.parametrize(("info_threshold", "top_k"), [(0.5, 3), (0.0, 40), (0.05, 1)])
def test_options_equal_the_plain_loop(info_threshold, top_k):
    scores, truth = simulated(20, 80, seed=1)
    result = interpretability(scores, truth, info_threshold=info_threshold, top_k=top_k)
    expected = plain_loop(scores, truth, info_threshold, top_k)
    np.testing.assert_allclose(np.array(result)[[0, 1, 2, 4]], expected, rtol=1e-12)


def test_hand_set_values():
    scores = np.array([[3.0, 1.0, 2.0, 2.0, -5.0, 0.5]])
    result = interpretability(scores, certain(6, 0, 1), top_k=2)
    assert result.signal[0] == 2
    assert result.noise[0] == 2
    assert result.snr[0] == 1
    assert result.auroc[0] == 6 / 8  # 3 beats all four; 1 beats -5 and 0.5


def test_weak_columns_inside_a_motif_are_left_out():
    truth = certain(30, 0)
    truth[0, :, 1] = [0.3, 0.3, 0.2, 0.2]  # 0.03 bit
    scores = np.linspace(1, 0, 30)[None]
    high_weak = scores.copy()
    high_weak[0, 1] = 100
    np.testing.assert_array_equal(interpretability(high_weak, truth), interpretability(scores, truth))


def test_background_may_have_any_composition():
    truth = np.repeat(np.array([0.3, 0.2, 0.2, 0.3])[None, :, None], 50, axis=2)
    truth[0, :, 10:14] = np.array([0.97, 0.01, 0.01, 0.01])[:, None]
    scores = np.full((1, 50), 0.5)
    scores[0, 10:14] = 2
    result = interpretability(scores, truth)
    assert (result.auroc[0], result.aupr[0], result.snr[0]) == (1, 1, 4)


def test_a_truth_of_single_precision_is_scored_as_one_of_double():
    rng = np.random.default_rng(0)
    counts = np.array([0.3, 0.2, 0.2, 0.3])[:, None] * rng.integers(1, 2000, 200)
    truth = (counts / counts.sum(0))[None]  # the same background but for rounding
    truth[0, :, 50:60] = np.array([0.97, 0.01, 0.01, 0.01])[:, None]
    scores = rng.normal(size=(1, 200))
    exact, rounded = interpretability(scores, truth), interpretability(scores, truth.astype(np.float32))
    for one, other in zip(exact, rounded, strict=True):
        np.testing.assert_allclose(one, other)


def test_too_few_positive_background_scores_give_zero_snr():
    scores = np.full((1, 40), -1.0)
    scores[0, :20] = 1.0  # position 0 is motif: 19 positive scores among background
    result = interpretability(scores, certain(40, 0))
    assert result.snr[0] == 0
    assert np.isnan(result.noise[0])
    scores[0, 20] = 1.0
    assert interpretability(scores, certain(40, 0)).snr[0] == 1
    assert interpretability(scores[:, :5], certain(5, 0)).snr[0] == 0  # shorter than top_k


def test_zero_scores_are_chance():
    result = interpretability(np.zeros((1, 40)), certain(40, *range(10)))
    assert result.auroc[0] == 0.5
    assert result.aupr[0] == pytest.approx(0.625)  # (1 + 10 / 40) / 2
    assert result.snr[0] == 0


@pytest.mark.parametrize("truth", [certain(30), certain(30, *range(30))], ids=["no motif", "no background"])
def test_sequences_that_cannot_be_scored_are_nan_and_counted(truth):
    scores = np.arange(60.0).reshape(2, 30)
    result = interpretability(scores, np.concatenate([truth, certain(30, 29)]))
    assert all(np.isnan(values[0]) for values in result)
    assert not any(np.isnan(values[1]) for values in result)
    assert result.n_undefined == 1
    assert result.means() == {name: value[1] for name, value in result._asdict().items()}


def test_means_of_nothing_are_nan():
    result = interpretability(np.zeros((0, 30)), np.zeros((0, 4, 30)))
    assert result.auroc.shape == (0,)
    assert np.isnan(list(result.means().values())).all()


def test_tensors_and_single_precision_give_arrays():
    scores, truth = simulated(10, 80, seed=2)
    expected = interpretability(np.float32(scores).astype(float), truth)
    result = interpretability(torch.tensor(scores).float().requires_grad_(), torch.tensor(truth).float())
    assert isinstance(result, Interpretability)
    assert all(isinstance(values, np.ndarray) and values.dtype == np.float64 for values in result)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("scores", "truth", "options", "message"),
    [
        (np.zeros((1, 4, 30)), certain(30, 0), {}, "sum the attributions over the bases"),
        (np.zeros(30), certain(30, 0), {}, r"shape \(N, L\)"),
        (np.zeros((1, 29)), certain(30, 0), {}, r"ground_truth of shape \(1, 4, 29\)"),
        (np.zeros((2, 30)), certain(30, 0), {}, r"ground_truth of shape \(2, 4, 30\)"),
        (np.full((1, 30), np.nan), certain(30, 0), {}, "NaN or infinite values in sequence 0"),
        (np.zeros((1, 30)), certain(30, 0) * 2, {}, "columns sum to 1"),
        (np.zeros((1, 30)), certain(30, 0), {"info_threshold": 2.0}, "info_threshold"),
        (np.zeros((1, 30)), certain(30, 0), {"top_k": 0}, "top_k"),
    ],
)
def test_bad_input_is_refused(scores, truth, options, message):
    with pytest.raises(ValueError, match=message):
        interpretability(scores, truth, **options)
