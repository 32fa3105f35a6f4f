import numpy as np
import pytest
import torch

from motiflens.basics.sequence import one_hot
from motiflens.models.devices import resolve_device
from motiflens.models.hybrid import build_model
from motiflens.models.outputs import attention_weights, batches, first_layer_activations, model_outputs


@pytest.fixture(scope="module")
def model():
    return build_model("C4C6-Att", task=2)


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(0).integers(0, 4, (11, 200), dtype=np.uint8)


def test_batches_do_not_change_predictions_and_the_mode_is_restored(model, codes):
    model.train()
    with torch.no_grad():
        expected = model.eval()(one_hot(codes))
    model.train()
    torch.testing.assert_close(model_outputs(model, codes, batch_size=4), expected)
    torch.testing.assert_close(model_outputs(model, one_hot(codes), batch_size=100), expected)
    assert model.training


def test_activations_stream_twice(model, codes):
    stream = first_layer_activations(model, codes, batch_size=4)
    first, second = (torch.cat(list(stream())) for _ in range(2))
    assert first.shape == (11, 24, 200)
    assert torch.equal(first, second)
    with torch.no_grad():
        torch.testing.assert_close(first, model.eval().first_layer_activations(one_hot(codes)))


def test_attention_weights_of_all_batches(model, codes):
    (weights,) = attention_weights(model, codes, batch_size=4)
    assert weights.shape == (11, 8, 8, 8)
    assert attention_weights(build_model("C24", task=2), codes) == []


def test_bad_input_is_named(codes):
    cpu = torch.device("cpu")
    with pytest.raises(ValueError, match="at least 1"):
        next(batches(codes, 0, cpu))
    with pytest.raises(ValueError, match=r"\(N, 4, L\)"):
        next(batches(np.zeros((2, 3, 4)), 5, cpu))
    letters = np.full((2, 9), ord("A"), dtype=np.uint8)
    for wrong in (letters, letters.astype(float), np.full((1, 9), np.nan), np.full((1, 9), -1)):
        with pytest.raises(ValueError, match=r"codes 0 to 4, got .* at sequence 0, position 0"):
            model_outputs(build_model("C24", length=24, n_outputs=1), wrong)
    with pytest.raises(ValueError, match=r"codes 0 to 4, got 65"):
        model_outputs(build_model("C24", task=2), np.full((2, 200), ord("A"), dtype=np.uint8))
    for function in (model_outputs, attention_weights):
        with pytest.raises(ValueError, match="at least one sequence"):
            function(build_model("C24-Att", task=2), np.zeros((0, 4, 200), dtype=np.float32))
    assert resolve_device("cpu") == cpu
    assert resolve_device("auto").type in ("cpu", "cuda")


@pytest.mark.parametrize("architecture", ["C24-Att", "C4C6", "C4-LSTM"])
@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_codes_are_read_as_their_one_hot_sequences_are(architecture, activation):
    network = build_model(architecture, activation=activation)
    with torch.no_grad():  # where the gain is negative, the smallest value of a pool counts
        network.stem.first.norm.weight[::3] *= -1
        network.stem.first.norm.running_mean.normal_()
    codes = torch.randint(0, 5, (7, 200), generator=torch.Generator().manual_seed(0)).to(torch.uint8)  # with N
    expected = model_outputs(network, one_hot(codes))
    torch.testing.assert_close(model_outputs(network, codes, batch_size=3), expected, rtol=1e-4, atol=1e-5)
    assert network.training
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        model_outputs(network, codes, batch_size=0)


@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_maps_from_codes_are_those_of_one_hot_sequences(activation):
    """Unknown bases and filters with a negative gain included."""
    torch.manual_seed(0)
    network = build_model("C4C6", task=2, length=48, activation=activation).double().eval()
    network.stem.first.norm.weight.data.normal_()
    network.stem.first.norm.running_mean.normal_()
    codes = np.random.default_rng(0).integers(0, 5, (7, 48), dtype=np.uint8)
    with torch.no_grad():
        expected = network.first_layer_activations(one_hot(codes, torch.float64))
    found = torch.cat(list(first_layer_activations(network, codes, batch_size=3)()))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
