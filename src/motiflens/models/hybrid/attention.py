"""Stage 2: multi-head attention and transformer encoder layers over the tokens of stage 1.

Attention weights have a method of their own (`MultiHeadAttention.weights`), so that analyses need no hooks. A forward
pass also appends them to a list if one is given. The study has no positional encoding; `positions` offers several.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from motiflens.basics.errors import InputError
from motiflens.models.hybrid.config import HybridConfig
from motiflens.models.hybrid.layers import BiLSTM, Dropout, Linear, Prepared
from motiflens.models.hybrid.positions import LearnedTable, by_distance, rotate, sinusoids
from motiflens.models.kernels import has_kernels
from motiflens.models.kernels.attention import encoder_layer, self_attention

MANY_TOKENS = 64  # above which weights are computed a block at a time: memory then grows with T, not with its square
_MOST_IN_KERNELS = 32  # tokens up to which compiled kernels are the fastest way
_FEW_TOKENS = 12  # up to which a softmax is several times faster on the CPU over a leading axis, the copies included


class MultiHeadAttention(Prepared, nn.Module):
    """Scaled dot-product self-attention; query, key and value without bias, output projection with bias.

    Parameters
    ----------
    n_inputs, width, n_heads : int
    positional_encoding : str
        "relative" and "rotary" act in this module; other encodings act outside of it.
    n_tokens : int
        T, needed by "relative".
    """

    fused = False  # whether the training engine lets compiled kernels do it, where there are any

    def __init__(
        self, n_inputs: int, width: int, n_heads: int, *, positional_encoding: str = "none", n_tokens: int = 0
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.rotary = positional_encoding == "rotary"
        self.distance_bias: nn.Module | None = None
        if positional_encoding == "relative":
            self.distance_bias = LearnedTable(n_heads, 2 * n_tokens - 1)
        self.query = Linear(n_inputs, width, bias=False)
        self.key = Linear(n_inputs, width, bias=False)
        self.value = Linear(n_inputs, width, bias=False)
        self.out = Linear(width, width)

    def prepare_training(self, dropout: np.random.Generator, precision: str) -> None:
        """Use compiled kernels in training, if the precision is float32."""
        self.fused = precision == "float32"

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # N, n_heads, T, head_width

    def can_fuse(self, tokens: torch.Tensor) -> bool:
        """Whether kernels can compute it for tokens (N, T, n_inputs): not with encoded distances or large T."""
        plain = not self.rotary and self.distance_bias is None and tokens.shape[1] <= _MOST_IN_KERNELS
        return self.fused and plain and has_kernels(tokens)

    def _queries_and_keys(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        query, key = self._heads(self.query(tokens)), self._heads(self.key(tokens))
        return (rotate(query), rotate(key)) if self.rotary else (query, key)

    def scores(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores of each query and key before the softmax, shape=(N, n_heads, T, T)."""
        query, key = self._queries_and_keys(tokens)
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
        return scores if self.distance_bias is None else scores + by_distance(self.distance_bias())

    def weights(self, tokens: torch.Tensor) -> torch.Tensor:
        """Attention weights, shape=(N, n_heads, T, T); each row sums to 1."""
        scores = self.scores(tokens)
        if scores.shape[-1] > _FEW_TOKENS:
            return scores.softmax(-1)
        return scores.movedim(-1, 0).contiguous().softmax(0).movedim(0, -1)

    def forward(self, tokens: torch.Tensor, collected: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Map tokens (N, T, n_inputs) to (N, T, width); the weights are appended to `collected`."""
        if collected is None and self.can_fuse(tokens):
            return self_attention(tokens, self.n_heads, list(self.parameters()))
        value = self._heads(self.value(tokens))  # N, n_heads, T, head_width
        if collected is None and self.distance_bias is None and tokens.shape[1] > MANY_TOKENS:
            mixed = F.scaled_dot_product_attention(*self._queries_and_keys(tokens), value)  # in blocks
        else:
            weights = self.weights(tokens)
            if collected is not None:
                collected.append(weights)
            mixed = weights @ value
        return self.out(mixed.transpose(1, 2).flatten(-2))  # N, T, width


class EncoderLayer(nn.Module):
    """Attention and two dense layers, each followed by dropout, a residual connection and LayerNorm."""

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        width = config.attention_width
        self.attention = MultiHeadAttention(
            width, width, config.n_heads, positional_encoding=config.positional_encoding, n_tokens=config.n_tokens
        )
        self.attention_norm = nn.LayerNorm(width, eps=1e-6)
        self.feedforward_in = Linear(width, config.feedforward_width)
        self.feedforward_out = Linear(config.feedforward_width, width)
        self.feedforward_norm = nn.LayerNorm(width, eps=1e-6)
        self.dropout = Dropout(config.dropout)

    def forward(self, tokens: torch.Tensor, collected: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Map tokens (N, T, width) to the same shape; attention weights are appended to `collected`."""
        if collected is None and self.attention.can_fuse(tokens) and self._draws_own_masks():
            return self._fused(tokens)
        tokens = self.attention_norm(tokens + self.dropout(self.attention(tokens, collected)))
        hidden = self.dropout(torch.relu(self.feedforward_in(tokens)))  # N, T, feedforward_width
        return self.feedforward_norm(tokens + self.dropout(self.feedforward_out(hidden)))

    def _draws_own_masks(self) -> bool:
        return self.dropout.generator is not None or not self.training or self.dropout.p == 0

    def _fused(self, tokens: torch.Tensor) -> torch.Tensor:
        """All of it in one call, with the masks that the dropout layer would draw one after the other."""
        bits = None
        if self.training and self.dropout.p:
            n, hidden = tokens.numel(), len(self.feedforward_in.weight) * tokens[..., 0].numel()
            bits = np.concatenate([self.dropout.random_bits(size) for size in (n, hidden, n)])
        weights = [
            *self.attention.parameters(),
            *self.attention_norm.parameters(),
            *self.feedforward_in.parameters(),
            *self.feedforward_out.parameters(),
            *self.feedforward_norm.parameters(),
        ]
        eps = self.attention_norm.eps
        return encoder_layer(tokens, self.attention.n_heads, eps, weights, bits, self.dropout.p)


class Trunk(nn.Module):
    """Stage 2 of a hybrid network: an optional BiLSTM, then nothing, attention, or encoder layers."""

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
            self.attention = MultiHeadAttention(
                width,
                config.attention_width,
                config.n_heads,
                positional_encoding=config.positional_encoding,
                n_tokens=config.n_tokens,
            )
        elif config.attention == "transformer":
            self.input_norm = nn.LayerNorm(width, eps=1e-6)
        n_layers = config.n_layers if config.attention == "transformer" else 0
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(n_layers))
        self.sinusoidal = config.positional_encoding == "sinusoidal"
        self.positions: nn.Module | None = None
        if config.positional_encoding == "learned":
            self.positions = LearnedTable(config.n_tokens, width)

    def _recur(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens if self.lstm is None else self.dropout(self.lstm(tokens))

    def _place(self, tokens: torch.Tensor) -> torch.Tensor:
        """Add the vectors that say where each token stands, if the encoding has any."""
        if self.sinusoidal:
            return tokens + sinusoids(tokens)
        return tokens if self.positions is None else tokens + self.positions()

    def attention_weights(self, tokens: torch.Tensor) -> list[torch.Tensor]:
        """Attention weights of every attention layer, each (N, n_heads, T, T); empty without attention."""
        collected: list[torch.Tensor] = []
        self(tokens, collected)
        return collected

    def forward(self, tokens: torch.Tensor, collected: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Map tokens (N, T, stem width) to (N, T, token_width); attention weights are appended to `collected`."""
        tokens = self._recur(tokens)
        if self.attention is not None:
            return self.dropout(self.attention(self._place(tokens), collected))
        if self.layers:
            tokens = self._place(self.input_norm(tokens))
        for layer in self.layers:
            tokens = layer(tokens, collected)
        return tokens


def attention_entropy(weights: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean entropy of attention over its maximum, log T: 0 if each query attends to one token, 1 if to all equally.

    Parameters
    ----------
    weights : sequence of torch.Tensor, each shape=(..., N, n_heads, T, T)
        Attention weights of each layer, rows summing to 1.

    Returns
    -------
    torch.Tensor, shape=(...)
        Mean over layers, sequences, heads and queries. Its gradient is finite even if a weight is 0.

    Raises
    ------
    ValueError
        If there are no layers, or fewer than two tokens.
    """
    if not weights:
        raise InputError("attention entropy needs at least one attention layer, got a network without attention")
    n_tokens = weights[0].shape[-1]
    if n_tokens < 2:
        raise InputError(f"attention entropy needs at least 2 tokens to choose between, got {n_tokens}")
    tiny = torch.finfo(weights[0].dtype).tiny
    rows = [-(layer * layer.clamp_min(tiny).log()).sum(-1) for layer in weights]  # each (..., N, n_heads, T)
    return torch.stack(rows).mean((0, -3, -2, -1)) / math.log(n_tokens)
