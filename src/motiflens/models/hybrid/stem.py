"""Stage 1: from one-hot DNA to tokens, by convolution and pooling (and a BiLSTM in the C4 stem).

Architectures: Ghotra, Lee, Tripathy, Koo 2021. The size of the first pool and the activation of the first
convolution decide whether its filters learn whole motifs.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from motiflens.models.hybrid.config import HybridConfig
from motiflens.models.hybrid.layers import ACTIVATIONS, BatchNorm1d, BiLSTM, ChannelsLastConv1d, Dropout, MaxPool1d
from motiflens.models.kernels import changed_block, folded_block, has_kernels


class ConvBlock(nn.Module):
    """Convolution ("same", no bias) -> BatchNorm -> activation -> max-pool -> dropout."""

    folded = False  # whether, in evaluation mode, a compiled kernel does it in one pass, where there is one

    def __init__(self, conv: nn.Conv1d, activation: nn.Module, pool: int, config: HybridConfig) -> None:
        super().__init__()
        self.conv = conv
        self.norm = BatchNorm1d(config.n_filters, eps=config.batch_norm_eps, momentum=config.batch_norm_momentum)
        self.activation = activation
        self.pool = MaxPool1d(pool)
        self.dropout = Dropout(config.dropout)

    def activation_map(self, x: torch.Tensor) -> torch.Tensor:
        """Activations before pooling, shape=(N, n_filters, L)."""
        return self.activation(self.norm(self.conv(x)))

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        """Activations after pooling, before dropout, shape=(N, n_filters, L // pool)."""
        return self._folded(x) if self.can_fold(x) else self.pool(self.activation_map(x))

    def can_fold(self, x: torch.Tensor) -> bool:
        """Whether a kernel does it for x, shape=(N, n_inputs, L).

        With ReLU only, which leaves the order of responses as it is, and convolutions that leave the length as it is.
        """
        plain = isinstance(self.activation, nn.ReLU) and self.conv.kernel_size[0] % 2 == 1
        return self.folded and not self.training and plain and has_kernels(x)

    def _folded(self, x: torch.Tensor) -> torch.Tensor:
        scale, shift = self.norm.scale_and_shift()
        pool = cast(int, self.pool.kernel_size)
        tokens = folded_block(x.transpose(1, 2), self.conv.weight * scale[:, None, None], shift, pool)
        return tokens.transpose(1, 2)

    def with_channel_changed(self, x: torch.Tensor) -> Callable[[int, torch.Tensor], torch.Tensor]:
        """Prepare `pooled` of x, shape=(N, n_inputs, L), with one of its channels changed, where `can_fold`.

        The function that is returned takes the channel and its change, shape=(N, L), and gives tokens, shape=(N, L //
        pool, n_filters), without gradient. It computes what comes from this channel alone.
        """
        scale, shift = self.norm.scale_and_shift()
        weight = self.conv.weight * scale[:, None, None]
        responses = F.conv1d(x, weight, padding=self.conv.padding).transpose(1, 2).contiguous()

        def changed(channel: int, change: torch.Tensor) -> torch.Tensor:
            return changed_block(responses, change, weight[:, channel], shift, cast(int, self.pool.kernel_size))

        return changed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, n_inputs, L) to (N, n_filters, L // pool)."""
        return self.dropout(self.pooled(x))


class Stem(nn.Module):
    """Stage 1 of a hybrid network: C24, C4C6, C4 with or without a BiLSTM, or others that `HybridConfig` describes."""

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        n_filters, size, second_size = config.n_filters, config.kernel_size, config.second_kernel_size
        self.first = ConvBlock(
            nn.Conv1d(4, n_filters, size, padding=size // 2, bias=False),
            ACTIVATIONS[config.activation](),
            config.first_pool,
            config,
        )
        self.second: nn.Module | None = None
        self.lstm: nn.Module | None = None
        if config.second_stage == "conv":
            conv = ChannelsLastConv1d(n_filters, n_filters, second_size, padding=second_size // 2, bias=False)
            self.second = ConvBlock(conv, nn.ReLU(), config.second_pool, config)
        elif config.second_stage == "lstm":
            backward = "relu" if config.variant == "code" else "tanh"
            self.lstm = BiLSTM(n_filters, config.lstm_width, backward)
            self.lstm_pool = MaxPool1d(config.second_pool)
            self.lstm_dropout = Dropout(config.dropout)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Map one-hot (N, 4, L) to tokens (N, n_tokens, width)."""
        return self.from_first_pool(self.first.pooled(X))

    def from_first_pool(self, x: torch.Tensor) -> torch.Tensor:
        """Map the output of the first pool, (N, n_filters, L // first_pool), to tokens (N, n_tokens, width)."""
        x = self.first.dropout(x)
        if self.second is not None:
            x = self.second(x)  # N, n_filters, n_tokens
        if self.lstm is None:
            return x.transpose(1, 2)  # N, n_tokens, n_filters
        x = self.lstm(x.transpose(1, 2))  # N, L // first_pool, lstm_width
        x = self.lstm_pool(x.transpose(1, 2))  # N, lstm_width, n_tokens
        return self.lstm_dropout(x).transpose(1, 2)  # N, n_tokens, lstm_width
