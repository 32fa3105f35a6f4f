import captum.attr
import numpy as np
import pytest
import torch
from torch import nn

from motiflens.basics.sequence import codes_from_one_hot, one_hot
from motiflens.basics.shuffle import dinucleotide_shuffle
from motiflens.interpret.attribution import (
    METHODS,
    CompletenessWarning,
    centred,
    completeness_gap,
    explain,
    integrated_gradients,
    saliency,
    saturation_mutagenesis,
    smooth_grad,
)
from motiflens.interpret.attribution.integrated_gradients import quadrature_points
from motiflens.models.hybrid import build_model

LENGTH = 20


def sequences(n=5, length=LENGTH, seed=0, unknown=False):
    X = one_hot(np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8))
    if unknown:
        X[0, :, 2:5] = 0
    return X


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def linear_model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(4 * LENGTH, 2))


def small_network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv1d(4, 6, 5, padding=2), nn.Softplus(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(6 * LENGTH, 2)
    )


# Integrated gradients


def test_integrated_gradients_of_a_linear_model():
    model, X = linear_model(), sequences(unknown=True)
    weights = model[1].weight[1].detach().reshape(4, LENGTH)
    torch.testing.assert_close(integrated_gradients(model, X, target=1, baselines="zeros"), weights * X)
    values = integrated_gradients(model, X, target=1)
    torch.testing.assert_close(values, (weights - weights.mean(0)) * X)
    hypothetical = integrated_gradients(model, X, target=1, hypothetical=True)
    known = X.sum(1, keepdim=True)
    torch.testing.assert_close(hypothetical, weights - known * weights.mean(0))


def test_integrated_gradients_of_an_exponential():
    weights = torch.randn(4, LENGTH, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) / 3
    model = Function(lambda x: (weights * x).sum((1, 2)).exp())
    X = sequences()
    total = (weights * X).sum((1, 2), keepdim=True)
    expected = (torch.expm1(total) / total * weights * X).float()
    torch.testing.assert_close(
        integrated_gradients(model, X, baselines="zeros", n_steps=12), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", ["C24", "C4C6-LSTM-Trans1"])
@pytest.mark.filterwarnings("ignore::motiflens.interpret.attribution.CompletenessWarning")
def test_integrated_gradients_equal_captum(name):
    torch.manual_seed(0)
    model, X = build_model(name, activation="exponential", task=2).eval(), sequences(3, 200)
    method = captum.attr.IntegratedGradients(model)
    expected = method.attribute(X.clone().requires_grad_(), torch.zeros_like(X), target=0, n_steps=20).detach()
    values = integrated_gradients(model, X, baselines="zeros", n_steps=20, batch_size=7)
    torch.testing.assert_close(values, expected.float(), rtol=1e-3, atol=1e-5)
    baseline = sequences(3, 200, seed=1)
    expected = method.attribute(X.clone().requires_grad_(), baseline, target=0, n_steps=20).detach().float()
    values = integrated_gradients(model, X, baselines=baseline, n_steps=20)
    torch.testing.assert_close(values.sum(1), expected.sum(1), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("quadrature", ["gauss-legendre", "trapezoid"])
def test_quadratures_integrate_polynomials(quadrature):
    points, weights = quadrature_points(5, quadrature)
    assert float(weights.sum()) == pytest.approx(1)
    assert float((weights * points).sum()) == pytest.approx(1 / 2)
    exact = float((weights * points**9).sum()) == pytest.approx(1 / 10)
    assert exact == (quadrature == "gauss-legendre")


def test_many_steps_agree_whatever_the_quadrature():
    model, X = small_network(), sequences()
    values = [integrated_gradients(model, X, n_steps=64, quadrature=q) for q in ("gauss-legendre", "trapezoid")]
    torch.testing.assert_close(*values, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_several_baselines_are_averaged_in_any_batches(batch_size):
    model, X = small_network(), sequences()
    shuffles = one_hot(dinucleotide_shuffle(np.repeat(codes_from_one_hot(X), 3, axis=0), 5)).unflatten(0, (5, 3))
    options = {"n_steps": 4, "batch_size": batch_size}
    values = integrated_gradients(model, X, baselines="dinucleotide_shuffle", n_shuffles=3, seed=5, **options)
    singles = [integrated_gradients(model, X, baselines=shuffles[:, i], **options) for i in range(3)]
    torch.testing.assert_close(values, sum(singles) / 3)
    torch.testing.assert_close(integrated_gradients(model, X, baselines=shuffles.numpy(), **options), values)


def test_correction_leaves_contributions_against_probabilities_alone():
    model, X = small_network(), sequences()
    corrected = integrated_gradients(model, X, correct_gradient=True)
    torch.testing.assert_close(corrected, integrated_gradients(model, X))
    hypothetical = integrated_gradients(model, X, baselines="zeros", correct_gradient=True, hypothetical=True)
    torch.testing.assert_close(hypothetical.sum(1), torch.zeros(5, LENGTH), atol=1e-6, rtol=0)


def test_too_few_steps_are_warned_of():
    model = Function(lambda x: (x[:, 0].sum(1) - 7).relu())
    X = torch.zeros(2, 4, 8)
    X[:, 0] = 1
    with pytest.warns(CompletenessWarning, match=r"2 of 2 sequences .* raise n_steps \(now 2\)") as caught:
        integrated_gradients(model, X, baselines="zeros", n_steps=2)
    assert caught[0].filename == __file__
    with pytest.warns(CompletenessWarning) as caught:
        explain(model, X, method="integrated_gradients", baselines="zeros", n_steps=2)
    assert caught[0].filename == __file__
    assert explain(model, X, method="integrated_gradients", baselines="zeros", n_steps=400).gap.max() < 0.05


# Completeness


def test_gap_in_closed_form():
    explained = torch.tensor([1.1, -0.9, 0.0, 0.02, 0.0])
    change = torch.tensor([1.0, -1.0, 0.0, 0.0, 0.5])
    size = torch.tensor([2.0, 2.0, 0.0, 4.0, 0.0])
    torch.testing.assert_close(completeness_gap(explained, change, size), torch.tensor([0.1, 0.1, 0.0, 0.5, 1.0]))


def test_gap_is_that_of_the_models_output():
    model, X = small_network().double(), sequences(unknown=True)
    result = explain(model, X, method="integrated_gradients", n_steps=3, target=1)
    with torch.no_grad():
        change = (model.eval()(X.double()) - model(0.25 * X.sum(1, keepdim=True).expand_as(X).double()))[:, 1]
    expected = (result.scores.sum(1) - change).abs() / change.abs()
    torch.testing.assert_close(result.gap, expected, rtol=1e-6, atol=1e-12)
    assert 0 < result.gap.max() < 0.05


# SmoothGrad


def test_smooth_grad_of_linear_and_quadratic_models():
    model, X = linear_model(), sequences(unknown=True)
    weights = model[1].weight[0].detach().reshape(4, LENGTH)
    torch.testing.assert_close(smooth_grad(model, X, n_samples=3), weights.expand_as(X))
    values = smooth_grad(Function(lambda x: x.square().sum((1, 2))), X, n_samples=400, noise=0.5, seed=1)
    assert (values - 2 * X).abs().max() < 6 * 2 * 0.5 / 400**0.5
    assert (values - 2 * X).std() == pytest.approx(2 * 0.5 / 400**0.5, rel=0.15)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_smooth_grad_is_the_mean_over_its_noise(batch_size):
    model, X = small_network(), sequences()
    noise = np.random.default_rng(3).standard_normal((5, 4, 4, LENGTH), dtype=np.float32)
    x = (X[:, None] + 0.2 * torch.from_numpy(noise)).flatten(0, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(model.eval()(x)[:, 1].sum(), x)
    values = smooth_grad(model, X, target=1, n_samples=4, noise=0.2, seed=3, batch_size=batch_size)
    torch.testing.assert_close(values, gradient.unflatten(0, (5, 4)).mean(1))


def test_smooth_grad_without_noise_is_saliency():
    model, X = small_network(), sequences()
    torch.testing.assert_close(smooth_grad(model, X, noise=0, n_samples=2), saliency(model, X))


# Saturation mutagenesis


def brute_force(model, X, target=0):
    """Every mutant by itself."""
    effects = torch.zeros(X.shape)
    with torch.no_grad():
        for n, base, position in np.ndindex(*X.shape):
            mutant = X[n : n + 1].clone()
            mutant[0, :, position] = 0
            mutant[0, base, position] = 1
            effects[n, base, position] = (model(mutant) - model(X[n : n + 1]))[0, target]
    return effects


@pytest.mark.parametrize("batch_size", [1, 50, 1000])
def test_mutagenesis_equals_brute_force(batch_size):
    model, X = small_network().eval(), sequences(3, unknown=True)
    effects = saturation_mutagenesis(model, X, target=1, batch_size=batch_size)
    torch.testing.assert_close(effects, brute_force(model, X, 1), rtol=1e-4, atol=1e-6)
    assert not effects[X == 1].any()


def test_a_part_can_be_mutated_alone():
    model, X = build_model("C24", task=2, length=72).double().eval(), sequences(2, 72, unknown=True)
    whole = saturation_mutagenesis(model, X)
    effects = saturation_mutagenesis(model, X, start=3, stop=9)
    torch.testing.assert_close(effects[..., 3:9], whole[..., 3:9])
    assert not effects[..., :3].any()
    assert not effects[..., 9:].any()
    with pytest.raises(ValueError, match="expected 0 <= start < stop <= 72, the sequences' length, got 9 and 73"):
        saturation_mutagenesis(model, X, start=9, stop=73)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("C24", {"length": 101, "kernel_size": 7}),
        ("C24-Att", {"length": 24, "kernel_size": 19}),
        ("C4C6", {"length": 53, "second_kernel_size": 1}),
        ("C4C6-Att", {"length": 53, "kernel_size": 11}),
        ("C4C6-LSTM-Trans1", {"length": 32, "kernel_size": 3, "second_pool": 8}),
        ("C4-LSTM-Att", {"length": 50, "kernel_size": 1}),
    ],
)
@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_the_shortcut_through_stage_1_is_exact(name, sizes, activation):
    torch.manual_seed(0)
    model = build_model(name, activation=activation, task=2, **sizes).double().eval()
    for module in model.modules():  # as after training: outputs differ, and normalisations do something
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.weight)
            nn.init.uniform_(module.running_var, 0.5, 2)
    X = sequences(2, sizes["length"], unknown=True)
    effects = saturation_mutagenesis(model, X)
    torch.testing.assert_close(effects, saturation_mutagenesis(nn.Sequential(model), X), rtol=1e-9, atol=1e-12)
    assert effects.abs().max() > 1e-6


def test_the_shortcut_equals_brute_force():
    torch.manual_seed(0)
    model = build_model("C4C6-Att", activation="exponential", task=2, length=50, n_filters=8).eval()
    X = sequences(1, 50)
    expected = brute_force(model, X)
    torch.testing.assert_close(saturation_mutagenesis(model, X), expected, rtol=1e-3, atol=1e-6)
    assert expected.abs().max() > 1e-4


def test_mutagenesis_of_a_network_that_squeezes():
    class Squeezing(nn.Module):
        def forward(self, x):
            return (x[:, 0] * torch.arange(x.shape[2])).sum(1, keepdim=True).squeeze()

    X = sequences(2)
    effects = saturation_mutagenesis(Squeezing(), X, batch_size=1)
    torch.testing.assert_close(effects[:, 0], torch.arange(X.shape[2]) * (1 - X[:, 0]))


def test_mutagenesis_of_a_linear_model_centred():
    model, X = linear_model(), sequences()
    weights = model[1].weight[0].detach().reshape(4, LENGTH)
    effects = saturation_mutagenesis(model, X)
    torch.testing.assert_close(effects, weights - (weights * X).sum(1, keepdim=True), rtol=1e-4, atol=1e-6)
    centred_effects = saturation_mutagenesis(model, X, correct_gradient=True)
    torch.testing.assert_close(centred_effects, centred(weights.expand_as(X)), rtol=1e-4, atol=1e-6)


# All of them


@pytest.mark.parametrize("method", METHODS)
def test_methods_share_shape_and_tail(method):
    model, X = small_network().train(), sequences()
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        result = explain(model, X.numpy(), method=method, target=1, batch_size=16, device="cpu")
    assert result.values.shape == X.shape
    assert result.scores.shape == (5, LENGTH)
    assert not result.values.requires_grad
    assert (result.gap is not None) == (method in ("integrated_gradients", "deep_lift_shap"))
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    torch.testing.assert_close(METHODS[method](model, X, target=1), result.values, rtol=1e-3, atol=1e-5)
    assert METHODS[method](model, X[:0]).shape == (0, 4, LENGTH)
    one_output = nn.Sequential(model, Function(lambda y: y[:, 1]))
    torch.testing.assert_close(METHODS[method](one_output, X), result.values, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_scores_of_a_linear_model_are_its_centred_weights(method):
    model, X = linear_model(), sequences()
    weights = centred(model[1].weight[0].detach().reshape(1, 4, LENGTH))
    options = {"baselines": "uniform"} if method in ("integrated_gradients", "deep_lift_shap") else {}
    result = explain(model, X, method=method, correct_gradient=True, **options)
    torch.testing.assert_close(result.scores, (weights * X).sum(1), rtol=1e-4, atol=1e-6)
    uncorrected = explain(model, X, method=method, **options)
    again = (method in ("gradient_times_input", "saliency", "smooth_grad")) != torch.allclose(
        uncorrected.scores, result.scores, atol=1e-5
    )
    assert again  # those of gradients alone need the correction


@pytest.mark.parametrize("method", [method for method in METHODS if method != "gradient_times_input"])
def test_hypothetical_values_times_input_are_the_scores(method):
    model, X = small_network(), sequences()
    result = explain(model, X, method=method, hypothetical=True)
    torch.testing.assert_close((result.values * X).sum(1), result.scores)
    assert (result.values != 0).all(1).float().mean() > 0.8  # shuffles keep the first base and the last


# Errors

LINEAR = linear_model()


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("integrated_gradient", {}, "did you mean integrated_gradients"),
        ("x", {}, "known: saliency, gradient_times_input"),
        ("saliency", {"n_steps": 3}, "saliency has no option 'n_steps'; it has target, batch_size"),
        ("gradient_times_input", {"hypothetical": True}, "use saliency"),
        ("integrated_gradients", {"n_steps": 0}, "n_steps must be at least 1"),
        ("integrated_gradients", {"n_steps": 1, "quadrature": "trapezoid"}, "at least 2 for trapezoid, got 1"),
        ("integrated_gradients", {"quadrature": "simpson"}, "gauss-legendre, trapezoid, got 'simpson'"),
        ("integrated_gradients", {"n_shuffles": 0}, "n_shuffles must be at least 1"),
        ("integrated_gradients", {"baselines": "dinucleotide_shufle"}, "did you mean dinucleotide_shuffle"),
        ("integrated_gradients", {"baselines": np.zeros((5, 4, 19))}, r"\(5, 4, 20\) or .* got \(5, 4, 19\)"),
        ("integrated_gradients", {"baselines": np.full((5, 4, 20), np.nan)}, "finite baselines"),
        ("smooth_grad", {"n_samples": 0}, "n_samples must be at least 1"),
        ("smooth_grad", {"noise": -1.0}, "at least 0, got -1.0"),
        ("smooth_grad", {"target": 2}, "target must be in 0 ... 1"),
        ("saturation_mutagenesis", {"target": -1}, "target must be in 0 ... 1"),
        ("saturation_mutagenesis", {"batch_size": 0}, "batch_size must be at least 1"),
    ],
)
def test_bad_options_are_refused(method, options, message):
    with pytest.raises(ValueError, match=message):
        explain(LINEAR, sequences(), method=method, **options)


@pytest.mark.parametrize("method", ["integrated_gradients", "saturation_mutagenesis"])
def test_values_that_are_not_finite_are_refused(method):
    model = Function(lambda x: (x[:, 0].sum(1) - 100).log())
    with pytest.raises(ValueError, match="finite outputs, got NaN"):
        explain(model, sequences(), method=method)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_one_hot_is_refused(method):
    with pytest.raises(ValueError, match="one-hot"):
        explain(LINEAR, sequences() * 0.5, method=method)
