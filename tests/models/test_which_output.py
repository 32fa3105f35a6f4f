"""Which output stands for the one label of the data: by every verb, and said where it was not asked for."""

import numpy as np
import pytest
import torch
from any_models import finds_ap1, with_ap1
from torch import nn

import motiflens as ml
from motiflens.data.dataset import SequenceDataset
from motiflens.interpret.interactions import Settings
from motiflens.models.any_model import adapt
from motiflens.models.foreign import OutputWarning, chosen_output
from motiflens.motifs.sets import load_motifs


class Net(nn.Module):
    """Finds the word; `last` makes outputs of a logit."""

    def __init__(self, last):
        super().__init__()
        self.conv, self.last = finds_ap1(nn.Conv1d(4, 1, 7), bias=-4.5), last

    def forward(self, x):
        return self.last(torch.relu(self.conv(x)).amax(2) * 3 - 4)


def two(z):
    return torch.softmax(torch.cat([torch.zeros_like(z), z], 1), 1)


def three(z):
    return torch.sigmoid(torch.cat([-z, z, 0.1 * z], 1))


@pytest.fixture(scope="module")
def data():
    return with_ap1(train=20, test=100)


JASPAR = "JASPAR2016-vertebrates"
MOTIFS = [one for one in load_motifs(JASPAR) if one.id in ("MA0476.1", "MA0139.1")]
FEW = Settings(n_null=4, n_backgrounds=8, n_sequences=8)
VERBS = {
    "explain": lambda net, data, **k: ml.explain(net, data, **k).values.numpy(),
    "interactions": lambda net, data, **k: np.array(
        [row.effect for row in ml.interactions(net, data, MOTIFS, FEW, progress=False, **k).rows]
    ),
    "spike_in": lambda net, data, **k: ml.spike_in(net, data, motifs=MOTIFS, n_backgrounds=20, **k).responses,
    "stability": lambda net, data, **k: ml.stability([net, net], data, n_sequences=5, n_decoys=1, **k),
    "filter_motifs": lambda net, data, **k: ml.filter_motifs(net, data, database=JASPAR, **k).importance.on_positives,
}


@pytest.mark.parametrize("adapted", [True, False])
@pytest.mark.parametrize("verb", ["explain", "interactions", "filter_motifs"])
def test_of_two_classes_the_second_stands_for_the_label_and_it_is_said(verb, adapted, data):
    net = Net(two).eval()
    network = adapt(net, data.codes) if adapted else net
    with pytest.warns(OutputWarning, match="two classes and the data have one label: output 1 is used"):
        found = VERBS[verb](network, data)
    np.testing.assert_allclose(found, VERBS[verb](network, data, target=1), rtol=1e-5)
    assert np.abs(found - VERBS[verb](network, data, target=0)).max() > 0


@pytest.mark.parametrize("verb", VERBS)
def test_of_more_outputs_than_labels_one_must_be_named(verb, data):
    net = adapt(Net(three).eval(), data.codes)
    with pytest.raises(ValueError, match=r"the model has 3 outputs, the data have 1 labels: .*\(target\)"):
        VERBS[verb](net, data)
    VERBS[verb](net, data, target=1)


def test_outputs_that_are_labels_are_left_alone(data):
    codes = data.codes
    net = adapt(Net(two).eval(), codes)
    assert chosen_output(None, [net], codes) == 0  # bare sequences have no label
    both = SequenceDataset.from_arrays(codes, np.stack([1 - data.y[:, 0], data.y[:, 0]], 1), split=list(data.split))
    assert chosen_output(None, [net], both) == 0
    assert chosen_output(None, [adapt(net.model, codes, target=1)], data) == 0
    with pytest.raises(ValueError, match="2 outputs, the data have 1 labels"):  # nothing says that they are classes
        chosen_output(None, [Net(lambda z: torch.cat([z, -z], 1)).eval()], data)
