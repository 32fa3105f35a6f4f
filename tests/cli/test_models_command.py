"""`motiflens models`: architectures in a line each, and how a model is read in ten."""

import json

import any_models
import numpy as np
import pytest
from command_line import fails, run

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.models.hybrid import build_model, list_models, outline

CODE = """
import torch
from torch import nn
from torch.nn import functional as F


class Causal(nn.Conv1d):
    def forward(self, x):
        return super().forward(F.pad(x, (self.kernel_size[0] - 1, 0)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Causal(4, 3, 9), nn.Conv1d(4, 5, 12)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        both = [F.max_pool1d(torch.relu(conv(x)), 10)[:, :, :4] for conv in (self.a, self.b)]
        tokens = torch.cat(both, 1).transpose(1, 2)
        mixed = self.attention(tokens, tokens, tokens)[0]
        return torch.softmax(self.out(mixed.mean(1)), 1)


def build():
    torch.manual_seed(0)
    return Net()


def plain():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(240, 1))
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.py").write_text(CODE)
    codes = np.random.default_rng(0).integers(0, 4, (40, 60), dtype=np.uint8)
    write_hdf5(SequenceDataset.from_arrays(codes, np.arange(40) % 2, split=["test"] * 40), tmp_path / "data.h5")
    return tmp_path


def test_ten_lines_say_how_a_model_is_read(place):
    told = run("models", "check", f"{place / 'net.py'}:build", place / "data.h5").stdout.splitlines()
    assert len(told) == 10
    facts = {line[:14].strip(): line[14:].strip() for line in told}
    assert facts["model"].startswith("Net, ")
    assert facts["input"] == "N4L, bases in the order A, C, G, T, 60 bp"
    assert facts["output"] == "2 output(s), probabilities"
    assert "two classes, and output 1 stands for the label" in facts["labels"]
    assert facts["first layer"] == (
        "a: 3 filters of 9 bp, stride 1, first window 8 bp before the first base; "
        "b: 5 filters of 12 bp, stride 1, first window at the first base"
    )
    assert facts["follows"] == "relu"
    assert facts["attention"] == "2 head(s), 4 x 4 tokens"
    assert facts["deep_lift_shap"] == "a rule for every step"
    assert "interactions by attention" in facts["analyses"]
    assert facts["not possible"] == "nothing"


def test_what_cannot_be_analysed_is_said(place):
    given = ("models", "check", f"{place / 'net.py'}:plain", place / "data.h5", "--layout", "N4L", "--json")
    facts = json.loads(run(*given).stdout)
    assert facts["first layer"].startswith("none: the model ran no nn.Conv1d")
    assert facts["analyses"] == "predict, attributions, interactions with given motifs, audit without filters"
    assert facts["not possible"] == "filters, interactions by filters, interactions by attention"


def test_a_question_names_the_option_of_the_shell(place, capsys, monkeypatch):
    """No message of the shell names an argument of Python."""
    code, told = fails(capsys, monkeypatch, "models", "check", f"{place / 'net.py'}:plain", place / "data.h5")
    assert code == 2
    assert "--layout" in told
    assert "(layout)" not in told


def test_our_own_networks_are_checked_too(place, tmp_path):
    build_model("C4C6-Att", length=60, n_outputs=1, second_pool=7).save(tmp_path / "ours")
    facts = json.loads(run("models", "check", tmp_path / "ours", place / "data.h5", "--json").stdout)
    assert (
        "stem.first.conv: 32 filters of 19 bp, stride 1, first window 9 bp before the first base"
        in facts["first layer"]
    )
    assert facts["attention"] == "8 head(s), 2 x 2 tokens"


def test_every_architecture_has_a_line():
    for name in ("C4C6-LSTM-Att", "DanQ", "SATORI"):
        assert name in list_models()
    told = run("models", "list", "DanQ*").stdout.splitlines()
    assert len(told) == 2
    assert "46,929,039 parameters  conv 320/26 > pool 13 @75 > BiLSTM 320 > dense 925 > dense 919" in told[0]
    assert outline("C4C6").blocks == "conv 32/19 > pool 4 @50 > conv 32/7 > pool 6 @8 > dense 512 > dense 12"
    assert "attention of 8 heads @50" in outline("SATORI").blocks


@pytest.mark.parametrize("name", any_models.ZOO)
def test_the_zoo_is_checked(name, task1, tmp_path, monkeypatch):
    from motiflens.audits.model_check import check_model

    found = check_model(any_models.make(name), task1.test)
    assert len(list(found.lines())) == 10
    assert found.facts["not possible"] in ("nothing", "interactions by attention")
