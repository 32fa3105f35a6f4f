"""Audits of models whose first layer cannot be read: all else is analysed, and the message says what and why."""

import json

import numpy as np
import pytest
import torch
from any_models import with_ap1
from command_line import run, told

import motiflens as ml
from motiflens.audits.network import audit_network
from motiflens.audits.options import AuditOptions
from motiflens.audits.reading import UnreadFiltersWarning
from motiflens.data.io import write_hdf5

QUICK = {"n_decoys": 0, "n_ablation": 30, "n_backgrounds": 20, "n_examples": 1, "database": "JASPAR2016-vertebrates"}
CODE = """
import torch
from torch import nn

class Words(nn.Module):
    # Finds TGACTCA without a convolution.
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(28, 1)
        with torch.no_grad():
            self.mix.weight.zero_()
            self.mix.bias.fill_(-4.5)
            for i, base in enumerate("TGACTCA"):
                self.mix.weight[0, 7 * "ACGT".index(base) + i] = 1

    def forward(self, x):
        windows = x.unfold(2, 7, 1).transpose(1, 2).flatten(2)
        return 3 * torch.relu(self.mix(windows)).amax(1) - 4

class Cropped(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv1d(4, 3, 7)

    def forward(self, x):
        return torch.relu(self.stem(x[:, :, 5:])).amax(2).sum(1, keepdim=True) - 9

def build():
    return Words()

def cropped():
    return Cropped()
"""


@pytest.fixture(scope="module")
def data():
    return with_ap1(train=100, valid=40, test=100)


def made(name="build"):
    space = {}
    exec(CODE, space)
    return space[name]().eval()


def test_all_but_the_filters_is_audited(data, tmp_path):
    with pytest.warns(UnreadFiltersWarning, match=r"first to read the sequence is linear in 'mix'"):
        report = ml.audit(made(), data, progress=False, spike_motifs="MA0476.1", **QUICK)
    evidence = report.evidence
    (found,) = evidence.candidates[0].audits
    assert found.metrics["test_auroc"] > 0.95
    assert (len(found.matches.rows), found.importance, found.chance, found.order) == (0, None, None, None)
    assert np.isnan(found.matches.no_hit_share)
    assert len(evidence.examples) == 1
    assert [motif.id for motif in evidence.spike_ins["network"].motifs] == ["MA0476.1"]
    assert "filters could not be read" in repr(found)
    levels = {one.question: one.level for one in report.verdicts}
    assert levels["Which filters matter, and what are they?"] == "cannot be said"
    assert levels["Does it predict more than composition does?"] == "yes"
    assert any("filters: not read: the model ran no nn.Conv1d" in note for note in evidence.notes)
    page = report.save(tmp_path / "page.html").read_text()
    assert "no filters read" in page
    assert "nan%" not in page


def test_saliency_is_that_of_the_model(data):
    with pytest.warns(UnreadFiltersWarning, match="'stem'.*they were changed before it"):
        found = audit_network(made("cropped"), data, AuditOptions(**QUICK))
    x = data.test.X[:3].requires_grad_()
    made("cropped")(x).sum().backward()
    torch.testing.assert_close(ml.explain(found.model, data.test.codes[:3]).values, x.grad)
    with pytest.raises(ValueError, match="they were changed before it"):
        audit_network(made("cropped"), data, AuditOptions(first_layer="stem", **QUICK))


def test_the_shell_says_which_module_and_what_to_do(data, tmp_path, capsys, monkeypatch):
    (tmp_path / "net.py").write_text(CODE)
    write_hdf5(data, tmp_path / "data.h5")
    options = ("--n-decoys", "0", "--n-ablation", "20", "--n-backgrounds", "0", "--n-examples", "1", "--quiet")
    out = tmp_path / "out"
    out.mkdir()
    (out / "pairs.tsv").write_text("of an earlier audit, which could read them")
    model = f"{tmp_path / 'net.py'}:cropped"
    output, errors = told(capsys, monkeypatch, "audit", tmp_path / "data.h5", "--model", model, *options, "-o", out)
    assert "Cropped: 87 parameters, input N4L, returns logits; no filters were read" in output
    (warning,) = [line for line in errors.splitlines() if line.startswith("warning: filters are not audited")]
    assert "'stem'" in warning
    assert "(--first-layer)" in warning
    assert sorted(path.name for path in out.iterdir()) == ["audit.html", "audit.json", "summary.json"]
    assert json.loads((out / "summary.json").read_text())["matched"] is None
    facts = json.loads(run("models", "check", f"{tmp_path / 'net.py'}:build", tmp_path / "data.h5", "--json").stdout)
    assert facts["analyses"] == "predict, attributions, interactions with given motifs, audit without filters"
    assert facts["not possible"] == "filters, interactions by filters, interactions by attention"
