import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.filters import filter_importance
from motiflens.models.any_model import adapt
from motiflens.models.hybrid import build_model


def random_set(n=90, length=60, n_outputs=2, seed=0, real=False):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length), dtype=np.uint8)
    y = rng.normal(size=(n, n_outputs)) if real else rng.integers(0, 2, (n, n_outputs))
    return SequenceDataset.from_arrays(codes, y, split="test")


def linear_model(weights, n_filters=3):
    """Logits are weighted sums of the means of filters' maps: without filter f, T x F weights."""

    class Linear(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, n_filters, 5, padding=2)

        def forward(self, x):
            return torch.relu(self.conv(x)).mean(2) @ torch.as_tensor(weights).float().T

    return seeded(Linear)


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return make().eval()


def test_a_linear_network_loses_what_its_weights_say():
    """Closed form: the change is the weight times what the filter's mean map exceeds its mean by."""
    weights = np.array([[2.0, -1.0, 0.0], [0.5, 0.0, 3.0]])
    model, data = linear_model(weights), random_set()
    found = filter_importance(adapt(model, data.codes, output="logits"), data, batch_size=37)
    means = torch.relu(model.conv(one_hot(data.codes))).mean(2).detach().double().numpy()  # N, F
    change = (means - means.mean(0))[:, :, None] * weights.T  # N, F, T
    for values, label in ((found.on_positives, 1), (found.on_negatives, 0)):
        expected = [[change[data.y[:, t] == label, f, t].mean() for t in range(2)] for f in range(3)]
        np.testing.assert_allclose(values, expected, atol=1e-6)
    np.testing.assert_allclose(found.size, np.abs(change).mean(0), atol=1e-6)
    whole = means @ weights.T
    for t in range(2):
        assert found.performance[t] == pytest.approx(roc_auc_score(data.y[:, t], whole[:, t]))
        without = roc_auc_score(data.y[:, t], (whole - change[:, 0])[:, t])
        assert found.performance_drop[0, t] == pytest.approx(found.performance[t] - without)
    assert found.size[2, 0] == 0  # a weight of 0
    assert (found.measure, found.n_sequences) == ("auroc", 90)


@pytest.mark.parametrize("architecture", ["C4C6-Att", "C4-LSTM-Trans1"])
def test_the_short_cut_of_our_networks_is_exact(architecture, task2):
    """From the pools on, or through the whole network with a hook: the same numbers.

    In double precision: outputs of an untrained network lie so close together that rounding may swap two of them.
    """
    network = build_model(architecture, task=2).double().eval()
    data = task2.test
    short = filter_importance(network, data)
    whole = filter_importance(adapt(nn.Sequential(network), data.codes, output="logits"), data)
    for name in ("on_positives", "on_negatives", "size", "performance", "performance_drop"):
        np.testing.assert_allclose(getattr(short, name), getattr(whole, name), atol=1e-5)
    assert short.size.min() > 0


def test_the_only_filter_that_matters_is_found(task2):
    """A network whose output is the largest activation of one filter."""

    class Largest(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, 5, 7)

        def forward(self, x):
            return torch.relu(self.conv(x))[:, 3].amax(1)

    model = seeded(Largest)
    found = filter_importance(adapt(model, task2.codes, output="logits"), task2.test)
    assert found.size[:, 0].argmax() == 3
    np.testing.assert_array_equal(np.delete(found.size[:, 0], 3), 0)
    logits = model(task2.test.X).detach().numpy()
    assert found.performance[0] == pytest.approx(roc_auc_score(task2.test.y[:, 0], logits))
    # Without the filter every output is the same: half of all pairs are in order.
    assert found.performance_drop[3, 0] == pytest.approx(found.performance[0] - 0.5)


def test_real_values_have_correlations_and_no_classes():
    data = random_set(real=True)
    model = linear_model(np.eye(3)[:2])
    found = filter_importance(adapt(model, data.codes, output="logits"), data)
    assert found.measure == "pearson"
    assert np.isnan(found.on_positives).all()
    assert np.isnan(found.on_negatives).all()
    whole = model(one_hot(data.codes)).detach().numpy()
    expected = [np.corrcoef(data.y[:, t], whole[:, t])[0, 1] for t in range(2)]
    np.testing.assert_allclose(found.performance, expected, atol=1e-6)
    # Without its only filter an output is constant, and constant predictions have a correlation of 0.
    assert found.performance_drop[0, 0] == found.performance[0] != 0


def test_a_label_without_positives_is_undefined():
    data = random_set()
    data.y[:, 1] = 0
    found = filter_importance(adapt(linear_model(np.ones((2, 3))), data.codes, output="logits"), data)
    assert np.isnan(found.on_positives[:, 1]).all()
    assert np.isnan(found.performance[1])
    assert np.isfinite(found.on_negatives).all()


def test_many_sequences_are_sampled():
    data = random_set()
    model = adapt(linear_model(np.ones((2, 3))), data.codes, output="logits")
    first, again, other = (filter_importance(model, data, n_sequences=40, seed=seed) for seed in (1, 1, 2))
    assert first.n_sequences == 40
    np.testing.assert_array_equal(first.size, again.size)
    assert not np.array_equal(first.size, other.size)
    rows = np.sort(np.random.default_rng(1).choice(90, 40, replace=False))
    np.testing.assert_array_equal(first.size, filter_importance(model, data.subset(rows)).size)


def test_what_cannot_be_ablated_is_refused():
    data = random_set(n_outputs=3)
    model = linear_model(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"from any_model\.adapt, got Linear"):
        filter_importance(model, data)
    adapted = adapt(model, data.codes, output="logits")
    with pytest.raises(ValueError, match="each of 3 labels, got 2 outputs"):
        filter_importance(adapted, data)
    with pytest.raises(ValueError, match="at least one sequence, got 0"):
        filter_importance(adapted, data.train)
    with pytest.raises(ValueError, match="at least one sequence, got 0"):
        filter_importance(adapted, data, n_sequences=0)
