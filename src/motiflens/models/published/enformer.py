"""The stem, tower and transformer of Enformer, with a mean over positions instead of its heads.

Source: Avsec, Agarwal, ..., Kelley 2021, Nature Methods 18:1196; sizes of lucidrains/enformer-pytorch. Its relative
positional features are left out, so attention does not depend on the positions of tokens. The original predicts tracks
for each of 896 bins of 128 bp; here the mean over bins has linear outputs.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left

_STEP = 128  # filters are multiples of it


class _ConvBlock(nn.Sequential):
    """BatchNorm, GELU, padded convolution."""

    def __init__(self, width_in: int, width: int, kernel: int) -> None:
        super().__init__(nn.BatchNorm1d(width_in), nn.GELU(), nn.Conv1d(width_in, width, kernel, padding=kernel // 2))


class _AttentionPool(nn.Module):
    """Mean of neighbours by two, each channel weighed by a softmax of linear scores."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scores = nn.Conv1d(width, width, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, :, : x.shape[2] // 2 * 2]
        pairs, scores = x.unflatten(2, (-1, 2)), self.scores(x).unflatten(2, (-1, 2))  # N, width, positions, 2
        return (pairs * scores.softmax(3)).sum(3)


class _Residual(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class _Attention(nn.Module):
    """Self-attention with keys of one width and values of another."""

    def __init__(self, width: int, n_heads: int, key_width: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(width, n_heads * key_width, bias=False)
        self.key = nn.Linear(width, n_heads * key_width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.mix = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heads = (
            layer(x).unflatten(2, (self.n_heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        return self.mix(F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))


class Enformer(PublishedNetwork):
    """Convolutions with seven downsamplings by attention pools, then transformer blocks.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
        After the first convolution; the published network has none there.
    n_filters : int
        Of the stem: half the width of the transformer.
    n_tower, n_blocks : int
        Downsamplings after the stem, and transformer blocks.
    n_heads, key_width : int
    """

    def __init__(
        self,
        *,
        length: int = 196608,
        n_outputs: int = 1,
        activation: str = "published",
        n_filters: int = 768,
        n_tower: int = 6,
        n_blocks: int = 11,
        n_heads: int = 8,
        key_width: int = 64,
    ) -> None:
        super().__init__()
        positions_left(length, *[(1, 2)] * (n_tower + 1))
        width = 2 * n_filters
        widths = [n_filters, *tower_widths(n_filters, width, n_tower)]
        self.conv = nn.Conv1d(4, n_filters, 15, padding=7)
        self.activation = first_activation(activation, nn.Identity())
        self.stem = nn.Sequential(_Residual(_ConvBlock(n_filters, n_filters, 1)), _AttentionPool(n_filters))
        self.tower = nn.Sequential(
            *(
                nn.Sequential(_ConvBlock(a, b, 5), _Residual(_ConvBlock(b, b, 1)), _AttentionPool(b))
                for a, b in pairwise(widths)
            )
        )
        self.blocks = nn.Sequential(*(self._block(width, n_heads, key_width) for _ in range(n_blocks)))
        self.last = nn.Sequential(nn.Linear(width, 2 * width), nn.Dropout(0.05), nn.GELU())
        self.out = nn.Linear(2 * width, n_outputs)

    @staticmethod
    def _block(width: int, n_heads: int, key_width: int) -> nn.Module:
        attention = nn.Sequential(nn.LayerNorm(width), _Attention(width, n_heads, key_width), nn.Dropout(0.4))
        feedforward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Dropout(0.4), nn.ReLU(), nn.Linear(2 * width, width),
            nn.Dropout(0.4),
        )  # fmt: skip
        return nn.Sequential(_Residual(attention), _Residual(feedforward))

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        x = self.tower(self.stem(self.activation(self.conv(X))))  # N, width, bins of 128 bp
        return self.out(self.last(self.blocks(x.transpose(1, 2))).mean(1))


def tower_widths(first: int, last: int, n: int) -> list[int]:
    """Numbers of filters in a tower, which grow exponentially from `first` to `last` in n steps, as multiples of 128.

    Narrower towers than the published one have any whole number.
    """
    step = _STEP if first % _STEP == 0 else 1
    growth = (last / first) ** (1 / max(n - 1, 1))
    return [round(first * growth**i / step) * step if n > 1 else last for i in range(n)]
