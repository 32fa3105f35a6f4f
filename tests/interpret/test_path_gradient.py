"""Gradients with the first layer computed once, against those of the same network taken as any model."""

import pytest
import torch
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import (
    gradient_times_input,
    integrated_gradients,
    path_gradient,
    saliency,
    smooth_grad,
)
from motiflens.models.hybrid import build_model
from motiflens.models.kernels import describe_kernels, gradient_along, has_kernels, pooled_along

needs_compiler = pytest.mark.skipif(not has_kernels(torch.zeros(1)), reason=f"no kernels: {describe_kernels()}")


def trained(name, activation, **sizes):
    """A network as after training: outputs differ, normalisations do something, and some gains are negative."""
    torch.manual_seed(0)
    model = build_model(name, activation=activation, task=2, n_outputs=2, **sizes).double().eval()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model


def sequences(length):
    codes = torch.randint(0, 5, (3, length), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    return one_hot(codes, torch.float64)


@needs_compiler
@pytest.mark.filterwarnings("ignore::motiflens.interpret.attribution.CompletenessWarning")  # of few steps
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("C24", {"length": 101, "kernel_size": 7}),
        ("C4C6-Att", {"length": 53, "kernel_size": 11}),
        ("C4C6-LSTM-Trans1", {"length": 48}),
        ("C4-LSTM-Att", {"length": 50, "n_filters": 5}),
    ],
)
@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_the_first_layer_computed_once_changes_nothing(name, sizes, activation, monkeypatch):
    model, X = trained(name, activation, **sizes), sequences(sizes["length"])
    calls = []
    monkeypatch.setattr(path_gradient, "pooled_along", lambda *a: calls.append(a) or pooled_along(*a))
    for method, options in (
        (saliency, {}),
        (gradient_times_input, {"batch_size": 2}),
        (integrated_gradients, {"n_steps": 7, "batch_size": 5}),
        (integrated_gradients, {"n_steps": 9, "quadrature": "trapezoid", "baselines": "dinucleotide_shuffle"}),
        (smooth_grad, {"n_samples": 3}),
    ):
        known = {"target": 1, **options}
        if options.get("baselines"):  # shuffles need sequences without unknown bases
            X = one_hot(torch.randint(0, 4, (3, sizes["length"])).to(torch.uint8), torch.float64)
        calls.clear()
        found = method(model, X, **known)
        assert calls
        calls.clear()
        expected = method(nn.Sequential(model), X, **known)
        assert not calls
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
        assert expected.abs().max() > 1e-6


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("length", "n_filters", "pool"), [(11, 3, 4), (48, 24, 24), (40, 33, 4)])
def test_pools_along_a_way_and_their_gradient_equal_pytorchs(length, n_filters, pool, dtype):
    torch.manual_seed(0)
    start, change = torch.randn(2, 2, length, n_filters, dtype=dtype)
    points, weights = torch.rand(2, 5, dtype=dtype)
    responses = (start + points[:, None, None, None] * change).requires_grad_()
    used = responses[:, :, : length // pool * pool].unflatten(2, (-1, pool))
    expected = used.amax(3)
    maxima, where = pooled_along(start, change, points, pool)
    torch.testing.assert_close(maxima, expected.detach())
    assert (where.long() == used.argmax(3)).all()
    above = torch.randn_like(expected)
    (gradient,) = torch.autograd.grad((above * expected).sum(), responses)
    found = gradient_along(where, above, weights, length, pool)
    torch.testing.assert_close(found, (weights[:, None, None, None] * gradient).sum(0))


@needs_compiler
def test_a_response_that_is_no_number_is_seen():
    start = torch.zeros(1, 4, 1)
    start[0, 0] = torch.nan
    assert pooled_along(start, torch.zeros_like(start), torch.ones(1), 4)[0].isnan().all()
