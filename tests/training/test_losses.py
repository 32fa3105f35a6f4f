import numpy as np
import pytest
import torch

from motiflens.basics.sequence import one_hot
from motiflens.models.hybrid import build_model
from motiflens.training.losses import TargetScale, balanced_weight, cross_entropy, loss_of, squared_error
from motiflens.training.protocol import REFERENCE

Y = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])


def test_losses_by_hand():
    outputs = torch.tensor([[0.0, 2.0], [1.0, -1.0], [3.0, 0.5], [0.0, 0.0]], dtype=torch.float64)
    p, y = 1 / (1 + np.exp(-outputs.numpy())), Y.numpy()
    for weight in (None, 3.0):
        expected = -((weight or 1) * y * np.log(p) + (1 - y) * np.log(1 - p))
        loss = loss_of(REFERENCE.replace(positive_weight=weight), Y)
        np.testing.assert_allclose(loss(outputs, Y.double()), expected, rtol=1e-12)
        assert loss(outputs, Y.double(), reduction="mean").item() == pytest.approx(expected.mean(), rel=1e-12)
    np.testing.assert_allclose(squared_error(outputs, Y), (outputs - Y) ** 2)
    assert loss_of(REFERENCE, Y) is cross_entropy
    assert loss_of(REFERENCE.replace(objective="regression"), Y) is squared_error


def test_balanced_weights_give_both_classes_of_each_label_the_same_weight():
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert balanced_weight(y).tolist() == pytest.approx([3.0, 1 / 3])
    balanced = loss_of(REFERENCE.replace(positive_weight="balanced"), y)
    of_each = balanced(torch.zeros(4, 2), y)  # log 2 times the weight
    torch.testing.assert_close((of_each * y).sum(0), (of_each * (1 - y)).sum(0))


def test_a_label_of_one_class_cannot_be_balanced():
    with pytest.raises(ValueError, match="label 1 of the training sequences has one"):
        balanced_weight(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))


def test_an_unscaled_network_predicts_in_the_unit_of_the_targets():
    y = torch.tensor([[1000.0, -1e-3], [1010.0, 1e-3], [1050.0, 4e-3]])
    scale = TargetScale.of(y)
    standard = scale.standardise(y)
    torch.testing.assert_close(standard.mean(0), torch.zeros(2), atol=1e-6, rtol=0)
    torch.testing.assert_close(standard.std(0, correction=0), torch.ones(2))
    torch.manual_seed(0)
    network = build_model("C24", task=2, n_outputs=2).double().eval()
    X = one_hot(torch.randint(0, 4, (5, 200)).to(torch.uint8), torch.float64)
    with torch.no_grad():
        before = network(X)
        scale.unscale(network)
        after = network(X)
    torch.testing.assert_close(after, before * scale.deviation + scale.mean, rtol=1e-12, atol=0)
