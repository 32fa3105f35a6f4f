import json
from contextlib import suppress

import pytest
import torch
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import (
    ARCHITECTURES,
    EXTRA_ARCHITECTURES,
    BiLSTM,
    Dropout,
    Exponential,
    HybridConfig,
    HybridNetwork,
    MultiHeadAttention,
    build_model,
    evaluating,
    initialise,
    list_models,
    model_config,
)
from motiflens.models.hybrid.layers import ChannelsLastConv1d
from motiflens.models.hybrid.network import full_precision
from motiflens.models.published import PRESETS

# Trainable parameters as published with the study's code, rerun.
PARAMETERS = {
    1: [
        *(140748, 562764, 649292, 658412, 732940, 881996),  # C24
        *(147980, 569996, 656524, 665644, 740172, 889228),  # C4C6
        *(583628, 649292, 658412, 732940, 881996),  # C4
    ],
    2: [
        *(20593, 44833, 57697, 61137, 73745, 98961),
        *(24673, 48913, 61777, 65217, 77825, 103041),
        *(48433, 57697, 61137, 73745, 98961),
    ],
}


def n_trainable(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def random_dna(n, length=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return one_hot(torch.randint(0, 4, (n, length), generator=generator).to(torch.uint8))


@pytest.mark.parametrize("task", [1, 2])
@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_parameters_of_all_architectures_are_those_of_the_study(task, activation):
    counts = [n_trainable(build_model(name, activation=activation, task=task)) for name in ARCHITECTURES]
    assert counts == PARAMETERS[task]


@pytest.mark.parametrize("name", ["C24-LSTM-Att", "C4-LSTM-Att"])
def test_the_released_code_doubles_the_attention_width_of_two_networks(name):
    assert n_trainable(build_model(name, task=2, variant="code")) == 108_433


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_forward_activations_and_attention_have_the_documented_shapes(name):
    model = build_model(name, task=1).eval()
    X = random_dna(3)
    assert model(X).shape == (3, 12)
    assert model.first_layer_activations(X).shape == (3, 32, 200)
    n_layers = {"Att": 1, "Trans1": 1, "Trans2": 2, "Trans4": 4}.get(name.split("-")[-1], 0)
    weights = model.attention_weights(X)
    assert len(weights) == n_layers
    for layer in weights:
        assert layer.shape == (3, 8, 8, 8)
        torch.testing.assert_close(layer.sum(-1), torch.ones(3, 8, 8))


@pytest.mark.parametrize("name", EXTRA_ARCHITECTURES)
def test_the_other_architectures_are_what_their_names_say(name):
    model = build_model(name, task=1).eval()
    n_tokens = 50 if name.startswith("C4-") or name == "C4" else 8
    has_attention, takes_mean = "-Att" in name, name.endswith("-mean")
    width = 128 if has_attention else 32
    assert model.head.dense.in_features == width * (1 if takes_mean else n_tokens)
    assert not any(isinstance(module, nn.LSTM) for module in model.modules())
    X = random_dna(2)
    assert model(X).shape == (2, 12)
    expected = [(2, 8, n_tokens, n_tokens)] if has_attention else []
    assert [weights.shape for weights in model.attention_weights(X)] == expected


def test_a_hand_set_network_gives_the_known_logit():
    """One filter that answers to the base A, pools of 4: everything downstream can be computed by hand."""
    config = HybridConfig(
        length=8, n_outputs=1, n_filters=1, kernel_size=1, activation="exponential", first_pool=4, dense_width=1
    )
    model = HybridNetwork(config).eval()
    with torch.no_grad():
        model.stem.first.conv.weight[:] = torch.tensor([1.0, 0, 0, 0]).view(1, 4, 1)
        model.head.dense.weight[:] = torch.tensor([[1.0, 10.0]])
        model.head.out.weight[:], model.head.out.bias[:] = 2.0, 0.5
    X = one_hot(torch.tensor([[3, 0, 3, 3, 1, 1, 1, 1]], dtype=torch.uint8))
    bn = 1 / (1 + config.batch_norm_eps) ** 0.5  # running variance 1, mean 0
    pooled = torch.exp(torch.tensor([1.0 * bn, 0.0]))  # A in the first pool, none in the second
    hidden = (pooled[0] + 10 * pooled[1]) * bn
    torch.testing.assert_close(model(X), (2 * hidden + 0.5).view(1, 1))


@pytest.mark.parametrize("n_tokens", [7, 20])  # few and many: the softmax runs over another axis
def test_attention_equals_pytorchs_own(n_tokens):
    attention = MultiHeadAttention(16, 16, 4)
    other = nn.MultiheadAttention(16, 4, batch_first=True, bias=False)
    with torch.no_grad():
        other.in_proj_weight[:] = torch.cat([attention.query.weight, attention.key.weight, attention.value.weight])
        other.out_proj.weight[:] = attention.out.weight
    tokens = torch.randn(5, n_tokens, 16)
    expected, weights = other(tokens, tokens, tokens, average_attn_weights=False)
    torch.testing.assert_close(attention(tokens), expected + attention.out.bias)
    torch.testing.assert_close(attention.weights(tokens), weights)


def test_relu_backward_lstm_differs_only_where_the_code_does():
    plain, code = BiLSTM(3, 8), BiLSTM(3, 8, backward_activation="relu")
    code.load_state_dict(plain.state_dict())
    tokens = torch.randn(2, 5, 3)
    torch.testing.assert_close(code(tokens)[..., :4], plain(tokens)[..., :4])
    assert not torch.allclose(code(tokens)[..., 4:], plain(tokens)[..., 4:])
    parameters = dict(code.lstm.named_parameters())
    with torch.no_grad():  # one step by hand: no memory yet, so only input, cell and output gates count
        gates = parameters["weight_ih_l0_reverse"] @ tokens[0, -1] + parameters["bias_ih_l0_reverse"]
        i, _, g, o = gates.chunk(4)
        expected = torch.sigmoid(o) * torch.relu(torch.sigmoid(i) * torch.relu(g))
    torch.testing.assert_close(code(tokens)[0, -1, 4:], expected)


def test_channels_last_convolution_equals_the_plain_one():
    conv = ChannelsLastConv1d(3, 5, 7, padding=3, bias=False)
    x = torch.randn(2, 3, 11)
    expected = nn.functional.conv1d(x, conv.weight, padding=3)
    torch.testing.assert_close(conv(x), expected, rtol=1e-4, atol=1e-5)


def test_dropout_with_a_generator_drops_the_right_share_and_keeps_the_mean():
    import numpy as np

    dropout = Dropout(0.1)
    x = torch.ones(400, 1001)
    dropout.generator = np.random.Generator(np.random.SFC64(1))
    first = dropout(x)
    share = (first == 0).double().mean().item()
    assert abs(share - 0.1) < 5 * (0.1 * 0.9 / x.numel()) ** 0.5
    torch.testing.assert_close(first[first != 0], torch.full_like(first[first != 0], 65536 / (65536 - 6554)))
    assert not torch.equal(dropout(x), first)
    dropout.generator = np.random.Generator(np.random.SFC64(1))
    assert torch.equal(dropout(x), first)
    assert torch.equal(dropout.eval()(x), x)


def test_keras_initialisation():
    model = build_model("C4-LSTM-Att", task=1)
    initialise(model, "keras", torch.Generator().manual_seed(0))
    conv = model.stem.first.conv.weight
    limit = (6 / (19 * (4 + 32))) ** 0.5
    assert conv.abs().max() <= limit
    assert conv.abs().max() > 0.98 * limit
    lstm = dict(model.stem.lstm.lstm.named_parameters())
    recurrent = lstm["weight_hh_l0"]
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(64), rtol=1e-4, atol=1e-5)
    expected = torch.zeros(256)
    expected[64:128] = 1
    torch.testing.assert_close(lstm["bias_ih_l0"], expected)
    assert not lstm["bias_hh_l0"].any()


def test_he_initialisation_has_the_right_spread():
    model = build_model("C24", task=1)
    initialise(model, "he", torch.Generator().manual_seed(0))
    dense = model.head.dense.weight
    assert abs(dense.std().item() / (2 / dense.shape[1]) ** 0.5 - 1) < 0.02


def test_save_and_load_give_the_same_network(tmp_path):
    model = build_model("C4C6-LSTM-Trans1", activation="relu", task=2).eval()
    model.save(tmp_path / "net")
    loaded = HybridNetwork.load(tmp_path / "net")
    assert loaded.config == model.config
    assert not loaded.training
    X = random_dna(2)
    assert torch.equal(loaded(X), model(X))


def test_load_says_what_is_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        HybridNetwork.load(tmp_path)
    build_model("C24", task=2).save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"n_filters": 7}))
    with pytest.raises(ValueError, match="does not hold a saved hybrid network"):
        HybridNetwork.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights = (tmp_path / "model.safetensors").read_bytes()
    for length in (0, 100, len(weights) - 100):
        (tmp_path / "model.safetensors").write_bytes(weights[:length])
        with pytest.raises(ValueError, match="does not hold a saved hybrid network"):
            HybridNetwork.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="does not hold"):
        HybridNetwork.load(tmp_path)


def test_free_composition_for_other_data():
    config = HybridConfig(
        length=500, n_outputs=3, n_filters=16, kernel_size=11, first_pool=5, second_stage="conv", second_pool=10,
        attention="transformer", attention_width=16, n_heads=4, n_layers=2, dense_width=32,
    )  # fmt: skip
    model = HybridNetwork(config)
    assert model(random_dna(4, 500)).shape == (4, 3)
    assert [w.shape for w in model.attention_weights(random_dna(4, 500))] == [(4, 4, 10, 10)] * 2


def test_list_models_matches_patterns():
    assert len(ARCHITECTURES) == 17
    assert list_models() == [*ARCHITECTURES, *EXTRA_ARCHITECTURES, *PRESETS]
    assert list_models("C4-LSTM*") == ["C4-LSTM", "C4-LSTM-Att", "C4-LSTM-Trans1", "C4-LSTM-Trans2", "C4-LSTM-Trans4"]
    assert list_models("C4*mean") == ["C4-mean", "C4-Att-mean", "C4C6-mean", "C4C6-Att-mean"]
    assert list_models("nothing") == []


def test_the_activation_is_a_module_that_libraries_can_see():
    assert any(isinstance(m, Exponential) for m in build_model("C24", activation="exponential").modules())
    assert not any(isinstance(m, Exponential) for m in build_model("C24", activation="relu").modules())


@pytest.mark.parametrize("chosen", ["default", "everywhere", "each by itself"])
def test_full_precision_leaves_tf32_out_and_restores_what_the_user_chose(chosen, monkeypatch):
    cudnn = torch.backends.cudnn
    if chosen != "default" and not hasattr(cudnn, "conv"):
        pytest.skip("this PyTorch has a single switch")
    if chosen == "everywhere":
        monkeypatch.setattr(torch.backends, "fp32_precision", "tf32")
    if chosen == "each by itself":
        monkeypatch.setattr(cudnn.rnn, "fp32_precision", "ieee")
    switches = [cudnn.conv, cudnn.rnn] if hasattr(cudnn, "conv") else []
    before = [switch.fp32_precision for switch in switches]
    with suppress(KeyError), full_precision():
        assert not cudnn.allow_tf32
        assert [switch.fp32_precision for switch in switches] == ["ieee"] * len(switches)
        raise KeyError
    assert [switch.fp32_precision for switch in switches] == before
    if chosen != "each by itself":
        assert cudnn.allow_tf32


def test_evaluating_restores_every_modules_mode():
    model = build_model("C24", task=2).train()
    model.head.eval()
    with evaluating(model):
        assert not any(m.training for m in model.modules())
    assert model.training
    assert not model.head.dropout.training
    assert model.stem.first.norm.training


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_model("C4C6-At"), "did you mean C4C6-Att"),
        (lambda: build_model("C24", task=3), "task must be 1 or 2"),
        (lambda: build_model("C24", activation="exponentail"), "did you mean exponential"),
        (lambda: build_model("C24", lenght=300), "did you mean length"),
        (lambda: model_config("C24", kernel_size=4), r"must be odd .*, got 4"),
        (lambda: model_config("C24", length=20), "leaves no position of a sequence of length 20"),
        (lambda: model_config("C24", n_filters=0), "positive integer, got 0"),
        (lambda: model_config("C24", dropout=1.0), r"in \[0, 1\)"),
        (lambda: model_config("C24-Att", attention_width=100), "multiple of n_heads"),
        (lambda: model_config("C24-LSTM-Att", lstm_width=7), "must be even"),
        (lambda: model_config("C24-LSTM-Trans1", attention_width=64), "must equal the width of its input, 128"),
        (lambda: model_config("C24-Att", positional_encoding="rotatory"), "did you mean rotary"),
        (lambda: model_config("C24", head="avg"), "head must be one of flatten, mean"),
        (lambda: model_config("C24", positional_encoding="learned"), "acts in the attention, and there is none"),
        (
            lambda: model_config("C24-Att", attention_width=40, positional_encoding="rotary"),
            "multiple of twice n_heads, got 40 and 8",
        ),
        (lambda: build_model("C24")(torch.zeros(1, 4, 100)), r"shape \(N, 4, 200\), got \(1, 4, 100\)"),
        (lambda: initialise(build_model("C24"), "xavier", torch.Generator()), "keras, he"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
