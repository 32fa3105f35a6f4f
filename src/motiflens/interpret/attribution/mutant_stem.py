"""Stage 1 of a HybridNetwork for all mutants of one sequence.

A substitution changes as many outputs of a convolution as its kernel is wide, and the pools over these. All other
activations of a mutant equal those of the sequence.
"""

from typing import cast

import torch
from torch.nn import functional as F

from motiflens.models.hybrid import ConvBlock, HybridNetwork


class MutantStem:
    """Outputs of a network for one sequence and for its mutants.

    Parameters
    ----------
    model : HybridNetwork
        In evaluation mode.
    x : torch.Tensor, shape=(4, L)
        One-hot.
    """

    def __init__(self, model: HybridNetwork, x: torch.Tensor) -> None:
        self._model = model
        self._blocks = [model.stem.first]
        if model.stem.second is not None:
            self._blocks.append(cast(ConvBlock, model.stem.second))
        self._before = [x[None]]  # what comes into each block, and out of the last: 1, n_channels, n_positions
        for block in self._blocks:
            self._before.append(block.pooled(self._before[-1]))

    def unchanged(self) -> torch.Tensor:
        """Output for the sequence, shape=(1, n_outputs)."""
        return self._after_blocks(self._before[-1])

    def mutated(self, base: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        """Outputs with another base at one position, shape=(n, n_outputs); base and position have shape=(n,)."""
        piece = F.one_hot(base, 4).to(self._before[0].dtype)[:, None]  # n, 1, 4
        start = position
        for block, before in zip(self._blocks, self._before, strict=False):
            piece, start = _pooled_pieces(block, before, piece, start)
        n_positions = self._before[-1].shape[2]
        return self._after_blocks(_inserted(self._before[-1], piece, start, 0, n_positions).transpose(1, 2))

    def _after_blocks(self, x: torch.Tensor) -> torch.Tensor:
        if len(self._blocks) == 1:
            return self._model.from_first_pool(x)
        return self._model.head(self._model.trunk(x.transpose(1, 2)))


def _pooled_pieces(
    block: ConvBlock, before: torch.Tensor, piece: torch.Tensor, start: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs of a block where a changed piece of its input reaches, and where they start.

    Parameters
    ----------
    block : ConvBlock
    before : torch.Tensor, shape=(1, n_inputs, n_positions)
        The unchanged input.
    piece : torch.Tensor, shape=(n, size, n_inputs)
        Takes its place in n ways...
    start : torch.Tensor, shape=(n,)
        ...from here on.

    Returns
    -------
    piece : torch.Tensor, shape=(n, n_pools, n_filters)
    start : torch.Tensor, shape=(n,)
    """
    half, pool = block.conv.kernel_size[0] // 2, cast(int, block.pool.kernel_size)
    all_pools, reached = before.shape[2] // pool, piece.shape[1] + 2 * half  # the latter: outputs of the convolution
    n_pools = min(all_pools, -(-(reached - 1) // pool) + 1)
    first = ((start - half) // pool).clamp(0, all_pools - n_pools)
    x = _inserted(before, piece, start, first * pool - half, n_pools * pool + 2 * half)
    outputs = block.activation_map(x.transpose(1, 2))[..., half : half + n_pools * pool]
    return block.pool(outputs).transpose(1, 2), first


def _inserted(
    before: torch.Tensor, piece: torch.Tensor, start: torch.Tensor, begin: torch.Tensor | int, length: int
) -> torch.Tensor:
    """Cut n windows out of an input, 0 beyond its ends, with a changed piece in each: shape=(n, length, n_inputs)."""
    size = piece.shape[1]
    margin = length + size  # pieces may stand outside of their window
    padded = F.pad(before[0].T, (0, 0, margin, margin))  # n_positions + 2 * margin, n_inputs
    begin = torch.as_tensor(begin, device=start.device).expand(len(start))
    rows = torch.arange(length + size, device=start.device)
    windows = padded[(begin + margin)[:, None] + rows]  # n, length + size, n_inputs
    places = (start - begin)[:, None] + rows[:size]
    windows[torch.arange(len(start), device=start.device)[:, None], places.clamp(max=length + size - 1)] = piece
    return windows[:, :length]
