"""Small networks as other people write them, for the tests of what works on any PyTorch model."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import encode
from motiflens.data.dataset import SequenceDataset


def plain(length=200, n_outputs=12, n_filters=8):
    """nn.Sequential, (N, 4, L), "same" padding, odd kernel, everything a module."""
    return nn.Sequential(
        nn.Conv1d(4, n_filters, 19, padding="same"),
        nn.BatchNorm1d(n_filters),
        nn.ReLU(inplace=True),
        nn.MaxPool1d(20),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(n_filters * (length // 20), n_outputs),
    )


class DanQ(nn.Module):
    """Convolution, pooling, BiLSTM, dense, sigmoid (after Quang & Xie 2016); (N, L, 4), no padding, even kernel."""

    def __init__(self, n_outputs=12, n_filters=8):
        super().__init__()
        self.conv = nn.Conv1d(4, n_filters, 20)
        self.lstm = nn.LSTM(n_filters, 6, bidirectional=True, batch_first=True)
        self.dense = nn.Linear(12, n_outputs)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv(x.permute(0, 2, 1))), 13)
        x, _ = self.lstm(F.dropout(x, 0.2, training=self.training).transpose(1, 2))
        return torch.sigmoid(self.dense(x.mean(1)))


class DilatedResidual(nn.Module):
    """A tower of dilated convolutions with skips (after BPNet); its stem feeds a branch and the sum behind it."""

    def __init__(self, n_outputs=12, n_filters=8):
        super().__init__()
        self.stem = nn.Conv1d(4, n_filters, 21, padding=10)
        self.blocks = nn.ModuleList(nn.Conv1d(n_filters, n_filters, 3, padding=2**i, dilation=2**i) for i in (1, 2, 3))
        self.dense = nn.Linear(n_filters, n_outputs)

    def forward(self, x):
        x = self.stem(x).relu()
        for block in self.blocks:
            x = x + torch.relu(block(x))
        return self.dense(x.mean(-1))


class Transformer(nn.Module):
    """A 2-D convolution over (N, 1, 4, L), exp, pooling, then attention of PyTorch's own; one output squeezed."""

    def __init__(self, n_outputs=12, n_filters=8):
        super().__init__()
        self.conv = nn.Conv2d(1, n_filters, (4, 19), padding=(0, 9), bias=False)
        self.norm = nn.BatchNorm1d(n_filters)
        self.attention = nn.MultiheadAttention(n_filters, 2, batch_first=True)
        self.encoder = nn.TransformerEncoderLayer(n_filters, 2, 16, batch_first=True)
        self.dense = nn.Linear(n_filters, n_outputs)

    def forward(self, x):
        x = torch.exp(self.norm(self.conv(x).squeeze(2)))
        x = F.max_pool1d(x, 10).log1p().transpose(1, 2)
        x = self.encoder(x + self.attention(x, x, x)[0])
        return self.dense(x.mean(1)).squeeze()


def first_convolution(model):
    return next(module for module in model.modules() if isinstance(module, nn.Conv1d | nn.Conv2d))


ZOO = {"plain": plain, "DanQ": DanQ, "residual": DilatedResidual, "transformer": Transformer}
EXPECTED = {  # layout, output, functions after the convolution
    "plain": ("N4L", "logits", ("batch_norm", "relu")),
    "DanQ": ("NL4", "probabilities", ("relu",)),
    "residual": ("N4L", "logits", ("relu",)),
    "transformer": ("N14L", "logits", ("squeeze", "batch_norm", "exp")),
}


def make(name, **options):
    """A network of the zoo with weights of a fixed seed, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ZOO[name](**options).eval()


AP1 = "TGACTCA"


def finds_ap1(conv, start=0, bias=-4.5):
    """The convolution, of which the first filter now has a weight of 1 at each base of the word, and is 0 elsewhere."""
    with torch.no_grad():
        conv.weight[0] = 0
        conv.weight[0, encode(AP1).tolist(), range(start, start + len(AP1))] = 1
        conv.bias[0] = bias
    return conv


def with_ap1(**n_of_split):
    """Random sequences of 60 bp, of which every second one holds the word: label 1."""
    n, rng = sum(n_of_split.values()), np.random.default_rng(0)
    codes = rng.integers(0, 4, (n, 60), dtype=np.uint8)
    y = np.arange(n) % 2
    for row in np.flatnonzero(y):
        start = rng.integers(5, 48)
        codes[row, start : start + len(AP1)] = encode(AP1)
    split = [name for name, n in n_of_split.items() for _ in range(n)]
    return SequenceDataset.from_arrays(codes, y, split=split)
