"""Attention weights of any model, against what each layer itself returns or a formula."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.interpret.interactions import INTERACTION_METHODS, Settings, interactions
from motiflens.interpret.interactions.attention import token_maps
from motiflens.models.any_model import adapt
from motiflens.models.any_model.attention import capturing_attention
from motiflens.models.hybrid import build_model
from motiflens.models.outputs import attention_weights
from motiflens.motifs.sets import Motif

CODES = np.random.default_rng(0).integers(0, 4, (8, 60), dtype=np.uint8)
X = one_hot(CODES)


class Tokens(nn.Module):
    """A convolution and a pool to 10 tokens of width 8, any attention, and a logit."""

    def __init__(self, attend, **modules):
        super().__init__()
        self.conv, self.out = nn.Conv1d(4, 8, 7, padding=3), nn.Linear(8, 2)
        for name, module in modules.items():
            setattr(self, name, module)
        self.attend = attend

    def tokens(self, x):
        return F.max_pool1d(torch.relu(self.conv(x)), 6).transpose(1, 2)

    def forward(self, x):
        return self.out(self.attend(self, self.tokens(x)).mean(1))


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make().eval()


def by_hand(self, x):
    scores = x @ x.transpose(1, 2) / math.sqrt(8)
    return F.dropout(torch.softmax(scores, -1), 0.2, self.training) @ x


def with_heads(self, x):
    q = k = v = x.unflatten(2, (2, 4)).transpose(1, 2)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def of_module(self, x):
    return self.attention(x, x, x, need_weights=False)[0]


KINDS = {
    "by hand": (by_hand, dict, 1),
    "heads": (with_heads, dict, 2),
    "module": (of_module, lambda: {"attention": nn.MultiheadAttention(8, 2, batch_first=True)}, 2),
    "encoder": (
        lambda self, x: self.encoder(x),
        lambda: {"encoder": nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)},
        2,
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_weights_are_captured_as_the_layer_has_them(name):
    attend, modules, n_heads = KINDS[name]
    model = seeded(lambda: Tokens(attend, **modules()))
    adapted = adapt(model, CODES)
    (weights,) = attention_weights(adapted, CODES)
    assert weights.shape == (8, n_heads, 10, 10)
    torch.testing.assert_close(weights.sum(-1), torch.ones(8, n_heads, 10))
    tokens = model.tokens(X)
    if name in ("module", "encoder"):
        layer = model.attention if name == "module" else model.encoder.self_attn
        expected = layer(tokens, tokens, tokens, average_attn_weights=False)[1]
    else:
        heads = tokens.unflatten(2, (n_heads, -1)).transpose(1, 2)
        scale = math.sqrt(8) if name == "by hand" else 2
        expected = torch.softmax(heads @ heads.mT / scale, -1)
    torch.testing.assert_close(weights, expected.detach())
    torch.testing.assert_close(adapted(X), model(X))  # the model computes what it did
    assert adapted.attention_weights(X[:1])[0].shape == (1, n_heads, 10, 10)


def masks(kind, n_heads):
    generator = torch.Generator().manual_seed(1)
    if kind == "each head's":
        return {"attn_mask": torch.randn(8 * n_heads, 10, 10, generator=generator)}
    if kind == "hidden":
        hidden = torch.rand(10, 10, generator=generator) > 0.8
        return {"attn_mask": hidden & ~torch.eye(10, dtype=torch.bool), "key_padding_mask": torch.arange(10) > 7}
    return {}


@pytest.mark.parametrize("mask", ["none", "each head's", "hidden"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False},
        {"add_bias_kv": True},
        {"add_zero_attn": True},
        {"kdim": 5, "vdim": 6},
        {"batch_first": False},
    ],
)
def test_every_form_of_pytorchs_attention_is_captured(options, mask):
    """Against what the layer itself returns; keys that it adds are left out."""
    layer = seeded(lambda: nn.MultiheadAttention(8, 2, **{"batch_first": True} | options))
    generator = torch.Generator().manual_seed(0)
    widths = (8, options.get("kdim", 8), options.get("vdim", 8))
    given = [torch.randn(8, 10, width, generator=generator) for width in widths]
    if not layer.batch_first:
        given = [x.transpose(0, 1) for x in given]
    hidden = masks(mask, 2)
    if "key_padding_mask" in hidden:
        hidden["key_padding_mask"] = hidden["key_padding_mask"].expand(8, -1)
    expected, weights = layer(*given, **hidden, average_attn_weights=False)
    for needed in (True, False):
        with capturing_attention() as captured:
            found, _ = layer(*given, **hidden, need_weights=needed)
        torch.testing.assert_close(found, expected)
        (own,) = captured
        torch.testing.assert_close(own, weights[..., :10])


def test_heads_that_share_keys_are_captured():
    q, k, v = torch.randn(3, 8, 4, 10, 5, generator=torch.Generator().manual_seed(0))
    k, v = k[:, :2], v[:, :2]
    expected = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    with capturing_attention() as captured:
        torch.testing.assert_close(F.scaled_dot_product_attention(q, k, v, enable_gqa=True), expected)
    torch.testing.assert_close(captured[0], (q @ k.repeat_interleave(2, 1).mT / 5**0.5).softmax(-1))


@pytest.mark.parametrize("name", KINDS)
def test_gradients_reach_the_captured_weights(name):
    """Weight times gradient, against a finite change of one weight... through the whole model."""
    attend, modules, _ = KINDS[name]
    adapted = adapt(seeded(lambda: Tokens(attend, **modules())), CODES)
    maps = token_maps(adapted, CODES, "gradient", target=1, batch_size=4)
    assert maps.shape == (8, 10, 10)
    assert np.abs(maps).max() > 0
    if name == "by hand":
        model = adapted.model
        tokens = model.tokens(X).detach()
        weights = torch.softmax(tokens @ tokens.mT / math.sqrt(8), -1)
        value = (tokens @ model.out.weight[1]).detach() / 10  # what a unit of attention to each token adds
        expected = weights * value[:, None, :]
        expected = (expected + expected.mT) / 2
        np.testing.assert_allclose(maps, expected.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "sizes", "shape"),
    [
        ("SATORI", {"length": 60, "n_filters": 8, "n_heads": 2, "head_width": 4}, (2, 10, 10)),
        ("DeepATT", {"length": 60, "n_filters": 8, "lstm_width": 4, "attention_width": 8, "pool": 3}, (4, 2, 10)),
        (
            "Enformer",
            {"length": 64, "n_filters": 4, "n_tower": 2, "n_blocks": 2, "n_heads": 2, "key_width": 2},
            (2, 8, 8),
        ),
    ],
)  # fmt: skip
def test_attention_methods_run_on_published_networks(name, sizes, shape):
    network = seeded(lambda: build_model(name, n_outputs=2, **sizes))
    codes = np.random.default_rng(1).integers(0, 4, (40, sizes["length"]), dtype=np.uint8)
    adapted = adapt(network, codes)
    layers = adapted.attention_weights(one_hot(codes[:3]))
    assert {layer.shape for layer in layers} == {(3, *shape)}
    assert len(layers) == (2 if name == "Enformer" else 1)
    rng = np.random.default_rng(0)
    motifs = [Motif(f"M{i}", f"M{i}", rng.dirichlet([0.1] * 4, 7).T) for i in range(3)]
    for method in ("attention", "attention_rollout", "attention_gradient"):
        assert INTERACTION_METHODS[method].needs_attention
        table = interactions(network, codes, motifs, Settings(n_null=6, n_sequences=20), method=method, target=1)
        assert len(table) == 3


def test_without_attention_another_method_is_named():
    adapted = adapt(seeded(lambda: Tokens(lambda self, x: x)), CODES)
    assert adapted.attention_weights(X) == []
    with pytest.raises(ValueError, match="without attention: use method 'insertion'"):
        token_maps(adapted, CODES, "raw", target=0, batch_size=4)
