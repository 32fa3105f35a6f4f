"""predict and attribute on models made elsewhere, beside what Python says of them."""

import json

import numpy as np
import pytest
import torch
from command_line import fails, run

from motiflens.basics.sequence import decode, one_hot
from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.interpret.filters import filter_pwms, motifs_of_pwms
from motiflens.models.any_model import adapt
from motiflens.motifs.sets import read_motifs

CODES = np.random.default_rng(0).integers(0, 4, (20, 40), dtype=np.uint8)
MODEL = """
import torch
from torch import nn

class Swapped(nn.Module):
    def forward(self, x):
        return x[:, [0, 2, 1, 3]]

def build(last=None):
    torch.manual_seed(0)
    layers = [nn.Conv1d(4, 6, 5), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 2)]
    return nn.Sequential(*layers, *([last] if last else []))

def sure():
    return build(nn.Sigmoid())

class Side(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.out = nn.Conv1d(4, 3, 7), nn.Conv1d(4, 4, 11), nn.Linear(7, 2)

    def forward(self, x):
        return self.out(torch.cat([torch.relu(self.a(x)).amax(2), torch.relu(self.b(x)).amax(2)], 1))

def side_by_side():
    return Side()

def agct():
    return nn.Sequential(Swapped(), *build())
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(MODEL)
    (tmp_path / "s.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(decode(CODES))))
    y = np.arange(40).reshape(20, 2) % 2
    write_hdf5(SequenceDataset.from_arrays(CODES, y, split=["train"] * 5 + ["valid"] * 5 + ["test"] * 10), "d.h5")
    return tmp_path


def built(name="build"):
    space = {}
    exec(MODEL, space)
    return space[name]().eval()


@pytest.mark.parametrize(("name", "bounded"), [("build", False), ("sure", True)])
def test_predictions_are_what_the_model_returns(name, bounded):
    found = json.loads(run("predict", f"net.py:{name}", "s.fa", "--json").stdout)
    expected = built(name)(one_hot(CODES)).detach()
    np.testing.assert_allclose(found["output_1"], expected[:, 1], atol=1e-6)
    raw = json.loads(run("predict", f"net.py:{name}", "s.fa", "--scale", "raw", "--json").stdout)
    logits = built()(one_hot(CODES)).detach()
    np.testing.assert_allclose(raw["output_0"], logits[:, 0], atol=1e-5)
    if bounded:
        np.testing.assert_allclose(expected, torch.sigmoid(logits), atol=1e-6)


def test_options_of_the_model():
    plain = json.loads(run("predict", "net.py:build", "s.fa", "--json").stdout)
    turned = json.loads(run("predict", "net.py:agct", "s.fa", "--bases", "AGCT", "--json").stdout)
    np.testing.assert_allclose(turned["output_0"], plain["output_0"], atol=1e-6)
    other = built()
    with torch.no_grad():
        other[0].weight.zero_()
    torch.save(other.state_dict(), "w.pt")
    weighted = json.loads(run("predict", "net.py:build", "s.fa", "--weights", "w.pt", "--json").stdout)
    np.testing.assert_allclose(weighted["output_0"], other(one_hot(CODES)).detach()[:, 0], atol=1e-6)


def test_attributions_are_gradients_of_the_model():
    run("attribute", "net.py:build", "d.h5", "--method", "saliency", "--target", "1", "--no-positives", "-o", "a.npz")
    with np.load("a.npz") as found:
        X = torch.as_tensor(found["one_hot"]).float().requires_grad_()
        built()(X)[:, 1].sum().backward()
        np.testing.assert_allclose(found["saliency"], X.grad, atol=1e-6)
        assert len(found["rows"]) == 10


def test_several_first_layers_are_named_one_by_one_or_together():
    given = ("filters", "net.py:side_by_side", "d.h5", "--database", "JASPAR2016-vertebrates", "--json")
    both = json.loads(run(*given, "--first-layer", "a", "--first-layer", "b").stdout)["filters"]
    assert len(both) == 7
    assert json.loads(run(*given, "--first-layer", "a,b").stdout)["filters"] == both
    assert json.loads(run(*given).stdout)["filters"] == both
    assert len(json.loads(run(*given, "--first-layer", "b").stdout)["filters"]) == 4
    facts = run("models", "check", "net.py:side_by_side", "d.h5", "--first-layer", "b", "--first-layer", "a", "--json")
    assert [part.partition(":")[0] for part in json.loads(facts.stdout)["first layer"].split("; ")] == ["b", "a"]


def test_more_outputs_than_labels_are_asked_for(capsys, monkeypatch):
    write_hdf5(SequenceDataset.from_arrays(CODES, np.arange(20) % 2, split=["test"] * 20), "one.h5")
    given = ("--motifs", "JASPAR2016-vertebrates", "--names", "MA0476.1,MA0139.1")
    for command in (("attribute", "net.py:build", "one.h5", "-o", "a.npz"), ("interactions", "net.py:build", "one.h5")):
        code, told = fails(capsys, monkeypatch, *command, *(given if command[0] == "interactions" else ()))
        assert (code, "2 outputs, the data have 1 labels" in told, "(--target)" in told) == (2, True, True), told


def test_mistakes_name_options(capsys, monkeypatch):
    code, told = fails(capsys, monkeypatch, "predict", "net.py", "s.fa")
    assert (code, "net.py:FUNCTION" in told) == (2, True)
    code, told = fails(capsys, monkeypatch, "attribute", "net.py:build", "d.h5", "--target", "4", "-o", "a.npz")
    assert (code, "--target must be in 0..1" in told) == (2, True), told
    code, told = fails(capsys, monkeypatch, "predict", "gone.py:build", "s.fa")
    assert (code, told.count("\n")) == (2, 1), told


def test_filters_are_those_that_python_reads(capsys, monkeypatch):
    run("filters", "net.py:build", "d.h5", "-o", "f.meme", "--first-layer", "0")
    run("filters", "net.py:agct", "d.h5", "-o", "g.meme", "--bases", "AGCT")
    expected = filter_pwms(adapt(built(), CODES[10:]), CODES[10:])
    found, turned = ({motif.id: motif.pwm for motif in read_motifs(name)} for name in ("f.meme", "g.meme"))
    wanted = {motif.id: motif.pwm for motif in motifs_of_pwms(expected.pwms, expected.counts)}
    assert found.keys() == turned.keys() == wanted.keys() != set()
    for name, pwm in wanted.items():
        np.testing.assert_allclose(found[name], pwm, atol=1e-6)
        np.testing.assert_allclose(turned[name], pwm, atol=1e-6)
    code, told = fails(capsys, monkeypatch, "filters", "net.py:build", "d.h5", "--first-layer", "4")
    assert (code, "--first-layer" in told) == (2, True), told
