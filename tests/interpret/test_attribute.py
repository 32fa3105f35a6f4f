import captum.attr
import numpy as np
import pytest
import torch
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import gradient_times_input, saliency
from motiflens.models.hybrid import build_model


def sequences(n=7, length=20, seed=0):
    return one_hot(np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8))


def linear_model(n_outputs=3, length=20, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(4 * length, n_outputs))


def small_network(length=20, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv1d(4, 6, 5, padding=2),
        nn.BatchNorm1d(6),
        nn.Softplus(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(6 * length, 2),
    )


@pytest.mark.parametrize("target", [0, 2])
@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_linear_model_has_its_weights_as_saliency(target, batch_size):
    model, X = linear_model(), sequences()
    weights = model[1].weight[target].detach().reshape(1, 4, 20).expand(7, 4, 20)
    torch.testing.assert_close(saliency(model, X, target=target, batch_size=batch_size), weights)
    torch.testing.assert_close(gradient_times_input(model, X, target=target, batch_size=batch_size), weights * X)


def test_equals_finite_differences():
    model, X = small_network().double().eval(), sequences(3)
    gradient = saliency(model, X, target=1)
    assert gradient.dtype == torch.float64
    step = 1e-5
    with torch.no_grad():
        for n, base, position in [(0, 0, 0), (0, 3, 19), (1, 2, 10), (2, 1, 7)]:
            moved = torch.zeros(3, 4, 20, dtype=torch.float64)
            moved[n, base, position] = step
            change = (model(X + moved) - model(X - moved))[n, 1] / (2 * step)
            torch.testing.assert_close(gradient[n, base, position], change, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["C24", "C4C6-LSTM-Trans1"])
@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_equals_captum_on_hybrid_networks(name, activation):
    torch.manual_seed(0)
    model, X = build_model(name, activation=activation, task=1).eval(), sequences(4, 200)
    expected = captum.attr.Saliency(model).attribute(X.clone().requires_grad_(), target=5, abs=False)
    torch.testing.assert_close(saliency(model, X, target=5, batch_size=3), expected)
    expected = captum.attr.InputXGradient(model).attribute(X.clone().requires_grad_(), target=5)
    torch.testing.assert_close(gradient_times_input(model, X, target=5), expected.detach())


def test_sequences_do_not_influence_each_other():
    model, X = small_network().train(), sequences()
    alone = torch.cat([saliency(model, X[i : i + 1]) for i in range(7)])
    torch.testing.assert_close(saliency(model, X), alone)


def test_the_model_is_left_as_it_was():
    model, X = small_network().train(), sequences()
    model[1].eval()  # modes differ between modules
    model[0].weight.grad = torch.ones_like(model[0].weight)
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    X.requires_grad_()
    with torch.no_grad():
        result = saliency(model, X, device="cpu")
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    assert all(p.grad is None for p in list(model.parameters())[1:])
    assert X.grad is None
    assert not result.requires_grad


def test_the_model_is_restored_after_an_error():
    model = small_network().train()
    with pytest.raises(ValueError, match="target"):
        saliency(model, sequences(), target=2)
    assert all(module.training for module in model.modules())


def test_arrays_empty_sets_and_one_dimensional_outputs():
    model, X = linear_model(1), sequences()
    expected = saliency(model, X)
    squeezed = nn.Sequential(model, nn.Flatten(0))
    torch.testing.assert_close(saliency(squeezed, X.numpy().astype(np.uint8)), expected)
    assert saliency(model, X[:0]).shape == (0, 4, 20)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_gives_the_same_and_the_model_comes_back():
    torch.manual_seed(0)
    model, X = build_model("C4-LSTM-Att", activation="relu", task=2), sequences(5, 200)
    expected = saliency(model, X)
    torch.testing.assert_close(saliency(model, X, device="cuda"), expected, rtol=1e-3, atol=1e-5)
    assert {p.device.type for p in model.parameters()} == {"cpu"}


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (linear_model(), {"target": 3}, r"target must be in 0 ... 2, got 3"),
        (linear_model(), {"target": -1}, "target must be in"),
        (linear_model(), {"batch_size": 0}, "batch_size must be at least 1"),
        (Function(lambda x: (x.sum((1, 2)),)), {}, "one tensor, got tuple"),
        (Function(lambda x: x), {}, r"shape \(n, n_outputs\)"),
        (Function(lambda x: x.sum((0, 2))), {}, r"shape \(n, n_outputs\)"),
        (
            nn.Sequential(nn.BatchNorm1d(4, track_running_stats=False), linear_model()),
            {},
            "'0' normalises over the batch",
        ),
        (Function(lambda x: (x.sum((1, 2)) > 0).float()), {}, "depends on X"),
        (Function(lambda x: torch.ones(len(x), requires_grad=True)), {}, "depends on X"),
        (Function(lambda x: (x[:, 0] - 1).abs().sqrt().sum(1)), {}, "NaN or infinity for sequence 0 and 6"),
    ],
)
def test_bad_models_and_options_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        saliency(model, sequences(), **options)


@pytest.mark.parametrize("X", [sequences().mT, sequences() * 0.5])
def test_what_is_not_one_hot_is_refused(X):
    with pytest.raises(ValueError, match="one-hot"):
        saliency(linear_model(), X)
