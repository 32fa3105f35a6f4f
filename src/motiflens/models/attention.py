"""Stage 2: multi-head attention and transformer encoder layers over the tokens of stage 1.

Attention weights are a function of their own (`MultiHeadAttention.weights`), so that analyses need no hooks.
No positional encoding, as in the study.
"""

import math
from typing import cast

import torch
from torch import nn

from motiflens.models.config import HybridConfig
from motiflens.models.layers import BiLSTM, Dropout, Linear


class MultiHeadAttention(nn.Module):
    """Scaled dot-product self-attention; q, k, v without bias, output projection with bias."""

    def __init__(self, n_inputs: int, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query = Linear(n_inputs, width, bias=False)
        self.key = Linear(n_inputs, width, bias=False)
        self.value = Linear(n_inputs, width, bias=False)
        self.out = Linear(width, width)

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # N, n_heads, T, head_width

    def weights(self, tokens: torch.Tensor) -> torch.Tensor:
        """Attention weights, shape=(N, n_heads, T, T); each row sums to 1."""
        query, key = self._heads(self.query(tokens)), self._heads(self.key(tokens))
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)  # N, n_heads, T, T
        # Softmax over a short last axis is many times slower than over a leading one.
        return scores.movedim(-1, 0).contiguous().softmax(0).movedim(0, -1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (N, T, n_inputs) to (N, T, width)."""
        mixed = self.weights(tokens) @ self._heads(self.value(tokens))  # N, n_heads, T, head_width
        return self.out(mixed.transpose(1, 2).flatten(-2))  # N, T, width


class EncoderLayer(nn.Module):
    """Attention and a small dense network, each with dropout, residual and LayerNorm after it."""

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        width = config.attention_width
        self.attention = MultiHeadAttention(width, width, config.n_heads)
        self.attention_norm = nn.LayerNorm(width, eps=1e-6)
        self.feedforward_in = Linear(width, config.feedforward_width)
        self.feedforward_out = Linear(config.feedforward_width, width)
        self.feedforward_norm = nn.LayerNorm(width, eps=1e-6)
        self.dropout = Dropout(config.dropout)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (N, T, width) to the same shape."""
        tokens = self.attention_norm(tokens + self.dropout(self.attention(tokens)))
        hidden = self.dropout(torch.relu(self.feedforward_in(tokens)))  # N, T, feedforward_width
        return self.feedforward_norm(tokens + self.dropout(self.feedforward_out(hidden)))


class Trunk(nn.Module):
    """Stage 2 of a hybrid network: perhaps a BiLSTM, then nothing, attention, or encoder layers."""

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        self.dropout = Dropout(config.dropout)
        self.lstm: nn.Module | None = None
        self.attention: nn.Module | None = None
        if config.lstm and config.second_stage != "lstm":  # the C4 stem already ends in a BiLSTM
            backward = "relu" if config.variant == "code" else "tanh"
            self.lstm = BiLSTM(config.n_filters, config.lstm_width, backward)
        width = config.stem_or_lstm_width
        if config.attention == "attention":
            self.attention = MultiHeadAttention(width, config.attention_width, config.n_heads)
        elif config.attention == "transformer":
            self.input_norm = nn.LayerNorm(width, eps=1e-6)
        n_layers = config.n_layers if config.attention == "transformer" else 0
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(n_layers))

    def _recur(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens if self.lstm is None else self.dropout(self.lstm(tokens))

    def attention_weights(self, tokens: torch.Tensor) -> list[torch.Tensor]:
        """Attention weights of every attention layer, each (N, n_heads, T, T); empty without attention."""
        tokens = self._recur(tokens)
        if isinstance(self.attention, MultiHeadAttention):
            return [self.attention.weights(tokens)]
        weights = []
        if self.layers:
            tokens = self.input_norm(tokens)
        for layer in self.layers:
            weights.append(cast(EncoderLayer, layer).attention.weights(tokens))
            tokens = layer(tokens)
        return weights

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (N, T, stem width) to (N, T, token_width)."""
        tokens = self._recur(tokens)
        if self.attention is not None:
            return self.dropout(self.attention(tokens))
        if self.layers:
            tokens = self.input_norm(tokens)
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens
