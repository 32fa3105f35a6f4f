"""Convolutions that are no modules, gates, scales and maps put together: what counts to a first layer."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import one_hot
from motiflens.models.any_model import adapt, model_summary

CODES = np.random.default_rng(0).integers(0, 4, (12, 60), dtype=np.uint8)
X = one_hot(CODES)


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make().eval()


class Net(nn.Module):
    """Two kernels, and whatever a function makes of them and of the sequence; then a logit."""

    def __init__(self, maps):
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 3, 9, padding=4), nn.Conv1d(4, 5, 13, padding=6)
        self.bias = nn.Parameter(torch.randn(3, 1))
        self.maps = maps

    def forward(self, x):
        return self.maps(self, x).flatten(2).amax(2).sum(1, keepdim=True) - 9


def edited_to_zero(adapted, number, layer=0):
    """Logits where the map of one filter is 0."""

    def edit(maps):
        return torch.cat([maps[:, :number], 0 * maps[:, number : number + 1], maps[:, number + 1 :]], 1)

    return adapted.with_edited_map(X, edit, layer)


# Gates and scales


@pytest.mark.parametrize(
    ("after", "steps"),
    [
        (lambda z: z * torch.sigmoid(1.702 * z), ("mul", "sigmoid", "mul")),
        (lambda z: torch.sigmoid(z) * z, ("sigmoid", "mul")),
        (lambda z: z * (z > 0), ("gt", "mul")),
        (lambda z: (z > 0).float() * z, ("gt", "float", "mul")),
        (lambda z: torch.where(z > 0, z, torch.zeros_like(z)), ("gt", "where")),
        (lambda z: torch.where(z < 0, 0.1 * z, z), ("lt", "mul", "where")),
        (lambda z: z.masked_fill(z <= 0, 0.0), ("le", "masked_fill")),
        (lambda z: z / (1 + z.abs()), ("abs", "add", "div")),
        (lambda z: F.relu(2 * z + 0.3), ("mul", "add", "relu")),
        (lambda z: F.relu(z - z.new_tensor(0.1)), ("sub", "relu")),
        (lambda z: torch.special.expit(z), ("sigmoid",)),
        (lambda z: torch.nan_to_num(F.hardtanh(z, 0, 6)), ("hardtanh", "nan_to_num")),
        (lambda z: F.relu(z) ** 2, ("relu", "pow")),
    ],
)
def test_gates_and_scales_are_followed(after, steps):
    model = seeded(lambda: Net(lambda self, x: after(self.a(x))))
    adapted = adapt(model, CODES, output="logits")
    assert adapted.first_layer.steps == steps
    whole = after(model.a(X)).detach()
    torch.testing.assert_close(adapted.first_layer_map(X), whole)
    whole[:, 1] = 0
    torch.testing.assert_close(edited_to_zero(adapted, 1), whole.amax(2).sum(1, keepdim=True) - 9)


@pytest.mark.parametrize(
    ("maps", "steps"),
    [
        (lambda self, x: F.relu(self.a(x)) + self.a(x) * 0.1, ("relu",)),  # the second call is a map of its own
        (lambda self, x: (z := F.relu(self.a(x))) * torch.sigmoid(z.mean(2, keepdim=True)), ("relu",)),
        (lambda self, x: (z := self.a(x)) + F.relu(z), ()),
        (lambda self, x: torch.cat([(z := self.a(x)), F.relu(z)], 1), ()),
        (lambda self, x: F.relu(self.a(x)) * self.b(x)[:, :3], ("relu",)),
        (lambda self, x: F.relu(self.a(x)) * 3, ("relu",)),
    ],
)
def test_what_uses_more_than_the_map_ends_the_layer(maps, steps):
    adapted = adapt(seeded(lambda: Net(maps)), CODES, output="logits", first_layer="a")
    assert adapted.first_layer.steps == steps


def test_a_bias_by_hand_counts_to_the_layer():
    model = seeded(lambda: Net(lambda self, x: F.relu(self.a(x) + self.bias)))
    adapted = adapt(model, CODES)
    torch.testing.assert_close(adapted.first_layer_map(X), F.relu(model.a(X) + model.bias).detach())


# Maps put together before they are activated


@pytest.mark.parametrize("join", [lambda a, b: torch.cat([a, b], 1), lambda a, b: torch.cat([b, a], dim=1)])
def test_maps_side_by_side_are_followed_to_their_common_activation(join):
    model = seeded(lambda: Net(lambda self, x: F.relu(join(self.a(x), self.b(x)))))
    adapted = adapt(model, CODES)
    assert [layer.steps for layer in adapted.first_layers] == [("cat", "relu")] * 2
    a, b = (F.relu(conv(X)).detach() for conv in (model.a, model.b))
    torch.testing.assert_close(adapted.first_layer_activations(X), torch.cat([a, b], 1))
    for layer, maps, other in ((0, a, b), (1, b, a)):
        without = maps.clone()
        without[:, 2] = 0
        expected = without.amax(2).sum(1, keepdim=True) + other.amax(2).sum(1, keepdim=True) - 9
        torch.testing.assert_close(edited_to_zero(adapted, 2, layer), expected)


def test_what_is_put_together_along_the_sequence_is_not_followed():
    model = seeded(lambda: Net(lambda self, x: F.relu(torch.cat([self.a(x), self.b(x)[:, :3]], 2))))
    assert [layer.steps for layer in adapt(model, CODES).first_layers] == [(), ()]


# Convolutions that are no modules


class BothStrands(nn.Module):
    """Kernels and their reverse complements, by a function and not by a module."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(3, 4, 9)), nn.Parameter(torch.randn(3))

    def forward(self, x):
        weight, bias = torch.cat([self.weight, self.weight.flip(1, 2)]), torch.cat([self.bias, self.bias])
        return F.conv1d(x, weight, bias, padding=4)


def by_hand(weight, bias=None, stride=1):
    return F.conv1d(F.pad(X, (4, 4)), weight, bias, stride=stride).detach()


def test_a_function_that_convolves_is_read_under_the_name_of_its_module():
    model = seeded(lambda: nn.Sequential(BothStrands(), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten()))
    adapted = adapt(model, CODES, output="logits")
    layer = adapted.first_layer
    assert (layer.name, layer.n_filters, layer.width, layer.first_base) == ("0", 6, 9, -4)
    assert model_summary(adapted).n_filters == 6
    weight, bias = model[0].weight, model[0].bias
    expected = F.relu(by_hand(torch.cat([weight, weight.flip(1, 2)]), torch.cat([bias, bias])))
    torch.testing.assert_close(adapted.first_layer_map(X), expected)
    expected[:, 4] = 0
    torch.testing.assert_close(edited_to_zero(adapted, 4), expected.amax(2))
    assert adapt(model, CODES, output="logits", first_layer="0").first_layer == layer


class OwnForward(nn.Module):
    """Calls two functions that convolve, the first on both strands."""

    def __init__(self):
        super().__init__()
        self.w, self.deep = nn.Parameter(torch.randn(3, 4, 9)), nn.Parameter(torch.randn(5, 3, 5))

    def forward(self, x):
        strands = [torch.conv1d(z, weight=self.w, padding=4, stride=2).relu() for z in (x, x.flip(1, 2))]
        return F.conv1d(strands[0] + strands[1].flip(2), self.deep).amax(2) - 50


def test_the_models_own_forward_may_convolve():
    model = seeded(OwnForward)
    adapted = adapt(model, CODES, output="logits")
    layer = adapted.first_layer
    assert (layer.name, layer.stride, layer.steps, len(adapted.first_layers)) == ("forward", 2, ("relu",), 1)
    torch.testing.assert_close(adapted.first_layer_map(X), F.relu(by_hand(model.w, stride=2)))
    expected = model(X)
    torch.testing.assert_close(adapted.with_edited_map(X, lambda maps: maps), expected)
    model.w.data[1] = 0
    silent = model(X).detach()
    model.w.data[1] = 3
    torch.testing.assert_close(edited_to_zero(adapted, 1), silent)  # on both strands
    with pytest.raises(ValueError, match=r"kernel sees all four bases, got 'forward:2'"):
        adapt(model, CODES, first_layer="forward:2")


def test_a_name_that_does_not_convolve_is_refused():
    model = seeded(lambda: nn.Sequential(BothStrands(), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten()))
    with pytest.raises(ValueError, match="'1' is ReLU"):
        adapt(model, CODES, first_layer="1")
    with pytest.raises(ValueError, match="no module 'strands'"):
        adapt(model, CODES, first_layer="strands")


def test_a_model_that_tells_no_layouts_apart_is_not_asked_for_one():
    """Reshaping makes one of several layouts."""

    class Reshaping(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, 3, 9)

        def forward(self, x):
            return self.conv(x.reshape(len(x), 4, -1)).amax(2) * 9 - 5

    assert adapt(seeded(Reshaping), CODES, output="logits").layout == "N4L"
