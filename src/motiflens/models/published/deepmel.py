"""DeepMEL: a convolution, a BiLSTM and dense layers, read on both strands.

Source: Minnoye, Taskiran, ..., Aerts 2020, Genome Research 30:1815. Pool and dense layers were chosen so that the
network has its published number of 3.4 million parameters. The mean over both strands replaces its reverse-complement
layer, so that the output does not depend on the strand.
"""

import torch
from torch import nn

from motiflens.models.published.base import PublishedNetwork, first_activation, positions_left


class DeepMEL(PublishedNetwork):
    """Convolution without padding, ReLU, pool, a dense layer per position, BiLSTM, and dense layers.

    Parameters
    ----------
    length, n_outputs : int
    activation : str
    n_filters, kernel_size, pool : int
    lstm_width : int
        Of each direction.
    dense_width : int
    """

    def __init__(
        self,
        *,
        length: int = 500,
        n_outputs: int = 24,
        activation: str = "published",
        n_filters: int = 128,
        kernel_size: int = 20,
        pool: int = 10,
        lstm_width: int = 128,
        dense_width: int = 256,
    ) -> None:
        super().__init__()
        left = positions_left(length, (kernel_size, pool))
        self.conv = nn.Conv1d(4, n_filters, kernel_size)
        self.activation = first_activation(activation, nn.ReLU())
        self.pool, self.dropout = nn.MaxPool1d(pool), nn.Dropout(0.2)
        self.each = nn.Sequential(nn.Linear(n_filters, n_filters), nn.ReLU())
        self.lstm = nn.LSTM(n_filters, lstm_width, bidirectional=True, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(left * 2 * lstm_width, dense_width), nn.ReLU(), nn.Dropout(0.4))
        self.out = nn.Linear(dense_width, n_outputs)

    def logits(self, X: torch.Tensor) -> torch.Tensor:
        """Map (N, 4, L) to (N, n_outputs)."""
        return self.out((self._of_strand(X) + self._of_strand(X.flip(1, 2))) / 2)

    def _of_strand(self, X: torch.Tensor) -> torch.Tensor:
        """What one strand gives, before the last layer, shape=(N, dense_width)."""
        x = self.dropout(self.pool(self.activation(self.conv(X))))
        tokens, _ = self.lstm(self.each(x.transpose(1, 2)))  # N, tokens, 2 * lstm_width
        return self.dense(self.dropout(tokens).flatten(1))
