"""Stage 3: from tokens to logits."""

import torch
from torch import nn

from motiflens.models.hybrid.config import HybridConfig
from motiflens.models.hybrid.layers import Dropout, Linear


class Head(nn.Module):
    """Flatten (or mean over tokens) -> dense without bias -> BatchNorm -> ReLU -> dropout -> dense."""

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        self.pools = config.head == "mean"
        self.dense = Linear(config.n_head_inputs, config.dense_width, bias=False)
        self.norm = nn.BatchNorm1d(config.dense_width, eps=config.batch_norm_eps, momentum=config.batch_norm_momentum)
        self.activation = nn.ReLU()
        self.dropout = Dropout(config.dense_dropout)
        self.out = Linear(config.dense_width, config.n_outputs)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (N, T, width) to logits (N, n_outputs)."""
        inputs = tokens.mean(1) if self.pools else tokens.flatten(1)
        hidden = self.activation(self.norm(self.dense(inputs)))  # N, dense_width
        return self.out(self.dropout(hidden))
