"""Networks that respond to a known word, and whose attributions are known in closed form."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.sequence import encode
from motiflens.motifs.sets import Motif

WORD = "GATTACAGGC"


def word(letters=WORD, id_=None):
    """The motif that is one word for certain."""
    return Motif(id_ or letters, letters, np.eye(4)[encode(letters)].T)


class Detector(nn.Module):
    """Finds WORD on either strand.

    The saliency of its output is ``gain`` at each base of a word, on top of fixed standard normal noise times
    ``noise`` for each base and position. ``jump`` moves the output at each word and has no gradient.
    """

    def __init__(self, length, *, gain=1.0, noise=0.0, jump=0.0, seed=0):
        super().__init__()
        forward = torch.tensor(word().pwm, dtype=torch.float32)
        self.register_buffer("kernel", torch.stack([forward, forward.flip(0, 1)]))
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("background", noise * torch.randn(4, length, generator=generator))
        self.gain, self.jump = gain, jump

    def forward(self, x):
        found = F.relu(F.conv1d(x, self.kernel) - (len(WORD) - 0.5)).sum((1, 2))
        noise = (x * self.background).sum((1, 2))
        return (self.gain * found + noise + self.jump * (found > 0).float())[:, None]
