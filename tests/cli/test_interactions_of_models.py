"""`motiflens interactions` on models whose filters cannot be read."""

import numpy as np
from command_line import fails, run

from motiflens.data.dataset import SequenceDataset
from motiflens.data.io import write_hdf5
from motiflens.motifs.sets import Motif, write_meme

CODE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(5, 1)

    def forward(self, x):
        return self.dense(torch.tanh(x.unfold(2, 5, 1)[:, 1].mean(1)))


def build():
    torch.manual_seed(0)
    return Net()
"""


def test_given_motifs_need_no_convolution(tmp_path, capsys, monkeypatch):
    (tmp_path / "net.py").write_text(CODE)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (60, 80), dtype=np.uint8)
    dataset = SequenceDataset.from_arrays(codes, np.arange(60) % 2, split=["test"] * 60)
    write_hdf5(dataset, tmp_path / "data.h5")
    motifs = [Motif(f"M{i}", f"M{i}", rng.dirichlet([0.2] * 4, 7).T) for i in range(2)]
    write_meme(motifs, tmp_path / "motifs.meme")
    model = f"{tmp_path / 'net.py'}:build"
    given = ("--motifs", tmp_path / "motifs.meme", "--layout", "N4L", "--n-null", "2", "--n-sequences", "10")
    told = run("interactions", model, tmp_path / "data.h5", *given).stdout
    assert "of 1 pairs are called" in told
    code, told = fails(capsys, monkeypatch, "interactions", model, tmp_path / "data.h5", "--layout", "N4L")
    assert code == 2
    assert "expected a model with a convolution" in told
    assert "predictions, attributions and interactions of given motifs work without" in told
