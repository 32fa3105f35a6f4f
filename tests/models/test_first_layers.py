"""First layers as people write them: where windows lie, which convolutions read, what follows them."""

import any_models
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from motiflens.basics.sequence import encode, one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.attribution import saliency
from motiflens.interpret.filters import activation_pwms, filter_importance
from motiflens.models.any_model import adapt, model_summary
from motiflens.models.outputs import first_layer_activations, model_outputs

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 4, (60, 80), dtype=np.uint8)
X = one_hot(CODES)
STYLES = ("zeros", "reflect", "replicate", "circular")


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make().eval()


class Head(nn.Module):
    """A first convolution of any kind, ReLU, and a logit that the middle decides."""

    def __init__(self, conv, before=lambda x: x, after=torch.relu):
        super().__init__()
        self.conv, self.before, self.after = conv, before, after

    def forward(self, x):
        maps = self.after(self.conv(self.before(x)))
        return maps.flatten(1).sum(1, keepdim=True) - 9


class Causal(nn.Conv1d):
    """Pads on the left only, by itself."""

    def forward(self, x):
        return super().forward(F.pad(x, (self.kernel_size[0] - 1, 0)))


class Chomped(nn.Conv1d):
    """Pads on both sides and cuts the right end off."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options, padding=args[2] - 1)

    def forward(self, x):
        return super().forward(x)[:, :, : x.shape[2]]


class Same(nn.Conv1d):
    """Pads to the length of its input in one of PyTorch's styles, as ports from TensorFlow do."""

    style = "zeros"

    def forward(self, x):
        total = self.kernel_size[0] - 1
        mode = "constant" if self.style == "zeros" else self.style
        return super().forward(F.pad(x, (total // 2, total - total // 2), mode=mode))


def matrices(conv, **options):
    adapted = adapt(seeded(lambda: Head(conv, **options)), CODES)
    return activation_pwms(first_layer_activations(adapted, CODES), CODES)


def with_weight(conv, plain):
    conv.load_state_dict(plain.state_dict())
    return conv


@pytest.mark.parametrize("width", range(4, 32))
def test_padding_does_not_move_the_matrices(width):
    """The windows that a plain convolution has are the same windows, at the same places, however it is padded."""
    plain = seeded(lambda: nn.Conv1d(4, 3, width, bias=False))
    places = adapt(seeded(lambda: Head(plain)), CODES).first_layer_activations(X)
    inside = slice(width, 80 - width)
    kinds = [
        Causal(4, 3, width, bias=False),
        Chomped(4, 3, width, bias=False),
        *(nn.Conv1d(4, 3, width, bias=False, padding=width // 2, padding_mode=style) for style in STYLES),
    ]
    for style in STYLES:
        kinds.append(Same(4, 3, width, bias=False))
        kinds[-1].style = style
    for conv in kinds:
        adapted = adapt(seeded(lambda conv=conv: Head(with_weight(conv, plain))), CODES)
        assert adapted.first_layer.width == width
        found = adapted.first_layer_activations(X)
        torch.testing.assert_close(found[:, :, inside], places[:, :, inside])


@pytest.mark.parametrize("make", [nn.Conv1d, Causal, Same, Chomped])
def test_a_planted_word_gives_one_matrix_whatever_the_padding(make):
    word = encode("TGACTCAT")
    codes = CODES.copy()
    codes[np.arange(60)[:, None], RNG.integers(20, 50, 60)[:, None] + np.arange(8)] = word
    conv = make(4, 1, 8, bias=False)
    conv.weight.data[:] = one_hot(word[None])
    adapted = adapt(Head(conv, after=lambda maps: torch.relu(maps - 5)).eval(), codes, output="logits")
    pwms, counts = activation_pwms(first_layer_activations(adapted, codes), codes, threshold=0.9)
    assert counts[0] >= 60
    np.testing.assert_array_equal(pwms[0][:, 6:14].argmax(0), word)


@pytest.mark.parametrize(("stride", "dilation"), [(2, 1), (1, 3), (3, 2)])
def test_strides_and_dilations_of_a_padding_convolution_are_found(stride, dilation):
    conv = seeded(lambda: Causal(4, 2, 5, stride=stride, dilation=dilation, bias=False))
    layer = adapt(Head(conv).eval(), CODES).first_layer
    assert (layer.first_base, layer.width, layer.stride) == (-4, 4 * dilation + 1, stride)


def test_a_cut_between_convolution_and_activation_is_followed():
    plain = seeded(lambda: nn.Conv1d(4, 3, 9, padding=8, bias=False))
    chomped = adapt(Head(plain, after=lambda maps: torch.relu(maps[:, :, :-8].contiguous())).eval(), CODES)
    assert chomped.first_layer.steps == ("__getitem__", "contiguous", "relu")
    whole = adapt(Head(plain).eval(), CODES)
    torch.testing.assert_close(chomped.first_layer_activations(X)[..., :70], whole.first_layer_activations(X)[..., :70])
    left = adapt(Head(plain, after=lambda maps: torch.relu(maps[:, :, 8:])).eval(), CODES)
    torch.testing.assert_close(left.first_layer_activations(X)[..., 9:], whole.first_layer_activations(X)[..., 9:])


def test_a_layer_whose_windows_are_none_is_refused():
    class Uneven(nn.Conv1d):
        def forward(self, x):
            return super().forward(x).cumsum(2)

    with pytest.raises(ValueError, match="one width and one distance"):
        adapt(seeded(lambda: Head(Uneven(4, 3, 9))), CODES)


def test_a_permutation_of_the_bases_is_followed():
    """A wrapper for a model of A, G, C, T gives the same matrices; so does the model itself with its order named."""
    conv = seeded(lambda: nn.Conv1d(4, 3, 9))
    wrapped = adapt(Head(conv, before=lambda x: x[:, [0, 2, 1, 3]]).eval(), CODES)
    named = adapt(Head(conv).eval(), CODES, bases="AGCT")
    by_hand = nn.Conv1d(4, 3, 9)
    by_hand.load_state_dict(conv.state_dict())
    by_hand.weight.data = conv.weight.data[:, [0, 2, 1, 3]]
    expected = adapt(Head(by_hand).eval(), CODES)
    for adapted in (wrapped, named):
        torch.testing.assert_close(adapted(X), expected(X))
        torch.testing.assert_close(adapted.first_layer_activations(X), expected.first_layer_activations(X))
        torch.testing.assert_close(saliency(adapted, X), saliency(expected, X))
    with pytest.raises(ValueError, match="four bases in the order"):
        adapt(Head(conv).eval(), CODES, bases="ACGU")


@pytest.mark.parametrize(
    "before",
    [nn.Conv1d(4, 6, 1), nn.Sequential(nn.Conv1d(4, 6, 1), nn.ReLU()), lambda x: F.pad(x, (0, 0, 0, 2))],
)
def test_a_projection_of_each_base_is_followed(before):
    conv = seeded(lambda: nn.Conv1d(6, 3, 9))
    model = Head(conv, before=before).eval()
    model.project = before if isinstance(before, nn.Module) else nn.Identity()
    adapted = adapt(model, CODES)
    assert (adapted.first_layer.name, adapted.first_layer.width, len(adapted.first_layers)) == ("conv", 9, 1)
    maps = torch.relu(conv(before(X))).detach()
    torch.testing.assert_close(adapted.first_layer_map(X), maps)


class Branches(nn.Module):
    """Two widths side by side; only the second counts."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 3, 7, padding=3), nn.Conv1d(4, 5, 12, padding=6)
        self.dense = nn.Linear(5, 1)

    def forward(self, x):
        unused = torch.relu(self.a(x)).amax(2).sum(1, keepdim=True) * 0
        return self.dense(torch.relu(self.b(x)).amax(2) + unused)


def test_convolutions_side_by_side_are_all_read():
    model = seeded(Branches)
    adapted = adapt(model, CODES)
    assert [layer.name for layer in adapted.first_layers] == ["a", "b"]
    summary = model_summary(adapted)
    assert (summary.first_layer, summary.n_filters, summary.width) == ("a,b", 8, 12)
    alone = adapt(model, CODES, first_layer="b")
    both = adapted.first_layer_activations(X)
    torch.testing.assert_close(both[:, 3:], alone.first_layer_activations(X))
    torch.testing.assert_close(adapt(model, CODES, first_layer="b,a").first_layer_activations(X)[:, :5], both[:, 3:])
    logits = model_outputs(adapted, CODES)[:, 0].numpy()
    dataset = SequenceDataset.from_arrays(CODES, (logits > np.median(logits)).astype(np.float32)[:, None])
    importance = filter_importance(adapted, dataset)
    assert (importance.size[:3] == 0).all()
    np.testing.assert_allclose(importance.size[3:], filter_importance(alone, dataset).size, rtol=1e-4, atol=1e-6)
    assert importance.size[3:].max() > 0


def test_each_group_reads_the_sequence():
    """ExplaiNN: as many copies of the sequence as units, one filter each."""
    grouped = seeded(lambda: nn.Conv1d(4 * 5, 5, 9, groups=5))
    adapted = adapt(Head(grouped, before=lambda x: x.repeat(1, 5, 1), after=torch.exp).eval(), CODES)
    assert adapted.first_layer.n_filters == 5
    each = torch.cat([F.conv1d(X, grouped.weight[i : i + 1], grouped.bias[i : i + 1]).exp() for i in range(5)], 1)
    torch.testing.assert_close(adapted.first_layer_map(X), each.detach())


def test_filters_that_a_convolution_makes_of_its_own_are_counted():
    class BothStrands(nn.Conv1d):
        def forward(self, x):
            return F.conv1d(x, torch.cat([self.weight, self.weight.flip(1, 2)]))

    adapted = adapt(seeded(lambda: Head(BothStrands(4, 3, 9, bias=False))), CODES)
    assert model_summary(adapted).n_filters == 6


@pytest.mark.parametrize(
    ("after", "step"),
    [
        (nn.Threshold(0.01, 0), "threshold"),
        (nn.LogSigmoid(), "logsigmoid"),
        (lambda z: z.clamp_min(0), "clamp_min"),
        (lambda z: torch.clip(z, 0, 1), "clamp"),
        (lambda z: torch.maximum(z, torch.zeros_like(z)), "maximum"),
        (lambda z: torch.maximum(torch.zeros(()), z), "maximum"),
        (lambda z: torch.max(z, torch.tensor(0.1)), "max"),
    ],
)
def test_whatever_acts_as_a_relu_belongs_to_the_layer(after, step):
    conv = seeded(lambda: nn.Conv1d(4, 3, 9))
    adapted = adapt(Head(conv, after=after).eval(), CODES)
    assert adapted.first_layer.steps == (step,)
    torch.testing.assert_close(adapted.first_layer_map(X), after(conv(X)).detach())
    torch.testing.assert_close(
        adapted.with_edited_map(X, lambda maps: maps * 0), torch.full((60, 1), -9.0), rtol=0, atol=0
    )


def test_the_call_that_reads_the_given_strand_is_read():
    class ReverseFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, 3, 9)

        def forward(self, x):
            reverse = torch.relu(self.conv(x.flip(1, 2)))
            return (reverse + torch.relu(self.conv(x))).flatten(1).sum(1) - 99

    model = seeded(ReverseFirst)
    torch.testing.assert_close(adapt(model, CODES).first_layer_map(X), torch.relu(model.conv(X)).detach())


# Twins


class Checkpointed(nn.Module):
    """The same, with what lies between kept in no memory but computed again for gradients."""

    def __init__(self, model, use_reentrant):
        super().__init__()
        self.model, self.use_reentrant = model, use_reentrant

    def forward(self, x):
        return checkpoint(self.model, x, use_reentrant=self.use_reentrant)


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # PyTorch's, of the older form
@pytest.mark.parametrize("name", any_models.ZOO)
@pytest.mark.parametrize(
    "twin", ["wrapped", "parallel", "double", "bfloat16", "half", "compiled", "checkpoint", "reentrant"]
)
def test_a_model_and_its_twin_are_read_alike(name, twin, task1):
    codes, x = task1.codes[:20], task1.X[:6]
    plain = adapt(any_models.make(name), codes)
    make = {
        "wrapped": nn.Sequential,
        "parallel": nn.DataParallel,
        "double": nn.Module.double,
        "bfloat16": nn.Module.bfloat16,
        "half": nn.Module.half,
        "compiled": lambda model: torch.compile(model, backend="eager"),
        "checkpoint": lambda model: Checkpointed(model, False),
        "reentrant": lambda model: Checkpointed(model, True),
    }
    made = make[twin](any_models.make(name))
    adapted = adapt(made.eval(), codes)
    assert adapted.first_layer[1:] == plain.first_layer[1:]
    tolerance = {"bfloat16": 5e-2, "half": 5e-3}.get(twin, 1e-4)
    maps = adapted.first_layer_activations(x)
    assert maps.dtype == (torch.float64 if twin == "double" else torch.float32)
    expected = plain.first_layer_activations(x)
    torch.testing.assert_close(maps.float(), expected, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(adapted(x).float(), plain(x), rtol=10 * tolerance, atol=tolerance)
    if twin == "reentrant":
        with pytest.raises(ValueError, match="write use_reentrant=False in the model"):
            saliency(adapted, x)
        return
    gradients = saliency(adapted, x)
    assert gradients.numpy().shape == (6, 4, 200)
    if twin == "checkpoint":
        torch.testing.assert_close(gradients, saliency(plain, x), rtol=1e-4, atol=1e-5)
