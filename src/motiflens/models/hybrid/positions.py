"""Positional encodings, without which attention does not depend on the positions of tokens.

"sinusoidal" and "learned" add a vector to each token before the attention. "relative" adds a bias for each head and
signed distance to the scores. "rotary" rotates queries and keys by angles proportional to their positions. All
functions work on the last axes, for plain and for stacked networks.
"""

import torch
from torch import nn

POSITIONAL_ENCODINGS = ("none", "sinusoidal", "learned", "relative", "rotary")


class LearnedTable(nn.Module):
    """Learned values, initially small and random: a vector for each position, or a bias for each head and distance."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw all values from a normal distribution with standard deviation 0.02."""
        nn.init.normal_(self.weight, std=0.02, generator=generator)

    def forward(self) -> torch.Tensor:
        """Return the values, in their shape."""
        return self.weight


def _angles(x: torch.Tensor) -> torch.Tensor:
    """Position times frequency for x (..., T, width): (T, (width + 1) // 2), frequencies from 1 to about 1 / 10,000."""
    n_tokens, width = x.shape[-2:]
    dtype = torch.promote_types(x.dtype, torch.float32)  # half precision blurs neighbouring positions
    channel = torch.arange(0, width, 2, dtype=dtype, device=x.device)
    position = torch.arange(n_tokens, dtype=dtype, device=x.device)
    return torch.outer(position, 10_000 ** (-channel / width))


def sinusoids(tokens: torch.Tensor) -> torch.Tensor:
    """Vectors to add to tokens: sines in the even channels, cosines in the odd ones.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.5.

    Parameters
    ----------
    tokens : torch.Tensor, shape=(..., T, width)
        Only shape and type matter.

    Returns
    -------
    torch.Tensor, shape=(T, width)
    """
    angles = _angles(tokens)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, : tokens.shape[-1]].to(tokens.dtype)


def rotate(x: torch.Tensor) -> torch.Tensor:
    """Rotate pairs of channels of queries or keys, so that the product of two depends on their distance alone.

    Source: Su et al. 2021, "RoFormer: Enhanced transformer with rotary position embedding", equation 34, with channels
    i and i + head_width / 2 as a pair.

    Parameters
    ----------
    x : torch.Tensor, shape=(..., T, head_width)
        head_width is even.

    Returns
    -------
    torch.Tensor, same shape
    """
    angles = _angles(x)  # T, head_width / 2
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


def by_distance(bias: torch.Tensor) -> torch.Tensor:
    """Expand a bias for each distance to one for each query and key.

    Parameters
    ----------
    bias : torch.Tensor, shape=(..., 2 * T - 1)
        For the distances key - query from 1 - T to T - 1.

    Returns
    -------
    torch.Tensor, shape=(..., T, T)
    """
    return bias.unfold(-1, (bias.shape[-1] + 1) // 2, 1).flip(-2)
