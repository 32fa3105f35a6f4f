"""The stem and trunk of Basenji2, with a mean over positions instead of its head.

Source: Kelley 2020, PLoS Computational Biology 16:e1008050; calico/basenji, manuscripts/cross2020/params_human.json.
The original predicts 5,313 tracks for each of 896 bins of 128 bp; here the mean over bins has linear outputs.
"""

from itertools import pairwise

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class _Block(nn.Sequential):
    """GELU, padded convolution without bias, BatchNorm, perhaps a pool of 2."""

    def __init__(self, width_in: int, width: int, kernel: int, *, pool: bool = False, dilation: int = 1) -> None:
        padding = dilation * (kernel // 2)
        conv = nn.Conv1d(width_in, width, kernel, padding=padding, dilation=dilation, bias=False)
        super().__init__(nn.GELU(), conv, nn.BatchNorm1d(width), *([nn.MaxPool1d(2)] if pool else []))


class Basenji2(PublishedNetwork):
    """Seven convolutions with pools of 2, dilated residual blocks, and a convolution of width 1.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
        Activation after the first BatchNorm. The published network has none there, because its GELU comes after the
        pool.
    n_filters : int
        Of the first convolution.
    tower_width, tower_growth, n_tower : number
        Filters of the second convolution, the factor by which each further one has more, and their number.
    dilated_width, n_dilated : int
        Filters inside the residual blocks, and the number of blocks; dilations grow by a factor of 1.5.
    last_width : int
    """

    def __init__(
        self,
        *,
        length: int = 131072,
        n_outputs: int = 1,
        activation: str = "published",
        n_filters: int = 288,
        tower_width: int = 339,
        tower_growth: float = 1.1776,
        n_tower: int = 6,
        dilated_width: int = 384,
        n_dilated: int = 11,
        last_width: int = 1536,
    ) -> None:
        super().__init__()
        positions_left(length, *[(1, 2)] * (n_tower + 1))
        self.conv = nn.Conv1d(4, n_filters, 15, padding=7, bias=False)
        self.norm = nn.BatchNorm1d(n_filters)
        self.activation = first_activation(activation, nn.Identity())
        self.pool = nn.MaxPool1d(2)
        widths = [n_filters, *(round(tower_width * tower_growth**i) for i in range(n_tower))]
        self.tower = nn.Sequential(*(_Block(a, b, 5, pool=True) for a, b in pairwise(widths)))
        width = widths[-1]
        dilations = [round(1.5**i) for i in range(n_dilated)]
        self.dilated = nn.ModuleList(
            nn.Sequential(
                _Block(width, dilated_width, 3, dilation=rate), _Block(dilated_width, width, 1), nn.Dropout(0.3)
            )
            for rate in dilations
        )
        self.last = nn.Sequential(_Block(width, last_width, 1), nn.Dropout(0.05), nn.GELU())
        self.out = nn.Linear(last_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.tower(self.pool(self.activation(self.norm(self.conv(X)))))  # N, width, bins of 128 bp
        for block in self.dilated:
            x = x + block(x)
        return self.out(self.last(x).mean(2))
