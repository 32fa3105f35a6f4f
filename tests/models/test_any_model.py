import any_models
import numpy as np
import pytest
import torch
from any_models import EXPECTED, ZOO
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import encode, one_hot
from motiflens.interpret.attribution import saliency, saturation_mutagenesis
from motiflens.interpret.filters import activation_pwms
from motiflens.models.any_model import LAYOUTS, adapt, model_summary
from motiflens.models.hybrid import HybridConfig, HybridNetwork, build_model
from motiflens.models.outputs import first_layer_activations, model_outputs

CODES = np.random.default_rng(0).integers(0, 4, (12, 60), dtype=np.uint8)
X = one_hot(CODES)


class Around(nn.Module):
    """A convolution of 4 filters and whatever a function makes of it and the input."""

    def __init__(self, forward, conv=None, **modules):
        super().__init__()
        self.conv = nn.Conv1d(4, 4, 5) if conv is None else conv
        for name, module in modules.items():
            setattr(self, name, module)
        self.function = forward

    def forward(self, x):
        return self.function(self, x)


def around(forward, conv=None, **modules):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Around(forward, conv, **modules).eval()


def summed(maps):
    """Logits of two classes from maps of any shape."""
    total = maps.flatten(1).sum(1)
    return torch.stack([total, -total], 1)


def sure(maps):
    """Logits far beyond those whose probabilities a float32 tells from 0 and 1."""
    return 1500 * (maps.mean((1, 2)) + 0.025)


# What a model takes and gives


@pytest.mark.parametrize("name", ZOO)
def test_networks_as_people_write_them_are_understood(name, task1):
    model = any_models.make(name)
    adapted = adapt(model, task1.codes[:20])
    assert (adapted.layout, adapted.output, adapted.first_layer.steps) == EXPECTED[name]
    assert adapted.n_outputs == 12
    x = task1.X[:7]
    expected = model(LAYOUTS[adapted.layout](x))
    if adapted.output == "probabilities":
        expected = torch.log(expected / (1 - expected))
    torch.testing.assert_close(adapted(x), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        model_outputs(adapted, task1.codes[:7], batch_size=3), expected.detach(), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_detected(layout):
    kernels = {"N4L": 5, "NL4": 5, "N14L": (4, 5), "N1L4": (5, 4), "N41L": (1, 5), "N4L1": (5, 1)}
    channels = 1 if layout in ("N14L", "N1L4") else 4
    convolution = nn.Conv1d if len(layout) == 3 else nn.Conv2d
    conv = convolution(channels, 4, kernels[layout])

    def forward(self, x):
        maps = self.conv(x.transpose(1, 2) if layout == "NL4" else x)
        return self.dense(maps.flatten(1))  # fits one length

    model = around(forward, conv, dense=nn.Linear(4 * 56, 2))
    adapted = adapt(model, CODES)
    assert adapted.layout == layout
    torch.testing.assert_close(adapted(X), model(LAYOUTS[layout](X)))
    weight = conv.weight.detach()
    if layout == "N1L4":
        weight = weight.transpose(2, 3)
    expected = F.conv1d(X, weight.reshape(4, 4, 5), conv.bias)
    torch.testing.assert_close(adapted.first_layer_map(X), expected)


def test_of_two_layouts_that_run_the_convolution_decides():
    flat = around(lambda self, x: summed(self.conv(x)), nn.Conv2d(1, 4, (4, 9), padding=(0, 4)))
    flat(LAYOUTS["N1L4"](X))  # would run, over the bases as positions
    assert adapt(flat, X).layout == "N14L"


def test_layouts_that_nothing_tells_apart_must_be_named():
    square = around(lambda self, x: summed(self.conv(x)), nn.Conv2d(1, 4, 4))
    with pytest.raises(ValueError, match=r"each of the layouts N14L, N1L4.*name the one"):
        adapt(square, X)
    assert adapt(square, X, layout="N1L4").layout == "N1L4"


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (torch.sigmoid, "probabilities"),
        (lambda z: torch.softmax(z, 1), "probabilities"),
        (lambda z: torch.sigmoid(z)[:, 0], "probabilities"),
        (nn.Sigmoid(), "probabilities"),
        (lambda z: z, "logits"),
        (lambda z: torch.log_softmax(z, 1), "logits"),
        (lambda z: torch.sigmoid(z) * 3, "logits"),
        (lambda z: F.linear(torch.sigmoid(z), torch.eye(2) / 2), "logits"),
    ],
)
def test_logits_and_probabilities_are_told_apart(last, kind):
    assert adapt(around(lambda self, x: last(summed(self.conv(x)))), X).output == kind


@pytest.mark.parametrize(
    "last",
    [
        lambda z: torch.sigmoid(z).squeeze(1),
        lambda z: torch.sigmoid(z + 0 * torch.sigmoid(z)),
        lambda z: z.clone().sigmoid_(),
        lambda z: F.softmax(torch.cat([0 * z, z], 1), 1)[:, 1],
        lambda z: nn.Softmax(1)(torch.cat([0 * z, z], 1))[:, 1:],
    ],
)
def test_logits_are_those_before_the_probabilities(last):
    """Also where a probability is rounded to 1, as a sure network gives it: it still has a gradient."""
    model = around(lambda self, x: last(sure(self.conv(x))[:, None]))
    adapted = adapt(model, X)
    wanted = sure(model.conv(X))[:, None]
    assert wanted.max() > 20
    torch.testing.assert_close(adapted(X), wanted)
    assert (saliency(adapted, X).abs().amax((1, 2)) > 0).all()
    unchanged = adapt(model, X, output="logits")
    torch.testing.assert_close(unchanged(X), model(X).reshape(len(X), 1))


def test_probabilities_of_an_unseen_sigmoid_become_logits_within_what_floats_hold():
    model = around(lambda self, x: 1 / (1 + torch.exp(-sure(self.conv(x)))))
    adapted = adapt(model, X, output="probabilities")
    wanted = sure(model.conv(X))[:, None]
    assert wanted.min() < -20 < 20 < wanted.max()
    inside = (wanted < 10).flatten()
    torch.testing.assert_close(adapted(X)[inside], wanted[inside], rtol=1e-3, atol=1e-3)
    assert adapted(X).isfinite().all()


def test_a_softmax_gives_the_logit_of_each_class_against_the_others():
    model = around(lambda self, x: torch.softmax(self.conv(x).mean(2), dim=1))
    p = model(X)
    torch.testing.assert_close(adapt(model, X)(X), torch.log(p / (1 - p)))
    alone = around(lambda self, x: torch.softmax(self.conv(x).mean((1, 2))[:, None], 1))
    with pytest.raises(ValueError, match="two classes or more"):
        adapt(alone, X)(X)


def test_an_unseen_sigmoid_must_be_named():
    hidden = around(lambda self, x: 1 / (1 + torch.exp(-summed(self.conv(x)))))
    with pytest.raises(ValueError, match=r"cannot tell whether.*logits or probabilities"):
        adapt(hidden, X)
    named = adapt(hidden, X, output="probabilities")
    torch.testing.assert_close(named(X), summed(hidden.conv(X)), rtol=1e-3, atol=1e-3)


def test_one_output_can_be_kept():
    model = around(lambda self, x: torch.softmax(summed(self.conv(x)) / 9, 1))
    kept = adapt(model, X, target=1)
    assert kept.n_outputs == 1
    torch.testing.assert_close(kept(X), adapt(model, X)(X)[:, 1:])
    with pytest.raises(ValueError, match=r"target must be in 0 \.\.\. 1"):
        adapt(model, X, target=2)


# The first layer


def windows_by_hand(conv, x):
    """Every window of a padded convolution, one dot product at a time, at the base in its centre."""
    weight, stride, dilation = conv.weight.detach(), conv.stride[0], conv.dilation[0]
    width = dilation * (conv.kernel_size[0] - 1) + 1
    padding = {"same": (width - 1) // 2, "valid": 0}.get(conv.padding, conv.padding)
    before = padding if isinstance(padding, int) else padding[0]
    after = width - 1 - before if conv.padding == "same" else before
    n, _, length = x.shape
    aligned = torch.zeros(n, len(weight), length)
    for start in range(-before, length + after - width + 1, stride):
        total = torch.zeros(n, len(weight))
        for k in range(conv.kernel_size[0]):
            position = start + k * dilation
            if 0 <= position < length:
                total += x[:, :, position] @ weight[:, :, k].T
        centre = start + width // 2
        if 0 <= centre < length:
            aligned[:, :, centre] = total.relu()
    return aligned


@pytest.mark.parametrize("kernel", [1, 8, 9])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same"},
        {"padding": 3},
        {"padding": 12},
        {"stride": 3},
        {"dilation": 2, "padding": "same"},
        {"stride": 2, "dilation": 3, "padding": 4},
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_windows_stand_at_their_centre(kernel, options):
    conv = nn.Conv1d(4, 3, kernel, bias=False, **options)
    adapted = adapt(around(lambda self, x: summed(F.relu(self.conv(x)) - 1), conv), X, output="logits")
    torch.testing.assert_close(adapted.first_layer_activations(X), windows_by_hand(conv, X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kernel", "padding"), [(8, 0), (8, 4), (9, 0), (9, 4)])
def test_a_planted_word_is_cut_out_in_its_place(kernel, padding):
    """A filter for one word gives the word, in columns that do not depend on how the model pads."""
    word = encode("GATTACAG")
    codes = np.random.default_rng(1).integers(0, 4, (300, 60), dtype=np.uint8)
    codes[np.arange(300)[:, None], np.random.default_rng(2).integers(15, 35, 300)[:, None] + np.arange(8)] = word
    conv = nn.Conv1d(4, 1, kernel, padding=padding, bias=False)
    conv.weight.data.zero_()
    conv.weight.data[0, :, :8] = one_hot(word[None])[0]
    adapted = adapt(around(lambda self, x: summed(self.conv(x) - 4), conv), codes)
    pwms, counts = activation_pwms(first_layer_activations(adapted, codes), codes, threshold=0.9)
    assert counts[0] >= 300
    first = 10 - kernel // 2  # a window of 20 has its position in column 10
    np.testing.assert_array_equal(pwms[0][:, first : first + 8].argmax(0), word)
    assert pwms[0][:, first : first + 8].max(0).min() == 1


def relu_in_place(self, x):
    maps = self.conv(x)
    maps.relu_()
    return summed(maps)


def with_branch(self, x):
    maps = self.conv(x)
    return summed(maps + torch.relu(maps))


def transposed(self, x):
    return summed(self.norm(self.conv(x).transpose(1, 2)))


@pytest.mark.parametrize(
    ("forward", "steps"),
    [
        (lambda self, x: summed(self.conv(x)), ()),
        (lambda self, x: summed(F.relu(self.conv(x))), ("relu",)),
        (lambda self, x: summed(F.relu(self.conv(x), inplace=True)), ("relu",)),
        (relu_in_place, ("relu",)),
        (lambda self, x: summed(F.softplus(self.batch(self.conv(x)))), ("batch_norm", "softplus")),
        (lambda self, x: summed(self.conv(x).unsqueeze(1).squeeze(1).exp()), ("unsqueeze", "squeeze", "exp")),
        (lambda self, x: summed(self.conv(x).exp().unsqueeze(1)), ("exp",)),
        (lambda self, x: summed(F.relu(F.max_pool1d(self.conv(x), 4))), ()),
        (lambda self, x: summed(F.dropout(self.conv(x).relu(), training=False).tanh()), ("relu",)),
        (lambda self, x: summed(torch.tanh(self.conv(x)).size() and torch.tanh(self.conv(x))), ("tanh",)),
        (with_branch, ()),
        (transposed, ()),
        (lambda self, x: summed(F.glu(self.conv(x), 1)), ()),
    ],
)
def test_what_directly_follows_belongs_to_the_first_layer(forward, steps):
    model = around(forward, batch=nn.BatchNorm1d(4).eval(), norm=nn.LayerNorm(4))
    adapted = adapt(model, X, output="logits")
    assert adapted.first_layer.steps == steps
    expected = model.conv(X)
    for step in steps:
        nonlinear = {"relu": torch.relu, "exp": torch.exp, "softplus": F.softplus, "tanh": torch.tanh}
        expected = model.batch(expected) if step == "batch_norm" else nonlinear.get(step, lambda z: z)(expected)
    torch.testing.assert_close(adapted.first_layer_map(X), expected)


@pytest.mark.parametrize(
    "forward",
    [
        lambda self, x: summed(F.relu(self.conv(x))),
        relu_in_place,
        with_branch,
        lambda self, x: summed(torch.exp(self.conv(x).unsqueeze(1))),
        lambda self, x: summed(F.relu(self.conv(x))) + summed(F.relu(self.conv(x.flip(1, 2)))),
        lambda self, x: summed(torch.max(*map(F.relu, [self.conv(x), self.conv(x.flip(1, 2))]))),
        lambda self, x: summed(torch.max(self.conv(x), self.conv(x.flip(1, 2)).flip(2))),
    ],
)
def test_an_edited_map_is_what_the_model_goes_on_with(forward):
    model = around(forward)
    adapted = adapt(model, X, output="logits")
    torch.testing.assert_close(adapted.with_edited_map(X, lambda maps: maps), model(X))
    model.conv.requires_grad_(False)
    model.conv.weight[1], model.conv.bias[1] = 0, 0.7  # a filter that is .7 everywhere
    expected = model(X)
    model.conv.weight[1], model.conv.bias[1] = 5, -3
    value = adapted.first_layer_map(X)[0, 0].new_tensor(0.7)
    value = torch.exp(value) if "exp" in adapted.first_layer.steps else value

    def flatten(maps):
        maps = maps.clone()
        maps[:, 1] = value
        return maps

    torch.testing.assert_close(adapted.with_edited_map(X, flatten), expected)
    assert not model.conv._forward_hooks
    assert not torch.equal(model(X), expected)


def test_the_map_of_the_first_call_is_given_whichever_activation_comes_first():
    def both(self, x):
        forward, reverse = self.conv(x), self.conv(x.flip(1, 2))
        reverse = F.relu(reverse)
        return summed(F.relu(forward) + 2 * reverse)

    model = around(both)
    torch.testing.assert_close(adapt(model, X).first_layer_map(X), F.relu(model.conv(X)))


def test_a_map_that_goes_another_way_is_not_left_out_in_silence():
    model = around(lambda self, x: summed(F.relu(self.conv(x)) + F.relu(self.conv(x.flip(1, 2)).flip(2))))
    adapted = adapt(model, X, output="logits")
    torch.testing.assert_close(adapted.first_layer_map(X), F.relu(model.conv(X)))
    with pytest.raises(ValueError, match=r"followed by relu at each of its calls, but at 1 of 2"):
        adapted.with_edited_map(X, lambda maps: maps)
    in_one = around(lambda self, x: summed(F.relu(self.conv(torch.cat([x, x.flip(1, 2)])))).reshape(2, -1, 2).mean(0))
    with pytest.raises(ValueError, match="each strand by itself"):
        adapt(in_one, X)


def test_a_subclass_of_a_hybrid_network_is_taken_as_it_computes():
    class BothStrands(HybridNetwork):
        def forward(self, x):
            return (super().forward(x) + super().forward(x.flip(1, 2))) / 2

    torch.manual_seed(0)
    network = BothStrands(HybridConfig(length=60, n_outputs=1, first_pool=4)).eval()
    adapted = adapt(network, X)
    assert adapted is not network
    torch.testing.assert_close(adapted(X), network(X))
    wrapped = adapt(around(lambda self, x: self.inner(x), inner=network), X)
    expected = saturation_mutagenesis(wrapped, X[:1])
    torch.testing.assert_close(saturation_mutagenesis(network, X[:1]), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n", [1, 3, 12])
def test_models_whose_outputs_depend_on_the_batch_are_refused_whatever_the_example(n):
    model = around(lambda self, x: summed(self.conv(x)) - summed(self.conv(x)).mean(0))
    with pytest.raises(ValueError, match="with the other sequences of its batch"):
        adapt(model, X[:n])


def test_the_first_layer_can_be_named():
    two = around(lambda self, x: summed(self.other(x)) + summed(self.conv(x)), other=nn.Conv1d(4, 6, 7))
    assert adapt(two, X).first_layer.name == "other"
    assert adapt(two, X, first_layer="conv").first_layer.n_filters == 4


def test_padding_before_the_convolution_is_seen_through():
    conv = nn.Conv1d(4, 3, 5, bias=False)
    adapted = adapt(around(lambda self, x: summed(F.relu(self.conv(F.pad(x, (4, 1))) - 0.1)), conv), X, output="logits")
    assert (adapted.first_layer.first_base, adapted.first_layer.steps) == (-4, ("sub", "relu"))
    expected = F.relu(conv(F.pad(X, (4, 1))) - 0.1)
    torch.testing.assert_close(adapted.first_layer_activations(X)[:, :, :59], expected[:, :, 2:])


# What stays as it was, and what is made to work


def test_hybrid_networks_pass_through_unchanged(task2):
    network = build_model("C4C6", task=2)
    assert adapt(network, task2.codes) is network
    summary = model_summary(network)
    wrapped = adapt(nn.Sequential(network), task2.codes, output="logits")
    seen = model_summary(wrapped)
    assert (
        (summary.n_filters, summary.width, summary.stride) == (seen.n_filters, seen.width, seen.stride) == (24, 19, 1)
    )
    assert summary.steps == ("batch_norm", "exp")
    network.eval()
    x = task2.X[:5]
    torch.testing.assert_close(wrapped.first_layer_activations(x), network.first_layer_activations(x))
    torch.testing.assert_close(wrapped(x), network(x))


def test_modes_and_gradients_stay_as_they_were():
    model = any_models.plain(60, 2).train()
    model[1].eval()
    modes = [module.training for module in model.modules()]
    adapted = adapt(model, CODES)
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in adapted.modules())
    assert adapted.model is model


def test_one_sequence_alone_works_where_the_model_squeezes():
    model = around(lambda self, x: self.conv(x).amax((1, 2), keepdim=True).squeeze() * 3)
    adapted = adapt(model, 60)
    assert model(X[:1]).dim() == 0
    torch.testing.assert_close(adapted(X[:1]), adapted(X)[:1])
    torch.testing.assert_close(adapted.first_layer_activations(X[:1]), adapted.first_layer_activations(X)[:1])

    def refuse(self, x):
        if len(x) == 1:
            raise RuntimeError("expected more than 1 value")
        return summed(self.conv(x))

    picky = adapt(around(refuse), X[:1])
    torch.testing.assert_close(model_outputs(picky, CODES, batch_size=11), picky(X).detach())


def test_double_precision_is_kept():
    model = around(lambda self, x: summed(self.conv(x))).double()
    adapted = adapt(model, CODES)
    assert model_outputs(adapted, CODES).dtype == torch.float64


# What is refused


class Buffered(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 4, 5)
        self.register_buffer("scale", torch.tensor([1.0, torch.nan]))


def noisy(self, x):
    return summed(F.dropout(self.conv(x), 0.5, training=True))


def depends_on_batch(self, x):
    return summed(self.conv(x)) - summed(self.conv(x)).mean(0)


CASES = [
    (nn.Sequential(nn.Flatten(), nn.Linear(240, 1)), {}, "a model with a convolution.*got Sequential without any"),
    (Buffered(), {}, "finite weights, got NaN or infinity in 'scale'"),
    (around(lambda self, x: (summed(self.conv(x)), x)), {}, "one tensor, got tuple of 2: wrap it"),
    (around(lambda self, x: {"y": self.conv(x)}), {}, "one tensor, got dict"),
    (around(lambda self, x: self.conv(x)), {}, r"shape \(n,\) or \(n, n_outputs\).*got \(12, 4, 56\)"),
    (around(lambda self, x: self.conv(x).sum()), {}, r"n_outputs\) for n = 12 sequences, got \(\)"),
    (around(lambda self, x: summed(self.conv(x)).argmax(1)), {}, "floating-point numbers, got torch.int64"),
    (around(lambda self, x: summed(self.conv(x)).log()), {}, "finite outputs"),
    (around(noisy), {}, "changes by .* from run to run"),
    (around(depends_on_batch), {}, "changes by .* with the other sequences of its batch"),
    (around(lambda self, x: summed(self.conv(x))), {"layout": "NCL"}, "layout must be one of auto, N4L.*'NCL'"),
    (around(lambda self, x: summed(self.conv(x))), {"layout": "N4L2"}, "did you mean N4L"),
    (around(lambda self, x: summed(self.conv(x))), {"output": "logit"}, "did you mean logits"),
    (around(lambda self, x: summed(self.conv(x))), {"output": "probabilities"}, "probabilities, got outputs from -"),
    (around(lambda self, x: summed(self.conv(x))), {"first_layer": "konv"}, "no module 'konv'.*'conv'"),
    (any_models.plain(60), {"first_layer": "1"}, "'1' is BatchNorm1d"),
    (around(lambda self, x: summed(x) - 9, None), {"first_layer": "conv"}, "did not run 'conv'"),
    (around(lambda self, x: summed(x) - 9, None), {"layout": "N4L"}, "the model ran no nn.Conv1d or nn.Conv2d"),
    (around(lambda self, x: summed(self.conv(x.flip(2)))), {}, "sequences as they were given"),
    (around(lambda self, x: summed(self.conv(x[:, :, 5:]))), {}, "input has 55 positions of 60"),
    (around(lambda self, x: summed(self.conv(x)), nn.Conv1d(4, 4, 5, groups=4)), {}, "in 4 groups"),
    (around(lambda self, x: summed(self.conv(x)), nn.Conv2d(1, 4, (2, 5))), {"layout": "N14L"}, "all four bases"),
    (
        around(lambda self, x: summed(self.conv(self.wide(x))), nn.Conv1d(6, 4, 5), wide=nn.Conv1d(4, 6, 3, padding=1)),
        {"first_layer": "conv"},
        "'conv' to see the sequences.*name another convolution",
    ),
    (around(lambda self, x: self.dense(self.conv(x).flatten(1)), dense=nn.Linear(9, 1)), {}, "no layout.*N4L: mat1"),
]


@pytest.mark.parametrize(("model", "options", "message"), CASES)
def test_what_cannot_be_adapted_is_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        adapt(model, CODES, **options)


def test_a_mask_may_hold_infinities():
    masked = around(lambda self, x: summed(torch.softmax(self.conv(x) + self.mask, 2)) - 9)
    masked.register_buffer("mask", torch.full((56, 56), -torch.inf).triu(1)[3])
    assert adapt(masked, CODES, output="logits").first_layer.name == "conv"


def test_diverged_weights_are_named():
    model = any_models.plain(60)
    model[0].weight.data[0, 0, 0] = torch.nan
    model[0].bias.data[:] = torch.inf
    with pytest.raises(ValueError, match=r"'0\.weight' and 1 more: the training diverged"):
        adapt(model, CODES)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (0, "length, at least 1"),
        (X * 2, "one-hot columns"),
        (CODES[:0], "at least one example"),
        (X[0, 0], r"got \(60,\)"),
    ],
)
def test_examples_must_be_sequences(example, message):
    with pytest.raises(ValueError, match=message):
        adapt(any_models.plain(60), example)


def test_another_length_is_refused():
    adapted = adapt(around(lambda self, x: summed(self.conv(x))), 60)
    with pytest.raises(ValueError, match=r"shape \(N, 4, 60\), got \(12, 4, 59\)"):
        adapted(X[:, :, 1:])


def test_a_model_that_takes_another_way_must_be_adapted_again():
    model = around(lambda self, x: summed(F.relu(self.conv(x))))
    adapted = adapt(model, X, output="logits")
    model.function = lambda self, x: summed(torch.tanh(self.conv(x)))
    with pytest.raises(ValueError, match="adapt it again"):
        adapted.first_layer_activations(X)


def test_only_adapted_models_give_activations():
    with pytest.raises(ValueError, match=r"got Sequential: .*any_model\.adapt"):
        first_layer_activations(any_models.plain(60), CODES)
