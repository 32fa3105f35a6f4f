import sys

import captum.attr
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import CompletenessWarning, deep_lift_shap, explain
from motiflens.interpret.attribution.calls import OperationNetwork
from motiflens.models.hybrid import ARCHITECTURES, build_model

pytest.importorskip("tangermeme")
LENGTH = 24


def sequences(n=5, length=LENGTH, seed=0):
    return one_hot(np.random.default_rng(seed).integers(0, 4, (n, length), dtype=np.uint8))


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def linear_model(n_outputs=2, length=LENGTH):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(4 * length, n_outputs))


def test_linear_model_in_closed_form():
    model, X = linear_model(), sequences()
    weights = model[1].weight[1].detach().reshape(4, LENGTH)
    values = deep_lift_shap(model, X, target=1, baselines="uniform", hypothetical=True)
    torch.testing.assert_close(values, (weights - weights.mean(0)).expand_as(X))
    values = deep_lift_shap(model, X, target=1, baselines="zeros")
    torch.testing.assert_close(values, weights * X)
    values = deep_lift_shap(model, X, target=1, baselines="zeros", correct_gradient=True)
    torch.testing.assert_close(values, (weights - weights.mean(0)) * X)


def test_rescale_rule_in_closed_form():
    weights = torch.randn(2, 4 * LENGTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.Parameter(weights)

        def forward(self, x):
            first, second = (x.flatten(1) @ self.weights.T).unbind(1)
            return 2 * first.exp() + torch.relu(second)

    X = sequences()
    a, b = (X.double().flatten(1) @ weights.T).unbind(1)  # at the baseline, zeros, both are 0
    multiplier = (2 * torch.expm1(a) / a)[:, None] * weights[0] + (F.relu(b) / b)[:, None] * weights[1]
    values = deep_lift_shap(Net(), X, baselines="zeros")
    torch.testing.assert_close(values, multiplier.view_as(X) * X)


def test_products_take_the_midpoint():
    model = Function(lambda x: x[:, 0].sum(1) * x[:, 1].sum(1))
    X = sequences()
    a, b = X[:, 0].sum(1), X[:, 1].sum(1)
    expected = torch.zeros_like(X)
    expected[:, 0], expected[:, 1] = (b / 2)[:, None], (a / 2)[:, None]
    torch.testing.assert_close(deep_lift_shap(model, X, baselines="zeros"), expected * X)


@pytest.mark.filterwarnings("ignore::UserWarning:captum")
def test_equals_captum_on_convolutions_and_relu():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(4, 6, 5, padding=2), nn.ReLU(), nn.Conv1d(6, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(66, 2)
    ).eval()
    X, baseline = sequences(seed=1), sequences(seed=2)
    expected = captum.attr.DeepLift(model).attribute(X.clone().requires_grad_(), baseline, target=1).detach().sum(1)
    values = deep_lift_shap(model, X, target=1, baselines=baseline)
    torch.testing.assert_close(values.sum(1), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "exponential"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_is_complete_on_all_architectures(name, activation):
    torch.manual_seed(0)
    model, X = build_model(name, activation=activation, task=2).double(), sequences(1, 200)
    result = explain(model, X, method="deep_lift_shap", n_shuffles=1)
    assert result.gap.max() < 1e-6
    assert (result.values != 0).any(1).float().mean() > 0.5


def test_is_complete_with_the_released_codes_lstm():
    model = build_model("C24-LSTM-Att", task=2, variant="code").double()
    assert explain(model, sequences(1, 200), method="deep_lift_shap", n_shuffles=1).gap.max() < 1e-6


class Convolutional(nn.Module):
    """A first layer, then whatever is to be tried on tokens (N, T, 8), then a sum."""

    def __init__(self, rest):
        super().__init__()
        self.conv = nn.Conv1d(4, 8, 5, padding=2)
        self.rest = rest if isinstance(rest, nn.Module) else Function(rest)
        self.out = nn.LazyLinear(2)

    def forward(self, x):
        return self.out(self.rest(torch.exp(self.conv(x)).mT).flatten(1))


class Last(nn.Module):
    """The parts of a recurrent layer's answer, both."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, tokens):
        if not self.layer.batch_first:
            tokens = tokens.transpose(0, 1)
        outputs, state = self.layer(tokens)
        hidden = state[0] if isinstance(state, tuple) else state
        outputs = outputs if self.layer.batch_first else outputs.transpose(0, 1)
        return torch.cat([outputs.flatten(1), hidden.transpose(0, 1).flatten(1)], 1)


class Attention(nn.Module):
    def __init__(self, batch_first, *, cross=False, mask=None):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=batch_first)
        self.cross, self.mask = cross, mask

    def forward(self, x):
        x = x if self.attention.batch_first else x.transpose(0, 1)
        query = x[:, :5] if self.cross and self.attention.batch_first else x
        mixed, weights = self.attention(query, x, x, attn_mask=self.mask)
        mixed = mixed if self.attention.batch_first else mixed.transpose(0, 1)
        return torch.cat([mixed.flatten(1), weights.flatten(1)], 1)


def gated(x):
    return x * torch.sigmoid(x.mean(1, keepdim=True)) / (1 + x.square().sum(-1, keepdim=True))


def residual(x):
    y = F.gelu(x)
    y += x
    return y


CAUSAL = torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1)
PARTS = {
    "lstm": lambda: Last(nn.LSTM(8, 5, num_layers=2, bidirectional=True, batch_first=True)),
    "lstm, time first": lambda: Last(nn.LSTM(8, 5, bias=False)),
    "gru": lambda: Last(nn.GRU(8, 5, bidirectional=True, batch_first=True)),
    "rnn": lambda: Last(nn.RNN(8, 5, nonlinearity="relu", batch_first=True)),
    "attention": lambda: Attention(True),
    "attention, time first": lambda: Attention(False, mask=CAUSAL),
    "cross attention": lambda: Attention(True, cross=True),
    "encoder": lambda: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu"), 2, enable_nested_tensor=False
    ),
    "encoder, time first": lambda: nn.Sequential(
        Function(lambda x: x.transpose(0, 1)),
        nn.TransformerEncoderLayer(8, 2, 16),
        Function(lambda x: x.transpose(0, 1)),
    ),
    "dot products": lambda: Function(lambda x: F.scaled_dot_product_attention(x, x.flip(1), x, is_causal=True)),
    "einsum": lambda: Function(lambda x: torch.einsum("ntc,nsc->nts", x, x.flip(1))),
    "gate": lambda: Function(gated),
    "residual": lambda: Function(residual),
    "glu": lambda: nn.GLU(),
    "lerp": lambda: Function(lambda x: torch.lerp(x, x.flip(1), torch.sigmoid(x.mean(2, keepdim=True)))),
    "in place": lambda: nn.Sequential(nn.LayerNorm(8), nn.ReLU(inplace=True)),
    "largest": lambda: Function(
        lambda x: torch.cat([x.max(1).values, x.amax(-1), x.max(2, keepdim=True)[0][..., 0]], 1)
    ),
    "pools": lambda: nn.Sequential(Function(lambda x: x.mT), nn.MaxPool1d(3, 2, padding=1), nn.AdaptiveMaxPool1d(1)),
    "softmax": lambda: Function(lambda x: x.softmax(1) + F.log_softmax(x, -1)),
    "group norm": lambda: nn.Sequential(Function(lambda x: x.mT), nn.GroupNorm(2, 8)),
}


@pytest.mark.parametrize("part", PARTS)
def test_is_complete_on_other_networks(part):
    torch.manual_seed(0)
    model = Convolutional(PARTS[part]()).eval()
    X = sequences(3)
    model(X)
    result = explain(model.double(), X, method="deep_lift_shap", n_shuffles=2, target=1)
    assert result.gap.max() < 1e-6
    assert result.values.abs().max() > 0


def test_the_operations_give_the_models_own_outputs():
    torch.manual_seed(0)
    X = sequences(4)
    for make in PARTS.values():
        model = Convolutional(make()).eval()
        expected = model(X).detach()
        model.requires_grad_(False)
        with torch.enable_grad():
            network = OperationNetwork(model, X[:1])
            torch.testing.assert_close(network(X.requires_grad_()).detach(), expected, rtol=1e-4, atol=1e-5)
        X.requires_grad_(False)
        assert not network.without_rule()
        assert len(network.operations) > 0


def _elu(h):
    F.elu(h, 0.7, True)
    return h


def _relu(h):
    nn.ReLU(inplace=True)(h)
    return h


def _gated(h):
    h *= h.mean(2, keepdim=True)
    return h


def _scaled(h):
    h.div_(2 + h.mean(2, keepdim=True).exp())
    return h


def _half(h):
    h[:, :2].tanh_()
    return h


@pytest.mark.parametrize(
    ("in_place", "same"),
    [
        (_relu, torch.relu),
        (torch.relu_, torch.relu),
        (_elu, lambda h: F.elu(h, 0.7)),
        (_gated, lambda h: h * h.mean(2, keepdim=True)),
        (_scaled, lambda h: h / (2 + h.mean(2, keepdim=True).exp())),
        (_half, lambda h: torch.cat([h[:, :2].tanh(), h[:, 2:]], 1)),
    ],
)
def test_what_works_in_place_is_used_again(in_place, same):
    torch.manual_seed(0)
    stem, more, out = nn.Conv1d(4, 5, 5), nn.Conv1d(5, 5, 3, padding=1), nn.Linear(5 * 20, 1)

    def network(function, ignore):
        def forward(x):
            h = stem(x)
            changed = function(h)
            return out((h + more(h) if ignore else changed + more(changed)).flatten(1))

        model = Function(forward)
        model.parts = nn.ModuleList([stem, more, out])
        return model.double()

    X = sequences()
    expected = deep_lift_shap(network(same, False), X, baselines="zeros")
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(deep_lift_shap(network(in_place, True), X, baselines="zeros"), expected)


def test_float32_is_complete_within_rounding():
    torch.manual_seed(0)
    model = build_model("C4C6-LSTM-Trans1", activation="exponential", task=2)
    result = explain(model, sequences(4, 200), method="deep_lift_shap", n_shuffles=4)
    assert result.values.dtype == torch.float32
    assert result.gap.max() < 1e-3


def test_batches_and_seeds():
    torch.manual_seed(0)
    model, X = Convolutional(nn.ReLU()).eval(), sequences()
    model(X)
    values = deep_lift_shap(model, X, n_shuffles=3)
    torch.testing.assert_close(deep_lift_shap(model, X, n_shuffles=3, batch_size=2), values, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(deep_lift_shap(model, X, n_shuffles=3, seed=1), values)


def test_unknown_bases_contribute_nothing():
    torch.manual_seed(0)
    model, X = Convolutional(nn.ReLU()).eval(), sequences()
    X[:, :, 3:6] = 0
    model(X)
    result = explain(model.double(), X, method="deep_lift_shap", baselines="uniform")
    assert result.gap.max() < 1e-6
    assert not result.values[:, :, 3:6].any()


def test_no_base_is_worth_more_than_another_beside_unknown_ones():
    model, X = Function(lambda x: x.sum((1, 2))), sequences(8, 30)
    X[:, :, :4], X[:, :, 20] = 0, 0
    assert deep_lift_shap(model, X).abs().max() < 1e-6


def test_the_model_is_left_as_it_was():
    torch.manual_seed(0)
    model, X = build_model("C4C6-LSTM-Att", task=2).train(), sequences(2, 200)
    trainable = [p.requires_grad for p in model.parameters()]
    deep_lift_shap(model, X, n_shuffles=1)
    assert all(module.training for module in model.modules())
    assert [p.requires_grad for p in model.parameters()] == trainable
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())
    assert all(p.grad is None for p in model.parameters())
    assert deep_lift_shap(model, X[:0]).shape == (0, 4, 200)


def test_a_call_without_rule_is_named():
    class Clipped(nn.Module):
        def forward(self, x):
            return torch.hypot(x.exp(), 2 * x.flip(1)) ** 3

    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(4, 8, 5), Clipped(), nn.Flatten(), nn.Linear(160, 1)).eval()
    with pytest.warns(CompletenessWarning, match=r"no rule fits hypot in layer '1'"):
        result = explain(model, sequences(3), method="deep_lift_shap", n_shuffles=2)
    assert result.gap.max() > 0.05


def test_a_product_of_three_is_named():
    constant = torch.eye(4)
    model = Function(lambda x: torch.einsum("ncl,cd,ndl->nl", x, constant, x.flip(2)).sum(1))
    with pytest.warns(CompletenessWarning, match="no rule fits einsum"):
        deep_lift_shap(model, sequences(3), baselines="uniform")


def test_a_rough_integral_is_named():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(4, 8, 5), Function(lambda x: torch.logsumexp(10 * x, 1)), nn.Linear(20, 1))
    with pytest.warns(CompletenessWarning, match=r"that of logsumexp in layer '1': raise n_points"):
        deep_lift_shap(model.eval(), sequences(3), baselines="zeros", n_points=1)
    assert explain(model, sequences(3), method="deep_lift_shap", n_points=32, baselines="zeros").gap.max() < 1e-3


def test_what_cannot_be_found_is_said():
    model = Function(lambda x: (x[:, 0] * (x[:, 0] > 0.3)).sum(1) + x[:, 1].detach().sum(1))
    with pytest.warns(CompletenessWarning, match="no layer without a rule was found"):
        deep_lift_shap(model, sequences(3), baselines="zeros")


def test_a_model_whose_calls_change_is_refused():
    class Changing(nn.Module):
        n = 0

        def forward(self, x):
            self.n += 1
            return (x.exp() if self.n % 3 else x.tanh()).sum((1, 2))

    with pytest.raises(RuntimeError, match="same calls for every batch"):
        deep_lift_shap(Changing(), sequences())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_shuffles": 0}, "n_shuffles must be at least 1, got 0"),
        ({"n_points": 0}, "n_points must be at least 1, got 0"),
        ({"target": 2}, "target must be in 0 ... 1, got 2"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"baselines": "zero"}, "did you mean zeros"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        deep_lift_shap(linear_model(), sequences(), **options)


def test_an_output_that_does_not_depend_on_the_input_is_refused():
    with pytest.raises(ValueError, match="depends on X"):
        deep_lift_shap(Function(lambda x: (x > 0).float().sum((1, 2))), sequences())


def test_without_tangermeme_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tangermeme.deep_lift_shap", None)
    with pytest.raises(ImportError, match=r"pip install 'motiflens\[deeplift\]'"):
        deep_lift_shap(linear_model(), sequences())


class Pooled(nn.Module):
    """A convolution, whatever `pool` makes of its map and the other strand's, and a dense layer."""

    def __init__(self, pool, width=1):
        super().__init__()
        self.conv, self.pool, self.dense = nn.Conv1d(4, 6, 7), pool, nn.Linear(6 * width, 2)

    def forward(self, x):
        return self.dense(self.pool(torch.relu(self.conv(x)), torch.relu(self.conv(x.flip(1, 2))).flip(2)).flatten(1))


POOLS = {
    "maximum": (lambda a, b: torch.maximum(a, b).mean(2), 1),
    "max": (lambda a, b: torch.max(a, b).mean(2), 1),
    "max, other": (lambda a, b: torch.max(a, other=b).mean(2), 1),
    "fmax": (lambda a, b: torch.fmax(a, b).mean(2), 1),
    "minimum": (lambda a, b: torch.minimum(a, b).mean(2), 1),
    "a constant": (lambda a, b: torch.maximum(a, torch.full((), 0.3, dtype=a.dtype)).mean(2), 1),
    "a power": (lambda a, b: (a**3).mean(2), 1),
    "adaptive 2": (lambda a, b: nn.functional.adaptive_max_pool1d(a, 2), 2),
    "adaptive 5": (lambda a, b: nn.AdaptiveMaxPool1d(5)(a + b), 5),
}


@pytest.mark.parametrize("name", POOLS)
def test_maxima_of_two_and_of_parts_have_a_rule(name):
    """float64: the gap is rounding; and the model computes what it did."""
    pool, width = POOLS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Pooled(pool, width).double().eval()
    codes = np.random.default_rng(3).integers(0, 4, (4, 43), dtype=np.uint8)
    found = explain(model, one_hot(codes, torch.float64), method="deep_lift_shap", target=1, n_shuffles=3)
    assert found.gap.max() < 1e-5
    x = one_hot(codes, torch.float64)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    torch.testing.assert_close(OperationNetwork(model, x[:1])(x), model(x))


CHOICES = {
    "where": lambda z: torch.where(z > 0, z, torch.zeros_like(z)),
    "mask": lambda z: z * (z > 0),
    "numbers": lambda z: (z > 0).type_as(z) * z,
    "filled": lambda z: z.masked_fill(z < 0, 0.0),
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_chosen_by_itself_has_the_rule_of_the_function_it_stands_for(name):
    """A ReLU by hand, whose gradient alone would say nothing of what it hides."""
    torch.manual_seed(0)
    conv, dense = nn.Conv1d(4, 5, 7).double(), nn.Linear(5, 1).double()
    X = sequences().double()
    nets = [Function(lambda x, act=act: dense(act(conv(x)).sum(2))) for act in (CHOICES[name], torch.relu)]
    for net in nets:
        net.conv, net.dense = conv, dense
    own, expected = (explain(net, X, method="deep_lift_shap", n_shuffles=3) for net in nets)
    torch.testing.assert_close(own.values, expected.values)
    assert own.gap.max() < 1e-5


@pytest.mark.parametrize(
    "pool",
    [
        lambda maps: maps[:, :, None].amax((2, 3)),
        lambda maps: maps[:, :, None].amax(dim=(-1, -2), keepdim=True).flatten(1),
        lambda maps: F.adaptive_max_pool2d(maps.unflatten(2, (3, 6)), (2, 3)).flatten(1)[:, :5],
        lambda maps: nn.AdaptiveMaxPool2d(1)(maps.unflatten(2, (3, 6))).flatten(1),
        lambda maps: torch.maximum(maps, torch.zeros(())).amax(2),
    ],
)
def test_maxima_over_two_axes_have_a_rule(pool):
    torch.manual_seed(0)
    conv, dense = nn.Conv1d(4, 5, 7).double(), nn.Linear(5, 1).double()
    net = Function(lambda x: dense(pool(torch.exp(conv(x)))))
    net.conv, net.dense = conv, dense
    X = sequences().double()
    assert not OperationNetwork(net.requires_grad_(False), X[:1]).without_rule()
    assert explain(net, X, method="deep_lift_shap", n_shuffles=3).gap.max() < 1e-5
