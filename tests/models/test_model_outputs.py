"""What models return, and what they do with their input, as people write them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import METHODS, explain, saliency
from motiflens.models.any_model import adapt, model_summary, returned
from motiflens.models.outputs import model_outputs as predict

CODES = np.random.default_rng(0).integers(0, 4, (20, 60), dtype=np.uint8)
X = one_hot(CODES)


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


class AlwaysDropping(Small):
    def maxima(self, x):
        return F.dropout(super().maxima(x), 0.5)


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
    with pytest.raises(ValueError, match=r"NaN or infinity in 'dense\.weight': the training diverged"):
        predict(model, CODES)


def test_two_classes_are_known_as_such():
    class Classes(Small):
        def forward(self, x):
            return torch.softmax(self.dense(self.maxima(x)), 1)

    assert adapt(seeded(Classes, 2), CODES).two_classes
    assert not adapt(seeded(Classes, 3), CODES).two_classes
    assert not adapt(seeded(Small, 2), CODES, output="logits").two_classes
