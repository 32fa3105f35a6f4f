"""What models return, and what they do with their input, as people write them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import motiflens as ml
from motiflens.basics.errors import InputError
from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import METHODS, explain, saliency
from motiflens.interpret.interactions import Settings
from motiflens.models.any_model import adapt, model_summary, returned
from motiflens.models.outputs import model_outputs as predict
from motiflens.motifs.sets import Motif

CODES = np.random.default_rng(0).integers(0, 4, (20, 60), dtype=np.uint8)
X = one_hot(CODES)
MOTIFS = [Motif(f"M{i}", f"M{i}", np.full((4, 5), 0.1) + 0.6 * np.eye(4)[:, [i, 1, 2, 3, 0]]) for i in range(2)]


class Small(nn.Module):
    """A convolution, its maxima and two dense outputs."""

    def __init__(self, n_outputs=1):
        super().__init__()
        self.conv, self.dense = nn.Conv1d(4, 5, 7), nn.Linear(5, n_outputs)
        self.gate = nn.Linear(5, 1)

    def maxima(self, x):
        return F.relu(self.conv(x)).amax(2)

    def forward(self, x):
        return self.dense(self.maxima(x))


def seeded(kind, *args):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return kind(*args).eval()


class GateAfterwards(Small):
    """Keeps a gate for a plot, computed when the output is made already."""

    def forward(self, x):
        hidden = self.maxima(x)
        output = torch.sigmoid(self.dense(hidden))
        self.kept = torch.softmax(self.gate(hidden), 0), torch.sigmoid(self.gate(hidden))
        return output


class GateBefore(GateAfterwards):
    """The gate that was computed first is returned... by the layer that comes last."""

    def forward(self, x):
        hidden = self.maxima(x)
        self.kept = torch.sigmoid(self.gate(hidden))
        return torch.sigmoid(self.dense(hidden * self.kept))


@pytest.mark.parametrize("kind", [GateAfterwards, GateBefore])
def test_the_call_that_made_the_output_is_taken_off(kind):
    model = seeded(kind)
    p = model(X).detach()
    assert model_summary(adapt(model, CODES)).output == "probabilities"
    torch.testing.assert_close(predict(adapt(model, CODES), CODES), torch.log(p / (1 - p)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "last",
    [
        lambda z: torch.special.expit(z),
        lambda z: torch.sigmoid(z).clamp(1e-6, 1 - 1e-6),
        lambda z: (torch.sigmoid(z) + torch.sigmoid(z.clone())) / 2,
        lambda z: torch.stack([torch.sigmoid(z), torch.sigmoid(z.clone())]).mean(0),
        lambda z: 1 - torch.sigmoid(-z),
        lambda z: torch.cat([torch.sigmoid(z), z.sigmoid()], 1)[:, :1],
        lambda z: F.logsigmoid(z).exp(),
        lambda z: F.log_softmax(torch.cat([0 * z, z], 1), 1).exp()[:, 1],
        lambda z: torch.maximum(z.sigmoid(), torch.sigmoid(z.clone())),
    ],
)
def test_what_is_mixed_from_probabilities_is_a_probability(last):
    class Mixed(Small):
        def forward(self, x):
            return last(super().forward(x))

    adapted = adapt(seeded(Mixed), CODES)
    assert adapted.output == "probabilities"
    torch.testing.assert_close(predict(adapted, CODES), seeded(Small)(X).detach(), rtol=1e-3, atol=1e-4)


class Regression(Small):
    def forward(self, x):
        return torch.sigmoid(4 * self.dense(self.maxima(x)))


def test_what_the_model_returns_comes_back_from_its_logits():
    model = seeded(Regression)
    adapted = adapt(model, CODES)
    torch.testing.assert_close(returned(adapted, predict(adapted, CODES)), model(X).detach())
    plain = adapt(seeded(Small), CODES)
    assert torch.equal(returned(plain, predict(plain, CODES)), predict(plain, CODES))


class InPlace(Small):
    def forward(self, x):
        x -= 0.25
        return self.dense(self.maxima(x.mul_(2)))


def test_a_model_may_change_its_input():
    model, given = seeded(InPlace), X.clone()
    expected = model(X.clone()).detach()
    torch.testing.assert_close(predict(model, given), expected)
    adapted = adapt(model, given)
    torch.testing.assert_close(predict(adapted, given), expected)
    assert adapted.first_layer.name == "conv"
    for network in (model, adapted):
        found = saliency(network, given)
        shifted = seeded(Small)
        z = (2 * (X - 0.25)).requires_grad_()
        (gradient,) = torch.autograd.grad(shifted(z).sum(), z)
        torch.testing.assert_close(found, 2 * gradient, rtol=1e-4, atol=1e-6)
    assert torch.equal(given, X)


class Embedded(Small):
    """Takes codes, as language models do."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 4)

    def maxima(self, codes):
        return super().maxima(self.embed(codes.long()).transpose(1, 2))


class OneHotInside(Small):
    def maxima(self, codes):
        return super().maxima(F.one_hot(codes, 5)[..., :4].transpose(1, 2).float())


@pytest.mark.parametrize("kind", [Embedded, OneHotInside])
def test_models_on_codes_are_read(kind):
    model = seeded(kind)
    adapted = adapt(model, CODES)
    assert (adapted.layout, adapted.first_layer.name, adapted.first_layer.width) == ("codes", "conv", 7)
    torch.testing.assert_close(predict(adapted, CODES), model(torch.from_numpy(CODES).long()).detach())
    table = model.embed.weight[:4].detach() if kind is Embedded else torch.eye(4)
    inner = seeded(kind)
    values = torch.einsum("nbl,bw->nwl", X, table)
    torch.testing.assert_close(adapted.first_layer_map(X), F.relu(inner.conv(values)).detach())
    mutant = X.clone()
    mutant[0, :, 30] = torch.tensor([0.3, 0.2, 0.4, 0.1])
    values = torch.einsum("nbl,bw->nwl", mutant, table)
    torch.testing.assert_close(adapted(mutant), inner.dense(F.relu(inner.conv(values)).amax(2)))
    unknown = CODES.copy()
    unknown[:, 10:20] = 4
    torch.testing.assert_close(predict(adapted, unknown), model(torch.from_numpy(unknown).long()).detach())


class NoConvolution(Small):
    def maxima(self, x):
        return x.transpose(1, 2).mean(1)[:, :1].expand(-1, 5)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_torch_script_predicts_and_is_explained_without_filters():
    model = seeded(Small)
    script = torch.jit.trace(model, X[:2])
    with pytest.raises(ValueError, match="TorchScript does not show its modules"):
        adapt(script, CODES)
    adapted = adapt(script, CODES, filters=False, output="logits")
    torch.testing.assert_close(predict(adapted, CODES), model(X).detach())
    torch.testing.assert_close(saliency(adapted, X), saliency(model, X))
    with pytest.raises(ValueError, match="no first layer whose filters could be read"):
        adapted.first_layer_activations(X)
    with pytest.raises(ValueError, match="no first layer"):
        adapted.with_edited_map(X, lambda maps: maps)
    for network in (adapted, torch.jit.freeze(script)):
        with pytest.raises(InputError, match="TorchScript does not show its steps: use integrated_gradients"):
            explain(network, X, method="deep_lift_shap")


class AlwaysDropping(Small):
    def maxima(self, x):
        return F.dropout(super().maxima(x), 0.5)


class DroppingLittle(Small):
    """Drops one value in a thousand, of which most do not count: outputs hardly ever tell."""

    def maxima(self, x):
        return F.relu(F.dropout(self.conv(x), 0.001)).amax(2)


class DroppingAttention(Small):
    def maxima(self, x):
        tokens = F.relu(self.conv(x)).transpose(1, 2)
        return F.scaled_dot_product_attention(tokens, tokens, tokens, dropout_p=1e-4).amax(1)


class TrainingInside(Small):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout1d(0.001)

    def maxima(self, x):
        return self.drop.train()(F.relu(self.conv(x))).amax(2)


@pytest.mark.parametrize("kind", [DroppingLittle, DroppingAttention, TrainingInside])
def test_dropout_is_seen_where_outputs_do_not_tell(kind):
    for run in (
        lambda model: adapt(model, CODES),
        lambda model: explain(model, X[:1]),
        lambda model: ml.predict(model, CODES[:1]),
        lambda model: ml.interactions(model, CODES, MOTIFS, Settings(n_null=4, n_sequences=4), progress=False),
    ):
        with pytest.raises(ValueError, match="dropout that ignores"):
            run(seeded(kind))


def test_dropout_that_is_off_is_no_matter():
    class Usual(Small):
        def maxima(self, x):
            return F.dropout(torch.dropout(super().maxima(x), 0.5, self.training), 0.5, training=self.training)

    assert adapt(seeded(Usual), CODES, output="logits").n_outputs == 1


class ChannelsLast(Small):
    def maxima(self, x):
        return super().maxima(x.transpose(1, 2))


@pytest.mark.parametrize("kind", [ChannelsLast, Embedded])
def test_a_model_that_takes_something_else_is_sent_to_adapt(kind):
    for run in (lambda model: explain(model, X), lambda model: ml.predict(model, CODES)):
        with pytest.raises(InputError, match=r"does not run on one-hot sequences of shape \(n, 4, 60\): .*adapt"):
            run(seeded(kind))


@pytest.mark.parametrize("method", METHODS)
def test_dropout_that_is_always_on_is_refused_everywhere(method):
    model = seeded(AlwaysDropping)
    with pytest.raises(ValueError, match="dropout that ignores"):
        explain(model, X, method=method)
    with pytest.raises(ValueError, match="dropout that ignores"):
        adapt(model, CODES)


def test_weights_that_are_no_numbers_are_named_in_a_prediction():
    model = seeded(Small)
    model.dense.weight.data[0, 0] = torch.nan
    for run in (predict, ml.predict, explain, ml.filter_motifs, adapt):
        with pytest.raises(ValueError, match=r"NaN or infinity in 'dense\.weight': the training diverged"):
            run(model, CODES)


def test_two_classes_are_known_as_such():
    class Classes(Small):
        def forward(self, x):
            return torch.softmax(self.dense(self.maxima(x)), 1)

    assert adapt(seeded(Classes, 2), CODES).two_classes
    assert not adapt(seeded(Classes, 3), CODES).two_classes
    assert not adapt(seeded(Small, 2), CODES, output="logits").two_classes

    class LogClasses(Small):
        def forward(self, x):
            return F.log_softmax(super().forward(x), dim=-1)

    assert adapt(seeded(LogClasses, 2), CODES).two_classes
    assert not adapt(seeded(LogClasses, 3), CODES).two_classes
