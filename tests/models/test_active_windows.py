"""Windows around active positions, found on codes, against those found on activation maps."""

import numpy as np
import pytest
import torch

from motiflens.basics.errors import InputError
from motiflens.interpret.filters import activation_pwms, filter_pwms
from motiflens.interpret.filters.alignment import network_pwms
from motiflens.models.hybrid import build_model
from motiflens.models.kernels import describe_kernels, has_kernels
from motiflens.models.outputs import first_layer_activations
from motiflens.models.stacked import bases_where_active, has_compiled_first_layer, strongest_activations

needs_compiler = pytest.mark.skipif(not has_kernels(torch.zeros(1)), reason=f"no kernels: {describe_kernels()}")
LENGTH = 72


def network_of(activation, dtype, n_filters=37):
    """Random statistics, gains of both signs, one filter that never changes and one that is never active under ReLU."""
    torch.manual_seed(0)
    network = build_model("C24", length=LENGTH, activation=activation, n_filters=n_filters).eval().to(dtype)
    norm = network.stem.first.norm
    with torch.no_grad():
        norm.weight.normal_()
        norm.bias.normal_()
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.weight[0] = 0
        norm.bias[1] = -100
    return network


def codes_of(n):
    return np.random.default_rng(0).choice(5, (n, LENGTH), p=(0.2, 0.2, 0.3, 0.25, 0.05)).astype(np.uint8)


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["relu", "exponential"])
@pytest.mark.parametrize(("window", "threshold"), [(20, 0.5), (7, 0.9), (LENGTH - 2, 0.0)])
def test_matrices_are_those_of_the_maps(activation, dtype, window, threshold):
    network, codes = network_of(activation, dtype), codes_of(50)
    found = network_pwms(network, codes, window, threshold=threshold)
    expected = activation_pwms(first_layer_activations(network, codes), codes, window=window, threshold=threshold)
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_array_equal(found.pwms, expected.pwms)
    assert found.counts.max() > 0
    assert found.dead[1] == (activation == "relu")


@needs_compiler
def test_bases_are_counted_window_by_window():
    network, codes = network_of("exponential", torch.float32), codes_of(6)
    maps = network.first_layer_activations(torch.from_numpy(np.eye(5, 4)[codes]).float().mT).detach()
    least = maps.flatten(0, 1).view(6, -1, LENGTH).amax((0, 2)) * 0.7
    expected = np.zeros((37, 8, 5), dtype=np.int64)
    for row, filter, position in (maps > least[:, None]).nonzero().tolist():
        start = position - 4
        if 1 <= start <= LENGTH - 9:
            np.add.at(expected[filter], (np.arange(8), codes[row, start : start + 8]), 1)
    np.testing.assert_array_equal(bases_where_active(network, codes, least, 8), expected)
    strongest = strongest_activations(network, codes)
    torch.testing.assert_close(strongest, maps.amax(2), rtol=1e-5, atol=1e-6)


@needs_compiler
def test_levels_that_no_response_reaches_and_that_all_reach():
    network, codes = network_of("exponential", torch.float32), codes_of(4)
    none = bases_where_active(network, codes, torch.full((37,), torch.inf), 5)
    every = bases_where_active(network, codes, torch.full((37,), -1.0), 5)
    assert none.sum() == 0
    assert (every.sum(2) == 4 * (LENGTH - 6)).all()


def test_weights_that_are_not_finite_are_refused():
    network = network_of("relu", torch.float32)
    with torch.no_grad():
        network.stem.first.conv.weight[3, 2, 5] = torch.nan
    assert not has_compiled_first_layer(network, LENGTH)
    with pytest.raises(InputError, match="finite"):
        filter_pwms(network, codes_of(20), window=10)
