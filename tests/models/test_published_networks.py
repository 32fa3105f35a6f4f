"""Published networks: their sizes by closed form, what they compute, and that they train, are saved and read."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import explain, saliency, saturation_mutagenesis
from motiflens.models.any_model import adapt, load_model, model_summary
from motiflens.models.hybrid import build_model, list_models, network_config
from motiflens.models.outputs import model_outputs
from motiflens.models.published import PRESETS, build_preset, preset_config

#: Each preset in a size that takes milliseconds.
SMALL = {
    "DeepSEA": {"length": 200, "n_filters": 8, "dense_width": 6},
    "DanQ": {"length": 100, "n_filters": 6, "lstm_width": 4, "dense_width": 6},
    "DanQ-JASPAR": {"length": 100, "n_filters": 6, "lstm_width": 4, "dense_width": 6},
    "TBiNet": {"length": 100, "n_filters": 6, "lstm_width": 4, "dense_width": 6},
    "DeepATT": {"length": 100, "n_filters": 6, "lstm_width": 4, "attention_width": 8, "dense_width": 6},
    "SATORI": {"length": 90, "n_filters": 6, "lstm": True, "lstm_width": 4, "n_heads": 2, "head_width": 4},
    "DeepMEL": {"length": 90, "n_filters": 6, "lstm_width": 4, "dense_width": 6},
    "Basset": {"length": 240, "n_filters": 6, "inner_filters": 5, "dense_width": 6},
    "DeepSTARR": {"length": 64, "n_filters": 6, "inner_filters": 5, "dense_width": 6},
    "ExplaiNN": {"length": 60, "n_filters": 6, "dense_width": 4},
    "BPNet": {"length": 60, "n_filters": 6, "n_layers": 3},
    "ResidualBind": {"length": 60, "n_filters": 6, "dense_width": 6},
    "Basenji2": {
        "length": 64, "n_filters": 4, "tower_width": 4, "n_tower": 2, "dilated_width": 3, "n_dilated": 2,
        "last_width": 5,
    },
    "Enformer": {"length": 64, "n_filters": 4, "n_tower": 2, "n_blocks": 2, "n_heads": 2, "key_width": 2},
}  # fmt: skip


def small(name, n_outputs=2, activation="published", seed=0):
    """A small preset whose running statistics and weights are drawn, in float64."""
    torch.manual_seed(seed)
    network = build_preset(preset_config(name, n_outputs=n_outputs, activation=activation, **SMALL[name]))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
    return network.double().eval()


def sequences(name, n=3):
    codes = np.random.default_rng(0).integers(0, 4, (n, SMALL[name]["length"]), dtype=np.uint8)
    return codes, one_hot(codes, torch.float64)


# Sizes


def conv(n_in, n_out, width, bias=True):
    return n_out * (n_in * width + bias)


def dense(n_in, n_out):
    return n_out * (n_in + 1)


def lstm(n_in, width, directions=2):
    """PyTorch's: four gates, two biases each."""
    return directions * 4 * width * (n_in + width + 2)


def norm(width):
    return 2 * width


def enformer_size():
    widths = [768, 768, 896, 1024, 1152, 1280, 1536]  # of the published tower, multiples of 128
    total = conv(4, 768, 15) + norm(768) + conv(768, 768, 1) + 768**2
    for a, b in pairwise(widths):
        total += norm(a) + conv(a, b, 5) + norm(b) + conv(b, b, 1) + b**2
    block = norm(1536) + 2 * 1536 * 512 + 1536**2 + dense(1536, 1536)
    block += norm(1536) + dense(1536, 3072) + dense(3072, 1536)
    return total + 11 * block + dense(1536, 3072) + dense(3072, 1)


def basenji_size():
    widths = [288, 339, 399, 470, 554, 652, 768]  # 339 x 1.1776^k, rounded
    total = conv(4, 288, 15, False) + norm(288)
    total += sum(conv(a, b, 5, False) + norm(b) for a, b in pairwise(widths))
    total += 11 * (conv(768, 384, 3, False) + norm(384) + conv(384, 768, 1, False) + norm(768))
    return total + conv(768, 1536, 1, False) + norm(1536) + dense(1536, 1)


SIZES = {
    "DeepSEA": conv(4, 320, 8) + conv(320, 480, 8) + conv(480, 960, 8) + dense(53 * 960, 925) + dense(925, 919),
    "DanQ": conv(4, 320, 26) + lstm(320, 320) + dense(75 * 640, 925) + dense(925, 919),
    "DanQ-JASPAR": conv(4, 1024, 30) + lstm(1024, 512) + dense(64 * 1024, 925) + dense(925, 919),
    "TBiNet": conv(4, 320, 26) + dense(320, 1) + lstm(320, 320) + dense(75 * 640, 695) + dense(695, 690),
    "DeepATT": conv(4, 1024, 30) + lstm(1024, 512) + dense(919, 400) + 2 * dense(1024, 400) + dense(400, 400)
    + dense(400, 100) + dense(100, 1),
    "SATORI": conv(4, 200, 13, False) + norm(200) + 3 * dense(200, 256) + dense(256, 100) + dense(100, 1),
    "DeepMEL": conv(4, 128, 20) + dense(128, 128) + lstm(128, 128) + dense(48 * 256, 256) + dense(256, 24),
    "Basset": conv(4, 300, 19) + norm(300) + conv(300, 200, 11) + norm(200) + conv(200, 200, 7) + norm(200)
    + dense(2000, 1000) + norm(1000) + dense(1000, 1000) + norm(1000) + dense(1000, 164),
    "DeepSTARR": conv(4, 256, 7) + norm(256) + conv(256, 60, 3) + norm(60) + conv(60, 60, 5) + norm(60)
    + conv(60, 120, 3) + norm(120) + dense(1800, 256) + norm(256) + dense(256, 256) + norm(256) + dense(256, 2),
    "ExplaiNN": 100 * (conv(4, 1, 19) + norm(1) + dense(26, 100) + norm(100) + dense(100, 1) + norm(1)) + dense(100, 1),
    "BPNet": conv(4, 64, 21) + 9 * conv(64, 64, 3) + dense(64, 1),
    "ResidualBind": conv(4, 96, 11) + norm(96) + 3 * (conv(96, 96, 3, False) + norm(96)) + dense(4 * 96, 256)
    + norm(256) + dense(256, 1),
    "Basenji2": basenji_size(),
    "Enformer": enformer_size(),
}  # fmt: skip
#: What authors or libraries print for the whole network: DeepSEA; DanQ with one bias in Keras' LSTM; Basset.
PRINTED = {"DeepSEA": 52_843_119, "DanQ": 46_926_479 + 2 * 4 * 320, "Basset": 4_135_064}


@pytest.mark.parametrize("name", PRESETS)
def test_a_published_network_has_its_published_size(name):
    config = preset_config(name)
    with torch.device("meta"):
        network = build_preset(config).eval()
        outputs = network(torch.zeros(2, 4, config.length))
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert n_parameters == SIZES[name] == PRINTED.get(name, n_parameters)
    assert outputs.shape == (2, config.n_outputs)
    assert set(SMALL) == set(SIZES) == set(PRESETS)


def test_deepmel_has_the_size_that_is_told():
    assert round(SIZES["DeepMEL"] / 1e6, 1) == 3.4


# What they compute


@pytest.mark.parametrize("activation", ["published", "relu", "exponential"])
@pytest.mark.parametrize("name", PRESETS)
def test_gradients_are_those_of_finite_differences(name, activation):
    network = small(name, activation=activation)
    _, X = sequences(name, 1)
    gradient = saliency(network, X, target=1)
    rng = np.random.default_rng(1)
    for _ in range(6):
        direction = torch.from_numpy(rng.standard_normal(X.shape))
        h = 1e-6
        up, down = (network(X + sign * h * direction)[0, 1].item() for sign in (1, -1))
        assert (up - down) / (2 * h) == pytest.approx((gradient * direction).sum().item(), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("name", PRESETS)
def test_mutagenesis_is_that_of_brute_force(name):
    network = small(name)
    codes, X = sequences(name, 1)
    effects = saturation_mutagenesis(adapt(network, codes), X)
    before = network(X)[0, 0]
    for position in (0, 20, SMALL[name]["length"] - 1):
        for base in range(4):
            mutant = codes.copy()
            mutant[0, position] = base
            effect = network(one_hot(mutant, torch.float64))[0, 0] - before
            assert effects[0, base, position].item() == pytest.approx(effect.item(), abs=1e-10)


@pytest.mark.parametrize("name", PRESETS)
def test_contributions_add_up_to_the_change_of_output(name):
    network = small(name)
    _, X = sequences(name, 2)
    found = explain(network, X, method="deep_lift_shap", target=1, n_shuffles=2)
    assert found.gap.max() < 1e-5


@pytest.mark.parametrize("name", PRESETS)
def test_an_output_depends_on_its_sequence_alone_and_dropout_is_off(name):
    network = small(name)
    _, X = sequences(name, 4)
    torch.testing.assert_close(network(X)[:2], network(X[:2]))
    torch.testing.assert_close(network(X), network(X))


STEPS = {
    "DeepSEA": ("threshold",), "SATORI": ("batch_norm", "relu"), "Basset": ("batch_norm", "relu"),
    "DeepSTARR": ("batch_norm", "relu"), "ExplaiNN": ("batch_norm", "exp"), "ResidualBind": ("batch_norm", "relu"),
    "Basenji2": ("batch_norm",), "Enformer": (),
}  # fmt: skip


@pytest.mark.parametrize("name", PRESETS)
def test_the_first_layer_is_read(name):
    codes, _ = sequences(name, 10)
    adapted = adapt(small(name), codes)
    assert (adapted.layout, adapted.output) == ("N4L", "logits")
    assert adapted.first_layer.steps == STEPS.get(name, ("relu",))
    assert model_summary(adapted).n_filters == SMALL[name]["n_filters"]
    exponential = adapt(small(name, activation="exponential"), codes)
    assert exponential.first_layer.steps[-1] == "exp"
    assert model_outputs(exponential, codes).shape == (10, 2)


def test_deepmel_reads_both_strands_alike():
    network = small("DeepMEL")
    _, X = sequences("DeepMEL")
    torch.testing.assert_close(network(X), network(X.flip(1, 2)))


def test_deepatt_has_a_query_for_each_output():
    """An output changes with the column of its own query alone."""
    network = small("DeepATT", n_outputs=3)
    _, X = sequences("DeepATT")
    before = network(X)
    network.query.weight.data[:, 1] += 1
    changed = (network(X) - before).abs() > 1e-12
    assert changed[:, 1].all()
    assert not changed[:, [0, 2]].any()


def test_explainn_adds_up_its_units():
    network = small("ExplaiNN", n_outputs=1)
    _, X = sequences("ExplaiNN")
    whole = network(X)
    parts = []
    weight = network.out.weight.data.clone()
    for unit in range(6):
        network.out.weight.data = torch.zeros_like(weight)
        network.out.weight.data[:, unit] = weight[:, unit]
        parts.append(network(X) - network.out.bias)
    torch.testing.assert_close(torch.stack(parts).sum(0) + network.out.bias, whole)
    alone = network.conv.weight.data.clone()
    network.conv.weight.data[0] += 1  # the last unit, which is all that is left, does not see it
    torch.testing.assert_close(network(X) - network.out.bias, parts[-1])
    network.conv.weight.data = alone


# Names, files, training


def test_presets_join_the_architectures_of_the_study():
    assert set(PRESETS) <= set(list_models())
    assert list_models("Deep*") == ["DeepSEA", "DeepATT", "DeepMEL", "DeepSTARR"]
    network = build_model("DanQ", length=100, n_outputs=3, n_filters=6, lstm_width=4, dense_width=6)
    assert network(torch.zeros(2, 4, 100)).shape == (2, 3)
    assert network.config == network_config("DanQ", length=100, n_outputs=3, n_filters=6, lstm_width=4, dense_width=6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_filtres": 3}, "DanQ has no size 'n_filtres'; it has n_filters"),
        ({"length": 30}, "sequences of 30 bp are too short"),
        ({"n_filters": 0}, "n_filters must be a positive number, got 0"),
        ({"activation": "gelu"}, "activation must be one of published, relu, exponential"),
    ],
)
def test_what_makes_no_published_network_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        preset_config("DanQ", **changes)
    with pytest.raises(ValueError, match="did you mean DanQ"):
        preset_config("danq")


@pytest.mark.parametrize("name", PRESETS)
def test_a_published_network_comes_back_from_its_folder(name, tmp_path):
    network = small(name, activation="exponential").float()
    network.save(tmp_path)
    again = load_model(tmp_path)
    assert type(again) is type(network)
    assert again.config == network.config
    codes, _ = sequences(name)
    assert torch.equal(model_outputs(again, codes), model_outputs(network, codes))
    with pytest.raises(ValueError, match=r"shape \(N, 4, \d+\), got \(1, 4, 7\)"):
        again(torch.zeros(1, 4, 7))
