"""Attributions of several networks: mean, spread and agreement in sign, against the networks one by one."""

import numpy as np
import torch
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import explain

CODES = np.random.default_rng(1).integers(0, 4, (3, 12), dtype=np.uint8)


class Linear(nn.Module):
    """Its gradient is its weight."""

    label_names = ("first", "second")

    def __init__(self, seed):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.randn(2, 4, 12, generator=generator))

    def forward(self, x):
        return torch.einsum("ncl,tcl->nt", x, self.weight)


def test_mean_spread_and_agreement_over_networks():
    networks = [Linear(seed) for seed in range(3)]
    maps = explain(networks, CODES, method="saliency", target="second")
    weights = torch.stack([network.weight[1].detach() for network in networks])  # E, 4, L
    torch.testing.assert_close(maps.mean[0], weights.mean(0))
    torch.testing.assert_close(maps.sd[2], weights.std(0))
    agreement = (weights.sign() == weights.mean(0).sign()).float().mean(0)
    torch.testing.assert_close(maps.sign_agreement[1], agreement)
    assert set(np.round(3 * agreement.numpy().ravel()).tolist()) <= {1, 2, 3}
    torch.testing.assert_close(maps.scores, (one_hot(CODES) * weights.mean(0)).sum(1))


def test_one_network_has_no_spread():
    maps = explain(Linear(0), one_hot(CODES), method="gradient_times_input")
    assert maps.sd is None
    assert maps.sign_agreement is None
    assert len(maps) == 3
