"""The whole audit of a model is that of its twins: wrapped, compiled, parallel, checkpointed, of other precision."""

import numpy as np
import pytest
import torch
from any_models import finds_ap1, with_ap1
from torch import nn
from torch.utils.checkpoint import checkpoint

from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions

OPTIONS = AuditOptions(database="JASPAR2016-vertebrates", n_decoys=2, n_ablation=60)


class Net(nn.Module):
    """One filter finds the word, five are as they were drawn; a logit by a sigmoid."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.dense = nn.Conv1d(4, 6, 9, padding=4), nn.BatchNorm1d(6), nn.Linear(6, 1)
        finds_ap1(self.conv, start=1, bias=-4)
        with torch.no_grad():
            self.dense.weight[0, 0] = 2

    def forward(self, x):
        return torch.sigmoid(self.dense(torch.relu(self.norm(self.conv(x))).amax(2)) - 3)


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = Net()

    def forward(self, x):
        return checkpoint(self.model, x, use_reentrant=False)


TWINS = {
    "wrapped": (lambda: nn.Sequential(Net()), 1e-5),
    "compiled": (lambda: torch.compile(Net(), backend="eager"), 1e-5),
    "parallel": (lambda: nn.DataParallel(Net()), 1e-5),
    "checkpoint": (Checkpointed, 1e-5),
    "double": (lambda: Net().double(), 1e-5),
    "half": (lambda: Net().half(), 1e-2),
    "bfloat16": (lambda: Net().bfloat16(), 5e-2),
}


@pytest.fixture(scope="module")
def data():
    return with_ap1(train=20, valid=40, test=100)


@pytest.fixture(scope="module")
def plain(data):
    return audit_network(Net().eval(), data, OPTIONS)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_has_the_whole_audit_of_the_model(name, data, plain):
    make, tolerance = TWINS[name]
    found = audit_network(make().eval(), data, OPTIONS)
    close = {"rtol": 10 * tolerance, "atol": tolerance}
    assert found.network[2:7] == plain.network[2:7]  # length, outputs, target, layout, kind of output
    assert found.network[8:] == plain.network[8:]  # steps, filters, width, stride
    assert found.metrics == pytest.approx(plain.metrics, abs=tolerance)
    np.testing.assert_allclose(found.test_logits, plain.test_logits, **close)
    np.testing.assert_allclose(found.importance.size, plain.importance.size, **close)
    np.testing.assert_allclose(found.importance.performance_drop, plain.importance.performance_drop, atol=tolerance)
    np.testing.assert_allclose(found.importance.on_positives, plain.importance.on_positives, **close)
    np.testing.assert_allclose(found.order.auroc, plain.order.auroc, atol=tolerance)
    if tolerance > 1e-4:  # windows at the threshold may fall on either side of it
        np.testing.assert_allclose(found.filters.pwms[0], plain.filters.pwms[0], atol=tolerance)
        np.testing.assert_allclose(found.filters.counts, plain.filters.counts, rtol=0.05, atol=3)
        assert found.matches.rows[0].best.target_id == plain.matches.rows[0].best.target_id
        return
    np.testing.assert_array_equal(found.filters.counts, plain.filters.counts)
    np.testing.assert_allclose(found.filters.pwms, plain.filters.pwms, atol=1e-6)
    assert [row[:3] for row in found.matches.rows] == [row[:3] for row in plain.matches.rows]
    np.testing.assert_allclose(found.quality.information, plain.quality.information, atol=1e-6)
    np.testing.assert_allclose(found.chance.decoy_shares, plain.chance.decoy_shares)


def test_the_model_finds_its_motif(plain):
    assert plain.metrics["test_auroc"] > 0.95
    assert plain.matches.rows[0].best is not None
    assert plain.importance.size.argmax() == 0
